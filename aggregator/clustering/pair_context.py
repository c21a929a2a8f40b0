"""The context of a pair in the score graph: partners that both reports have, and partners that only one has."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Floats, Places
from aggregator.clustering.pair_features import greatest_two
from aggregator.clustering.rows import spread

# Log odds of the first round above which another report is a strong partner, a likely one, and one that is not excluded.
STRONG, LIKELY, POSSIBLE = 0.0, -1.0, -2.0
FLOOR = -6.0  # lower log odds count as these
_FAR = 20.0  # more than any log odds
_TABLE = 8_000_000  # cells of the largest look-up table: 32 MB

Ids = NDArray[np.int32]


class Context(NamedTuple):
    """One array a feature, one value a pair; "least" and "most" are of the two reports. Fields name the model's inputs."""

    common_best: Floats  # log odds of the weaker side to the best partner in common
    common_second: Floats
    common_count: Floats  # log1p of how many partners both are likely tied to
    common_sum: Floats
    rival_most: Floats  # log odds to the best other partner
    rival_least: Floats
    margin_least: Floats  # this pair's log odds less those to the best other partner
    margin_most: Floats
    partners_least: Floats  # log1p of how many strong partners
    partners_most: Floats
    tied_least: Floats  # share of one side's partners that the other is likely tied to; 0 where there are none
    tied_most: Floats
    mean_least: Floats  # mean log odds of the other to one side's partners; this pair's own where there are none
    mean_most: Floats
    possible_least: Floats  # log1p of how many partners are not excluded
    possible_most: Floats
    alone: Floats  # neither has another strong partner
    first_alone: Floats  # the pair's log odds where that is so
    mean_least_weighed: Floats  # mean times log1p of the partners
    mean_most_weighed: Floats


class Neighbourhood(NamedTuple):
    """The edges of some nodes, as runs sorted by the other end, with figures of each node."""

    starts: Places
    lengths: Places
    owner: Places
    other: NDArray[np.uint32]
    odds: Floats
    keys: Places  # owner and other end in one number
    strong: Places  # number of strong edges of each node
    possible: Places
    best: Floats  # log odds of the best edge, and the node at its other end
    second: Floats
    nearest: Places


def neighbourhood(lengths: Places, owner: Places, other: NDArray[np.uint32], odds: Floats) -> Neighbourhood:
    """Return the edges of some nodes, which are given node by node and sorted by the other end."""
    count, starts = len(lengths), np.cumsum(lengths) - lengths
    best, second = greatest_two(owner, odds + _FAR, count)
    nearest = np.zeros(count, np.int64)
    if len(owner):
        filled = np.flatnonzero(lengths)
        greatest = np.flatnonzero(odds == np.repeat(np.maximum.reduceat(odds, starts[filled]), lengths[filled]))
        first = greatest[np.r_[True, np.diff(owner[greatest]) > 0]]  # of equal ones the lowest other end
        nearest[owner[first]] = other[first]
    return Neighbourhood(
        starts,
        lengths,
        owner,
        other,
        odds,
        owner << 32 | other,
        np.bincount(owner, odds > STRONG, count),
        np.bincount(owner, odds > POSSIBLE, count),
        best,
        second,
        nearest,
    )


class _Side(NamedTuple):
    """The partners of one end of each pair, without the other end."""

    best: Floats
    strong: Floats
    possible: Floats


def _without_partner(near: Neighbourhood, side: Places, partner: Ids, odds: Floats) -> _Side:
    # where the node at the best edge's other end is the partner, the second best counts
    is_partner = near.nearest[side] == partner
    rival = np.where(is_partner, near.second[side], near.best[side]) - _FAR
    kept = _keeps(near, side, partner)
    return _Side(
        np.maximum(rival, FLOOR - 3).astype(np.float32),
        (near.strong[side] - (kept & (odds > STRONG))).astype(np.float32),
        (near.possible[side] - (kept & (odds > POSSIBLE))).astype(np.float32),
    )


def _keeps(near: Neighbourhood, side: Places, partner: Ids) -> NDArray[np.bool_]:
    """Return whether a node keeps the edge to its partner; a hub may keep better ones instead."""
    if not len(near.keys):
        return np.zeros(len(side), np.bool_)
    wanted = side << 32 | partner
    found = np.minimum(np.searchsorted(near.keys, wanted), len(near.keys) - 1)
    return np.asarray(near.keys[found] == wanted)


