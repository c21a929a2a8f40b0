"""Two reports that lie further apart than the window were never compared: that speaks neither for one story nor against it."""

from __future__ import annotations

import numpy as np
import pytest

from aggregator.clustering.partition import Edges, partition, with_distant_pairs

DAY = 86_400.0
WEEK = 7 * DAY
MISSING = -3.0


def parted(days: list[float], edges: dict[tuple[int, int], float], bar: float = 0.0) -> list[list[int]]:
    """Return the groups of reports of these days."""
    first, second = np.array(sorted(edges), np.int64).T
    known = Edges(first, second, np.array([edges[pair] for pair in sorted(edges)]))
    every = with_distant_pairs(known, np.array(days) * DAY, WEEK, bar)
    return partition(len(days), every, bar, MISSING)


def test_a_story_that_goes_on_past_the_window_stays_one() -> None:
    assert parted([0, 5, 10], {(0, 1): 2.0, (1, 2): 1.0}) == [[0, 1, 2]]


def test_within_the_window_what_was_no_candidate_speaks_against() -> None:
    assert parted([0, 3, 6], {(0, 1): 2.0, (1, 2): 1.0}) == [[0, 1], [2]]


def test_what_was_compared_and_is_unlike_keeps_apart() -> None:
    assert parted([0, 5, 10, 11], {(0, 1): 2.0, (1, 2): 1.0, (1, 3): -4.0, (2, 3): 3.0}) == [[0, 1], [2, 3]]


@pytest.mark.parametrize("bar", [-1.0, -0.1, 0.0, 0.1, 0.7])
def test_reports_far_apart_alone_are_never_joined(bar: float) -> None:
    near = {(a, b): 3.0 for group in (range(3), range(3, 6)) for a in group for b in group if a < b}
    assert parted([0, 0, 0, 10, 10, 10], near, bar) == [[0, 1, 2], [3, 4, 5]]


def test_an_undated_report_ties_nothing_that_lies_two_windows_apart() -> None:
    assert parted([0, float("nan"), 400], {(0, 1): 2.0, (1, 2): 1.0}) == [[0, 1], [2]]


def test_undated_reports_are_far_from_nothing() -> None:
    known = Edges(np.array([0]), np.array([1]), np.array([1.0]))
    assert with_distant_pairs(known, np.array([np.nan, np.nan]), WEEK, 0.0) is known
    beside = with_distant_pairs(known, np.array([0.0, np.nan, 9 * DAY]), WEEK, 0.0)
    assert list(zip(beside.first.tolist(), beside.second.tolist(), strict=True)) == [(0, 1), (0, 2)]
