"""The window's reports and their edges: what is compared when a report comes or goes, whatever the order of arrivals."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.across import Across
from aggregator.clustering.calendar import Calendar
from aggregator.clustering.density import Density, sure_partners
from aggregator.clustering.looking_back import BlockEdges, LookingBack
from aggregator.clustering.pair_features import PairFeatures, pair_features
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.rows import Floats, Places, Rows
from aggregator.clustering.scoring import Scorer
from aggregator.clustering.second_round import ScoreGraph
from aggregator.clustering.vectors import ReportVector

Flags = NDArray[np.bool_]
_LEAST_GONE = 5_000  # reports that left; fewer are not worth a compaction


class Changes(NamedTuple):
    """What :meth:`Comparison.compare` changed."""

    new: set[int]  # places that were compared for the first time
    first: Places  # ends of the edges that came, went or have other log odds now
    second: Places
    strongest: Floats  # the greater of an edge's log odds before and now
    represented: set[int]  # places for which others stand since, or other ones


class Comparison:
    """Rows, index and graph of the window, kept in step."""

    def __init__(self, params: ClusteringParams, scorer: Scorer, across: bool = False) -> None:
        self.params = params
        self.scorer = scorer
        self.rows = Rows(params)
        self.across = Across(self.rows, params) if across else None
        self.graph = ScoreGraph(params.degree)
        self.calendar = Calendar(params.window)
        self.density = Density(self.rows, params)
        self.looking = LookingBack(self)
        self.index, self.represented = self.looking.index, self.looking.represented
        self._new: set[int] = set()  # places that were not compared yet
        self._dirty: set[int] = set()  # places whose edges changed
        self._dropped: list[tuple[Places, Places, Floats]] = []
        self._ahead: set[int] = set()  # places that were compared ahead or elsewhere, which nobody was told

    def add(self, rows: Iterable[tuple[str, ReportVector]]) -> list[int]:
        """Add reports, or replace them; return their places."""
        given = dict(rows)
        if not given:
            return []
        self.remove([name for name in given if name in self.rows.place], replaced=True)
        places = self.rows.append(list(given.items()))
        if self.across is not None:
            self.across.add(given)
        time = self.rows.reports.time[places]
        self.calendar.add(self.rows.reports.language[places].tolist(), time.tolist())
        self.density.add(places)
        self.graph.grow(len(self.rows))
        self.looking.grow(len(self.rows))
        self._new.update(places.tolist())
        return list(map(int, places))

    def remove(self, names: Collection[str], replaced: bool = False) -> None:
        """Forget reports; ``replaced`` says that they come again."""
        gone = self.rows.remove(names)
        if self.across is not None:
            self.across.remove(gone.tolist())
        self._forget(gone, replaced)
        self.looking.leave(gone, self._far(gone) if not replaced else np.zeros(len(gone), np.bool_))
        edges = self.graph.touching(gone.tolist())
        if len(edges):
            self.looking.lose(self.drop(edges))
        lost = set(gone.tolist())
        for pending in (self._new, self._dirty, self._ahead):
            pending -= lost
        self.looking.forget(lost)

    def compacted(self) -> Places | None:
        """Give the places of reports that are gone to others; return each old place's new one, -1 of those gone.

        None where that is not worth its while, or reports are compared across languages.
        """
        gone = len(self.rows) - len(self.rows.place)
        if self.across is not None or gone < max(_LEAST_GONE, len(self.rows.place) // 2):
            return None
        moved = self.rows.compact()
        self.looking.moved(moved)
        self.graph.moved(moved)
        self.density.moved(moved)
        self._new, self._dirty, self._ahead = (
            {int(moved[place]) for place in pending if moved[place] >= 0}
            for pending in (self._new, self._dirty, self._ahead)
        )
        self._dropped = [
            (moved[first][both], moved[second][both], odds[both])
            for first, second, odds in self._dropped
            for both in [(moved[first] >= 0) & (moved[second] >= 0)]
        ]
        return moved

    def look_ahead(self) -> None:
        """Compare what is new with all before it while there is time; :meth:`compare` tells what changed."""
        self.looking.look(self._new)
        self._ahead, self._new = self._ahead | self._new, set()

    def compare(self) -> Changes:
        """Bring the edges up to date; return what changed."""
        new, self._new = self._new, set()
        shown, aside = self.looking.bring_up_to_date(new)
        new, self._ahead = new | self._ahead | shown, set()
        if self.across is not None:
            self._cross(self.across)
        dirty = sorted(place for place in self._dirty if self.rows.alive[place] and place not in self.represented)
        self._dirty = set()
        edges = np.union1d(self.graph.touched(dirty), self._judged_anew(np.array(dirty, np.int64)))
        nothing = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
        changed = [nothing, *self._dropped, *(self._rescore(part) for part in _parts(edges, 20_000))]
        self._dropped = []
        first, second, strongest = (np.concatenate(columns) for columns in zip(*changed, strict=True))
        return Changes(new, first, second, strongest, aside)

    def count_sure_anew(self, places: Places) -> None:
        """Have it told anew which of these have a sure partner."""
        self._dirty.update(places.tolist())

    def _judged_anew(self, dirty: Places) -> Places:
        """Bring the density up to date with edges that changed; return the edges of which it says something else now."""
        self.density.set_partners(dirty, sure_partners(self.rows, self.graph, dirty, self.params.density_sure))
        shifted = self.density.refresh()
        edges = self.graph.touching(shifted.tolist()) if len(shifted) else np.zeros(0, np.int64)
        return edges[np.isin(self.later(edges), shifted)]

    def _rescore(self, edges: Places) -> tuple[Places, Places, Floats]:
        """Give edges their log odds within the graph; return the ends of those that changed, and the greater odds."""
        graph = self.graph
        old = graph.final[edges]
        within = ~graph.is_across(edges)
        new = graph.odds[edges]
        if within.any():
            heard = edges[within]
            first, second = graph.first[heard].astype(np.int64), graph.second[heard].astype(np.int64)
            words = np.minimum(self.rows.reports.words[first], self.rows.reports.words[second])
            odds = self.scorer.second(graph.known[heard], graph.context(heard), words)
            new[within] = odds + self._from_density(first, second)
        graph.final[edges] = new
        moved = old != new  # an edge that was never scored is not a number
        ends = graph.first[edges[moved]].astype(np.int64), graph.second[edges[moved]].astype(np.int64)
        return *ends, np.fmax(old[moved], new[moved])

    def drop(self, edges: Places) -> Places:
        """Forget edges; return the nodes that kept them."""
        if not len(edges):
            return edges
        graph = self.graph
        ends = graph.first[edges].astype(np.int64), graph.second[edges].astype(np.int64)
        self._dropped.append((*ends, np.nan_to_num(graph.final[edges], nan=-np.inf)))
        nodes = graph.drop(edges.astype(np.int32))
        self._dirty.update(nodes.tolist())
        return nodes

    def features(self, first: Places, second: Places) -> PairFeatures:
        """Return the features of pairs of places."""
        return pair_features(self.rows, first, second, self.params)

    def odds_between(self, one: int, two: int) -> float | None:
        """Return the log odds of two reports; None where they have no edge, and neither stands for the other."""
        known = self.graph.odds_between(one, two)
        for report, other in ((one, two), (two, one)):
            if known is None and report in self.represented:
                others, odds = self.represented.of(report)
                at = np.flatnonzero(others == other)
                known = float(odds[at[0]]) if len(at) else None
        return known

    def evidence(self, first: Places, second: Places) -> dict[str, Floats]:
        """Return what the log odds of pairs were made of: their features, and what density and timing of the window added."""
        later, earlier = self._in_order(first, second)
        added = {"density": self.density.shifts(later, earlier), "timing": self.density.timed(later, earlier)}
        return {**self.features(first, second)._asdict(), **added}

    def _from_density(self, first: Places, second: Places) -> Floats:
        later, earlier = self._in_order(first, second)
        return self.density.shifts(later, earlier) + self.density.timed(later, earlier)

    def _in_order(self, first: Places, second: Places) -> tuple[Places, Places]:
        """Return the later and the earlier of each two reports."""
        swap = self.rows.is_before(first, second)
        return np.where(swap, second, first), np.where(swap, first, second)

    def _forget(self, gone: Places, replaced: bool) -> None:
        """Count reports no longer that are gone; those of the window's far end no later one needs to know of."""
        reports = self.rows.reports
        self.calendar.remove(reports.language[gone].tolist(), reports.time[gone].tolist())
        fresh = gone[~self._far(gone)]
        self.density.remove(gone if replaced else fresh)
        self.looking.count_no_longer(fresh)

    def _far(self, places: Places) -> Flags:
        """Tell which reports lie at the window's far end."""
        return np.asarray(self.rows.reports.time[places] < self.calendar.latest - self.params.window)

    # --- elsewhere -----------------------------------------------------------------------------------

    def look_back(self, start: int, end: int) -> list[BlockEdges]:
        """Compare some reports with all before them in time, and keep nothing of it: for another process, which takes it."""
        self.looking.enter(sorted(self._new))
        self._new = set()
        return self.looking.elsewhere(np.arange(start, end))

    def take(self, looked: Iterable[BlockEdges]) -> bool:
        """Take what all reports found elsewhere; none of them was compared before.

        False where others are to stand for some of them, which only one process after the other can tell: then nothing holds.
        """
        self.looking.enter(range(len(self.rows)), compared=True)
        self._ahead, self._new = self._ahead | self._new, set()
        return self.looking.take(looked)

    def add_edges(self, first: Places, second: Places, odds: Floats, known: Floats) -> None:
        """Add edges. An end that has better ones and does not keep one is not touched by it; the other end is."""
        if len(first):
            self._dirty.update(self.graph.add(first, second, odds, known, self.rows.rank))

    def _cross(self, across: Across) -> None:
        """Bring the edges between languages up to date."""
        lost, edges = across.update()
        gone = [edge for pair in lost if (edge := self.graph.edge_between(*pair)) is not None]
        if gone:
            self.drop(np.array(gone))
        if edges:
            first, second = np.array(list(edges), np.int64).T
            odds = np.array(list(edges.values()), np.float32)
            self.graph.add(first, second, odds, np.full(len(odds), np.nan, np.float32), self.rows.rank)
            self._dirty.update(first.tolist())
            self._dirty.update(second.tolist())

    def later(self, edges: Places) -> Places:
        """Return the later end of each edge."""
        first, second = self.graph.first[edges].astype(np.int64), self.graph.second[edges].astype(np.int64)
        return np.where(self.rows.is_before(first, second), second, first)


def _parts(places: Places, size: int) -> list[Places]:
    return [places[start : start + size] for start in range(0, len(places), size)]
