"""The shift of log odds by timing: how close in time sure pairs are, compared with chance.

Reports of one event come within hours of each other; reports that are merely similar come at any time. So the sure pairs of a
window show how much a time gap means in it; archives of other streams cannot show that. In a window of randomly mixed days, or of
entries dated by collection, close pairs are no more frequent than by chance, and gaps get no weight.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.params import DAY, ClusteringParams

Numbers = NDArray[np.float64]

BOUNDS = (3.0, 12.0, 24.0, 48.0)  # hours at which one class of gaps ends and the next begins
CLASSES = len(BOUNDS) + 1
NEAR = 3  # classes within a day
UNDATED = CLASSES  # class of an unknown gap


def has_hour(times: Numbers) -> NDArray[np.bool_]:
    """Return which times have an hour. A time of exactly midnight is a date alone, and an undated report has no time."""
    return np.asarray(np.isfinite(times) & (times % DAY != 0))


def gaps(later: Numbers, earlier: Numbers) -> Numbers:
    """Return the hours between reports; infinity where one has no known hour (its hour is not finite)."""
    dated = np.isfinite(later) & np.isfinite(earlier)
    return np.where(dated, later, np.inf) - np.where(dated, earlier, 0.0)


def classes(later: Numbers, earlier: Numbers) -> NDArray[np.int64]:
    """Return the class of the gap between hours."""
    gap = gaps(later, earlier)
    return np.where(np.isfinite(gap), np.searchsorted(BOUNDS, gap, side="right"), UNDATED)


def expected_shares(hours: Numbers, reports: Numbers, span: float) -> Numbers:
    """Return for each hour the share of the earlier reports in each class; ``hours`` ascend.

    Of the other reports of the same hour, half count as earlier.
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


def log_odds_shift(seen: Numbers, expected: Numbers, params: ClusteringParams) -> Numbers:
    """Return the log odds that a pair gets for the class of its gap: one row a window, one column a class."""
    every = expected.sum(1, keepdims=True)
    share = np.where(every > 0, expected / np.maximum(every, 1e-9), 1 / CLASSES)
    # plus one: where few pairs are expected by chance, their absence means nothing
    prior = params.timing_prior * share + 1
    odds = np.log((seen + prior) / (expected + prior))
    return np.asarray(np.clip(odds, params.timing_least, params.timing_most))


def excess(seen: Numbers, expected: Numbers) -> Numbers:
    """Return the number of sure pairs in each window within a day of each other, beyond the number by chance."""
    every = expected.sum(1)
    chance = np.where(every > 0, expected[:, :NEAR].sum(1) / np.maximum(every, 1e-9), 1.0)
    beyond = seen[:, :NEAR].sum(1) - every * chance - np.sqrt(np.maximum(0.0, every * chance * (1 - chance)))
    return np.asarray(np.maximum(0.0, beyond) / np.maximum(1 - chance, 0.05))
