"""The shift of log odds by density: the share of a window's reports with a sure partner.

The share of reports with a sure partner at another publisher is the base rate in Bayes' rule. At one in fifteen a likely pair
mostly is one event, at one in a hundred it mostly is not. Where sure partners come within hours of each other far more often than by
chance (timing.py), fewer of them prove as much. The scores were learned on scattered headlines, which only their words kept apart.
So pairs of headlines in large windows get that amount back.

The share is that of the UTC hours of the window before the report's own hour, in its language. So past scores stay when reports
arrive in order of time, and any other order gives the same result.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering import timing
from aggregator.clustering.arrays import Floats, Places, longer
from aggregator.clustering.pair_features import LEAST_TEXT
from aggregator.clustering.params import HOUR, ClusteringParams
from aggregator.clustering.rows import Rows
from aggregator.clustering.score_graph import ScoreGraph
from aggregator.clustering.timing import Numbers

_UNDATED = -math.inf

# The columns of an hour's counts: reports; reports with a sure partner before them, by the class of the gap.
_REPORTS, _SURE = 0, 1
_SURE_UNDATED = _SURE + timing.UNDATED
_COLUMNS = _SURE_UNDATED + 1
# The shifts of an hour's pairs, in log odds: 0 for pairs with a text, 1 for near pairs of headlines, from 2 on what the class of
# the gap adds, and _LATE for pairs of headlines that are further apart than ClusteringParams.timed_within.
_Shift = tuple[float, ...]
_LATE = 2 + timing.CLASSES + 1
_SHIFTS = _LATE + 1


class Density:
    """Counts of reports by language and hour, and the shifts of each report's pairs with earlier reports."""

    def __init__(self, rows: Rows, params: ClusteringParams) -> None:
        self._rows = rows
        self._params = params
        self._counts: dict[int, dict[float, list[int]]] = {}  # language -> hour -> see _COLUMNS
        self._known: dict[int, dict[float, _Shift]] = {}  # language -> hour -> the shifts of its reports' pairs
        self._changed: set[int] = set()  # languages whose counts changed
        self._new: list[int] = []  # places that have no shifts yet
        # Of each place: the column in which its sure partner is counted, 0 without one
        self._sure = np.zeros(0, np.int64)
        self._shift: Floats = np.zeros((0, _SHIFTS), np.float32)  # of each place, see _Shift

    def add(self, places: Places) -> None:
        """Count new reports."""
        more = len(self._rows.reports.time) - len(self._shift)
        if more > 0:
            self._shift, self._sure = longer(self._shift, more), longer(self._sure, more)
        self._count(places, _REPORTS, 1)
        self._new.extend(places.tolist())

    def remove(self, places: Places) -> None:
        """Remove reports from the counts."""
        self._count(places, _REPORTS, -1)
        self._set_columns(places, np.zeros(len(places), np.int64))

    def remap(self, moved: Places) -> None:
        """Move reports to new places; -1 means that a report is gone."""
        kept = moved >= 0
        self._shift, self._sure = self._shift[: len(moved)][kept], self._sure[: len(moved)][kept]
        self._new = [int(moved[place]) for place in self._new if moved[place] >= 0]
        self._drop_hours()

    def set_partners(self, places: Places, partner: Places) -> None:
        """Set the place of each report's sure partner before it; -1 for none."""
        time = self._rows.reports.time
        classes = timing.classes(_known_hours(time[places]), _known_hours(time[np.maximum(0, partner)]))
        self._set_columns(places, np.where(partner < 0, 0, _SURE + classes))

    def density_shifts(self, later: Places, other: Places) -> Floats:
        """Return the shifts of pairs by density, which are those of their later report."""
        texts, time = self._rows.reports.text_mass, self._rows.reports.time
        headlines = np.maximum(texts[later], texts[other]) <= LEAST_TEXT
        gap = timing.gaps(_known_hours(time[later]), _known_hours(time[other]))
        near = gap < self._params.timed_within / HOUR
        column = np.where(headlines, np.where(near, 1, _LATE), 0)
        return np.asarray(self._shift[later, column])

    def timing_shifts(self, later: Places, other: Places) -> Floats:
        """Return the shifts of pairs by the time between them, which are those of their later report."""
        time = self._rows.reports.time
        classes = timing.classes(_known_hours(time[later]), _known_hours(time[other]))
        return np.asarray(self._shift[later, 2 + classes])

    def refresh(self) -> Places:
        """Update the shifts; return the old reports whose shift changed."""
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
        self._shift[every] = np.array(given, np.float32).reshape(-1, _SHIFTS)
        return old

    def _set_columns(self, places: Places, column: Places) -> None:
        old = self._sure[places]
        for value in np.unique(np.r_[old, column]).tolist():
            if value:
                self._count(places[(old == value) & (column != value)], value, -1)
                self._count(places[(column == value) & (old != value)], value, 1)
        self._sure[places] = column

    def _count(self, places: Places, which: int, change: int) -> None:
        reports = self._rows.reports
        for language, hour in zip(
            reports.language[places].tolist(), _hours(reports.time[places]).tolist(), strict=True
        ):
            self._counts.setdefault(language, {}).setdefault(hour, [0] * _COLUMNS)[which] += change
            self._changed.add(language)

    def _drop_hours(self) -> None:
        """Delete the counts of hours that affect no report any more."""
        reports, count = self._rows.reports, len(self._rows)
        for language, counts in self._counts.items():
            mine = self._rows.alive[:count] & (reports.language[:count] == language)
            first = _hours(reports.time[:count][mine])
            first = first[first > _UNDATED]
            if len(first):
                # A window before, whose reports have gaps of a window
                oldest = first.min() - 2 * self._params.window / HOUR
                for hour in [hour for hour in counts if _UNDATED < hour < oldest]:
                    del counts[hour]

    def _shifts(self, language: int) -> dict[float, _Shift]:
        """Return the shift of each hour of a language."""
        counts = self._counts[language]
        span = self._params.window / HOUR
        hours = np.array(sorted(hour for hour in counts if hour != _UNDATED))
        counted = np.array([counts[hour] for hour in hours.tolist()], np.float64).reshape(-1, _COLUMNS)
        chance = timing.expected_shares(hours, counted[:, 0], span) * counted[:, _SURE:_SURE_UNDATED].sum(
            1, keepdims=True
        )
        sums = np.concatenate([np.zeros((1, _COLUMNS + timing.CLASSES)), np.cumsum(np.c_[counted, chance], axis=0)])
        seen = sums[: len(hours)] - sums[np.searchsorted(hours, hours - span, "left")]
        undated = np.r_[counts.get(_UNDATED, [0] * _COLUMNS), [0] * timing.CLASSES].astype(np.float64)
        shifts = self._shifts_of(np.concatenate([seen + undated, undated[None]])).tolist()
        found = dict(zip(hours.tolist(), map(tuple, shifts), strict=False))
        if _UNDATED in counts:
            found[_UNDATED] = tuple(shifts[-1])
        return found

    def _shifts_of(self, seen: Numbers) -> Numbers:
        """Return the shifts for rows of counts, rounded to steps, so that few arrivals change past decisions."""
        params = self._params
        reports, sure = seen[:, 0], seen[:, _SURE:_COLUMNS].sum(1)
        near, expected = seen[:, _SURE:_SURE_UNDATED], seen[:, _COLUMNS:]
        timed = timing.excess(near, expected)
        proven = reports / (reports + params.density_half)  # a window of few reports proves little
        proven_timed = timed / (timed + params.timed_half)
        found = np.zeros((len(seen), _SHIFTS))
        texts = params.density_neutral, params.density_most, 0.0, params.timed_neutral, params.timed_texts
        headlines = (
            params.density_neutral_headlines, params.density_most_headlines, params.density_headlines,
            params.timed_neutral_headlines, params.timed_headlines,
        )  # fmt: skip
        for column, (neutral, most, on_top, timed_neutral, timed_on_top) in enumerate((texts, headlines)):
            by_share = self._added(reports, sure, neutral, params.density_weight, most, proven)
            by_time = self._added(reports, timed, timed_neutral, params.timed_weight, params.density_most, proven_timed)
            by_share = by_share + on_top * proven
            found[:, column] = np.maximum(by_share, by_time + timed_on_top * proven_timed)
        found[:, _LATE] = np.maximum(by_share, by_time)
        found[:, 2 : 2 + timing.CLASSES] = timing.log_odds_shift(near, expected, params)
        return np.asarray(np.round(found / params.density_step) * params.density_step)

    def _added(
        self, reports: Numbers, sure: Numbers, neutral: float, weight: float, most: float, proven: Numbers
    ) -> Numbers:
        params = self._params
        share = (sure + params.density_prior * neutral) / (reports + params.density_prior)
        shift = np.clip(weight * np.log(share / neutral), params.density_least, most)
        return np.asarray(np.where(shift > 0, shift * proven, shift))


