"""Represented reports: reports of a flood with so many sure partners before them that these represent them.

A thousand publishers may report one event in similar words. The first sixty or so reports are compared with each other. Nearly all
candidates of a later one are sure partners, and comparing further reports with it adds nothing. So it is compared with these
representatives only and is not a candidate of others. The cost of an arrival then does not grow with the flood. Whether a report is
represented depends on the reports before it in time, as its candidates do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Flags, Floats, Places, longer, run_starts
from aggregator.clustering.params import ClusteringParams

NO_REPRESENTATIVE = -1


class Represented:
    """The represented reports with their representatives and the log odds of these pairs, the best first."""

    def __init__(self, params: ClusteringParams) -> None:
        self._most = params.representatives
        self._clip = params.clip
        self._row: dict[int, int] = {}  # place -> row of the tables
        self._place = np.zeros(0, np.int64)
        self._representatives = np.zeros((0, self._most), np.int32)
        self._odds = np.zeros((0, self._most), np.float32)

    def __len__(self) -> int:
        return len(self._row)

    def __contains__(self, place: object) -> bool:
        return place in self._row

    def places(self) -> Places:
        """Return the places of all represented reports."""
        return self._place[: len(self._row)]

    def mask(self, places: Places) -> Flags:
        """Return which of these reports are represented."""
        if not self._row:
            return np.zeros(len(places), np.bool_)
        return np.fromiter((place in self._row for place in places.tolist()), np.bool_, len(places))

    def add(self, first: Places, second: Places, odds: Floats, rank: NDArray[np.uint32]) -> None:
        """Add represented reports with the best of their partners as representatives; ``rank`` orders equal ones."""
        order = np.lexsort((rank[second], -odds, first))
        first, second, odds = first[order], second[order], odds[order]
        start = run_starts(first)
        counts = np.diff(np.r_[start, len(first)])
        number = np.arange(len(first)) - np.repeat(start, counts)
        best = np.flatnonzero(number < self._most)
        count = len(self._row)
        self._grow(count + len(start))
        for more, place in enumerate(first[start].tolist()):
            self._row[place] = count + more
        row = count + np.repeat(np.arange(len(start)), counts)[best]
        new = slice(count, count + len(start))
        self._place[new], self._representatives[new], self._odds[new] = first[start], NO_REPRESENTATIVE, 0.0
        self._representatives[row, number[best]] = second[best]
        self._odds[row, number[best]] = np.clip(odds[best], *self._clip)

    def remove(self, places: Iterable[int]) -> None:
        """Remove reports that are no longer represented."""
        for place in places:
            row, last = self._row.pop(place, None), len(self._row)
            if row is not None and row != last:
                for column in (self._place, self._representatives, self._odds):
                    column[row] = column[last]
                self._row[int(self._place[row])] = row

    def remove_representatives(self, gone: Collection[int]) -> Places:
        """Remove reports as representatives; return the reports that have none left."""
        table, places = self._representatives[: len(self._row)], self.places()
        left = np.isin(table, np.fromiter(gone, np.int64, len(gone)))
        table[left] = NO_REPRESENTATIVE
        return np.asarray(places[(table == NO_REPRESENTATIVE).all(axis=1)], np.int64)

    def representatives(self, place: int) -> tuple[Places, Floats]:
        """Return the representatives of a report, and the log odds of the pairs."""
        row = self._row[place]
        there = self._representatives[row] != NO_REPRESENTATIVE
        return self._representatives[row][there].astype(np.int64), self._odds[row][there]

    def representative_table(self, places: Sequence[int]) -> tuple[Places, Floats]:
        """Return the representatives of each report as a row, filled with :data:`NO_REPRESENTATIVE`; and the log odds."""
        rows = [self._row[place] for place in places]
        return self._representatives[rows].astype(np.int64), self._odds[rows]

    def represented_by(self, places: Collection[int]) -> Places:
        """Return the reports that any of these represents."""
        if not self._row or not places:
            return np.zeros(0, np.int64)
        table = self._representatives[: len(self._row)]
        marked = np.zeros(max(int(table.max()), max(places)) + 2, np.bool_)
        marked[np.fromiter(places, np.int64, len(places))] = True  # but not the last one, at index NO_REPRESENTATIVE
        return np.asarray(self.places()[marked[table].any(axis=1)], np.int64)

    def remap(self, moved: Places) -> None:
        """Move reports to new places; -1 means that a report is gone."""
        count = len(self._row)
        self._place[:count] = moved[self._place[:count]]
        table = self._representatives[:count]
        there = table != NO_REPRESENTATIVE
        table[there] = moved[table[there]]
        self._row = {place: row for row, place in enumerate(self._place[:count].tolist())}

    def _grow(self, rows: int) -> None:
        more = rows - len(self._place)
        if more > 0:
            more = max(more, len(self._place) // 4, 256)
            self._place, self._odds = longer(self._place, more), longer(self._odds, more)
            self._representatives = longer(self._representatives, more, NO_REPRESENTATIVE)