def context_of(near: Neighbourhood, odds: Floats, left: tuple[Places, Ids], right: tuple[Places, Ids]) -> Context:
    """Return the context of pairs with these log odds; ``left`` and ``right`` give each end's number in ``near`` and the other node."""
    one, two = _without_partner(near, *left, odds), _without_partner(near, *right, odds)
    a, b, pair = _in_common(near, left[0], right[0])
    ours, theirs, count = near.odds[a], near.odds[b], len(odds)
    weaker: Floats = np.minimum(ours, theirs).astype(np.float32)
    best, second = greatest_two(pair, weaker + _FAR, count)
    tied = [_tied(pair, theirs, ours, two.strong, odds), _tied(pair, ours, theirs, one.strong, odds)]
    partners = np.log1p(np.maximum(one.strong, two.strong))
    alone = (np.maximum(one.strong, two.strong) == 0).astype(np.float32)
    mean_least, mean_most = np.minimum(tied[0][1], tied[1][1]), np.maximum(tied[0][1], tied[1][1])
    margins = np.clip(odds - one.best, -6, 6), np.clip(odds - two.best, -6, 6)
    return Context(
        np.clip(best - _FAR, FLOOR, 6),
        np.clip(second - _FAR, FLOOR, 6),
        np.log1p(np.bincount(pair, weaker > LIKELY, count)),
        np.log1p(np.bincount(pair, 1 / (1 + np.exp(-weaker)), count)),
        np.clip(np.maximum(one.best, two.best), FLOOR, 6),
        np.clip(np.minimum(one.best, two.best), FLOOR, 6),
        np.minimum(*margins),
        np.maximum(*margins),
        np.log1p(np.minimum(one.strong, two.strong)),
        partners,
        np.minimum(tied[0][0], tied[1][0]),
        np.maximum(tied[0][0], tied[1][0]),
        mean_least,
        mean_most,
        np.log1p(np.minimum(one.possible, two.possible)),
        np.log1p(np.maximum(one.possible, two.possible)),
        alone,
        alone * odds,
        mean_least * partners,
        mean_most * partners,
    )


def _in_common(near: Neighbourhood, left: Places, right: Places) -> tuple[Places, Places, Places]:
    """Return the edges of both ends that lead to the same node: the left end's edge, the right end's edge, the number of the pair.

    The edges of the end with fewer are looked up among those of the other, all in one table, because the edges of a flood's hubs
    occur in many pairs.
    """
    fewer = near.lengths[left] <= near.lengths[right]
    asking, asked = np.where(fewer, left, right), np.where(fewer, right, left)
    probe, pair = spread(near.starts[asking], near.lengths[asking])
    if not len(probe) or not len(near.keys):
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    found = _looked_up(near, asked[pair], probe)
    hit = np.flatnonzero(found >= 0)
    probe, found, pair = probe[hit], found[hit], pair[hit]
    return np.where(fewer[pair], probe, found), np.where(fewer[pair], found, probe), pair


def _looked_up(near: Neighbourhood, asked: Places, probe: Places) -> Places:
    """Return for each edge ``probe`` the edge of the node ``asked`` that leads to the same node; -1 where there is none.

    Where few nodes have many edges, as in a flood, a table of all ends is quicker than a search.
    """
    ends, column = np.unique(near.other, return_inverse=True)
    if len(ends) * len(near.starts) <= min(_TABLE, 8 * len(probe)):
        table = np.full(len(ends) * len(near.starts), -1, np.int32)
        table[near.owner * len(ends) + column] = np.arange(len(column), dtype=np.int32)
        found: Places = table[asked * len(ends) + column[probe]].astype(np.int64)
        return found
    wanted = asked << 32 | near.other[probe]
    found = np.minimum(np.searchsorted(near.keys, wanted), len(near.keys) - 1)
    return np.where(near.keys[found] == wanted, found, -1)


def _tied(pair: Places, theirs: Floats, ours: Floats, strong: Floats, odds: Floats) -> tuple[Floats, Floats]:
    """Return the share of one side's strong partners that the other side is tied to, and its mean log odds to them."""
    count, partner = len(odds), np.flatnonzero(theirs > STRONG)
    pair, ours = pair[partner], ours[partner]
    likely = np.bincount(pair[ours > LIKELY], minlength=count)
    above = np.bincount(pair, np.clip(ours, FLOOR, 6) - FLOOR, count)
    some = np.maximum(strong, 1)
    share = np.where(strong > 0, likely / some, 0.0)
    mean = np.where(strong > 0, above / some + FLOOR, np.clip(odds, FLOOR, 6))
    return share.astype(np.float32), mean.astype(np.float32)
