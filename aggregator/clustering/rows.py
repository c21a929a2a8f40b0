"""The reports of the window as flat arrays, with their terms weighted by the background of their language."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Floats, Hashes, Places, longer
from aggregator.clustering.background import background_of, calendar_ids
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.vectors import (
    CAPITAL_SHIFT,
    CAPITAL_UNKNOWN,
    IN_TITLE,
    NAME_FORMS,
    NUMBER,
    ORDINAL,
    OVERLAP,
    TEXT_COUNT,
    TEXT_SHIFT,
    TITLE_COUNT,
    ReportVector,
)

Array = NDArray[Any]

MAX_SEEN = 65_535
# The kinds of a term, as bits of one byte.
TITLE, IS_NUMBER, IS_ORDINAL, TEXT, IS_DATE = 1, 2, 4, 8, 16
# How surely a term is a name where its language has no statistics, and where only this text shows it.
NAME_UNTOLD, NAME_UNKNOWN, NAME_OWN = 0.5, 0.6, (0.3, 0.6)
OVERLAPPING = 0.7  # share of a character pair that the pair before it repeats
NAME_BACKGROUND = 0.7  # weight of the background against the text's own capitals
_PAIR_FACTOR = 2_654_435_761  # Knuth's multiplicative hash
_SLOTS = 1 << 17  # size of the table in which the keys of runs are marked: twenty times the terms of one call
_ODD = np.uint32(2_654_435_761)  # spreads the numbers of runs over the table


class TermColumns(NamedTuple):
    """Flat columns, one value a term of a report."""

    term: NDArray[np.uint32]
    rarity: NDArray[np.float16]  # -ln of the share of texts, bounded by ClusteringParams.most_rarity
    rareness: NDArray[np.float16]  # the same without a bound
    value: NDArray[np.float16]  # weight in the whole; the whole has length 1
    name: NDArray[np.float16]  # how surely a name, 0 to 1
    kind: NDArray[np.uint8]
    seen: NDArray[np.uint16]  # reports before this one, within the window, that have the term


class PairColumns(NamedTuple):
    """Flat columns, one value per pair of adjacent terms, sorted by hash within a report."""

    pair: NDArray[np.uint32]
    # The part of both terms' rarity that counts twice, because they often occur together
    explained: NDArray[np.float16]
    in_title: NDArray[np.bool_]
    name_forms: NDArray[np.bool_]  # forms of one name


class ReportColumns(NamedTuple):
    """Columns with one value a report."""

    time: NDArray[np.float64]  # seconds since 1970; NaN for an undated report
    rank: NDArray[np.uint32]  # hash of the id
    language: NDArray[np.int32]
    publisher: NDArray[np.uint64]
    skeleton: NDArray[np.uint32]
    slot: NDArray[np.bool_]
    title_words: NDArray[np.float32]
    words: NDArray[np.float32]
    title_norm: NDArray[np.float32]
    title_mass: NDArray[np.float32]  # sum of the rarities of the title's terms
    title_names: NDArray[np.float32]  # the same, weighted by how surely they are names
    title_numbers: NDArray[np.float32]
    title_ordinals: NDArray[np.float32]
    text_mass: NDArray[np.float32]  # sum of the rarities of terms that only the text has
    both_mass: NDArray[np.float32]  # sum of the rarities of terms that title and text have
    numbers: NDArray[np.float32]  # how many numbers that are not dates
    before: NDArray[np.int64]  # reports of its language before this one, within the window
    terms_from: NDArray[np.int64]
    terms: NDArray[np.int64]
    pairs_from: NDArray[np.int64]
    pairs: NDArray[np.int64]


class _Totals(NamedTuple):
    """Sums over the terms of each report; see ReportColumns."""

    norm: Array
    mass: Array
    names: Array
    numbers: Array
    ordinals: Array
    text_mass: Array
    both_mass: Array
    all_numbers: Array


class Rows:
    """The reports by place; a place is not used again before :meth:`compact`."""

    def __init__(self, params: ClusteringParams) -> None:
        self._params = params
        self.ids: list[str] = []
        self.place: dict[str, int] = {}
        self.alive = np.zeros(0, np.bool_)
        self._languages: dict[str, int] = {}
        self._number = np.zeros(0, np.int64)  # of each place, see numbered
        self._used = [0, 0, 0]  # reports, terms, pairs
        self.reports, self.terms, self.pairs = self._weighed([], np.zeros(0, np.uint32))

    def __len__(self) -> int:
        return self._used[0]

    @property
    def rank(self) -> NDArray[np.uint32]:
        """A hash of each report's id: an order that is independent of arrival."""
        return self.reports.rank

    def append(self, rows: Sequence[tuple[str, ReportVector]]) -> Places:
        """Add reports; return their places."""
        first = len(self)
        rank = np.array([zlib.crc32(name.encode()) for name, _ in rows], np.uint32)
        reports, terms, pairs = self._weighed([vector for _, vector in rows], rank)
        self.reports = ReportColumns(*self._with_room(0, [*self.reports], reports))
        term_columns, pair_columns = self._released_columns()
        self.terms = TermColumns(*self._with_room(1, term_columns, terms))
        self.pairs = PairColumns(*self._with_room(2, pair_columns, pairs))
        for number, (name, _) in enumerate(rows):
            self.place[name] = first + number
        self.ids.extend(name for name, _ in rows)
        self._used = [first + len(rows), self._used[1] + len(terms.term), self._used[2] + len(pairs.pair)]
        if len(self.alive) < len(self.reports.time):
            self.alive = longer(self.alive, len(self.reports.time) - len(self.alive))
        self.alive[first : len(self)] = True
        return np.arange(first, len(self))

    def is_before(self, one: Places, other: Places) -> NDArray[np.bool_]:
        """Return whether the first of each two reports is earlier: by time, then by id; undated ones are first."""
        time, rank = self.reports.time, self.reports.rank
        left, right = np.nan_to_num(time[one], nan=-np.inf), np.nan_to_num(time[other], nan=-np.inf)
        return np.asarray((left < right) | ((left == right) & (rank[one] < rank[other])))

    def later_and_earlier(self, one: Places, other: Places) -> tuple[Places, Places]:
        """Return the later and the earlier of each two reports."""
        swap = self.is_before(one, other)
        return np.where(swap, other, one), np.where(swap, one, other)

    def shared_terms(self, one: Places, other: Places) -> tuple[Places, Places, Places]:
        """Return the terms that pairs of reports share: places in the columns of both reports, and the number of the pair."""
        starts, counts = self.reports.terms_from, self.reports.terms
        return shared(self.terms.term, (starts[one], counts[one]), (starts[other], counts[other]))

    def remove(self, names: Collection[str]) -> Places:
        """Remove reports; return their places."""
        gone = np.array([self.place.pop(name) for name in names if name in self.place], np.int64)
        self.alive[gone] = False
        return gone

    @contextmanager
    def numbered(self, groups: Iterable[Sequence[int]]) -> Iterator[Places]:
        """Return a context with an array that gives each place the number of its group, -1 for none.

        One array is reused, because a new one for a small group would cost as much as the window is large.
        """
        if len(self._number) < len(self):
            self._number = np.full(len(self.reports.time), -1, np.int64)
        given = list(groups)
        for number, group in enumerate(given):
            self._number[group] = number
        try:
            yield self._number
        finally:
            for group in given:
                self._number[group] = -1

    def compact(self) -> Places:
        """Remove the reports that are gone; return the new place of each old one, -1 for removed ones."""
        count = len(self)
        kept = np.flatnonzero(self.alive[:count])
        moved = np.full(count, -1, np.int64)
        moved[kept] = np.arange(len(kept))
        # Terms and pairs are in the order of the places, so flags of one byte say which stay.
        terms, pairs = (
            np.repeat(self.alive[:count], sizes[:count]) for sizes in (self.reports.terms, self.reports.pairs)
        )
        reports = ReportColumns(*_replaced([*self.reports], kept))
        term_columns, pair_columns = self._released_columns()
        self.terms = TermColumns(*_replaced(term_columns, terms))
        self.pairs = PairColumns(*_replaced(pair_columns, pairs))
        self.reports = reports._replace(
            terms_from=np.cumsum(reports.terms) - reports.terms, pairs_from=np.cumsum(reports.pairs) - reports.pairs
        )
        self.alive = np.ones(len(kept), np.bool_)
        self.ids = [self.ids[place] for place in kept.tolist()]
        self.place = {name: place for place, name in enumerate(self.ids)}
        self._used = [len(kept), int(terms.sum()), int(pairs.sum())]
        return moved

    def _released_columns(self) -> tuple[list[Array], list[Array]]:
        """Return and release the columns of terms and pairs, the largest ones.

        They are then replaced one by one, so that only one column is in memory twice.
        """
        columns: tuple[list[Array], list[Array]] = [*self.terms], [*self.pairs]
        del self.terms, self.pairs
        return columns

    def _with_room(self, which: int, columns: list[Array], new: Sequence[Array]) -> list[Array]:
        """Append values to columns; where there is no room, each column is replaced by a longer one."""
        used, more = self._used[which], len(new[0])
        if used + more > len(columns[0]):
            spare = 0 if used == 0 else max(1_024, used // 4)
            for number, column in enumerate(columns):
                columns[number] = np.zeros(used + more + spare, column.dtype)  # untouched room takes no memory
                columns[number][:used] = column[:used]
        for column, values in zip(columns, new, strict=True):
            column[used : used + more] = values
        return columns

    # --- weights -----------------------------------------------------------------------------------

    def _weighed(
        self, vectors: Sequence[ReportVector], rank: NDArray[np.uint32]
    ) -> tuple[ReportColumns, TermColumns, PairColumns]:
        sizes = np.array([len(one.terms) // 4 for one in vectors], np.int64)
        pair_sizes = np.array([len(one.pair_marks) for one in vectors], np.int64)
        owner = np.repeat(np.arange(len(vectors)), sizes)
        language = np.array([self._languages.setdefault(one.language, len(self._languages)) for one in vectors])
        terms, totals = self._weighed_terms(vectors, owner, language)
        pairs = self._weighed_pairs(vectors, terms, sizes, pair_sizes, language)
        reports = ReportColumns(
            np.array([one.time if one.dated else np.nan for one in vectors]),
            rank,
            language.astype(np.int32),
            np.array([one.publisher for one in vectors], np.uint64),
            np.array([one.skeleton for one in vectors], np.uint32),
            np.array([one.slot for one in vectors], np.bool_),
            np.array([one.title_words for one in vectors], np.float32),
            np.array([one.title_words + one.text_words for one in vectors], np.float32),
            totals.norm,
            totals.mass,
            totals.names,
            totals.numbers,
            totals.ordinals,
            totals.text_mass,
            totals.both_mass,
            totals.all_numbers,
            np.zeros(len(vectors), np.int64),
            self._used[1] + np.cumsum(sizes) - sizes,
            sizes,
            self._used[2] + np.cumsum(pair_sizes) - pair_sizes,
            pair_sizes,
        )
        return reports, terms, pairs

    def _weighed_terms(
        self, vectors: Sequence[ReportVector], owner: Places, language: Array
    ) -> tuple[TermColumns, _Totals]:
        count = len(vectors)
        term = np.frombuffer(b"".join(one.terms for one in vectors), "<u4").astype(np.uint32)
        marks = np.frombuffer(b"".join(one.term_marks for one in vectors), "<u2").astype(np.int64)
        rareness, capitals, named, dates = self._background_columns(term, language[owner])
        rarity = np.minimum(rareness, self._params.most_rarity)
        title, text = marks & TITLE_COUNT, (marks >> TEXT_SHIFT) & TEXT_COUNT
        in_title, numeric = title > 0, (marks & NUMBER) > 0
        names = _names(marks, capitals, named, numeric)
        value = rarity * (1 + np.log(2 * title + text).astype(np.float32))
        norm = np.sqrt(np.bincount(owner, value * value, count)) + 1e-9
        kind = TITLE * in_title | TEXT * (text > 0) | IS_NUMBER * numeric | IS_DATE * dates
        kind |= IS_ORDINAL * ((marks & ORDINAL) > 0)
        totals = _Totals(
            np.sqrt(np.bincount(owner, in_title * rarity * rarity, count)) + 1e-9,
            np.bincount(owner, in_title * rarity, count),
            np.bincount(owner, in_title * rarity * names, count),
            np.bincount(owner, in_title * numeric, count),
            np.bincount(owner, in_title * ((kind & IS_ORDINAL) > 0), count),
            np.bincount(owner, ~in_title * rarity, count),
            np.bincount(owner, in_title * (text > 0) * rarity, count),
            np.bincount(owner, numeric & ~dates, count),
        )
        columns = TermColumns(
            term,
            rarity.astype(np.float16),
            rareness.astype(np.float16),
            (value / norm[owner]).astype(np.float16),
            names.astype(np.float16),
            kind.astype(np.uint8),
            np.zeros(len(term), np.uint16),
        )
        return columns, _Totals(*(total.astype(np.float32) for total in totals))

    def _background_columns(self, term: Hashes, language: Array) -> tuple[Floats, Floats, Array, Array]:
        """Return of each term by its language: rareness, share of capitals, whether capitals mark names, whether it is a date."""
        rareness, capitals = np.zeros(len(term), np.float32), np.zeros(len(term), np.float32)
        named, dates = np.zeros(len(term), np.bool_), np.zeros(len(term), np.bool_)
        for name, number in self._languages.items():
            mine = language == number
            if mine.any():
                known = background_of(name)
                rareness[mine], capitals[mine] = known.rarity(term[mine]), known.capital_share(term[mine])
                named[mine], dates[mine] = known.named, np.isin(term[mine], calendar_ids(name))
        return rareness, capitals, named, dates

    def _weighed_pairs(
        self, vectors: Sequence[ReportVector], terms: TermColumns, sizes: Places, pair_sizes: Places, language: Array
    ) -> PairColumns:
        places = np.frombuffer(b"".join(one.pairs for one in vectors), np.uint8).astype(np.int64).reshape(-1, 2)
        marks = np.frombuffer(b"".join(one.pair_marks for one in vectors), np.uint8)
        in_title, name_forms = marks & IN_TITLE > 0, marks & NAME_FORMS > 0
        owner = np.repeat(np.arange(len(vectors)), pair_sizes)
        first, second = (places + np.repeat(np.cumsum(sizes) - sizes, pair_sizes)[:, None]).T
        pair = pair_ids(terms.term[first], terms.term[second])
        rarity = np.zeros(len(pair), np.float32)
        spoken = language[owner]
        for name, number in self._languages.items():
            mine = spoken == number
            if mine.any():
                rarity[mine] = background_of(name).pair_rarity(pair[mine])
        explained = np.maximum(0.0, terms.rarity[first].astype(np.float32) + terms.rarity[second] - rarity)
        overlap = marks & OVERLAP > 0
        repeated = OVERLAPPING * np.minimum(terms.rarity[first], terms.rarity[second]).astype(np.float32)
        explained = np.where(overlap, np.maximum(explained, repeated), explained)
        explained = np.where(name_forms, np.minimum(terms.rarity[first], terms.rarity[second]), explained)
        order = np.lexsort((pair, owner))
        return PairColumns(pair[order], explained[order].astype(np.float16), in_title[order], name_forms[order])


def _replaced(columns: list[Array], wanted: Array) -> list[Array]:
    """Replace each column by its values at these places, or where these flags are set; flags may be fewer than values."""
    for number, column in enumerate(columns):
        columns[number] = column[: len(wanted)][wanted] if wanted.dtype == np.bool_ else column[wanted]
    return columns


def _names(marks: Places, capitals: Floats, named: Array, number: Array) -> Floats:
    """Return how surely each term is a name, by its capitals in the background and in this text."""
    share = marks >> CAPITAL_SHIFT
    own = np.where(share == CAPITAL_UNKNOWN, -1.0, share / 14.0)
    known = np.where(own < 0, capitals, NAME_BACKGROUND * capitals + (1 - NAME_BACKGROUND) * own)
    unknown = np.where(own < 0, NAME_UNKNOWN, NAME_OWN[0] + NAME_OWN[1] * own)
    name = np.where(capitals >= 0, known, unknown)
    return np.where(number, 0.0, np.where(named, name, NAME_UNTOLD)).astype(np.float32)


def pair_ids(first: Hashes, second: Hashes) -> Hashes:
    """Return the hash of each pair of adjacent terms, from the terms' hashes."""
    return ((first.astype(np.uint64) * _PAIR_FACTOR + second) & np.uint64(0xFFFF_FFFF)).astype(np.uint32)


def spread(starts: Places, lengths: Places) -> tuple[Places, Places]:
    """Return the places of all values of some runs, run by run, and the number of the run of each."""
    owner = np.repeat(np.arange(len(lengths)), lengths)
    ends = np.cumsum(lengths)
    return np.arange(len(owner)) - np.repeat(ends - lengths - starts, lengths), owner


def shared(
    keys: NDArray[np.uint32], first: tuple[Places, Places], second: tuple[Places, Places]
) -> tuple[Places, Places, Places]:
    """Return the places of equal keys in pairs of runs, one of ``first`` and one of ``second`` each, and the number of the pair.

    Keys are hashes, sorted and distinct within a run; ``first`` and ``second`` are starts and lengths of runs. Equal first runs in
    a row, as those of a report that is compared with many, are read once.
    """
    starts, lengths = first
    fresh = np.ones(len(starts), np.bool_)
    fresh[1:] = (starts[1:] != starts[:-1]) | (lengths[1:] != lengths[:-1])
    ours, our_run = spread(starts[fresh], lengths[fresh])
    theirs, their_run = spread(*second)
    same_run = (np.cumsum(fresh) - 1)[their_run]
    # most keys of the second runs are in no first run; a table of marks excludes these before the look-up
    known = np.zeros(_SLOTS, np.bool_)
    known[_slots(our_run, keys[ours])] = True
    maybe = np.flatnonzero(known[_slots(same_run, keys[theirs])])
    theirs, their_run = theirs[maybe], their_run[maybe]
    left = our_run.astype(np.uint64) << np.uint64(32) | keys[ours]
    right = same_run[maybe].astype(np.uint64) << np.uint64(32) | keys[theirs]
    if not len(right):
        nothing = np.zeros(0, np.int64)
        return nothing, nothing, nothing
    found = np.minimum(np.searchsorted(left, right), len(left) - 1)
    hit = np.flatnonzero(left[found] == right)
    return ours[found[hit]], theirs[hit], their_run[hit]


def _slots(runs: Places, keys: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return the slot of each key of a run: a hash of both."""
    return keys + runs.astype(np.uint32) * _ODD & np.uint32(_SLOTS - 1)
