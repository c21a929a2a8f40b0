"""Dates as publishers write them: read where they can be, flagged where they cannot be believed.

The two usual shapes, RFC 822 (RSS) and RFC 3339 (Atom), are read here, because feedparser takes every zone name that
it does not know for UTC without saying so; then feedparser's own reading stands, and last dateparser's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import struct_time
from typing import Literal

DateFlag = Literal["ok", "missing", "unreadable", "clamped", "zoneless"]

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # before the web there was no feed
LATEST_AHEAD = timedelta(hours=1)  # a clock may be wrong, or summer time taken twice
MAX_DATE = 100  # characters

# Months by their first three letters in English, and where they differ in German, French, Spanish, Italian, Portuguese,
# Dutch and the Scandinavian languages.
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
    "ene": 1, "gen": 1, "jän": 1, "fev": 2, "fév": 2, "mär": 3, "mrz": 3, "maa": 3, "mrt": 3, "avr": 4, "abr": 4,
    "mai": 5, "mag": 5,
    "mei": 5, "maj": 5, "giu": 6, "lug": 7, "ago": 8, "aoû": 8, "set": 9, "out": 10, "ott": 10, "okt": 10, "dez": 12,
    "dic": 12,
    "déc": 12, "des": 12, "juin": 6, "juil": 7,
}  # fmt: skip
_STANDARD_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "edt": -240, "est": -300, "cdt": -300, "cst": -360, "mdt": -360, "mst": -420,
    "pdt": -420, "pst": -480,
}  # fmt: skip
# Names outside RFC 822: read, but flagged, for several mean more than one zone.
_OTHER_ZONES = {
    "adt": -180, "ast": -240, "at": -240, "et": -240, "ct": -300, "mt": -360, "pt": -420, "akst": -540, "akdt": -480,
    "hst": -600,
    "nst": -210, "ndt": -150, "brt": -180, "art": -180, "clt": -240, "wet": 0, "west": 60, "bst": 60, "ist": 330,
    "cet": 60,
    "cest": 120, "met": 60, "mest": 120, "mez": 60, "mesz": 120, "eet": 120, "eest": 180, "trt": 180, "msk": 180,
    "msd": 240,
    "sast": 120, "wat": 60, "cat": 120, "eat": 180, "gst": 240, "pkt": 300, "npt": 345, "ict": 420, "wib": 420,
    "wita": 480,
    "wit": 540, "hkt": 480, "sgt": 480, "myt": 480, "pht": 480, "awst": 480, "jst": 540, "kst": 540, "acst": 570,
    "acdt": 630,
    "aest": 600, "aedt": 660, "nzst": 720, "nzdt": 780, "a": -60, "n": 60, "m": -720, "y": 720,
}  # fmt: skip
_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,]\d+)?)?"
_ZONE = r"(?P<zone>(?:GMT|UTC)?[+-]\d{1,2}:?\d{2}|[+-]\d{2}|[A-Za-z]{1,5})?(?:\s*\([^)]*\))?"
_RFC822 = re.compile(
    r"\s*(?:[^\W\d]{2,12}\.?,?\s*)?(?P<day>\d{1,2})[\s-]+(?P<month>[^\W\d_]{3,12})\.?,?[\s-]+(?P<year>\d{4}|\d{2})"
    rf"(?:[,\s]\s*{_TIME})?\s*{_ZONE}\s*",
    re.IGNORECASE,
)
_RFC3339 = re.compile(
    rf"\s*(?P<year>\d{{4}})-(?P<month>\d{{1,2}})-(?P<day>\d{{1,2}})(?:(?:\s*T\s*|\s+){_TIME})?\s*{_ZONE}\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A date as read, in UTC, and whether its zone was beyond doubt."""

    time: datetime
    zone_known: bool