def sure_partners(rows: Rows, graph: ScoreGraph, places: Places, bar: float) -> Places:
    """Return the best earlier report of another publisher to which each report keeps an edge over a bar; -1 for none."""
    number, edges, other = graph.ends(places.tolist())
    kept = rows.is_before(other, places[number]) & ~graph.is_cross_language(edges)
    return surest_partners(rows, places, number[kept], other[kept], graph.odds[edges[kept]], bar)


def surest_partners(rows: Rows, places: Places, number: Places, other: Places, odds: Floats, bar: float) -> Places:
    """Return the same as :func:`sure_partners` for given pairs: ``number`` of the report among ``places``, and an earlier report."""
    publisher = rows.reports.publisher
    sure = (odds >= bar) & (publisher[other] != publisher[places[number]])
    number, other, odds = number[sure], other[sure], odds[sure]
    order = np.lexsort((rows.rank[other], -odds, number))[::-1]
    found = np.full(len(places), -1, np.int64)
    found[number[order]] = other[order]  # of several values the last one stays, which is the surest
    return found


def _hours(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return times as UTC hours; all undated ones share an hour before all others."""
    return np.floor(np.nan_to_num(times, nan=_UNDATED) / HOUR)


def _known_hours(times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the UTC hours of some times; minus infinity where the hour is unknown: midnight to the second means a date alone."""
    return np.where(timing.has_hour(times), _hours(times), _UNDATED)
