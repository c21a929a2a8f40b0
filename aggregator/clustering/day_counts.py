"""Counts how many reports of a language came before a moment, within the window."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Sequence

from aggregator.clustering.params import DAY

_UNDATED = -math.inf


class DayCounts:
    """The times of the window's reports, sorted, by language and UTC day."""

    def __init__(self, window: float) -> None:
        self._days = math.ceil(window / DAY)
        self._times: dict[tuple[int, float], list[float]] = {}
        self.latest = _UNDATED

    def add(self, languages: Sequence[int], times: Sequence[float]) -> None:
        """Add reports; NaN is the time of an undated one."""
        for language, time in zip(languages, times, strict=True):
            key = (language, _day(time))
            insort(self._times.setdefault(key, []), time if key[1] != _UNDATED else _UNDATED)
            if time > self.latest:
                self.latest = time

    def remove(self, languages: Sequence[int], times: Sequence[float]) -> None:
        """Remove reports."""
        for language, time in zip(languages, times, strict=True):
            key = (language, _day(time))
            found = self._times[key]
            del found[bisect_left(found, time if key[1] != _UNDATED else _UNDATED)]
            if not found:
                del self._times[key]

    def before(self, language: int, time: float) -> int:
        """Return the number of reports before a moment: on the days of the window before it, and on its own day until then.

        Undated reports count as before all others.
        """
        day = _day(time)
        if day == _UNDATED:
            return len(self._times.get((language, _UNDATED), ()))
        earlier = sum(len(self._times.get((language, day - n), ())) for n in range(1, self._days + 1))
        return (
            earlier
            + bisect_left(self._times.get((language, day), []), time)
            + len(self._times.get((language, _UNDATED), ()))
        )


def _day(time: float) -> float:
    return _UNDATED if math.isnan(time) else time // DAY
