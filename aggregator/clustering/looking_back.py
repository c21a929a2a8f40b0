"""What a report finds when it looks back: the reports before it in time that are worth comparing, and the scores of the pairs.

Which of the reports of a flood are represented by others is told on the way, see represented.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.candidates import CandidateIndex, Found, best
from aggregator.clustering.density import surest_partners
from aggregator.clustering.latecomers import Latecomers
from aggregator.clustering.pair_features import PairFeatures
from aggregator.clustering.represented import Represented
from aggregator.clustering.rows import Floats, Places
from aggregator.clustering.surroundings import STRONG

if TYPE_CHECKING:
    from aggregator.clustering.comparing import Comparison

Flags = NDArray[np.bool_]
_AT_ONCE = 256  # reports compared in one go: bounds the memory of the arrays
_ROUNDS = (
    6  # tries to tell at once which reports of one go are represented; then the halves are told one after the other
)
_WHOLE = 1 << 31  # more than any posting holds


class Edges(NamedTuple):
    """What reports found when they looked back: which had more candidates than are kept, and the pairs that are edges."""

    reports: Places
    full: Flags
    floor: Floats  # product of the last candidate kept of those
    first: Places
    second: Places
    odds: Floats
    known: Floats


class Piece(NamedTuple):
    """What some reports found at once, with all that came before them; for which of them others stand."""

    places: Places
    found: Found
    edges: Edges
    represented: Places


class BlockEdges(NamedTuple):
    """The edges of some reports, and in how many reports before them their terms stand: flat, from one place on."""

    edges: Edges
    seen_from: int
    seen: NDArray[np.uint16]


class LookingBack:
    """Candidates and scores of the reports of a comparison."""

    def __init__(self, comparison: Comparison) -> None:
        self._comparison = comparison
        self._rows = comparison.rows
        self._params = comparison.params
        self.index = CandidateIndex(self._rows, self._params)
        self.represented = Represented(self._params)
        # Where represented reports are looked up, by those that come later and lie before them in time.
        self._aside = CandidateIndex(self._rows, replace(self._params, postings=_WHOLE))
        self._latecomers = Latecomers(self._rows, (self.index, self._aside), self._params)
        self._compared = np.zeros(0, np.bool_)
        self._again: set[int] = set()  # places whose candidates have to be found anew
        self._shown: set[int] = set()  # places that nobody stands for any more
        self._set_aside: set[int] = set()  # places for which others stand since
        self._in_flood = False  # whether most of those compared last are represented: what is guessed of the next
        self._full = np.zeros(0, np.bool_)  # places that had more candidates than are kept
        self._floor = np.zeros(0, np.float32)  # product of the last one kept of these

    # --- keeping step --------------------------------------------------------------------------------

    def grow(self, places: int) -> None:
        """Make room for places."""
        if len(self._full) < places:
            more = max(1_024, places - len(self._full), len(self._full) // 4)
            self._full = np.concatenate([self._full, np.zeros(more, np.bool_)])
            self._floor = np.concatenate([self._floor, np.zeros(more, np.float32)])
            self._compared = np.concatenate([self._compared, np.zeros(more, np.bool_)])

    def moved(self, moved: Places) -> None:
        """Follow reports to other places; -1 stands for those that are gone."""
        for index in (self.index, self._aside):
            index.moved(moved)
        self.represented.moved(moved)
        kept, count = moved >= 0, len(moved)
        self._full, self._floor = self._full[:count][kept], self._floor[:count][kept]
        self._compared = self._compared[:count][kept]
        self._again, self._shown, self._set_aside = (
            {int(moved[place]) for place in pending if moved[place] >= 0}
            for pending in (self._again, self._shown, self._set_aside)
        )

    def bring_up_to_date(self, new: Collection[int]) -> tuple[set[int], set[int]]:
        """Compare what is new or has to be compared anew; return for whom nobody stands any more, and for whom others do."""
        self.look(new)
        shown, aside = self._shown, {place for place in self._set_aside if place in self.represented}
        self._shown, self._set_aside = set(), set()
        return shown - aside, aside

    def look(self, new: Collection[int]) -> None:
        """Compare what is new or has to be compared anew; what comes of it is told when it is asked for."""
        if new:
            self._find(sorted(new))
        while self._again:
            again, self._again = sorted(self._again), set()
            self._look_back(again)

    def count_no_longer(self, gone: Places) -> None:
        """Let those after reports that are gone know that there are fewer before them."""
        gone, old = gone[self._compared[gone]], self._old()
        self._again.update(self._latecomers.count(gone, -1, old).tolist())
        self._again.update(self._latecomers.count_terms(gone[~self.represented.are(gone)], -1, old).tolist())

    def leave(self, gone: Places, far: Flags) -> None:
        """Have reports that are gone stand for nobody; without those of the window's ``far`` end the others stand on."""
        aside = self.represented.are(gone)
        self._aside.drop(gone[aside])
        self.represented.remove(gone[aside].tolist())
        self._again.update(self.represented.following(gone[~aside & ~far].tolist()).tolist())
        if (~aside & far).any() and len(self.represented):
            self._again.update(self.represented.leave(gone[~aside & far].tolist()).tolist())

    def lose(self, nodes: Places) -> None:
        """Have those look back again that lost an edge, and had more candidates than they kept."""
        self._again.update(nodes[self._full[nodes]].tolist())

    def forget(self, gone: set[int]) -> None:
        """Expect nothing more of places."""
        for pending in (self._again, self._shown, self._set_aside):
            pending -= gone

    def _old(self) -> Flags:
        """Tell which reports were compared, and are there."""
        return np.asarray(self._compared[: len(self._rows)] & self._rows.alive[: len(self._rows)])

    # --- elsewhere -----------------------------------------------------------------------------------

    def enter(self, places: Sequence[int], compared: bool = False) -> None:
        """Have reports found by others; ``compared`` says that what they find is told by others."""
        if not len(places):
            return
        every = np.array(places, np.int64)
        self.index.add(every)
        if compared:
            self._note_before(every)
            self._compared[every] = True
            self._latecomers.among(every)

    def elsewhere(self, places: Places) -> list[BlockEdges]:
        """Return what reports in a row find."""
        looked, reports = [], self._rows.reports
        for part in _parts(places, _AT_ONCE):
            self._note_before(part)
            found = self.index.find(part)
            edges = self._edges(_chosen(found, ~self._rows.is_before(found.report, found.other)))
            first = int(reports.terms_from[part[0]])
            last = int(reports.terms_from[part[-1]] + reports.terms[part[-1]])
            looked.append(BlockEdges(edges, first, self._rows.terms.seen[first:last].copy()))
        return looked

    def take(self, looked: Iterable[BlockEdges]) -> bool:
        """Take what reports found elsewhere; False where others are to stand for some of them."""
        for edges, start, seen in looked:
            if len(self._to_represent(edges)):
                return False
            self._rows.terms.seen[start : start + len(seen)] = seen
            self._keep(edges)
        return True

    def _note_before(self, places: Places) -> None:
        reports = self._rows.reports
        for place in places.tolist():
            reports.before[place] = self._comparison.calendar.before(
                int(reports.language[place]), float(reports.time[place])
            )

    def _find(self, places: Sequence[int]) -> None:
        """Compare new reports with those before them, and with those after them that were there already."""
        new = self._in_order(places)
        old = self._old()
        self._note_before(new)
        late = self._latecomers.among(new)
        self._again.update(self._latecomers.count(late, 1, old).tolist())
        self._compared[new] = True
        for part in _parts(new, _AT_ONCE):
            self.index.add(part)
            for piece in self._looked_back(part, part if self._in_flood else part[:0]):
                self._take_in(piece)
                self._in_flood = 2 * len(piece.represented) > len(piece.places)
                # Of two new ones the later looks back; an old one that lies after the newcomer has looked back already.
                shown = np.setdiff1d(np.intersect1d(piece.places, late), piece.represented)
                self._again.update(self._latecomers.count_terms(shown, 1, old).tolist())
                found = piece.found
                after = self._rows.is_before(found.report, found.other) & old[found.other]
                self._offer(_chosen(found, after & np.isin(found.report, shown)))
                self._again.update(self._set_aside_after(shown, old).tolist())

    def _in_order(self, places: Sequence[int]) -> Places:
        """Return reports in the order of time and id."""
        given, reports = np.array(places, np.int64), self._rows.reports
        time = np.nan_to_num(reports.time[given], nan=-np.inf)
        return given[np.lexsort((reports.rank[given], time))]

    # --- representatives -----------------------------------------------------------------------------

    def _looked_back(self, part: Places, guess: Places) -> Iterator[Piece]:
        """Yield what some reports find with all before them that nobody stands for; all are in the index, in order of time.

        Whether others stand for a report may hang on whether others stand for one before it: what is guessed at first
        is told anew until it is as it was assumed. There is but one such answer, for the first report has none before it.
        """
        without = np.zeros(len(self._rows), np.bool_)
        assumed = guess
        for _ in range(_ROUNDS):
            without[assumed] = True
            found = self.index.find(part, without if len(assumed) else None)
            edges = self._edges(_chosen(found, ~self._rows.is_before(found.report, found.other)))
            represented = self._to_represent(edges)
            if np.array_equal(np.sort(represented), np.sort(assumed)):
                yield Piece(part, found, edges, represented)
                return
            without[assumed] = False
            assumed = represented
        half = max(1, len(part) // 2)
        for piece in (part[:half], part[half:]):
            yield from self._looked_back(piece, np.intersect1d(assumed, piece))

    def _to_represent(self, edges: Edges) -> Places:
        """Return the reports that have so many sure partners before them that these stand for them."""
        if not len(edges.first) or self._comparison.across is not None:
            return np.zeros(0, np.int64)
        sure = edges.first[edges.odds > STRONG]
        reports, counts = np.unique(sure, return_counts=True)
        return np.asarray(reports[counts >= self._params.represented_from], np.int64)

    def _take_in(self, piece: Piece) -> None:
        """Keep what reports found; set those aside for which others stand."""
        edges, aside = piece.edges, piece.represented
        if not len(aside):
            self._keep(edges)
            return
        mine = np.isin(edges.first, aside)
        rest = ~mine
        self._keep(
            edges._replace(
                first=edges.first[rest], second=edges.second[rest], odds=edges.odds[rest], known=edges.known[rest]
            )
        )
        sure = mine & (edges.odds > STRONG)
        first, second, odds = edges.first[sure], edges.second[sure], edges.odds[sure]
        self.represented.add(first, second, odds, self._rows.rank)
        number = np.searchsorted(aside, first)
        partners = surest_partners(self._rows, aside, number, second, odds, self._params.density_sure)
        self._comparison.density.set_partners(aside, partners)
        self.index.drop(aside)
        self._aside.add(aside)
        self._set_aside.update(aside.tolist())

    def _set_aside_after(self, places: Places, old: Flags) -> Places:
        """Return represented reports that come after some, and had these among their candidates or have them now."""
        if not len(places) or not len(self.represented):
            return np.zeros(0, np.int64)
        return self._concerned(self._aside.find(places, noting=False), old)

    def _concerned(self, found: Found, old: Flags) -> Places:
        """Return reports that come after those that found them, and have these among their candidates, or would have."""
        after = self._rows.is_before(found.report, found.other) & old[found.other]
        other = found.other[after]
        return np.unique(other[~self._full[other] | (found.product[after] >= self._floor[other])])

    def _offer(self, found: Found) -> None:
        """Let old reports have newcomers that lie before them; one whose candidates are full looks back again."""
        if not len(found.other):
            return
        full = self._full[found.other]
        again = full & (found.product >= self._floor[found.other])
        if self._comparison.across is None:  # others may stand for those that have so many partners now
            others, number, offered = np.unique(found.other, return_inverse=True, return_counts=True)
            partners = self._comparison.graph.kept_count(others.tolist()) + offered
            again |= ~full & (partners >= self._params.represented_from)[number]
        self._again.update(found.other[again].tolist())
        self._score(found.report[~full & ~again], found.other[~full & ~again])

    def _look_back(self, places: Sequence[int]) -> None:
        """Find the candidates of old reports anew."""
        for part in _parts(self._in_order(places), _AT_ONCE):
            aside = self.represented.are(part)
            edges = self._comparison.graph.touching(part.tolist())
            mine = np.isin(self._comparison.later(edges), part) & ~self._comparison.graph.is_across(edges)
            self._comparison.drop(edges[mine])
            self._aside.drop(part[aside])
            self.represented.remove(part[aside].tolist())
            self.index.add(part[aside])
            for piece in self._looked_back(part, part[aside]):
                self._take_in(piece)
                self._turned(piece, np.intersect1d(piece.places, part[aside]))

    def _turned(self, piece: Piece, before: Places) -> None:
        """Let those know that come after reports for which others stand now, or no longer do."""
        hidden, shown = np.setdiff1d(piece.represented, before), np.setdiff1d(before, piece.represented)
        turned = np.union1d(hidden, shown)
        if not len(turned):
            return
        old = self._old()
        old[piece.places] = False  # what these found was told with all that turned
        found = piece.found
        for change, some in ((-1, hidden), (1, shown)):
            self._again.update(self._latecomers.count_terms(some, change, old).tolist())
        self._again.update(self._concerned(_chosen(found, np.isin(found.report, turned)), old).tolist())
        self._again.update(self._set_aside_after(turned, old).tolist())
        edges = self._comparison.graph.touching(hidden.tolist())
        self._again.update(self._comparison.later(edges).tolist())
        self._comparison.drop(edges)
        self._comparison.count_sure_anew(shown)
        self._shown.update(shown.tolist())

    def _edges(self, found: Found) -> Edges:
        """Return what comes of the candidates of reports that look back."""
        kept, reports, counts = best(found, self._params.neighbours, self._rows.rank)
        full = counts > self._params.neighbours
        floor = np.full(len(self._rows) if full.any() else 0, np.inf, np.float32)
        if full.any():
            np.minimum.at(floor, kept.report, kept.product)
        return Edges(reports, full, floor[reports] if full.any() else floor, *self._scored(kept.report, kept.other))

    def _keep(self, edges: Edges) -> None:
        self._full[edges.reports] = edges.full
        if edges.full.any():
            self._floor[edges.reports] = edges.floor
        self._comparison.add_edges(edges.first, edges.second, edges.odds, edges.known)

    def _score(self, first: Places, second: Places) -> None:
        """Score pairs by themselves; keep those over the bar as edges."""
        self._comparison.add_edges(*self._scored(first, second))

    def _scored(self, first: Places, second: Places) -> tuple[Places, Places, Floats, Floats]:
        """Score pairs by themselves; return those over the bar."""
        if not len(first):
            none = np.zeros(0, np.float32)
            return first, second, none, none
        features = self._comparison.features(first, second)
        odds = self._comparison.scorer.first(features)
        keep = np.flatnonzero(odds > self._params.graph_bar)
        known = self._comparison.scorer.known(PairFeatures(*(column[keep] for column in features)), odds[keep])
        return first[keep], second[keep], odds[keep], known


def _parts(places: Places, size: int) -> list[Places]:
    return [places[start : start + size] for start in range(0, len(places), size)]


def _chosen(found: Found, keep: Flags) -> Found:
    return Found(found.report[keep], found.other[keep], found.product[keep])
