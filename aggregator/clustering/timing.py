"""How near in time sure pairs of a window lie, beside what chance would give: what that adds to pairs, and whether they are real.

What tells one event comes within hours, whatever the desk; what only reads alike comes at any time. So a window's own sure pairs
tell what a gap is worth in it: no archive teaches when its streams were polled. Days laid on each other at random have no
such excess, nor has an archive with a date of collection; there gaps say nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.params import ClusteringParams

Numbers = NDArray[np.float64]

BOUNDS = (3.0, 12.0, 24.0, 48.0)  # hours at which one class of gaps ends and the next begins
CLASSES = len(BOUNDS) + 1
NEAR = 3  # classes that lie within a day
UNDATED = CLASSES  # class of a gap that nothing tells


def gaps(later: Numbers, earlier: Numbers) -> Numbers:
    """Return the hours between reports; where one tells no hour, which is then not finite, nothing tells: infinity."""
    dated = np.isfinite(later) & np.isfinite(earlier)
    return np.where(dated, later, np.inf) - np.where(dated, earlier, 0.0)


def classes(later: Numbers, earlier: Numbers) -> NDArray[np.int64]:
    """Return the class of the gap between hours."""
    gap = gaps(later, earlier)
    return np.where(np.isfinite(gap), np.searchsorted(BOUNDS, gap, side="right"), UNDATED)


def by_chance(hours: Numbers, reports: Numbers, span: float) -> Numbers:
    """Return for each hour which part of the reports before one of its own lies in each class; ``hours`` ascend.

    Of its own hour's others half count as before it.
    """
    sums = np.r_[0.0, np.cumsum(reports)]
    ends = [0.0, *BOUNDS, span]
    found = np.zeros((len(hours), CLASSES))
    for number in range(CLASSES):
        first = np.searchsorted(hours, hours - ends[number + 1], "right" if number < CLASSES - 1 else "left")
        last = np.searchsorted(hours, hours - ends[number], "right")
        found[:, number] = sums[last] - sums[first]
    found[:, 0] += np.maximum(0.0, (reports - 1) / 2) - reports
    return np.asarray(found / np.maximum(1e-9, found.sum(1, keepdims=True)))


def worth(seen: Numbers, expected: Numbers, params: ClusteringParams) -> Numbers:
    """Return the log odds that a pair gets for the class of its gap: one row a window, one column a class."""
    every = expected.sum(1, keepdims=True)
    share = np.where(every > 0, expected / np.maximum(every, 1e-9), 1 / CLASSES)
    prior = (
        params.timing_prior * share + 1
    )  # one more of each: what chance gives hardly ever, its absence tells nothing of
    odds = np.log((seen + prior) / (expected + prior))
    return np.asarray(np.clip(odds, params.timing_least, params.timing_most))


def excess(seen: Numbers, expected: Numbers) -> Numbers:
    """Return how many sure pairs of each window are so for their time: those within a day beyond what chance is likely to give."""
    every = expected.sum(1)
    chance = np.where(every > 0, expected[:, :NEAR].sum(1) / np.maximum(every, 1e-9), 1.0)
    beyond = seen[:, :NEAR].sum(1) - every * chance - np.sqrt(np.maximum(0.0, every * chance * (1 - chance)))
    return np.asarray(np.maximum(0.0, beyond) / np.maximum(1 - chance, 0.05))
