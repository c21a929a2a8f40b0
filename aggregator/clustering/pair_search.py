"""Searches for pairs: finds the candidates of each report among those before it in time, and scores these pairs.

It also decides which reports of a flood are represented by others; see represented.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Flags, Floats, Places, longer, moved_places, parts_of
from aggregator.clustering.candidates import BATCH, CandidateIndex, Candidates, keep_best
from aggregator.clustering.density import surest_partners
from aggregator.clustering.latecomers import Latecomers
from aggregator.clustering.pair_context import STRONG
from aggregator.clustering.pair_features import PairFeatures
from aggregator.clustering.represented import Represented

if TYPE_CHECKING:
    from aggregator.clustering.comparing import Comparison

_ROUNDS = 6  # attempts to guess the represented reports of a batch; then its halves are searched one after the other
_UNLIMITED = 1 << 31  # more than any posting has


class Edges(NamedTuple):
    """The edges of searching reports: ``full`` marks reports with more candidates than are kept."""

    reports: Places
    full: Flags
    floor: Floats  # product of the last candidate that was kept, for reports that are full
    first: Places
    second: Places
    odds: Floats
    known: Floats


class SearchResult(NamedTuple):
    """The candidates and edges of some reports among all before them, and which of them are represented."""

    places: Places
    found: Candidates
    edges: Edges
    represented: Places


class BlockEdges(NamedTuple):
    """The edges of some reports, and how many reports before them have each of their terms (columns from ``seen_from`` on)."""

    edges: Edges
    seen_from: int
    seen: NDArray[np.uint16]


class PairSearch:
    """Candidates and scores of the reports of a comparison."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._rows = comparison.rows
        self._params = comparison.params
        self.index = CandidateIndex(self._rows, self._params)
        self.represented = Represented(self._params)
        # Represented reports, looked up by reports that arrive later and are earlier in time.
        self._represented_index = CandidateIndex(self._rows, replace(self._params, postings=_UNLIMITED))
        self._latecomers = Latecomers(self._rows, (self.index, self._represented_index), self._params)
        self._compared = np.zeros(0, np.bool_)
        self._to_search_again: set[int] = set()  # places whose candidates are to be searched again
        # Places that ceased to be represented, and that became represented, since the last update.
        self._no_longer_represented: set[int] = set()
        self._newly_represented: set[int] = set()
        self._in_flood = (
            False  # whether most reports of the last result are represented; then the next ones are guessed to be
        )
        self._full = np.zeros(0, np.bool_)  # of each place: whether it had more candidates than are kept
        self._floor = np.zeros(0, np.float32)  # of each full place: product of the last candidate that was kept

    # --- changes of the window -----------------------------------------------------------------------

    def reserve(self, places: int) -> None:
        """Make room for places."""
        if len(self._full) < places:
            more = max(1_024, places - len(self._full), len(self._full) // 4)
            self._full, self._floor = longer(self._full, more), longer(self._floor, more)
            self._compared = longer(self._compared, more)

    def remap(self, moved: Places) -> None:
        """Move reports to new places; -1 means that a report is gone."""
        for index in (self.index, self._represented_index):
            index.remap(moved)
        self.represented.remap(moved)
        kept, count = moved >= 0, len(moved)
        self._full, self._floor = self._full[:count][kept], self._floor[:count][kept]
        self._compared = self._compared[:count][kept]
        self._to_search_again = moved_places(self._to_search_again, moved)
        self._no_longer_represented = moved_places(self._no_longer_represented, moved)
        self._newly_represented = moved_places(self._newly_represented, moved)

    def update(self, new: Collection[int]) -> tuple[set[int], set[int]]:
        """Search for new and scheduled reports; return those no longer represented, and those newly represented."""
        self.search(new)
        represented = {place for place in self._newly_represented if place in self.represented}
        no_longer_represented = self._no_longer_represented - represented
        self._no_longer_represented, self._newly_represented = set(), set()
        return no_longer_represented, represented

    def search(self, new: Collection[int]) -> None:
        """Search for new and scheduled reports; :meth:`update` returns the changes."""
        if new:
            self._search_new(sorted(new))
        while self._to_search_again:
            again, self._to_search_again = sorted(self._to_search_again), set()
            self._search_again(again)

    def uncount(self, gone: Places) -> None:
        """Remove gone reports from the counts of the reports after them."""
        gone, old = gone[self._compared[gone]], self._compared_and_alive()
        self._to_search_again.update(self._latecomers.count(gone, -1, old).tolist())
        self._to_search_again.update(self._latecomers.count_terms(gone[~self.represented.mask(gone)], -1, old).tolist())

    def remove_representatives(self, gone: Places, far: Flags) -> None:
        """Remove gone reports as representatives, and schedule a new search for the reports that they represented.

        ``far`` marks gone reports outside the window; reports that these represented search again only where they have no
        representative left.
        """
        represented = self.represented.mask(gone)
        self._represented_index.drop(gone[represented])
        self.represented.remove(gone[represented].tolist())
        self._to_search_again.update(self.represented.represented_by(gone[~represented & ~far].tolist()).tolist())
        if (~represented & far).any() and len(self.represented):
            self._to_search_again.update(
                self.represented.remove_representatives(gone[~represented & far].tolist()).tolist()
            )

    def schedule_after_loss(self, nodes: Places) -> None:
        """Schedule a new search for reports that lost an edge and had more candidates than they kept."""
        self._to_search_again.update(nodes[self._full[nodes]].tolist())

    def discard_pending(self, gone: set[int]) -> None:
        """Remove gone places from all pending work."""
        for pending in (self._to_search_again, self._no_longer_represented, self._newly_represented):
            pending -= gone

    def _compared_and_alive(self) -> Flags:
        """Return which reports were compared and are still in the window."""
        return np.asarray(self._compared[: len(self._rows)] & self._rows.alive[: len(self._rows)])

    # --- edges computed in other processes -----------------------------------------------------------

    def add(self, places: Sequence[int], compared: bool = False) -> None:
        """Add reports to the index; ``compared`` means that another process computes their edges."""
        if not len(places):
            return
        every = np.array(places, np.int64)
        self.index.add(every)
        if compared:
            self._count_reports_before(every)
            self._compared[every] = True
            self._latecomers.late_among(every)

    def block_edges(self, places: Places) -> list[BlockEdges]:
        """Return the edges of consecutive reports."""
        blocks, reports = [], self._rows.reports
        for part in parts_of(places, BATCH):
            self._count_reports_before(part)
            found = self.index.find(part)
            edges = self._edges(_chosen(found, ~self._rows.is_before(found.report, found.other)))
            first = int(reports.terms_from[part[0]])
            last = int(reports.terms_from[part[-1]] + reports.terms[part[-1]])
            blocks.append(BlockEdges(edges, first, self._rows.terms.seen[first:last].copy()))
        return blocks

    def add_block_edges(self, blocks: Iterable[BlockEdges]) -> bool:
        """Store edges that another process computed; False where a report would be represented."""
        for edges, start, seen in blocks:
            if len(self._with_many_sure_partners(edges)):
                return False
            self._rows.terms.seen[start : start + len(seen)] = seen
            self._add_edges(edges)
        return True

    def _count_reports_before(self, places: Places) -> None:
        reports = self._rows.reports
        for place in places.tolist():
            reports.before[place] = self._comparison.day_counts.before(
                int(reports.language[place]), float(reports.time[place])
            )

    def _search_new(self, places: Sequence[int]) -> None:
        """Compare new reports with all before them, and with old reports after them."""
        new = self._in_order(places)
        old = self._compared_and_alive()
        self._count_reports_before(new)
        late = self._latecomers.late_among(new)
        self._to_search_again.update(self._latecomers.count(late, 1, old).tolist())
        self._compared[new] = True
        for part in parts_of(new, BATCH):
            self.index.add(part)
            for result in self._results(part, part if self._in_flood else part[:0]):
                self._add_result(result)
                self._in_flood = 2 * len(result.represented) > len(result.places)
                # Of two new reports the later one finds the earlier. An old report after a new one has searched already.
                no_longer_represented = np.setdiff1d(np.intersect1d(result.places, late), result.represented)
                self._to_search_again.update(self._latecomers.count_terms(no_longer_represented, 1, old).tolist())
                found = result.found
                after = self._rows.is_before(found.report, found.other) & old[found.other]
                self._offer_to_later(_chosen(found, after & np.isin(found.report, no_longer_represented)))
                self._to_search_again.update(self._affected_represented(no_longer_represented, old).tolist())

    def _in_order(self, places: Sequence[int]) -> Places:
        """Return reports in the order of time and id."""
        given, reports = np.array(places, np.int64), self._rows.reports
        time = np.nan_to_num(reports.time[given], nan=-np.inf)
        return given[np.lexsort((reports.rank[given], time))]

    # --- representatives -----------------------------------------------------------------------------

    def _results(self, part: Places, guess: Places) -> Iterator[SearchResult]:
        """Yield the results of some reports among all unrepresented reports before them; ``part`` is indexed, in order of time.

        Whether a report is represented may depend on whether one before it is. So a guess is made first, and the result is
        computed again until it equals the guess. The result is unique, because the first report has none before it.
        """
        without = np.zeros(len(self._rows), np.bool_)
        assumed = guess
        for _ in range(_ROUNDS):
            without[assumed] = True
            found = self.index.find(part, without if len(assumed) else None)
            edges = self._edges(_chosen(found, ~self._rows.is_before(found.report, found.other)))
            represented = self._with_many_sure_partners(edges)
            if np.array_equal(np.sort(represented), np.sort(assumed)):
                yield SearchResult(part, found, edges, represented)
                return
            without[assumed] = False
            assumed = represented
        half = max(1, len(part) // 2)
        for result in (part[:half], part[half:]):
            yield from self._results(result, np.intersect1d(assumed, result))

    def _with_many_sure_partners(self, edges: Edges) -> Places:
        """Return the reports that have enough sure partners before them to be represented by them."""
        if not len(edges.first) or self._comparison.cross_language is not None:
            return np.zeros(0, np.int64)
        sure = edges.first[edges.odds > STRONG]
        reports, counts = np.unique(sure, return_counts=True)
        return np.asarray(reports[counts >= self._params.represented_from], np.int64)

    def _add_result(self, result: SearchResult) -> None:
        """Store the edges that reports found; move the represented ones to their own index."""
        edges, represented = result.edges, result.represented
        if not len(represented):
            self._add_edges(edges)
            return
        mine = np.isin(edges.first, represented)
        rest = ~mine
        self._add_edges(
            edges._replace(
                first=edges.first[rest], second=edges.second[rest], odds=edges.odds[rest], known=edges.known[rest]
            )
        )
        sure = mine & (edges.odds > STRONG)
        first, second, odds = edges.first[sure], edges.second[sure], edges.odds[sure]
        self.represented.add(first, second, odds, self._rows.rank)
        number = np.searchsorted(represented, first)
        partners = surest_partners(self._rows, represented, number, second, odds, self._params.density_sure)
        self._comparison.density.set_partners(represented, partners)
        self.index.drop(represented)
        self._represented_index.add(represented)
        self._newly_represented.update(represented.tolist())

    def _affected_represented(self, places: Places, old: Flags) -> Places:
        """Return the represented reports after these that have, or should have, one of them among their candidates."""
        if not len(places) or not len(self.represented):
            return np.zeros(0, np.int64)
        return self._affected(self._represented_index.find(places, noting=False), old)

    def _affected(self, found: Candidates, old: Flags) -> Places:
        """Return the found reports that come after the searching ones and have, or should have, them among their candidates."""
        after = self._rows.is_before(found.report, found.other) & old[found.other]
        other = found.other[after]
        return np.unique(other[~self._full[other] | (found.product[after] >= self._floor[other])])

    def _offer_to_later(self, found: Candidates) -> None:
        """Add new reports to the candidates of old reports after them; an old report that is full searches again."""
        if not len(found.other):
            return
        full = self._full[found.other]
        again = full & (found.product >= self._floor[found.other])
        if self._comparison.cross_language is None:  # reports that now have enough partners may be represented
            others, number, offered = np.unique(found.other, return_inverse=True, return_counts=True)
            partners = self._comparison.graph.kept_count(others.tolist()) + offered
            again |= ~full & (partners >= self._params.represented_from)[number]
        self._to_search_again.update(found.other[again].tolist())
        self._comparison.add_edges(*self._scored(found.report[~full & ~again], found.other[~full & ~again]))

    def _search_again(self, places: Sequence[int]) -> None:
        """Search for the candidates of old reports anew."""
        for part in parts_of(self._in_order(places), BATCH):
            represented = self.represented.mask(part)
            edges = self._comparison.graph.touching(part.tolist())
            mine = np.isin(self._comparison.later_ends(edges), part) & ~self._comparison.graph.is_cross_language(edges)
            self._comparison.drop_edges(edges[mine])
            self._represented_index.drop(part[represented])
            self.represented.remove(part[represented].tolist())
            self.index.add(part[represented])
            for result in self._results(part, part[represented]):
                self._add_result(result)
                self._update_after_change(result, np.intersect1d(result.places, part[represented]))

    def _update_after_change(self, result: SearchResult, before: Places) -> None:
        """Update the reports after those that became represented or ceased to be."""
        newly_represented = np.setdiff1d(result.represented, before)
        no_longer_represented = np.setdiff1d(before, result.represented)
        changed = np.union1d(newly_represented, no_longer_represented)
        if not len(changed):
            return
        old = self._compared_and_alive()
        old[result.places] = False  # their own results include the change already
        found = result.found
        for change, some in ((-1, newly_represented), (1, no_longer_represented)):
            self._to_search_again.update(self._latecomers.count_terms(some, change, old).tolist())
        self._to_search_again.update(self._affected(_chosen(found, np.isin(found.report, changed)), old).tolist())
        self._to_search_again.update(self._affected_represented(changed, old).tolist())
        edges = self._comparison.graph.touching(newly_represented.tolist())
        self._to_search_again.update(self._comparison.later_ends(edges).tolist())
        self._comparison.drop_edges(edges)
        self._comparison.recount_sure_partners(no_longer_represented)
        self._no_longer_represented.update(no_longer_represented.tolist())

    def _edges(self, found: Candidates) -> Edges:
        """Return the edges among the candidates of searching reports."""
        kept, reports, counts = keep_best(found, self._params.neighbours, self._rows.rank)
        full = counts > self._params.neighbours
        floor = np.full(len(self._rows) if full.any() else 0, np.inf, np.float32)
        if full.any():
            np.minimum.at(floor, kept.report, kept.product)
        return Edges(reports, full, floor[reports] if full.any() else floor, *self._scored(kept.report, kept.other))

    def _add_edges(self, edges: Edges) -> None:
        self._full[edges.reports] = edges.full
        if edges.full.any():
            self._floor[edges.reports] = edges.floor
        self._comparison.add_edges(edges.first, edges.second, edges.odds, edges.known)

    def _scored(self, first: Places, second: Places) -> tuple[Places, Places, Floats, Floats]:
        """Score pairs by themselves; return those above the bar of the graph."""
        if not len(first):
            none = np.zeros(0, np.float32)
            return first, second, none, none
        features = self._comparison.features(first, second)
        odds = self._comparison.scorer.first(features)
        keep = np.flatnonzero(odds > self._params.graph_bar)
        known = self._comparison.scorer.known(PairFeatures(*(column[keep] for column in features)), odds[keep])
        return first[keep], second[keep], odds[keep], known


def _chosen(found: Candidates, keep: Flags) -> Candidates:
    return Candidates(found.report[keep], found.other[keep], found.product[keep])