@lru_cache(maxsize=1_024)
def read_common(text: str) -> Reading | None:
    """Return the reading of a date in one of the two usual shapes, or None."""
    if len(text) > MAX_DATE:
        return None
    match = _RFC3339.fullmatch(text) or _RFC822.fullmatch(text)
    if match is None:
        return None
    name = match["month"].lower()
    month = int(name) if name.isdigit() else _MONTHS.get(name[:4]) or _MONTHS.get(name[:3], 0)
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += 1900 if year >= 90 else 2000
    second = min(int(match["second"] or 0), 59)  # a leap second has no place in a datetime
    hour = int(match["hour"] or 0)
    offset, known = _zone(match["zone"])
    try:
        local = datetime(year, month, int(match["day"]), hour % 24, int(match["minute"] or 0), second, tzinfo=UTC)
        if hour == 24:
            local += timedelta(days=1)
        elif hour > 24:
            return None
        return Reading(local - timedelta(minutes=offset), known)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> tuple[int, bool]:
    """Return the offset in minutes, and whether it is beyond doubt."""
    if not text:
        return 0, False
    zone = text.lower()
    if zone in _STANDARD_ZONES:
        return _STANDARD_ZONES[zone], True
    if zone[:3] in ("gmt", "utc") and len(zone) > 3:
        zone = zone[3:]
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "")
        hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)
        return (-1 if zone[0] == "-" else 1) * (hours * 60 + minutes), hours < 24
    return _OTHER_ZONES.get(zone, 0), False


class DateReader:
    """Reads the dates of one document; ``now`` is the clock, the slow reader is asked a bounded number of times."""

    def __init__(self, now: datetime, slow_readings: int = 20) -> None:
        self._now = now
        self._latest = now + LATEST_AHEAD
        self._slow_left = slow_readings
        self._slow: dict[str, datetime | None] = {}

    def believed(self, text: str | None, parsed: struct_time | None) -> tuple[datetime | None, DateFlag]:
        """Return the time that a date stands for, between 1990 and an hour from now, and what to think of it."""
        if not text and parsed is None:
            return None, "missing"
        reading = read_common(text) if text else None
        if reading is None:
            reading = self._second_reading(text or "", parsed)
        if reading is None:
            return None, "unreadable"
        if reading.time < EARLIEST:
            return EARLIEST, "clamped"
        if reading.time > self._latest:
            return self._latest, "clamped"
        return reading.time, "ok" if reading.zone_known else "zoneless"

    def _second_reading(self, text: str, parsed: struct_time | None) -> Reading | None:
        zoned = bool(re.search(r"(?:Z|GMT|UTC|[+-]\d\d:?\d\d)\W*$", text, re.IGNORECASE))
        if parsed is not None:
            try:
                return Reading(datetime(*parsed[:5], min(parsed[5], 59), tzinfo=UTC), zoned)
            except (ValueError, OverflowError):
                return None
        # no year and no day without a number; dateparser would look for one in all of its languages, for seconds
        if len(text) > MAX_DATE or not any(character.isnumeric() for character in text):
            return None
        if text not in self._slow and self._slow_left > 0:
            self._slow_left -= 1
            self._slow[text] = _ask_dateparser(text, self._now)
        found = self._slow.get(text)
        return Reading(found, zoned) if found is not None else None


def _ask_dateparser(text: str, now: datetime) -> datetime | None:
    import dateparser  # type: ignore[import-untyped]  # half a second to import, needed for one feed in a hundred

    try:
        found = dateparser.parse(
            text,
            settings={
                "TIMEZONE": "UTC",
                "TO_TIMEZONE": "UTC",
                "RETURN_AS_TIMEZONE_AWARE": True,
                "RELATIVE_BASE": now.replace(tzinfo=None),
                "PARSERS": ["absolute-time"],  # "two hours ago" would move at each poll
                "REQUIRE_PARTS": ["year", "month", "day"],
            },
        )
    except Exception:  # noqa: BLE001  a foreign parser on foreign text: whatever it raises, the date is unreadable
        return None
    if found is None:
        return None
    try:
        aware: datetime = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        return aware
    except (ValueError, OverflowError):
        return None
