"""Which times a series of editions covers: they adjoin, so that no hour is in none of them and none in two."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from aggregator.desk.editions import zone_of
from aggregator.digest.edition import Window
from aggregator.settings import DigestSettings

# Editions that are made one by one after a long stop; one stands for all that came before.
MISSED_AT_MOST = 31
# An edition is not worth making beside the next one where it would cover less: the hour was changed meanwhile.
_SHORTEST = timedelta(hours=12)


def due_window(now: datetime, settings: DigestSettings) -> Window:
    """Return the window of the edition that came due last: from one morning to the next by the desk's clock, 23 hours or 25 where it is changed."""
    until = _last_due(now, settings)
    return Window(_due_before(until, settings), until)


def missed(done: datetime | None, now: datetime, settings: DigestSettings) -> list[Window]:
    """Return the windows that are due after the editions that reach to ``done``, the oldest first; None: there was none yet.

    Each ends when an edition came due and begins where the one before it ended, also where the hour was changed since.
    """
    last = due_window(now, settings)
    if done is None:
        return [last]
    if done >= last.until:
        return []
    ends = [last.until]
    while len(ends) < MISSED_AT_MOST and (before := _due_before(ends[-1], settings)) > done:
        ends.append(before)
    ends.reverse()
    if len(ends) == MISSED_AT_MOST and (older := _due_before(ends[0], settings)) > done:
        ends.insert(0, older)
    if len(ends) > 1 and ends[0] - done < _SHORTEST:
        ends.pop(0)
    return [Window(since, until) for since, until in zip([done, *ends], ends, strict=False)]


def _last_due(now: datetime, settings: DigestSettings) -> datetime:
    zone = zone_of(settings)
    day = now.astimezone(zone).date() + timedelta(days=1)
    while (due := _moment(day, settings, zone)) > now:
        day -= timedelta(days=1)
    return due


def _due_before(until: datetime, settings: DigestSettings) -> datetime:
    return _last_due(until - timedelta(microseconds=1), settings)


def _moment(day: date, settings: DigestSettings, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, settings.time, zone).astimezone(UTC)
