"""Explanations of ties between stories: the two most similar reports of both, and the figures that decide."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from aggregator.clustering.arrays import Places
from aggregator.clustering.comparing import Comparison
from aggregator.clustering.explanations import PairExplanation, explain_pair, probability_of
from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.params import DAY
from aggregator.clustering.scoring import DIGITS, pair_inputs
from aggregator.clustering.story_linkage import KEPT_LINKS, StoryLinkage
from aggregator.clustering.ties import Ties, is_one_affair, shipped_model, ties

_MAX_SEARCHED = 60  # newest reports of a story that are compared where no edge leads to the other story


@dataclass(frozen=True, slots=True)
class TieExplanation:
    """The comparison of two stories. Probabilities are those of one event; ``affair`` is that of one affair."""

    one: str  # of the two most similar reports, the first story's
    other: str  # the second story's
    pair: PairExplanation
    linked: bool  # whether an edge links the two stories
    event: float  # probability for the two reports
    event_needed: float  # the bar for the two reports and for the mean; without an edge, the bar for an edge
    affair: float | None  # None across languages
    affair_needed: float
    mean: float | None  # over the best links, with missing ones; None where the best link is below the bar
    averaged: int  # number of links that are averaged
    links: int  # number of links that there are

    @property
    def counts(self) -> bool:
        """Whether the best link is enough for a tie."""
        return self.mean is not None and (self.affair is None or self.affair > self.affair_needed)

    @property
    def holds(self) -> bool:
        """Whether the links are enough to tie the two stories without the help of other stories."""
        return self.counts and self.mean is not None and self.mean > self.event_needed


def explain_tie(graph: StoryGraph, first: Collection[str], second: Collection[str]) -> TieExplanation | None:
    """Return the explanation of the tie between two stories; None where one has no report in the window."""
    comparison = graph.comparison
    sides = [_places(graph, first), _places(graph, second)]
    if not all(sides):
        return None
    found = ties(comparison, sides, -np.inf)
    linked = bool(len(found.best))
    one, other = _best(comparison, found, sides) if linked else _most_similar(comparison, *sides)
    pair = explain_pair(comparison, one, other)
    params, bar = comparison.params, graph.params.storyline_bar if linked else graph.params.graph_bar
    linkage = _linkage(graph, found, sides)
    return TieExplanation(
        comparison.rows.ids[one],
        comparison.rows.ids[other],
        pair,
        linked,
        pair.probability,
        probability_of(bar),
        _affair(comparison, one, other),
        probability_of(params.tie_bar),
        probability_of(linkage.nearness(0, 1)) if linked and pair.odds > bar else None,
        linkage.averaged(0, 1),
        len(found.odds),
    )


def direct_ties(graph: StoryGraph, stories: Sequence[Collection[str]]) -> list[tuple[int, int]]:
    """Return the pairs of stories, by number, whose best link is enough for a tie."""
    sides = [_places(graph, story) for story in stories]
    found = ties(graph.comparison, sides, graph.params.storyline_bar)
    counting = is_one_affair(graph.comparison, found.best, graph.params.tie_bar)
    return list(zip(found.one[counting].tolist(), found.two[counting].tolist(), strict=True))


def days_and_reports(graph: StoryGraph, reports: Collection[str]) -> tuple[float, int]:
    """Return the days that some reports span, and the number of reports that count for the limits of a storyline."""
    places = _places(graph, reports)
    times = graph.comparison.rows.reports.time[places]
    known = times[~np.isnan(times)]
    return float(known.max() - known.min()) / DAY if len(known) else 0.0, len(places)


def _places(graph: StoryGraph, reports: Collection[str]) -> list[int]:
    """Return the places of the reports of a story that are compared with others."""
    place, represented = graph.comparison.rows.place, graph.comparison.represented
    return sorted(place[report] for report in reports if report in place and place[report] not in represented)


def _best(comparison: Comparison, found: Ties, sides: Sequence[Sequence[int]]) -> tuple[int, int]:
    edge = found.best[0]
    ends = int(comparison.graph.first[edge]), int(comparison.graph.second[edge])
    return ends if ends[0] in sides[0] else (ends[1], ends[0])


def _most_similar(comparison: Comparison, first: Sequence[int], second: Sequence[int]) -> tuple[int, int]:
    """Return the two reports with the greatest log odds by themselves."""
    rank = comparison.rows.rank
    ours, theirs = (sorted(side, key=lambda place: int(rank[place]))[-_MAX_SEARCHED:] for side in (first, second))
    one, other = np.repeat(np.array(ours), len(theirs)), np.tile(np.array(theirs), len(ours))
    odds = comparison.scorer.first(comparison.features(one, other))
    best = int(np.lexsort((rank[other], rank[one], -odds))[0])
    return int(one[best]), int(other[best])


def _affair(comparison: Comparison, one: int, other: int) -> float | None:
    across = comparison.cross_language
    if across is not None and across.is_cross_language(one, other):
        return None
    ends: tuple[Places, Places] = np.array([one]), np.array([other])
    odds = shipped_model().odds(pair_inputs(comparison.features(*ends)))
    return probability_of(float(np.round(odds, DIGITS)[0]))


def _linkage(graph: StoryGraph, found: Ties, sides: Sequence[Sequence[int]]) -> StoryLinkage:
    linkage = StoryLinkage([(0.0, 0.0)] * 2, [len(side) for side in sides], graph.params)
    linkage.link(0, 1, np.clip(found.odds, *graph.params.clip)[:KEPT_LINKS].tolist() or [graph.params.missing])
    return linkage
