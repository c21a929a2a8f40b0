"""How many of a window's reports are told elsewhere too, and what that adds to the log odds of its pairs.

Where one report in fifteen has a sure partner at another publisher, what looks like a pair mostly is one; where one in a
hundred has, it rather is none: the base rate of Bayes' rule. The scores were learned where words alone had to keep
scattered headlines apart; what that holds back is given back to pairs of headlines in large windows.

A report is judged by the UTC hours of the window before its own, in its language. So what was decided stays when reports
come in order of time, and any other order ends the same.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.pair_features import LEAST_TEXT
from aggregator.clustering.params import HOUR, ClusteringParams
from aggregator.clustering.rows import Floats, Places, Rows

_UNDATED = -math.inf

Flags = NDArray[np.bool_]
_Shift = tuple[float, float]  # log odds for pairs of which one has a text, and for pairs of headlines


class Density:
    """Counts of reports by language and hour, and what each report's pairs with earlier ones get."""

    def __init__(self, rows: Rows, params: ClusteringParams) -> None:
        self._rows = rows
        self._params = params
        self._counts: dict[int, dict[float, list[int]]] = {}  # language -> hour -> reports, those with a sure partner
        self._known: dict[int, dict[float, _Shift]] = {}  # language -> hour -> what its reports' pairs get
        self._changed: set[int] = set()  # languages
        self._new: list[int] = []  # places that were given nothing yet
        self._sure = np.zeros(0, np.bool_)
        self._shift: Floats = np.zeros((0, 2), np.float32)  # of each place, see _Shift

    def add(self, places: Places) -> None:
        """Count new reports."""
        more = len(self._rows.reports.time) - len(self._shift)
        if more > 0:
            self._shift = np.concatenate([self._shift, np.zeros((more, 2), np.float32)])
            self._sure = np.concatenate([self._sure, np.zeros(more, np.bool_)])
        self._count(places, 0, 1)
        self._new.extend(places.tolist())

    def remove(self, places: Places) -> None:
        """Count reports no longer."""
        self._count(places, 0, -1)
        self.tell(places, np.zeros(len(places), np.bool_))

    def moved(self, moved: Places) -> None:
        """Follow reports to other places; -1 stands for those that are gone."""
        kept = moved >= 0
        self._shift, self._sure = self._shift[: len(moved)][kept], self._sure[: len(moved)][kept]
        self._new = [int(moved[place]) for place in self._new if moved[place] >= 0]
        self._drop_hours()

    def tell(self, places: Places, sure: Flags) -> None:
        """Say which reports have a sure partner before them."""
        for value in (True, False):
            self._count(places[(sure == value) & (self._sure[places] != value)], 1, 1 if value else -1)
        self._sure[places] = sure

    def shifts(self, later: Places, other: Places) -> Floats:
        """Return the log odds that pairs get, by their later report."""
        texts = self._rows.reports.text_mass
        headlines = np.maximum(texts[later], texts[other]) <= LEAST_TEXT
        return np.asarray(self._shift[later, headlines.astype(np.int64)])

    def refresh(self) -> Places:
        """Bring the shifts up to date; return the old reports whose shift is another now."""
        reports, alive = self._rows.reports, self._rows.alive
        found: list[Places] = []
        for language in sorted(self._changed):
            before = self._known.get(language, {})
            known = self._known[language] = self._shifts(language)
            hours = [hour for hour, shift in known.items() if before.get(hour, shift) != shift]
            if hours:
                count = len(self._rows)
                mine = alive[:count] & (reports.language[:count] == language)
                found.append(np.flatnonzero(mine & np.isin(_hours(reports.time[:count]), hours)))
        self._changed = set()
        old = np.setdiff1d(np.concatenate(found), self._new) if found else np.zeros(0, np.int64)
        every = np.union1d(old, np.array(self._new, np.int64)).astype(np.int64)
        self._new = []
        named = zip(reports.language[every].tolist(), _hours(reports.time[every]).tolist(), strict=True)
        given = [self._known[language][hour] for language, hour in named]
        self._shift[every] = np.array(given, np.float32).reshape(-1, 2)
        return old

    def _count(self, places: Places, which: int, change: int) -> None:
        reports = self._rows.reports
        for language, hour in zip(
            reports.language[places].tolist(), _hours(reports.time[places]).tolist(), strict=True
        ):
            self._counts.setdefault(language, {}).setdefault(hour, [0, 0])[which] += change
            self._changed.add(language)

    def _drop_hours(self) -> None:
        """Forget the hours that no report looks back to any more."""
        reports, count = self._rows.reports, len(self._rows)
        for language, counts in self._counts.items():
            mine = self._rows.alive[:count] & (reports.language[:count] == language)
            first = _hours(reports.time[:count][mine])
            first = first[first > _UNDATED]
            if len(first):
                oldest = first.min() - self._params.window / HOUR
                for hour in [hour for hour in counts if _UNDATED < hour < oldest]:
                    del counts[hour]

    def _shifts(self, language: int) -> dict[float, _Shift]:
        """Return the shift of each hour of a language."""
        counts = self._counts[language]
        span = self._params.window / HOUR
        hours = sorted(counts)
        undated = counts.get(_UNDATED, [0, 0])
        dated = np.array([hour for hour in hours if hour != _UNDATED])
        sums = np.concatenate([[[0, 0]], np.cumsum([counts[hour] for hour in dated.tolist()], axis=0).reshape(-1, 2)])
        first = np.searchsorted(dated, dated - span, "left")
        seen = sums[: len(dated)] - sums[first] + undated
        found = dict(zip(dated.tolist(), (self._shift_of(*pair) for pair in seen.tolist()), strict=True))
        if _UNDATED in counts:
            found[_UNDATED] = self._shift_of(*undated)
        return found

    def _shift_of(self, reports: float, sure: float) -> _Shift:
        """Return what such a density adds to log odds, in steps: few arrivals change what was decided."""
        params = self._params
        proven = reports / (reports + params.density_half)  # a window of few reports proves nothing
        texts = self._added(reports, sure, params.density_neutral, proven)
        headlines = self._added(reports, sure, params.density_neutral_headlines, proven)
        return self._in_steps(texts), self._in_steps(headlines + params.density_headlines * proven)

    def _added(self, reports: float, sure: float, neutral: float, proven: float) -> float:
        params = self._params
        share = (sure + params.density_prior * neutral) / (reports + params.density_prior)
        shift = max(params.density_least, params.density_weight * math.log(share / neutral))
        return shift if shift <= 0 else min(params.density_most, shift) * proven

    def _in_steps(self, shift: float) -> float:
        return round(shift / self._params.density_step) * self._params.density_step


def _hours(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the UTC hours of some times; all that have none share one, before all others."""
    return np.floor(np.nan_to_num(times, nan=_UNDATED) / HOUR)
