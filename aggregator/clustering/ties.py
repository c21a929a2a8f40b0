"""Ties between stories: whether two stories belong to one affair, judged by what their two most similar reports share.

The pair score alone cannot decide that: topics that are always in the news connect weeks of different years as well. The model
``models/ties.json`` weighs how much the two reports share, how unusual it is, and how much more frequent it is now than usual.
``bench/train_ties.py`` trains it on weeks of different years that are shifted to the same days: ties within a year are compared
with ties across years, which are certainly wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Floats, Places
from aggregator.clustering.comparing import Comparison
from aggregator.clustering.scoring import DIGITS, MODELS, Logistic, pair_inputs, read_model

_BATCH = 1_000  # edges whose features are computed at once: bounds the memory


class Ties(NamedTuple):
    """The links between each two of some stories."""

    one: Places  # numbers of the stories, the lesser first; each pair once, in order
    two: Places
    best: Places  # the best edge between the two
    start: Places  # where the pair's edges begin in ``odds``
    end: Places  # where they end
    odds: Floats  # of all edges, grouped by pair, the best of each pair first


@lru_cache(maxsize=1)
def shipped_model() -> Logistic:
    """Return the trained model that is part of the package."""
    return read_model(MODELS / "ties.json")


def ties(comparison: Comparison, stories: Sequence[Sequence[int]], bar: float) -> Ties:
    """Return the links between each two of some stories (lists of places); pairs whose best link is not over the bar are left out."""
    rows, graph = comparison.rows, comparison.graph
    with rows.numbered(stories) as number:
        edges = graph.incident(sorted(place for story in stories for place in story))
        first, second = graph.first[edges], graph.second[edges]
        one, two = number[first], number[second]
    one, two = np.minimum(one, two), np.maximum(one, two)
    between = (one >= 0) & (one != two)
    one, two, edges, first, second = (column[between] for column in (one, two, edges, first, second))
    odds = graph.final[edges]
    low, high = (choose(rows.rank[first], rows.rank[second]) for choose in (np.minimum, np.maximum))
    order = np.lexsort((high, low, -odds, two, one))
    one, two, edges, odds = one[order], two[order], edges[order], odds[order]
    start = np.flatnonzero(np.r_[True, (one[1:] != one[:-1]) | (two[1:] != two[:-1])]) if len(one) else order
    end = np.r_[start[1:], len(one)] if len(start) else start
    over = odds[start] > bar
    start, end = start[over], end[over]
    return Ties(one[start], two[start], edges[start], start, end, odds)


def is_one_affair(comparison: Comparison, edges: Places, bar: float) -> NDArray[np.bool_]:
    """Return which edges show that two stories belong to one affair: those with log odds over a bar.

    Edges between languages always do: they are sure pairs, and have no common words for the model.
    """
    graph = comparison.graph
    shown = graph.is_cross_language(edges)
    asked = np.flatnonzero(~shown)
    for part in np.array_split(asked, len(asked) // _BATCH + 1):
        if len(part):
            ends = (ends[edges[part]].astype(np.int64) for ends in (graph.first, graph.second))
            odds = shipped_model().odds(pair_inputs(comparison.features(*ends)))
            shown[part] = np.round(odds, DIGITS) > bar
    return np.asarray(shown)
