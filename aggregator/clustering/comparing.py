"""The reports of the window and the edges between them, kept up to date as reports come and go, in any order of arrival."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np

from aggregator.clustering.arrays import Flags, Floats, Places, moved_places, parts_of
from aggregator.clustering.cross_language_pairs import CrossLanguagePairs
from aggregator.clustering.day_counts import DayCounts
from aggregator.clustering.density import Density, sure_partners
from aggregator.clustering.pair_features import PairFeatures, pair_features
from aggregator.clustering.pair_search import BlockEdges, PairSearch
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.rows import Rows
from aggregator.clustering.score_graph import ScoreGraph
from aggregator.clustering.scoring import Scorer
from aggregator.clustering.vectors import ReportVector

_MIN_GONE = 5_000  # removed reports; fewer are not worth a compaction


class Changes(NamedTuple):
    """The changes that :meth:`Comparison.compare` made."""

    new: set[int]  # places that were compared for the first time
    first: Places  # ends of the edges that were added, dropped or got other log odds
    second: Places
    strongest: Floats  # the greater of an edge's log odds before and now
    represented: set[int]  # places that are newly represented, or represented by others than before


class Comparison:
    """Rows, index and graph of the window, kept in step."""

    def __init__(self, params: ClusteringParams, scorer: Scorer, across: bool = False) -> None:
        self.params = params
        self.scorer = scorer
        self.rows = Rows(params)
        self.cross_language = CrossLanguagePairs(self.rows, params) if across else None
        self.graph = ScoreGraph(params.degree)
        self.day_counts = DayCounts(params.window)
        self.density = Density(self.rows, params)
        self.search = PairSearch(self)
        self.index, self.represented = self.search.index, self.search.represented
        self._new: set[int] = set()  # places that were not compared yet
        self._dirty: set[int] = set()  # places whose edges changed
        self._dropped: list[tuple[Places, Places, Floats]] = []
        self._added_unreported: set[int] = set()  # places compared ahead or elsewhere, not yet returned as new

    def add(self, rows: Iterable[tuple[str, ReportVector]]) -> list[int]:
        """Add reports, or replace them; return their places."""
        given = dict(rows)
        if not given:
            return []
        self.remove([name for name in given if name in self.rows.place], replaced=True)
        places = self.rows.append(list(given.items()))
        if self.cross_language is not None:
            self.cross_language.add(given)
        time = self.rows.reports.time[places]
        self.day_counts.add(self.rows.reports.language[places].tolist(), time.tolist())
        self.density.add(places)
        self.graph.grow(len(self.rows))
        self.search.reserve(len(self.rows))
        self._new.update(places.tolist())
        return list(map(int, places))

    def remove(self, names: Collection[str], replaced: bool = False) -> None:
        """Remove reports; ``replaced`` means that new versions of them are added next."""
        gone = self.rows.remove(names)
        if self.cross_language is not None:
            self.cross_language.remove(gone.tolist())
        self._uncount(gone, replaced)
        self.search.remove_representatives(
            gone, self._is_outside_window(gone) if not replaced else np.zeros(len(gone), np.bool_)
        )
        edges = self.graph.touching(gone.tolist())
        if len(edges):
            self.search.schedule_after_loss(self.drop_edges(edges))
        lost = set(gone.tolist())
        for pending in (self._new, self._dirty, self._added_unreported):
            pending -= lost
        self.search.discard_pending(lost)

    def compact(self) -> Places | None:
        """Free the places of removed reports; return the new place of each old one, -1 for removed ones.

        Return None, and do nothing, where too few reports were removed, or reports are compared across languages.
        """
        gone = len(self.rows) - len(self.rows.place)
        if self.cross_language is not None or gone < max(_MIN_GONE, len(self.rows.place) // 4):
            return None
        moved = self.rows.compact()
        self.search.remap(moved)
        self.graph.remap(moved)
        self.density.remap(moved)
        self._new, self._dirty = moved_places(self._new, moved), moved_places(self._dirty, moved)
        self._added_unreported = moved_places(self._added_unreported, moved)
        self._dropped = [
            (moved[first][both], moved[second][both], odds[both])
            for first, second, odds in self._dropped
            for both in [(moved[first] >= 0) & (moved[second] >= 0)]
        ]
        return moved

    def compare_ahead(self) -> None:
        """Compare the new reports with all before them ahead of :meth:`compare`, which returns the changes."""
        self.search.search(self._new)
        self._added_unreported, self._new = self._added_unreported | self._new, set()

    def compare(self) -> Changes:
        """Update the edges; return the changes."""
        new, self._new = self._new, set()
        no_longer_represented, newly_represented = self.search.update(new)
        new, self._added_unreported = new | self._added_unreported | no_longer_represented, set()
        if self.cross_language is not None:
            self._update_cross_language(self.cross_language)
        dirty = sorted(place for place in self._dirty if self.rows.alive[place] and place not in self.represented)
        self._dirty = set()
        edges = np.union1d(self.graph.touched(dirty), self._update_density(np.array(dirty, np.int64)))
        nothing = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
        changed = [nothing, *self._dropped, *(self._rescore(part) for part in parts_of(edges, 20_000))]
        self._dropped = []
        first, second, strongest = (np.concatenate(columns) for columns in zip(*changed, strict=True))
        return Changes(new, first, second, strongest, newly_represented)

    def recount_sure_partners(self, places: Places) -> None:
        """Schedule recomputing which of these reports have a sure partner."""
        self._dirty.update(places.tolist())

    def _update_density(self, dirty: Places) -> Places:
        """Update the density after edges changed; return the edges whose shift changed."""
        self.density.set_partners(dirty, sure_partners(self.rows, self.graph, dirty, self.params.density_sure))
        shifted = self.density.refresh()
        edges = self.graph.touching(shifted.tolist()) if len(shifted) else np.zeros(0, np.int64)
        return edges[np.isin(self.later_ends(edges), shifted)]

    def _rescore(self, edges: Places) -> tuple[Places, Places, Floats]:
        """Set the log odds of edges within the graph; return both ends of the changed edges, and the greater of old and new odds."""
        graph = self.graph
        old = graph.final[edges]
        within = ~graph.is_cross_language(edges)
        new = graph.odds[edges]
        if within.any():
            same_language = edges[within]
            first, second = graph.both_ends(same_language)
            words = np.minimum(self.rows.reports.words[first], self.rows.reports.words[second])
            odds = self.scorer.second(graph.known[same_language], graph.context(same_language), words)
            new[within] = odds + self._window_shifts(first, second)
        graph.final[edges] = new
        moved = old != new  # also for an edge that was never scored: its odds are NaN
        ends = graph.both_ends(edges[moved])
        return *ends, np.fmax(old[moved], new[moved])

    def drop_edges(self, edges: Places) -> Places:
        """Drop edges; return the nodes that kept them."""
        if not len(edges):
            return edges
        graph = self.graph
        ends = graph.both_ends(edges)
        self._dropped.append((*ends, np.nan_to_num(graph.final[edges], nan=-np.inf)))
        nodes = graph.drop(edges.astype(np.int32))
        self._dirty.update(nodes.tolist())
        return nodes

    def features(self, first: Places, second: Places) -> PairFeatures:
        """Return the features of pairs of places."""
        return pair_features(self.rows, first, second, self.params)

    def odds_between(self, one: int, two: int) -> float | None:
        """Return the log odds of two reports; None where they have no edge and neither represents the other."""
        known = self.graph.odds_between(one, two)
        for report, other in ((one, two), (two, one)):
            if known is None and report in self.represented:
                others, odds = self.represented.representatives(report)
                at = np.flatnonzero(others == other)
                known = float(odds[at[0]]) if len(at) else None
        return known

    def evidence(self, first: Places, second: Places) -> dict[str, Floats]:
        """Return the parts of the log odds of pairs: their features, and the shifts by density and timing."""
        later, earlier = self.rows.later_and_earlier(first, second)
        added = {
            "density": self.density.density_shifts(later, earlier),
            "timing": self.density.timing_shifts(later, earlier),
        }
        return {**self.features(first, second)._asdict(), **added}

    def _window_shifts(self, first: Places, second: Places) -> Floats:
        later, earlier = self.rows.later_and_earlier(first, second)
        return self.density.density_shifts(later, earlier) + self.density.timing_shifts(later, earlier)

    def _uncount(self, gone: Places, replaced: bool) -> None:
        """Remove gone reports from the counts; those outside the window affect no later report."""
        reports = self.rows.reports
        self.day_counts.remove(reports.language[gone].tolist(), reports.time[gone].tolist())
        fresh = gone[~self._is_outside_window(gone)]
        self.density.remove(gone if replaced else fresh)
        self.search.uncount(fresh)

    def _is_outside_window(self, places: Places) -> Flags:
        """Return which reports are earlier than the window of the latest report."""
        return np.asarray(self.rows.reports.time[places] < self.day_counts.latest - self.params.window)

    # --- edges computed in other processes -----------------------------------------------------------

    def block_edges(self, block: range) -> list[BlockEdges]:
        """Return the edges of a range of reports with all before them, without storing them, for another process."""
        self.search.add(sorted(self._new))
        self._new = set()
        return self.search.block_edges(np.array(block))

    def add_block_edges(self, block_edges: Iterable[BlockEdges]) -> bool:
        """Store the edges of all reports, which other processes computed; no report was compared here before.

        Return False where a report would be represented. That can only be found report by report, so no edge is valid then.
        """
        self.search.add(range(len(self.rows)), compared=True)
        self._added_unreported, self._new = self._added_unreported | self._new, set()
        return self.search.add_block_edges(block_edges)

    def add_edges(self, first: Places, second: Places, odds: Floats, known: Floats) -> None:
        """Add edges. An end that has better ones and does not keep an edge is not changed by it."""
        if len(first):
            self._dirty.update(self.graph.add(first, second, odds, known, self.rows.rank))

    def _update_cross_language(self, across: CrossLanguagePairs) -> None:
        """Update the edges between languages."""
        lost, edges = across.update()
        gone = [edge for pair in lost if (edge := self.graph.edge_between(*pair)) is not None]
        if gone:
            self.drop_edges(np.array(gone))
        if edges:
            first, second = np.array(list(edges), np.int64).T
            odds = np.array(list(edges.values()), np.float32)
            self.graph.add(first, second, odds, np.full(len(odds), np.nan, np.float32), self.rows.rank)
            self._dirty.update(first.tolist())
            self._dirty.update(second.tolist())

    def later_ends(self, edges: Places) -> Places:
        """Return the later end of each edge."""
        return self.rows.later_and_earlier(*self.graph.both_ends(edges))[0]
