"""Terms that two reports share, and the number of the window's reports that hold them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.meaning import Agreement


def common_terms(graph: StoryGraph, first: str, second: str) -> frozenset[int]:
    """Return the common terms among those by which two reports of the window were compared; KeyError where one is not in it."""
    rows = graph.comparison.rows
    one, two = (rows.terms.term[_terms(graph, rows.place[report])] for report in (first, second))
    return frozenset(np.intersect1d(one, two).tolist())


def cross_language_agreement(graph: StoryGraph, first: str, second: str) -> Agreement | None:
    """Return the agreement of two reports of different languages; None where they are not compared by meaning."""
    across, place = graph.comparison.cross_language, graph.comparison.rows.place
    one, two = place.get(first), place.get(second)
    if across is None or one is None or two is None or not across.is_cross_language(one, two):
        return None
    return across.compared(one, two)[1]


def count_reports_with(graph: StoryGraph, terms: Sequence[int]) -> int:
    """Return how many reports of the window hold all these terms."""
    rows = graph.comparison.rows
    count = len(rows)
    held = rows.alive[:count].copy()
    starts = rows.reports.terms_from[:count]
    for term in terms:
        places = np.flatnonzero(rows.terms.term == np.uint32(term))
        here = np.zeros(count, np.bool_)
        here[np.maximum(0, np.searchsorted(starts, places, side="right") - 1)] = True
        held &= here
    return int(held.sum())


def _terms(graph: StoryGraph, place: int) -> slice:
    reports = graph.comparison.rows.reports
    start = int(reports.terms_from[place])
    return slice(start, start + int(reports.terms[place]))
