"""Average linkage over a dense matrix, for components in which nearly all nodes have edges, as in a flood.

It gives the same groups as partition.py: sums are built in the same order, and of equal means that of the lower numbers is first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Places

_GONE = -np.inf  # the mean of two groups that are never joined
Matrix = NDArray[np.float64]


class DenseLinkage:
    """Sums and means of the log odds between all groups; a group is identified by one of its nodes."""

    def __init__(self, count: int, first: Places, second: Places, odds: Matrix, bar: float, missing: float) -> None:
        self._sums = np.zeros((count, count))
        self._known = np.zeros((count, count), np.int32)
        self._sums[first, second] = self._sums[second, first] = odds
        self._known[first, second] = self._known[second, first] = 1
        self._sizes = np.ones(count, np.int64)
        self._bar, self._missing = bar, missing
        self._means = np.full((count, count), _GONE)
        over = odds > bar
        self._means[first[over], second[over]] = self._means[second[over], first[over]] = odds[over]
        self._best: Matrix = self._means.max(axis=1)

    def join_all(self, may_join: Callable[[int, int, float], bool], joined: Callable[[int, int], None]) -> None:
        """Join groups while a mean is above the bar, where they may; ``joined`` is called with the two groups of each join."""
        means, best = self._means, self._best
        while True:
            first = int(best.argmax())
            if best[first] == _GONE:
                return
            second = int(means[first].argmax())
            if may_join(first, second, float(best[first])):
                joined(*self._join(first, second))
            else:
                means[first, second] = means[second, first] = _GONE
                best[[first, second]] = means[[first, second]].max(axis=1)

    def _join(self, first: int, second: int) -> tuple[int, int]:
        """Join two groups; the one with more links keeps its number. Return both numbers, the kept one first."""
        sums, known, means, sizes, best = self._sums, self._known, self._means, self._sizes, self._best
        if np.count_nonzero(known[first]) < np.count_nonzero(known[second]):
            first, second = second, first
        for table in (sums, known):
            table[first] += table[second]
            table[first, [first, second]] = 0
            table[second] = table[:, second] = 0
            table[:, first] = table[first]
        sizes[first] += sizes[second]
        every = sizes[first] * sizes
        mean = (sums[first] + (every - known[first]) * self._missing) / every
        mean[(known[first] == 0) | (mean <= self._bar)] = _GONE
        stale = (means[:, first] == best) | (means[:, second] == best)
        means[second] = means[:, second] = _GONE
        means[first] = means[:, first] = mean
        stale &= best > _GONE
        stale[[first, second]] = True
        best[stale] = means[stale].max(axis=1)
        np.maximum(best, mean, out=best)
        return first, second
