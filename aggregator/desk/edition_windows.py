"""The windows of a series of editions. They leave no gap and do not overlap, so each hour is in exactly one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from aggregator.digest.time_zone import time_zone
from aggregator.digest.values import Window
from aggregator.settings import DigestSettings

# Editions that are made one by one after a long stop; one further edition covers the time before them.
MISSED_AT_MOST = 31
_DAY = timedelta(days=1)


def due_window(now: datetime, settings: DigestSettings, times: Sequence[time] = ()) -> Window:
    """Return the window of the latest due edition: from one of its ``times`` of day to the next, in the desk's zone.

    Without ``times``, ``digest.time`` is used.
    """
    series = _Series(settings, times)
    until = series.last_due(now)
    return Window(series.due_before(until), until)


def missed(done: datetime | None, now: datetime, settings: DigestSettings, times: Sequence[time] = ()) -> list[Window]:
    """Return the windows due since ``done``, the oldest first; None means that there was no edition yet.

    Each ends at the time at which an edition was due, and begins at the end of the previous one, even if the setting has
    changed since.
    """
    series = _Series(settings, times)
    last = due_window(now, settings, times)
    if done is None:
        return [last]
    if done >= last.until:
        return []
    ends = [last.until]
    while len(ends) < MISSED_AT_MOST and (before := series.due_before(ends[-1])) > done:
        ends.append(before)
    ends.reverse()
    if len(ends) == MISSED_AT_MOST and (older := series.due_before(ends[0])) > done:
        ends.insert(0, older)
    if len(ends) > 1 and ends[0] - done < series.shortest:
        ends.pop(0)
    return [Window(since, until) for since, until in zip([done, *ends], ends, strict=False)]


class _Series:
    """The due times of a series of editions."""

    def __init__(self, settings: DigestSettings, times: Sequence[time]) -> None:
        self._zone = time_zone(settings.timezone)
        self._times = sorted(times or (settings.time,))
        # An edition is not worth making beside the next one where it would cover less than half of the usual: its time was changed.
        self.shortest = min(self._length()) / 2

    def last_due(self, now: datetime) -> datetime:
        """Return the due time of the last edition."""
        today = now.astimezone(self._zone).date()
        days = (today + step * _DAY for step in (1, 0, -1, -2))
        return max(due for day in days for one in self._times if (due := self._moment(day, one)) <= now)

    def due_before(self, until: datetime) -> datetime:
        """Return the due time of the edition before that of ``until``."""
        return self.last_due(until - timedelta(microseconds=1))

    def _moment(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, self._zone).astimezone(UTC)

    def _length(self) -> list[timedelta]:
        """Return how far the times of a day are apart, the first from the last of the day before."""
        since = [timedelta(hours=one.hour, minutes=one.minute) for one in self._times]
        return [later - earlier for earlier, later in zip(since, [*since[1:], since[0] + _DAY], strict=True)]
