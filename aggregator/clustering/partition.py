"""Average linkage over log odds, independent of the order of reports.

The two groups with the highest mean log odds over all pairs between them are joined while that mean is above a bar. A pair that was
not compared counts with a fixed, low value (agglomerative clustering; average linkage after Sokal and Michener 1958). A pair that is
only somewhat too far apart in time to be compared counts as the bar itself, by which no groups are joined. Two groups with names of
their own may be kept apart (own_names.py). Editors' decisions are obeyed: some groups are never joined, and some nodes end in one
group. Groups that a decision binds are not averaged together: a report joins a group by its pairs with that group alone.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Places
from aggregator.clustering.dense_linkage import DenseLinkage


class Edges(NamedTuple):
    """Log odds between nodes, each pair once."""

    first: Places
    second: Places
    odds: NDArray[np.float64]


Apart = Callable[[Sequence[int], Sequence[int], float], bool]  # of two groups of nodes and their mean log odds

_DENSE = 12  # edges per node from which on whole rows of a matrix cost less than single links
_ROWS = 128  # of a matrix of all pairs that are computed at once: the whole of a large component takes 18 MB
_UNDER = 2.0**-20  # log odds, so that rounding does not lift a mean of pairs that count as the bar over it


@dataclass(frozen=True, slots=True)
class PartitionConstraints:
    """Constraints on nodes, which outrank scores.

    The nodes of each group in ``together`` end in one group. A mark is the number of an "apart" constraint and a side; nodes with
    opposite marks are never in one group.
    """

    together: Sequence[Sequence[int]] = ()
    marks: Mapping[int, frozenset[tuple[int, bool]]] = field(default_factory=dict)


def with_distant_pairs(edges: Edges, time: NDArray[np.float64], window: float, bar: float) -> Edges:
    """Return the edges with added pairs of nodes that are further apart in time than the window, up to twice as far.

    Pairs still further apart count as not compared. Otherwise undated reports, which are near all others, would tie reports that
    are years apart.
    """
    dated = time[np.isfinite(time)]
    if not len(dated) or np.ptp(dated) <= window:
        return edges
    first, second = _distant(time, window)
    ends = np.r_[edges.first, first], np.r_[edges.second, second]
    return Edges(*ends, np.r_[edges.odds, np.full(len(first), bar - _UNDER)])


def _distant(time: NDArray[np.float64], window: float) -> tuple[Places, Places]:
    """Return the pairs of nodes over one window and up to two windows apart, some rows of their matrix at a time."""
    first, second = [], []
    for start in range(0, len(time), _ROWS):
        gap = np.abs(time[start : start + _ROWS, None] - time)
        row, column = np.nonzero(np.triu((gap > window) & (gap <= 2 * window), start + 1))
        first.append(row + start)
        second.append(column)
    return np.concatenate(first), np.concatenate(second)


class _Linkage:
    """The groups, and the sums of the log odds between them."""

    def __init__(
        self, count: int, edges: Iterable[tuple[int, int, float]], bonds: PartitionConstraints, apart: Apart | None
    ) -> None:
        self.members: dict[int, list[int]] = {node: [node] for node in range(count)}
        self.links: dict[int, dict[int, tuple[float, int]]] = {node: {} for node in range(count)}
        # Union-find: node -> a node that it is bound to or joined with; a root -> itself
        self.bound = list(range(count))
        self.marks: dict[int, frozenset[tuple[int, bool]]] = dict(bonds.marks)  # by root
        self.version = [0] * count
        self._apart = apart
        for group in bonds.together:
            for node in group[1:]:
                self.bind(group[0], node)
        for first, second, odds in edges:
            self.links[first][second] = (odds, 1)
            self.links[second][first] = (odds, 1)

    def may_join(self, first: int, second: int, mean: float) -> bool:
        """Return whether neither a decision nor own names keep two groups apart."""
        one, two = self.root(first), self.root(second)
        if one == two:
            return True
        left, right = self.marks.get(one), self.marks.get(two)
        if left and right and any((number, not side) in right for number, side in left):
            return False
        return self._apart is None or not self._apart(self.members[first], self.members[second], mean)

    def root(self, node: int) -> int:
        """Return the node that identifies all nodes bound to this one."""
        while self.bound[node] != node:
            self.bound[node] = self.bound[self.bound[node]]
            node = self.bound[node]
        return node

    def bind(self, first: int, second: int) -> None:
        """Bind two nodes into one group."""
        one, two = sorted((self.root(first), self.root(second)))
        if one != two:
            self.bound[two] = one
            marks = self.marks.get(one, frozenset()) | self.marks.pop(two, frozenset())
            if marks:
                self.marks[one] = marks

    def join(self, first: int, second: int) -> int:
        """Make two groups one; return its name: that of the group with more links."""
        self.bind(first, second)
        if len(self.links[first]) < len(self.links[second]):
            first, second = second, first
        ours, theirs = self.links[first], self.links.pop(second)
        ours.pop(second, None)
        theirs.pop(first, None)
        for other, (total, found) in theirs.items():
            old_total, old_found = ours.get(other, (0.0, 0))
            ours[other] = (old_total + total, old_found + found)
            back = self.links[other]
            back.pop(second, None)
        for other in theirs:
            self.links[other][first] = ours[other]
        self.members[first] += self.members.pop(second)
        self.version[first] += 1
        self.version[second] = -1
        return first

    def join_members(self, first: int, second: int) -> None:
        """Move the nodes of the second group to the first, without links, which a matrix holds."""
        self.bind(first, second)
        self.members[first] += self.members.pop(second)


def partition(
    count: int,
    edges: Edges,
    bar: float,
    missing: float,
    bonds: PartitionConstraints | None = None,
    apart: Apart | None = None,
) -> list[list[int]]:
    """Return the groups of nodes 0 … ``count`` - 1, each sorted, in the order of their first nodes.

    Nodes must be numbered independently of their arrival, because of two joins with equal means that of the lower numbers is first.
    ``apart`` returns whether two groups are two events, whatever their mean.
    """
    bonds = bonds or PartitionConstraints()
    if len(edges.odds) >= _DENSE * count:
        state = _Linkage(count, (), bonds, apart)
        DenseLinkage(count, *edges, bar, missing).join_all(state.may_join, state.join_members)
    else:
        single = list(zip(*(column.tolist() for column in edges), strict=True))
        state = _Linkage(count, single, bonds, apart)
        _join_all(state, single, bar, missing)
    found: dict[int, list[int]] = {}
    for group in state.members.values():
        found.setdefault(state.root(group[0]), []).extend(group)
    return sorted(sorted(group) for group in found.values())


def _join_all(state: _Linkage, edges: Sequence[tuple[int, int, float]], bar: float, missing: float) -> None:
    """Join groups while a mean is above the bar."""
    heap = [(-odds, min(a, b), max(a, b), 0, 0) for a, b, odds in edges if odds > bar]
    heapq.heapify(heap)
    while heap:
        negative, first, second, old_first, old_second = heapq.heappop(heap)
        if state.version[first] != old_first or state.version[second] != old_second:
            continue
        if not state.may_join(first, second, -negative):
            continue
        whole = state.join(first, second)
        size, version = len(state.members[whole]), state.version
        for other, (total, known) in state.links[whole].items():
            every = size * len(state.members[other])
            mean = (total + (every - known) * missing) / every
            if mean > bar:
                a, b = (whole, other) if whole < other else (other, whole)
                heapq.heappush(heap, (-mean, a, b, version[a], version[b]))
