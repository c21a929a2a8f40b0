"""The window's reports and their edges: what is compared when a report comes or goes, whatever the order of arrivals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from aggregator.clustering.candidates import CandidateIndex, Found, best
from aggregator.clustering.pair_features import PairFeatures, pair_features
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.rows import Places, Rows
from aggregator.clustering.scoring import Scorer
from aggregator.clustering.second_round import ScoreGraph
from aggregator.clustering.vectors import ReportVector

_AT_ONCE = 256  # reports compared in one go: bounds the memory of the arrays


class Comparison:
    """Rows, index and graph of the window, kept in step."""

    def __init__(self, params: ClusteringParams, scorer: Scorer) -> None:
        self.params = params
        self.scorer = scorer
        self.rows = Rows(params)
        self.index = CandidateIndex(self.rows, params)
        self.graph = ScoreGraph(params.degree)
        self._new: set[int] = set()  # places that were not compared yet
        self._again: set[int] = set()  # places whose candidates have to be found anew
        self._dirty: set[int] = set()  # places whose edges changed
        self._full = np.zeros(0, np.bool_)  # places that had more candidates than are kept
        self._floor = np.zeros(0, np.float32)  # product of the last one kept of these

    def add(self, rows: Iterable[tuple[str, ReportVector]]) -> list[int]:
        """Add reports, or replace them; return their places."""
        given = dict(rows)
        self.remove([name for name in given if name in self.rows.place])
        places = self.rows.append(list(given.items()))
        self.index.add(places)
        self.graph.grow(len(self.rows))
        if len(self._full) < len(self.rows):
            more = max(1_024, len(self.rows) - len(self._full), len(self._full) // 4)
            self._full = np.concatenate([self._full, np.zeros(more, np.bool_)])
            self._floor = np.concatenate([self._floor, np.zeros(more, np.float32)])
        self._new.update(places.tolist())
        return places.tolist()

    def remove(self, names: Collection[str]) -> None:
        """Forget reports."""
        gone = self.rows.remove(names)
        edges = self.graph.incident(gone.tolist())
        if len(edges):
            nodes = self.graph.drop(edges.astype(np.int32))
            self._dirty.update(nodes.tolist())
            self._again.update(nodes[self._full[nodes]].tolist())
        lost = set(gone.tolist())
        self._new -= lost
        self._again -= lost
        self._dirty -= lost

    def compare(self, wanted: Collection[int] | None = None) -> set[int]:
        """Bring the edges up to date; return the places whose edges or log odds changed.

        ``wanted``: of the places that were never compared only these, and what is within their reach.
        """
        self.rows.count_terms()
        new = self._new if wanted is None else self._new & set(wanted)
        self._find(sorted(new))
        self._new -= new
        while self._again:
            again = sorted(self._again)
            self._again = set()
            self._look_back(again)
        dirty = sorted(place for place in self._dirty if self.rows.alive[place])
        self._dirty = set()
        edges = self.graph.incident(dirty)
        for part in _parts(edges, 20_000):
            self.graph.final[part] = self.scorer.second(self.graph.known[part], self.graph.context(part))
        graph = self.graph
        return {*dirty, *new, *graph.first[edges].tolist(), *graph.second[edges].tolist()}

    def features(self, first: Places, second: Places) -> PairFeatures:
        """Return the features of pairs of places."""
        return pair_features(self.rows, first, second, self.params)

    # --- candidates ----------------------------------------------------------------------------------

    def _find(self, places: Sequence[int]) -> None:
        """Compare new reports with those before them, and with those after them that were there already."""
        waiting = np.zeros(len(self.rows), np.bool_)
        waiting[list(places)] = True
        for part in _parts(np.array(places, np.int64), _AT_ONCE):
            found = self.index.find(part)
            forward = self._is_before(found.report, found.other)
            self._keep_best(Found(*(column[~forward] for column in found)))
            # Of two new ones the later looks back; an old one that lies after the newcomer has looked back already.
            late = forward & ~waiting[found.other]
            self._offer(Found(*(column[late] for column in found)))

    def _offer(self, found: Found) -> None:
        """Let old reports have newcomers that lie before them; one whose candidates are full looks back again."""
        full = self._full[found.other]
        again = full & (found.product >= self._floor[found.other])
        self._again.update(found.other[again].tolist())
        self._score(found.report[~full], found.other[~full])

    def _look_back(self, places: Sequence[int]) -> None:
        """Find the candidates of old reports anew."""
        for part in _parts(np.array(places, np.int64), _AT_ONCE):
            edges = self.graph.incident(part.tolist()).astype(np.int32)
            mine = np.isin(self._later(edges), part)
            self._dirty.update(self.graph.drop(edges[mine]).tolist())
            found = self.index.find(part)
            self._keep_best(Found(*(column[~self._is_before(found.report, found.other)] for column in found)))

    def _keep_best(self, found: Found) -> None:
        kept, reports, counts = best(found, self.params.neighbours)
        many = counts > self.params.neighbours
        self._full[reports] = many
        if many.any():
            floor = np.full(len(self.rows), np.inf, np.float32)
            np.minimum.at(floor, kept.report, kept.product)
            self._floor[reports] = floor[reports]
        self._score(kept.report, kept.other)

    def _score(self, first: Places, second: Places) -> None:
        """Score pairs by themselves; keep those over the bar as edges."""
        if not len(first):
            return
        features = self.features(first, second)
        odds = self.scorer.first(features)
        keep = np.flatnonzero(odds > self.params.graph_bar)
        if len(keep):
            known = self.scorer.known(PairFeatures(*(column[keep] for column in features)), odds[keep])
            self.graph.add(first[keep], second[keep], odds[keep], known, self.rows.rank)
            self._dirty.update(first[keep].tolist())
            self._dirty.update(second[keep].tolist())

    def _later(self, edges: Places) -> Places:
        first, second = self.graph.first[edges], self.graph.second[edges]
        return np.where(self._is_before(first, second), second, first)

    def _is_before(self, first: Places, second: Places) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Tell whether one report comes before another in the order of time and id."""
        time, rank = self.rows.reports.time, self.rows.rank
        one, two = np.nan_to_num(time[first], nan=-np.inf), np.nan_to_num(time[second], nan=-np.inf)
        return (one < two) | ((one == two) & (rank[first] < rank[second]))


def _parts(places: Places, size: int) -> list[Places]:
    return [places[start : start + size] for start in range(0, len(places), size)]
