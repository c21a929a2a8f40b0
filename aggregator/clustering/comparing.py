"""The window's reports and their edges: what is compared when a report comes or goes, whatever the order of arrivals."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.across import Across
from aggregator.clustering.calendar import Calendar
from aggregator.clustering.candidates import CandidateIndex, Found, best
from aggregator.clustering.density import Density, sure_partners
from aggregator.clustering.pair_features import BUCKETS, PairFeatures, pair_features, steps_of
from aggregator.clustering.params import DAY, ClusteringParams
from aggregator.clustering.rows import Floats, Places, Rows, shared
from aggregator.clustering.scoring import Scorer
from aggregator.clustering.second_round import ScoreGraph
from aggregator.clustering.vectors import ReportVector

Flags = NDArray[np.bool_]
_LEAST_GONE = 5_000  # reports that left; fewer are not worth a compaction
_AT_ONCE = 256  # reports compared in one go: bounds the memory of the arrays


class Changes(NamedTuple):
    """What :meth:`Comparison.compare` changed."""

    new: set[int]  # places that were compared for the first time
    first: Places  # ends of the edges that came, went or have other log odds now
    second: Places
    strongest: Floats  # the greater of an edge's log odds before and now


class Edges(NamedTuple):
    """What reports found when they looked back: which had more candidates than are kept, and the pairs that are edges."""

    reports: Places
    full: Flags
    floor: Floats  # product of the last candidate kept of those
    first: Places
    second: Places
    odds: Floats
    known: Floats


class LookedBack(NamedTuple):
    """The edges of some reports, and in how many reports before them their terms stand: flat, from one place on."""

    edges: Edges
    seen_from: int
    seen: NDArray[np.uint16]


class Comparison:
    """Rows, index and graph of the window, kept in step."""

    def __init__(self, params: ClusteringParams, scorer: Scorer, across: bool = False) -> None:
        self.params = params
        self.scorer = scorer
        self.rows = Rows(params)
        self.index = CandidateIndex(self.rows, params)
        self.across = Across(self.rows, params) if across else None
        self.graph = ScoreGraph(params.degree)
        self.calendar = Calendar(params.window)
        self.density = Density(self.rows, params)
        self._compared = np.zeros(0, np.bool_)
        self._new: set[int] = set()  # places that were not compared yet
        self._again: set[int] = set()  # places whose candidates have to be found anew
        self._dirty: set[int] = set()  # places whose edges changed
        self._dropped: list[tuple[Places, Places, Floats]] = []
        self._full = np.zeros(0, np.bool_)  # places that had more candidates than are kept
        self._floor = np.zeros(0, np.float32)  # product of the last one kept of these
        self._elsewhere: set[int] = set()  # places that were compared elsewhere, which nobody was told
        self._latest = -np.inf  # time of the latest report that was ever compared

    def add(self, rows: Iterable[tuple[str, ReportVector]]) -> list[int]:
        """Add reports, or replace them; return their places."""
        given = dict(rows)
        if not given:
            return []
        self.remove([name for name in given if name in self.rows.place], replaced=True)
        places = self.rows.append(list(given.items()))
        self.index.add(places)
        if self.across is not None:
            self.across.add(given)
        time = self.rows.reports.time[places]
        self.calendar.add(self.rows.reports.language[places].tolist(), time.tolist())
        self.density.add(places)
        self.graph.grow(len(self.rows))
        if len(self._full) < len(self.rows):
            more = max(1_024, len(self.rows) - len(self._full), len(self._full) // 4)
            self._full = np.concatenate([self._full, np.zeros(more, np.bool_)])
            self._floor = np.concatenate([self._floor, np.zeros(more, np.float32)])
            self._compared = np.concatenate([self._compared, np.zeros(more, np.bool_)])
        self._new.update(places.tolist())
        return list(map(int, places))

    def remove(self, names: Collection[str], replaced: bool = False) -> None:
        """Forget reports; ``replaced`` says that they come again."""
        gone = self.rows.remove(names)
        if self.across is not None:
            self.across.remove(gone.tolist())
        self._forget(gone, replaced)
        edges = self.graph.touching(gone.tolist())
        if len(edges):
            nodes = self._drop(edges)
            self._dirty.update(nodes.tolist())
            self._again.update(nodes[self._full[nodes]].tolist())
        lost = set(gone.tolist())
        self._new -= lost
        self._again -= lost
        self._dirty -= lost

    def compacted(self) -> Places | None:
        """Give the places of reports that are gone to others; return each old place's new one, -1 of those gone.

        None where that is not worth its while, or reports are compared across languages.
        """
        gone = len(self.rows) - len(self.rows.place)
        if self.across is not None or gone < max(_LEAST_GONE, len(self.rows.place) // 2):
            return None
        moved = self.rows.compact()
        self.index.moved(moved)
        self.graph.moved(moved)
        self.density.moved(moved)
        kept = moved >= 0
        count = len(moved)
        self._full, self._floor = self._full[:count][kept], self._floor[:count][kept]
        self._compared = self._compared[:count][kept]
        self._new, self._again, self._dirty, self._elsewhere = (
            {int(moved[place]) for place in pending if moved[place] >= 0}
            for pending in (self._new, self._again, self._dirty, self._elsewhere)
        )
        self._dropped = [
            (moved[first][both], moved[second][both], odds[both])
            for first, second, odds in self._dropped
            for both in [(moved[first] >= 0) & (moved[second] >= 0)]
        ]
        return moved

    def compare(self) -> Changes:
        """Bring the edges up to date; return what changed."""
        new, self._new = self._new, set()
        if new:
            self._find(sorted(new))
        new, self._elsewhere = new | self._elsewhere, set()
        while self._again:
            again, self._again = sorted(self._again), set()
            self._look_back(again)
        if self.across is not None:
            self._cross(self.across)
        dirty = sorted(place for place in self._dirty if self.rows.alive[place])
        self._dirty = set()
        edges = np.union1d(self.graph.touched(dirty), self._judged_anew(np.array(dirty, np.int64)))
        nothing = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
        changed = [nothing, *self._dropped, *(self._rescore(part) for part in _parts(edges, 20_000))]
        self._dropped = []
        return Changes(new, *(np.concatenate(columns) for columns in zip(*changed, strict=True)))

    def _judged_anew(self, dirty: Places) -> Places:
        """Bring the density up to date with edges that changed; return the edges of which it says something else now."""
        self.density.tell(dirty, sure_partners(self.rows, self.graph, dirty, self.params.density_sure))
        shifted = self.density.refresh()
        edges = self.graph.touching(shifted.tolist()) if len(shifted) else np.zeros(0, np.int64)
        return edges[np.isin(self._later(edges), shifted)]

    def _rescore(self, edges: Places) -> tuple[Places, Places, Floats]:
        """Give edges their log odds within the graph; return the ends of those that changed, and the greater odds."""
        graph = self.graph
        old = graph.final[edges]
        within = ~graph.is_across(edges)
        new = graph.odds[edges]
        if within.any():
            heard = edges[within]
            odds = self.scorer.second(graph.known[heard], graph.context(heard))
            first, second = graph.first[heard].astype(np.int64), graph.second[heard].astype(np.int64)
            new[within] = odds + self._from_density(first, second)
        graph.final[edges] = new
        moved = old != new  # an edge that was never scored is not a number
        ends = graph.first[edges[moved]].astype(np.int64), graph.second[edges[moved]].astype(np.int64)
        return *ends, np.fmax(old[moved], new[moved])

    def _drop(self, edges: Places) -> Places:
        """Forget edges; return the nodes that kept them."""
        graph = self.graph
        ends = graph.first[edges].astype(np.int64), graph.second[edges].astype(np.int64)
        self._dropped.append((*ends, np.nan_to_num(graph.final[edges], nan=-np.inf)))
        return graph.drop(edges.astype(np.int32))

    def features(self, first: Places, second: Places) -> PairFeatures:
        """Return the features of pairs of places."""
        return pair_features(self.rows, first, second, self.params)

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
        fresh = gone[~(reports.time[gone] < self.calendar.latest - self.params.window)]
        self.density.remove(gone if replaced else fresh)
        self._count(fresh[self._compared[fresh]], -1)

    # --- candidates ----------------------------------------------------------------------------------

    def look_back(self, start: int, end: int) -> list[LookedBack]:
        """Compare some reports with all before them in time, and keep nothing of it: for another process, which takes it."""
        looked = []
        for part in _parts(np.arange(start, end), _AT_ONCE):
            self._note_before(part)
            found = self.index.find(part)
            edges = self._edges(_chosen(found, ~self.rows.is_before(found.report, found.other)))
            reports = self.rows.reports
            first = int(reports.terms_from[part[0]])
            last = int(reports.terms_from[part[-1]] + reports.terms[part[-1]])
            looked.append(LookedBack(edges, first, self.rows.terms.seen[first:last].copy()))
        return looked

    def take(self, looked: Iterable[LookedBack]) -> None:
        """Take what all reports found elsewhere; none of them was compared before."""
        every = np.arange(len(self.rows))
        self._note_before(every)
        self._compared[every] = True
        self._count(every, 1, np.ones(len(self.rows), np.bool_))
        for edges, start, seen in looked:
            self.rows.terms.seen[start : start + len(seen)] = seen
            self._keep(edges)
        self._elsewhere |= self._new
        self._new = set()

    def _note_before(self, places: Places) -> None:
        reports = self.rows.reports
        for place in places.tolist():
            reports.before[place] = self.calendar.before(int(reports.language[place]), float(reports.time[place]))

    def _find(self, places: Sequence[int]) -> None:
        """Compare new reports with those before them, and with those after them that were there already."""
        waiting = np.zeros(len(self.rows), np.bool_)
        waiting[list(places)] = True
        self._note_before(np.array(places, np.int64))
        self._compared[list(places)] = True
        self._count(np.array(places, np.int64), 1, waiting)
        for part in _parts(np.array(places, np.int64), _AT_ONCE):
            found = self.index.find(part)
            forward = self.rows.is_before(found.report, found.other)
            self._keep(self._edges(_chosen(found, ~forward)))
            # Of two new ones the later looks back; an old one that lies after the newcomer has looked back already.
            self._offer(_chosen(found, forward & self._compared[found.other] & ~waiting[found.other]))

    def _count(self, places: Places, change: int, waiting: Flags | None = None) -> None:
        """Let old reports know that there is one more, or less, before them; where that counts they look back again."""
        rows = self.rows
        # Of those that come after all old ones in time nothing has to be told: the usual case ends here.
        times = np.nan_to_num(rows.reports.time[places], nan=-np.inf)
        late, self._latest = places[times <= self._latest], max(self._latest, float(times.max(initial=-np.inf)))
        if not len(late):
            return
        places = late
        old = self._compared[: len(rows)] & rows.alive[: len(rows)]
        if waiting is not None:
            old &= ~waiting
        at = np.flatnonzero(old)
        if not len(at):
            return
        changed = [self._recount(places, at, change)]
        for part in _parts(places, 16):
            changed.append(self._recount_terms(*self.index.later(part), change, old))
        self._again.update(np.concatenate(changed).tolist())

    def _recount(self, places: Places, at: Places, change: int) -> Places:
        """Change the number of reports before old ones; return those of which that moved a step."""
        reports, moved = self.rows.reports, [np.zeros(0, np.int64)]
        for language in np.unique(reports.language[places]).tolist():
            early = np.sort(reports.time[places[reports.language[places] == language]])
            undated = int(np.isnan(early).sum())  # before all that are dated, as the calendar counts them
            early = early[: len(early) - undated]
            later = at[reports.language[at] == language]
            time = reports.time[later]
            before = np.searchsorted(early, time, "left")
            before -= np.searchsorted(np.floor(early / DAY), np.floor(time / DAY) - self.params.window / DAY, "left")
            before += undated
            moving = (before > 0) & ~np.isnan(time)
            later, before = later[moving], before[moving]
            was = steps_of(reports.before[later])
            reports.before[later] += change * before
            moved.append(later[was != steps_of(reports.before[later])])
        return np.concatenate(moved)

    def _recount_terms(self, early: Places, late: Places, change: int, old: Flags) -> Places:
        """Change the number of reports before old ones that have a term; return those of which that moved a step."""
        early, late = early[old[late]], late[old[late]]
        reports, terms = self.rows.reports, self.rows.terms
        _, flat, pair = shared(
            terms.term,
            (reports.terms_from[early], reports.terms[early]),
            (reports.terms_from[late], reports.terms[late]),
        )
        indexed = terms.rareness[flat] > -np.log(self.params.index_share)
        flat, pair = flat[indexed], pair[indexed]
        was = BUCKETS[terms.seen[flat]]
        np.add.at(terms.seen, flat, np.uint16(change % 65_536))
        return np.unique(late[pair[was != BUCKETS[terms.seen[flat]]]])

    def _offer(self, found: Found) -> None:
        """Let old reports have newcomers that lie before them; one whose candidates are full looks back again."""
        full = self._full[found.other]
        again = full & (found.product >= self._floor[found.other])
        self._again.update(found.other[again].tolist())
        self._score(found.report[~full], found.other[~full])

    def _look_back(self, places: Sequence[int]) -> None:
        """Find the candidates of old reports anew."""
        for part in _parts(np.array(places, np.int64), _AT_ONCE):
            edges = self.graph.touching(part.tolist())
            mine = np.isin(self._later(edges), part) & ~self.graph.is_across(edges)
            self._dirty.update(self._drop(edges[mine]).tolist())
            found = self.index.find(part)
            self._keep(self._edges(_chosen(found, ~self.rows.is_before(found.report, found.other))))

    def _edges(self, found: Found) -> Edges:
        """Return what comes of the candidates of reports that look back."""
        kept, reports, counts = best(found, self.params.neighbours, self.rows.rank)
        full = counts > self.params.neighbours
        floor = np.full(len(self.rows) if full.any() else 0, np.inf, np.float32)
        if full.any():
            np.minimum.at(floor, kept.report, kept.product)
        return Edges(reports, full, floor[reports] if full.any() else floor, *self._scored(kept.report, kept.other))

    def _keep(self, edges: Edges) -> None:
        self._full[edges.reports] = edges.full
        if edges.full.any():
            self._floor[edges.reports] = edges.floor
        self._add(edges.first, edges.second, edges.odds, edges.known)

    def _score(self, first: Places, second: Places) -> None:
        """Score pairs by themselves; keep those over the bar as edges."""
        self._add(*self._scored(first, second))

    def _scored(self, first: Places, second: Places) -> tuple[Places, Places, Floats, Floats]:
        """Score pairs by themselves; return those over the bar."""
        if not len(first):
            none = np.zeros(0, np.float32)
            return first, second, none, none
        features = self.features(first, second)
        odds = self.scorer.first(features)
        keep = np.flatnonzero(odds > self.params.graph_bar)
        known = self.scorer.known(PairFeatures(*(column[keep] for column in features)), odds[keep])
        return first[keep], second[keep], odds[keep], known

    def _add(self, first: Places, second: Places, odds: Floats, known: Floats) -> None:
        """Add edges. An end that has better ones and does not keep one is not touched by it; the other end is."""
        if len(first):
            self._dirty.update(self.graph.add(first, second, odds, known, self.rows.rank))

    def _cross(self, across: Across) -> None:
        """Bring the edges between languages up to date."""
        lost, edges = across.update()
        gone = [edge for pair in lost if (edge := self.graph.edge_between(*pair)) is not None]
        if gone:
            self._dirty.update(self._drop(np.array(gone)).tolist())
        if edges:
            first, second = np.array(list(edges), np.int64).T
            odds = np.array(list(edges.values()), np.float32)
            self.graph.add(first, second, odds, np.full(len(odds), np.nan, np.float32), self.rows.rank)
            self._dirty.update(first.tolist())
            self._dirty.update(second.tolist())

    def _later(self, edges: Places) -> Places:
        first, second = self.graph.first[edges].astype(np.int64), self.graph.second[edges].astype(np.int64)
        return np.where(self.rows.is_before(first, second), second, first)


def _parts(places: Places, size: int) -> list[Places]:
    return [places[start : start + size] for start in range(0, len(places), size)]


def _chosen(found: Found, keep: Flags) -> Found:
    return Found(found.report[keep], found.other[keep], found.product[keep])
