"""Moments as people write them on the command line: ``2h``, ``yesterday``, ``2026-10-01``, ``2026-10-01T12:00Z``."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from aggregator.config.durations import parse_duration
from aggregator.exceptions import ConfigurationError, UsageError

_DayT = TypeVar("_DayT", bound=date)


# Years outside this range are typing errors; within it, computed windows stay in the range of the calendar.
FIRST_YEAR, LAST_YEAR = 1900, 2999


def parse_moment(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the time that ``text`` means: a duration ago, the beginning of a day in the desk's zone, or an ISO time."""
    return _in_range(text, _moment(text, now, zone))


def _moment(text: str, now: datetime, zone: ZoneInfo) -> datetime:
    wanted = text.strip()
    days = {"today": 0, "yesterday": 1}
    if wanted.lower() == "now":
        return now
    if wanted.lower() in days:
        return _midnight(now.astimezone(zone).date() - timedelta(days=days[wanted.lower()]), zone)
    try:
        return now - parse_duration(wanted.removesuffix(" ago"))
    except (ValueError, OverflowError):
        pass
    try:
        if len(wanted) == 10:
            return _midnight(_in_range(text, date.fromisoformat(wanted)), zone)
        moment = datetime.fromisoformat(wanted)
    except ValueError as error:
        raise UsageError(
            f"{text!r} is no time; write 2h, 3d, today, yesterday, 2026-10-01 or 2026-10-01T12:00Z"
        ) from error
    return _in_range(text, moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def parse_day(text: str, now: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day that ``text`` means in the desk's zone."""
    wanted = text.strip().lower()
    today = now.astimezone(zone).date()
    if wanted in ("today", "yesterday"):
        return today - timedelta(days=wanted == "yesterday")
    try:
        return _in_range(text, date.fromisoformat(wanted))
    except ValueError as error:
        raise UsageError(f"{text!r} is no day; write today, yesterday or 2026-10-01") from error


def check_local_zone() -> None:
    """Raise ConfigurationError if TZ is a day or more from UTC, because no time of day could be shown."""
    try:
        datetime.fromtimestamp(0).astimezone()
    except ValueError as error:
        raise ConfigurationError(
            f"TZ={os.environ.get('TZ', '')}: is no time zone; name a place, such as Europe/Brussels"
        ) from error


def parse_clock(text: str) -> datetime:
    """Return the fixed time of ``--now``, which must be absolute."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise UsageError(f"--now {text!r}: write an ISO time such as 2026-10-01T12:00:00Z") from error
    return _in_range(text, moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _in_range(text: str, moment: _DayT) -> _DayT:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise UsageError(f"{text!r} is out of range; years from {FIRST_YEAR} to {LAST_YEAR} are understood")
    return moment


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)
