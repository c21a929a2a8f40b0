"""Durations as people write them: ``90s``, ``15m``, ``1h30m``, ``3d``, ``2w``."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
MAX_DURATION = 100  # characters
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?\s*[smhdw]\s*)+", re.IGNORECASE)
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([smhdw])", re.IGNORECASE)


def parse_duration(text: str) -> timedelta:
    """Return the duration in ``text``; raises ValueError for other texts."""
    wanted = str(text).strip()
    if len(wanted) > MAX_DURATION or not _WHOLE.fullmatch(wanted):
        raise ValueError(f"{str(text)[:MAX_DURATION]!r} is no duration: write 90s, 15m, 1h30m, 3d or 2w")
    try:
        return timedelta(seconds=sum(float(number) * _UNITS[unit.lower()] for number, unit in _PART.findall(wanted)))
    except OverflowError as error:
        raise ValueError(f"{text!r} is too long a duration") from error


def format_duration(duration: timedelta) -> str:
    """Return a duration in the form that ``parse_duration`` reads."""
    seconds = int(duration.total_seconds())
    parts = []
    for unit in "dhms":
        count, seconds = divmod(seconds, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
