"""Edges between reports of different languages: the sentence encoder proposes pairs, and shared names and numbers confirm them.

A pair is compared where one report is among the nearest ones of the other in other languages, within the window. So the compared
pairs depend on the set of reports, not on their order of arrival.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Floats, Places, longer, parts_of, run_starts
from aggregator.clustering.meaning import SCALE, SIZE, Agreement, Meaning, agreement
from aggregator.clustering.params import HOUR, ClusteringParams
from aggregator.clustering.rows import Rows
from aggregator.clustering.scoring import DIGITS, MODELS
from aggregator.text.cross_language import number_weight
from aggregator.text.encoder import use_one_thread

NEAREST = 16  # reports of other languages that each report is compared with
NEAR = 0.35  # cosine; pairs below it are not proposed. Half of all pairs of unrelated news are above .1
# Log odds above which a pair is an edge. Measured on the development set of tests/semantic and on a scatter of six languages of
# May and June 2023: with a lower bar more pairs are found, but also reports of one affair, such as a war, on different events.
MIN_ODDS = 3.5
MIN_CONFIRMATION = 1.0  # weight of shared names and numbers: one name, or one number of two digits
_BATCH = 64  # reports whose cosines are computed at once; bounds the memory

Pair = tuple[int, int]


class Model(NamedTuple):
    """A logistic model of the features below."""

    bias: float
    weights: Mapping[str, float]


def shipped_model() -> Model:
    """Return the shipped model."""
    model = json.loads((MODELS / "across.json").read_text("utf-8"))
    return Model(float(model["bias"]), model["weights"])


class CrossLanguagePairs:
    """The meanings of the window's reports, and the pairs of different languages that are edges of the graph."""

    def __init__(self, rows: Rows, params: ClusteringParams) -> None:
        self._rows = rows
        self._params = params
        self._model = shipped_model()
        self._meanings_to_come: dict[str, Meaning] = {}  # report -> its meaning, until its place is known
        self._meaning: dict[int, Meaning] = {}  # place -> its meaning
        self._row: dict[int, int] = {}  # place -> its row in the columns below
        self._place = np.zeros(0, np.int64)
        self._table = np.zeros((0, SIZE), np.float32)
        self._alive = np.zeros(0, np.bool_)
        self._near = np.zeros((0, NEAREST), np.int64)  # rows, nearest first; -1 where there is none
        self._cosine = np.zeros((0, NEAREST), np.float32)
        self._new: set[int] = set()  # rows that were not compared yet
        self._again: set[int] = set()  # rows whose nearest reports are to be searched again
        self._changed: set[int] = set()  # rows whose nearest reports changed since their pairs were proposed
        self._pairs: dict[int, set[Pair]] = {}  # row -> the pairs, by place, that it proposed
        self._proposed: dict[Pair, int] = {}  # pair -> how many of its two rows propose it
        self._odds: dict[Pair, float] = {}  # the pairs that are edges

    def set_meanings(self, meanings: Mapping[str, Meaning]) -> None:
        """Set the meanings of the reports that :meth:`add` adds next."""
        self._meanings_to_come.update(meanings)

    def add(self, names: Iterable[str]) -> None:
        """Add those of these reports whose meaning was set."""
        known = [
            (self._rows.place[name], self._meanings_to_come.pop(name))
            for name in names
            if name in self._meanings_to_come
        ]
        first = len(self._row)
        self._grow(first + len(known))
        for row, (place, meaning) in enumerate(known, first):
            self._row[place], self._meaning[place] = row, meaning
            self._place[row], self._alive[row] = place, True
            self._table[row] = np.frombuffer(meaning.vector, "<i2")
            self._near[row], self._cosine[row] = -1, -np.inf
            self._new.add(row)

    def remove(self, places: Sequence[int]) -> None:
        """Remove reports with their edges."""
        rows = [self._row[place] for place in places if place in self._row and self._row[place] >= 0]
        if not rows:
            return
        self._alive[rows] = False
        self._near[rows], self._cosine[rows] = -1, -np.inf
        gone = set(rows)
        used = len(self._row)
        self._again |= set(np.flatnonzero(np.isin(self._near[:used], rows).any(axis=1)).tolist())
        for pending in (self._new, self._again, self._changed):
            pending -= gone
        lost = set(self._place[rows].tolist())
        for place in lost:
            del self._meaning[place]
        holding = gone | self._again | self._changed  # rows whose pairs may include a removed one
        for pair in {pair for row in holding for pair in self._pairs.get(row, ()) if not lost.isdisjoint(pair)}:
            self._proposed.pop(pair, None)
            self._odds.pop(pair, None)
        for row in gone:
            self._pairs.pop(row, None)

    def update(self) -> tuple[list[Pair], dict[Pair, float]]:
        """Update the pairs; return the removed edges, and the new ones with their log odds."""
        if self._new or self._again:
            with use_one_thread():
                self._compare_all()
        lost: set[Pair] = set()
        gained: set[Pair] = set()
        for row in sorted(self._changed):
            self._propose(row, lost, gained)
        self._changed = set()
        out = [pair for pair in sorted(lost) if pair not in self._proposed and self._odds.pop(pair, None) is not None]
        edges: dict[Pair, float] = {}
        for pair in sorted(gained):
            if pair in self._proposed and pair not in self._odds:
                odds = self.odds(*pair)
                if odds > MIN_ODDS:
                    edges[pair] = self._odds[pair] = odds
        return out, edges

    def is_cross_language(self, one: int, two: int) -> bool:
        """Return whether two reports have a meaning and different languages."""
        language = self._rows.reports.language
        return one in self._meaning and two in self._meaning and bool(language[one] != language[two])

    def odds(self, one: int, two: int) -> float:
        """Return the log odds that two reports are of one event; the minimum where nothing confirms it."""
        features, common = self.compared(one, two)
        if common.confirmation < MIN_CONFIRMATION:
            return self._params.clip[0]
        total = math.fsum(weight * features[name] for name, weight in self._model.weights.items())
        return round(self._model.bias + total, DIGITS)

    def compared(self, one: int, two: int) -> tuple[dict[str, float], Agreement]:
        """Return the features of two reports, and their agreement in the words of the later one."""
        early = bool(self._rows.is_before(np.array([one]), np.array([two]))[0])
        later, earlier = (two, one) if early else (one, two)
        common = agreement(self._meaning[later], self._meaning[earlier])
        left, right = (self._table[self._row[place]] for place in (one, two))
        gap = abs(float(self._rows.reports.time[one] - self._rows.reports.time[two]))
        return {
            "meaning": round(float(left @ right) / SCALE**2, 4),
            "names shared": math.log1p(min(len(common.names), 8)),
            "names missed": common.names_missed,
            "places shared": math.log1p(len(common.places)),
            "places missed": common.places_missed,
            "numbers shared": math.log1p(sum(map(number_weight, common.numbers))),
            "numbers missed": common.numbers_missed,
            "nothing shared": float(common.kinds_missed),
            "log gap": 0.0 if math.isnan(gap) else math.log1p(gap / HOUR) / 5,
        }, common

    # --- nearest reports -------------------------------------------------------------------------

    def _grow(self, wanted: int) -> None:
        have = len(self._place)
        if wanted <= have:
            return
        more = max(wanted, have + have // 4) - have
        self._place, self._alive = longer(self._place, more), longer(self._alive, more)
        self._table = longer(self._table, more)
        self._near, self._cosine = longer(self._near, more, -1), longer(self._cosine, more, -np.inf)

    def _compare_all(self) -> None:
        new, again = sorted(self._new), sorted(self._again)
        self._new, self._again = set(), set()
        for part in parts_of(np.array(new, np.int64), _BATCH):
            self._compare(part, True, new)
        for part in parts_of(np.array(again, np.int64), _BATCH):
            self._compare(part, False, new)

    def _compare(self, asked: Places, arrived: bool, new: Sequence[int]) -> None:
        """Find the nearest reports of some rows; with ``arrived``, update those of older rows too."""
        used = len(self._row)
        cosine = self._cosines(asked, used)
        for column, row in enumerate(asked.tolist()):
            found = np.flatnonzero(cosine[:, column] >= NEAR)
            self._set(row, found, cosine[found, column])
        if not arrived:
            return
        cosine[new] = -np.inf  # each new row compares itself with all rows
        nearer, columns = np.nonzero((cosine >= NEAR) & (cosine >= self._cosine[:used, -1:]))
        starts = run_starts(nearer)
        for row, mine in zip(nearer[starts].tolist(), np.split(columns, starts[1:]), strict=False):
            kept = self._near[row] >= 0
            rows = np.concatenate([self._near[row][kept], asked[mine]])
            self._set(row, rows, np.concatenate([self._cosine[row][kept], cosine[row, mine]]))

    def _cosines(self, asked: Places, used: int) -> Floats:
        """Return the cosine of every row with each asked one; minus infinity for pairs that are not compared."""
        cosine: Floats = (self._table[:used] @ self._table[asked].T) / np.float32(SCALE**2)
        reports, place = self._rows.reports, self._place[:used]
        time, language = reports.time[place], reports.language[place]
        apart = np.abs(time[:, None] - time[asked][None, :]) > self._params.window
        cosine[apart | (language[:, None] == language[asked][None, :]) | ~self._alive[:used, None]] = -np.inf
        return cosine

    def _set(self, row: int, rows: Places, cosine: NDArray[np.float32]) -> None:
        places = self._place[rows]
        rank = self._rows.rank[places]
        order = np.lexsort((rank, -cosine))[:NEAREST]
        near = np.full(NEAREST, -1)
        near[: len(order)] = rows[order]
        if np.array_equal(near, self._near[row]):
            return
        self._near[row] = near
        self._cosine[row] = -np.inf
        self._cosine[row, : len(order)] = cosine[order]
        self._changed.add(row)

    def _propose(self, row: int, lost: set[Pair], gained: set[Pair]) -> None:
        """Update the pairs that a row proposes after its nearest reports changed."""
        mine = int(self._place[row])
        others = [int(self._place[other]) for other in self._near[row].tolist() if other >= 0]
        now = {(min(mine, other), max(mine, other)) for other in others}
        before = self._pairs.get(row, set())
        for pair in now - before:
            self._proposed[pair] = self._proposed.get(pair, 0) + 1
            gained.add(pair)
        for pair in before - now:
            left = self._proposed.get(pair, 0) - 1
            if left > 0:
                self._proposed[pair] = left
            elif self._proposed.pop(pair, None) is not None:
                lost.add(pair)
        self._pairs[row] = now
