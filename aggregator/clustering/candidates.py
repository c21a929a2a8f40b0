"""An inverted index over each report's heaviest terms, which proposes the candidates of a report.

The candidates of a report are the best among the reports before it in order of time and id. So the compared pairs depend
on the set of reports, not on their order of arrival.
"""

from __future__ import annotations

import math
from array import array
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Floats, Places, run_starts
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.rows import MAX_SEEN, Rows, spread

BATCH = 128  # reports whose candidates are searched at once; bounds the memory of the arrays
_STEPS = 255  # steps of a term's weight, which the index stores beside the report


class Candidates(NamedTuple):
    """Pairs worth comparing; ``product`` is the sum over shared indexed terms of the product of both weights."""

    report: Places
    other: Places
    product: Floats


class CandidateIndex:
    """Term -> the reports in which it is among the heaviest."""

    def __init__(self, rows: Rows, params: ClusteringParams) -> None:
        self._rows = rows
        self._params = params
        self._postings: dict[int, array[int]] = {}
        self.capped = 0  # lookups that a flood cut short

    def add(self, places: Places) -> None:
        """Add reports to the index."""
        _, owner, keys, steps = self._entries(places)
        if not len(keys):
            return
        order = np.argsort(keys, kind="stable")
        keys, coded = keys[order], (places[owner] << 8 | steps)[order].astype(np.uint32)
        starts = run_starts(keys)
        raw, ends = coded.tobytes(), np.r_[starts[1:], len(keys)]
        for key, start, end in zip(keys[starts].tolist(), starts.tolist(), ends.tolist(), strict=True):
            posting = self._postings.get(key)
            if posting is None:
                posting = self._postings[key] = array("I")
            posting.frombytes(raw[4 * start : 4 * end])
            most = self._params.postings + BATCH  # so that each report of a batch finds enough reports before it
            if len(posting) > 2 * most:
                self._postings[key] = array("I", self._by_hash(np.array(posting))[:most].tobytes())

    def drop(self, places: Places) -> None:
        """Remove reports from the index."""
        if not len(places):
            return
        keys = self._entries(places)[2]
        for key in np.unique(keys).tolist():
            posting = self._postings.get(key)
            if posting is not None:
                coded = np.frombuffer(posting, np.uint32)
                self._keep(key, coded[~np.isin(coded >> 8, places)])

    def remap(self, moved: Places) -> None:
        """Move reports to new places; -1 means that a report is gone."""
        for key in list(self._postings):
            coded = np.frombuffer(self._postings[key], np.uint32)
            place = moved[coded >> 8]
            self._keep(key, ((place << 8) | (coded & 0xFF))[place >= 0].astype(np.uint32))

    def _keep(self, key: int, left: NDArray[np.uint32]) -> None:
        """Replace the posting of a key; an empty one is deleted."""
        if len(left):
            self._postings[key] = array("I", left.tobytes())
        else:
            del self._postings[key]

    def __getstate__(self) -> dict[str, object]:
        """Return the state with all postings in one array, because a hundred thousand small ones take a second to read."""
        state = dict(self.__dict__)
        postings = state.pop("_postings")
        state["keys"] = np.fromiter(postings, np.int64, len(postings))
        state["sizes"] = np.fromiter(map(len, postings.values()), np.int64, len(postings))
        state["coded"] = b"".join(posting.tobytes() for posting in postings.values())
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a state."""
        keys, sizes, coded = state.pop("keys"), state.pop("sizes"), memoryview(state.pop("coded"))
        self.__dict__.update(state)
        ends = (4 * np.cumsum(sizes)).tolist()
        self._postings = {
            key: array("I", coded[start:end].tobytes())
            for key, start, end in zip(keys.tolist(), [0, *ends], ends, strict=False)
        }

    def find(self, places: Places, without: NDArray[np.bool_] | None = None, noting: bool = True) -> Candidates:
        """Return all living reports of the same language and within the window that share an indexed term with each.

        With ``noting`` it also writes into the rows how many reports before each have its terms. Reports marked in ``without`` are
        ignored.
        """
        flat, owner, keys, steps = self._entries(places)
        # With ``noting`` the searching reports are in the index, so a posting of one report holds only the searching one.
        entry, coded = self._postings_of(keys, 2 if noting else 1, asking=places[owner])
        other = coded >> 8
        if without is not None:
            there = np.flatnonzero(~without[other])
            entry, coded, other = entry[there], coded[there], other[there]
        if noting:
            earlier = self._is_earlier(other, places[owner], entry)
            seen = np.bincount(entry[earlier], minlength=len(flat))
            self._rows.terms.seen[flat] = np.minimum(seen, MAX_SEEN)
        product = steps[entry] * (coded & 0xFF)  # whole numbers, so that their sums do not depend on the order
        indexed = np.flatnonzero(product)
        asking, other = owner[entry[indexed]], other[indexed]
        others = np.flatnonzero(other != places[asking])
        return self._near(places, *_summed(asking[others], other[others], product[indexed[others]]))

    def _is_earlier(self, other: Places, asking: Places, entry: Places) -> NDArray[np.bool_]:
        """Return which ``other`` reports are earlier than the searching ones and within the window.

        ``entry`` gives for each of ``other`` the place in ``asking`` of its searching report.
        """
        time, rank = self._rows.reports.time, self._rows.rank
        gap = time[asking][entry] - time[other]
        within = (gap >= 0) & (gap <= self._params.window)
        same = np.flatnonzero(gap == 0)
        within[same] = rank[other[same]] < rank[asking[entry[same]]]
        undated = np.flatnonzero(np.isnan(gap))
        within[undated] = self._rows.is_before(other[undated], asking[entry[undated]])
        return within

    def later(self, places: Places) -> tuple[Places, Places]:
        """Return pairs of each report and the later living reports within the window that share a term with it."""
        _, owner, keys, _ = self._entries(places)
        # NaN where one is undated: then any report may be later
        earliest = float(self._rows.reports.time[places].min())
        entry, coded = self._postings_of(keys, since=earliest)
        pairs = np.unique(owner[entry] << 40 | coded >> 8)
        place, other = places[pairs >> 40], pairs & ((1 << 40) - 1)
        keep = self._rows.is_before(place, other) & self._is_near(place, other)
        return place[keep], other[keep]

    def _postings_of(
        self, keys: NDArray[np.int64], least: int = 1, since: float = np.nan, asking: Places | None = None
    ) -> tuple[Places, Places]:
        """Return the living reports under each key: the place of the key, and the report with its weight, as stored.

        Equal keys are read once, because in a flood all reports search for the same ones. Postings of fewer than ``least`` reports
        and reports before ``since`` are left out. Of a very long posting each report of ``asking`` gets a sample.
        """
        asked, number = np.unique(keys, return_inverse=True)
        found, sizes = [np.zeros(0, np.uint32)], np.zeros(len(asked), np.int64)
        long: list[tuple[Places, NDArray[np.uint32]]] = []
        for place, key in enumerate(asked.tolist()):
            posting = self._postings.get(key)
            if posting is None or len(posting) < least:
                continue
            coded = np.frombuffer(posting, np.uint32)
            if len(posting) > self._params.postings:
                coded = self._by_hash(coded)
                if len(coded) > self._params.postings and asking is not None:
                    entries = np.flatnonzero(number == place)
                    long.append(self._sampled(coded, entries, asking[entries]))
                    continue
                coded = coded[: self._params.postings]
            found.append(coded)
            sizes[place] = len(coded)
        every = np.concatenate(found).astype(np.int64)
        living = self._rows.alive[every >> 8]
        if not np.isnan(since):
            living &= self._rows.reports.time[every >> 8] >= since
        if not living.all():
            sizes = np.bincount(np.repeat(np.arange(len(asked)), sizes)[living], minlength=len(asked))
            every = every[living]
        at, entry = spread((np.cumsum(sizes) - sizes)[number], sizes[number])
        if not long:
            return entry, every[at]
        return (
            np.concatenate([entry, *(entries for entries, _ in long)]),
            np.concatenate([every[at], *(coded.astype(np.int64) for _, coded in long)]),
        )

    def _sampled(self, coded: NDArray[np.uint32], entries: Places, asking: Places) -> tuple[Places, NDArray[np.uint32]]:
        """Return the sample of a very long posting, in order of hash, for each searching report.

        Of the reports before a searching one it holds the first ones, whatever came with it or later. Of the reports after it, it
        holds those among the first of all.
        """
        most, size = self._params.postings, len(coded)
        other = np.tile((coded >> 8).astype(np.int64), len(asking))
        before = self._rows.is_before(other, np.repeat(asking, size)).reshape(len(asking), size)
        keep = np.where(before, np.cumsum(before, axis=1) <= most, np.arange(size) < most)
        row, at = np.nonzero(keep)
        return entries[row], coded[at]

    def _is_near(self, one: Places, other: Places) -> NDArray[np.bool_]:
        time = self._rows.reports.time
        return ~(np.abs(time[one] - time[other]) > self._params.window)

    def _near(self, places: Places, query: Places, other: Places, product: Floats) -> Candidates:
        keep = (product >= self._params.least_product) & self._is_near(other, places[query])
        return Candidates(places[query[keep]], other[keep], product[keep])

    def _entries(self, places: Places) -> tuple[Places, Places, NDArray[np.int64], NDArray[np.int64]]:
        """Return the terms of reports that are not too common: place, number of the report, key, weight in steps.

        All but the heaviest terms of a report have the weight 0, by which no report is found.
        """
        reports, terms = self._rows.reports, self._rows.terms
        flat, owner = spread(reports.terms_from[places], reports.terms[places])
        keep = terms.rareness[flat] > -math.log(self._params.index_share)
        flat, owner = flat[keep], owner[keep]
        value = terms.value[flat].astype(np.float32)
        order = np.lexsort((terms.term[flat], -value, owner))
        flat, owner, value = flat[order], owner[order], value[order]
        rank = np.arange(len(owner)) - np.searchsorted(owner, np.arange(len(places)))[owner]
        steps = np.maximum(1, np.round(value * _STEPS)).astype(np.int64)
        keys = reports.language[places[owner]].astype(np.int64) << 32 | terms.term[flat].astype(np.int64)
        return flat, owner, keys, np.where(rank < self._params.index_terms, steps, 0)

    def _by_hash(self, posting: NDArray[np.uint32]) -> NDArray[np.uint32]:
        """Return the living reports of a very long posting in order of hash, which is independent of arrival order."""
        posting = posting[self._rows.alive[posting >> 8]]
        if len(posting) <= self._params.postings:
            return posting
        self.capped += 1
        return posting[np.argsort(self._rows.rank[posting >> 8], kind="stable")]


def keep_best(found: Candidates, most: int, rank: NDArray[np.uint32]) -> tuple[Candidates, Places, Places]:
    """Return the ``most`` best pairs of each report, the reports, and how many pairs each had; ``rank`` orders equal pairs."""
    order = np.lexsort((rank[found.other], -found.product, found.report))
    report = found.report[order]
    start = run_starts(report)
    counts = np.diff(np.r_[start, len(report)])
    number = np.arange(len(report)) - np.repeat(start, counts)
    keep = order[number < most]
    return Candidates(found.report[keep], found.other[keep], found.product[keep]), report[start], counts


def _summed(query: Places, other: Places, product: Places) -> tuple[Places, Places, Floats]:
    """Return each pair once, in order, with the sum of its products."""
    if not len(query):
        return query, other, product.astype(np.float32)
    # A product has 16 bits, so all three fit in one number. Sorting these is far quicker than an indirect sort.
    packed = np.sort(query << 48 | other << 16 | product)
    keys, product = packed >> 16, packed & 0xFFFF
    start = run_starts(keys)
    sums = (np.add.reduceat(product, start) / _STEPS**2).astype(np.float32)
    return keys[start] >> 32, keys[start] & 0xFFFF_FFFF, sums
