"""Reads dates as publishers write them, and flags dates that cannot be believed.

This module reads the usual forms, RFC 822 (RSS), RFC 3339 (Atom) and their variants, because feedparser silently treats
every unknown zone name as UTC and ignores AM and PM. For other forms feedparser's result is used, and then dateparser's.
Whether 03/04/2026 is in April or in March is decided once for a whole document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from time import struct_time
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aggregator.parsing.date_forms import usual_form

DateFlag = Literal["ok", "missing", "unreadable", "clamped", "zoneless"]

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)  # there were no feeds before the web
LATEST_AHEAD = timedelta(hours=1)  # a clock may be wrong, or summer time added twice
MAX_DATE = 100  # characters

# Months by their first three letters (four where three leave two) in English, and where they differ in German, French,
# Spanish, Italian, Portuguese, Dutch, the Scandinavian languages, Polish, Turkish, Russian, Ukrainian and Malay.
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
    "ene": 1, "gen": 1, "jän": 1, "fev": 2, "fév": 2, "mär": 3, "mrz": 3, "maa": 3, "mrt": 3, "avr": 4, "abr": 4,
    "mai": 5, "mag": 5,
    "mei": 5, "maj": 5, "giu": 6, "lug": 7, "ago": 8, "aoû": 8, "set": 9, "out": 10, "ott": 10, "okt": 10, "dez": 12,
    "dic": 12,
    "déc": 12, "des": 12, "juin": 6, "juil": 7,
    "sty": 1, "lut": 2, "kwi": 4, "cze": 6, "lipc": 7, "sie": 8, "wrz": 9, "paź": 10, "gru": 12,
    "oca": 1, "şub": 2, "nis": 4, "haz": 6, "tem": 7, "ağu": 8, "eyl": 9, "eki": 10, "kas": 11, "ara": 12,
    "янв": 1, "фев": 2, "мар": 3, "апр": 4, "мая": 5, "май": 5, "июн": 6, "июл": 7, "авг": 8, "сен": 9, "окт": 10,
    "ноя": 11, "дек": 12,
    "січ": 1, "лют": 2, "бер": 3, "кві": 4, "тра": 5, "чер": 6, "лип": 7, "сер": 8, "вер": 9, "жов": 10, "лис": 11,
    "гру": 12,
    "mac": 3, "ogo": 8, "dis": 12,
}  # fmt: skip
_STANDARD_ZONES = {
    "ut": 0, "utc": 0, "gmt": 0, "z": 0, "edt": -240, "est": -300, "cdt": -300, "cst": -360, "mdt": -360, "mst": -420,
    "pdt": -420, "pst": -480,
}  # fmt: skip
# Names outside RFC 822 are read but flagged, because several mean more than one zone.
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
_TIME = (
    r"(?P<hour>\d{1,2})(?P<colon>[:.h])(?P<minute>\d{1,2})(?:(?P=colon)(?P<second>\d{1,2}))?(?:[.,]\d+)?"
    r"(?:\s*(?P<half>[ap])\.?\s?m(?![a-z])\.?)?"
)
# An offset, a name, both (the offset counts), or a place: Europe/Berlin, EST5EDT.
_ZONE = (
    r"(?P<zone>(?:[A-Za-z]{1,5}\s?)?[+-]\d{1,2}(?::?\d{2})?(?:\s[A-Za-z]{1,5})?|[A-Za-z]{3,20}/[A-Za-z_/+-]{2,30}"
    r"|[A-Za-z]{3}\d[A-Za-z]{3}|[A-Za-z]{1,5})?(?:\s*\([^)]*\))?"
)
_OFFSET = re.compile(r"(?P<sign>[+-])(?P<hours>\d{1,2}?):?(?P<minutes>\d{2})?(?!\d)")
_THEN = rf"(?:(?:\s*,\s*|\s+|T)(?:(?:at|um|om|kl\.?|klo|alle|às|à|@|-|–|\|)\s+)?{_TIME})?"  # from a day to its time
_WEEKDAY = r"[^\W\d_]{2,12}(?:[.,]+\s*|\s+)"
_MONTH = r"(?P<month>[^\W\d_]{3,12})"
_YEAR = r"(?P<year>\d{4}|\d{2})"
_SHAPES = tuple(
    re.compile(rf"\s*{shape}\s*", re.IGNORECASE)
    for shape in (
        rf"(?P<year>\d{{4}})(?P<mark>[-/.])(?P<month>\d{{1,2}})(?P=mark)(?P<day>\d{{1,2}})"
        rf"(?:(?:\s*T\s*|\s*,\s*|\s+){_TIME})?\s*{_ZONE}",
        rf"(?:[^\W\d_]{{1,12}}\.?,?\s*)?(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?(?:\s+de)?[\s/-]+{_MONTH}\.?,?(?:\s+de)?[\s/-]+{_YEAR}"
        rf"{_THEN}\s*{_ZONE}",
        rf"(?:{_WEEKDAY})?{_MONTH}\.?\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}}){_THEN}\s*{_ZONE}",
        rf"(?:{_WEEKDAY})?{_MONTH}\.?\s+(?P<day>\d{{1,2}}),?\s+{_TIME}\s*{_ZONE}\s+(?P<year>\d{{4}})",
    )
)
_NUMBERS = re.compile(
    rf"\s*(?:{_WEEKDAY})?(?P<one>\d{{1,2}})(?P<mark>[./ -])\s?(?P<two>\d{{1,2}})(?P=mark)\s?{_YEAR}{_THEN}\s*{_ZONE}\s*",
    re.IGNORECASE,
)
_SECONDS = re.compile(r"\s*(\d{10})(?:\d{3}|\d{6}|\.\d+)?\s*")  # since 1970
_HALF = re.compile(r"\d\s*[ap]\.?\s?m(?![a-z])|上午|早上|下午|晚上|午前|午後|오전|오후|[πμ]\.?\s?μ", re.IGNORECASE)
_WHOLE_DAY = re.compile(r"\s*(\d{4})-(\d{1,2})-(\d{1,2})")
# The beginnings of feedparser's ISO 8601 forms
_NUMBER_FIRST = re.compile(r"\s*T?[+-]?(?:\d{4}(?!\d)|\d+(?:[-:W]|\.\d|\s*\Z))")
_NAMED_ZONE = re.compile(r"(?:(?<=\d)|(?<=[AP]M))\s\(?([A-Z]{2,5})\)?\s*\Z")
_FARTHEST_ZONE = 14  # hours; Kiribati
_BUDDHIST_YEARS, _LAST_BUDDHIST = 543, 2_700  # Thai feeds count 543 years more; a year such as 9999 is not Buddhist
_DAYS_AHEAD = timedelta(hours=26)  # a time without a zone may be in any zone
# Language tags under which the month is written before the day.
_MONTH_FIRST = frozenset({"en-us", "en-ph", "fil", "fil-ph"})


@dataclass(frozen=True, slots=True)
class Reading:
    """A date in UTC, and whether its zone (and the order of day and month) is certain."""

    time: datetime
    zone_known: bool


@lru_cache(maxsize=1_024)
def read_common(text: str) -> Reading | None:
    """Return the reading of a date in one of the usual forms, or None."""
    if len(text) > MAX_DATE:
        return None
    text = usual_form(text)
    match = next((found for shape in _SHAPES if (found := shape.fullmatch(text))), None)
    if match is None:
        return _since_1970(text)
    name = match["month"].lower()
    month = int(name) if name.isdigit() else _MONTHS.get(name[:4]) or _MONTHS.get(name[:3], 0)
    return _reading(match, _whole_year(match["year"]), month, int(match["day"]))


def _whole_year(text: str) -> int:
    year = int(text)
    if len(text) > 2:
        return year
    return year + (1900 if year >= 90 else 2000)


def is_usual(text: str) -> bool:
    """Return whether this module reads the form of a date."""
    return read_common(text) is not None or _numbers(text) is not None


def _since_1970(text: str) -> Reading | None:
    match = _SECONDS.fullmatch(text)
    return Reading(datetime.fromtimestamp(int(match[1]), UTC), zone_known=True) if match else None


def _reading(match: re.Match[str], year: int, month: int, day: int) -> Reading | None:
    second = min(int(match["second"] or 0), 59)  # a leap second has no place in a datetime
    hour = _hour(match)
    try:
        local = datetime(year, month, day, hour % 24, int(match["minute"] or 0), second, tzinfo=UTC)
        offset, known = _zone(match["zone"], local)
        if hour == 24:
            local += timedelta(days=1)
        elif hour > 24:
            return None
        return Reading(local - timedelta(minutes=offset), known)
    except (ValueError, OverflowError):
        return None


def _hour(match: re.Match[str]) -> int:
    hour, half = int(match["hour"] or 0), (match["half"] or "").lower()
    if not half or hour > 12:
        return hour
    return hour % 12 + (12 if half == "p" else 0)


# --- day first or month first --------------------------------------------------------------------


@lru_cache(maxsize=1_024)
def _numbers(text: str) -> re.Match[str] | None:
    return _NUMBERS.fullmatch(usual_form(text)) if len(text) <= MAX_DATE else None


def _ordered(match: re.Match[str], *, day_first: bool) -> Reading | None:
    one, two = int(match["one"]), int(match["two"])
    day, month = (one, two) if day_first else (two, one)
    return _reading(match, _whole_year(match["year"]), month, day)


def _year_first(match: re.Match[str]) -> Reading | None:
    """Return the reading of a date of three short numbers that begins with its year."""
    if len(match["year"]) > 2 or len(match["one"]) < 2:
        return None
    return _reading(match, _whole_year(match["one"]), int(match["two"]), int(match["year"]))


@dataclass(frozen=True, slots=True)
class _Order:
    """Whether a document writes the day before the month, and whether that is certain."""

    day_first: bool
    certain: bool


def _order(matches: list[re.Match[str]], now: datetime, language: str | None) -> _Order:
    """Return the order of day and month in a document: by dates that are impossible or in the future, then by its custom, then by nearness to now."""
    wrong = {first: sum(_is_wrong(match, now, day_first=first) for match in matches) for first in (True, False)}
    if wrong[True] != wrong[False]:
        return _Order(day_first=wrong[True] < wrong[False], certain=True)
    if any(match["mark"] == "." for match in matches):
        return _Order(day_first=True, certain=False)
    tag = (language or "").strip().lower().replace("_", "-")
    if tag and tag != "en":
        return _Order(day_first=tag not in _MONTH_FIRST, certain=False)
    distance = {first: sum(_distance(match, now, day_first=first) for match in matches) for first in (True, False)}
    return _Order(day_first=distance[True] <= distance[False], certain=False)


def _is_wrong(match: re.Match[str], now: datetime, *, day_first: bool) -> bool:
    reading = _ordered(match, day_first=day_first)
    return reading is None or reading.time > now + _DAYS_AHEAD


def _distance(match: re.Match[str], now: datetime, *, day_first: bool) -> float:
    reading = _ordered(match, day_first=day_first)
    return abs((now - reading.time).total_seconds()) if reading is not None else 0.0


def _zone(text: str | None, local: datetime) -> tuple[int, bool]:
    """Return the offset in minutes at a local time, and whether it is certain."""
    if not text:
        return 0, False
    zone = text.lower()
    if zone in _STANDARD_ZONES:
        return _STANDARD_ZONES[zone], True
    if "/" in zone or (zone[:3].isalpha() and zone[3:4].isdigit()):
        return _place_offset(text, local)
    if offset := _OFFSET.search(zone):
        hours, minutes = int(offset["hours"]), int(offset["minutes"] or 0)
        if hours > _FARTHEST_ZONE:
            return 0, False
        return (-1 if offset["sign"] == "-" else 1) * (hours * 60 + minutes), True
    return _OTHER_ZONES.get(zone, 0), False


def _place_offset(place: str, local: datetime) -> tuple[int, bool]:
    """Return the offset in minutes of a name of the time zone database, and whether there is such a name."""
    try:
        offset = ZoneInfo(place).utcoffset(local.replace(tzinfo=None))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones
        return 0, False
    return (0, False) if offset is None else (int(offset.total_seconds()) // 60, True)


class DateReader:
    """Reads the dates of one document; dateparser, which is slow, is used at most ``slow_readings`` times.

    ``texts`` are all dates of the document. They and its ``language`` decide whether the day comes before the month.
    """

    def __init__(
        self, now: datetime, slow_readings: int = 20, texts: Iterable[str] = (), language: str | None = None
    ) -> None:
        self._now = now
        self._language = language
        matches = [match for text in texts if read_common(text) is None and (match := _numbers(text))]
        self._order = _order(matches, now, language) if matches else None
        self._latest = now + LATEST_AHEAD
        self._slow_left = slow_readings
        self._slow: dict[str, datetime | None] = {}

    def believed(self, text: str | None, parsed: struct_time | None) -> tuple[datetime | None, DateFlag]:
        """Return the time of a date, limited to 1990 and an hour from now, and whether it can be believed.

        ``parsed`` is feedparser's result for the same date.
        """
        if not text and parsed is None:
            return None, "missing"
        reading = self.read(text) if text else None
        # Of a date in numbers the others could only guess the order
        if reading is None and not (text and _numbers(text)):
            reading = self._second_reading(text or "", parsed)
        if reading is None:
            return None, "unreadable"
        reading = self._of_this_era(reading)
        if reading.time < EARLIEST:
            return EARLIEST, "clamped"
        if reading.time > self._latest:
            return self._latest, "clamped"
        return reading.time, "ok" if reading.zone_known else "zoneless"

    def read(self, text: str) -> Reading | None:
        """Return the reading of a date in a usual form, with the order of day and month decided; None for other forms."""
        reading = read_common(text)
        match = _numbers(text) if reading is None else None
        if match is None:
            return reading
        order = self._order or _order([match], self._now, self._language)
        found = _ordered(match, day_first=order.day_first)
        other = _year_first(match)
        if other is not None and (found is None or self._distance(other) < self._distance(found)):
            return replace(other, zone_known=False)
        if found is not None:
            sure = other is None and (order.certain or match["one"].lstrip("0") == match["two"].lstrip("0"))
            return found if sure else replace(found, zone_known=False)
        other = _ordered(match, day_first=not order.day_first)
        return replace(other, zone_known=False) if other is not None else None

    def _of_this_era(self, reading: Reading) -> Reading:
        """Return a reading with a year of the Buddhist calendar converted to the common one."""
        year = reading.time.year - _BUDDHIST_YEARS
        if not EARLIEST.year <= year <= min(self._now.year, _LAST_BUDDHIST - _BUDDHIST_YEARS):
            return reading
        try:
            return Reading(reading.time.replace(year=year), zone_known=False)
        except ValueError:  # a leap day in only one of the calendars
            return reading

    def _distance(self, reading: Reading) -> tuple[bool, timedelta]:
        """Return a sort key that puts likelier readings first: future ones last, then the nearest to now first."""
        return reading.time > self._now + _DAYS_AHEAD, abs(self._now - reading.time)

    def _second_reading(self, text: str, parsed: struct_time | None) -> Reading | None:
        zoned = bool(re.search(r"(?:Z|GMT|UTC|[+-]\d\d:?\d\d)\W*$", text, re.IGNORECASE))
        if parsed is not None and _is_of_feedparser(text, parsed):
            try:
                return Reading(datetime(*parsed[:5], min(parsed[5], 59), tzinfo=UTC), zoned)
            except (ValueError, OverflowError):
                return None
        # without a digit there is no year and no day; dateparser would search in all its languages for seconds
        if len(text) > MAX_DATE or not any(character.isnumeric() for character in text):
            return None
        found = self._slow_reading(usual_form(text)) or self._slow_reading(text)
        return Reading(found, zoned) if found is not None else None

    def _slow_reading(self, text: str) -> datetime | None:
        if text not in self._slow and self._slow_left > 0:
            self._slow_left -= 1
            self._slow[text] = _ask_dateparser(text, self._now)
        return self._slow.get(text)


def _is_of_feedparser(text: str, parsed: struct_time) -> bool:
    """Return whether feedparser's result agrees with the text.

    feedparser ignores AM and PM, completes a short date from the clock, and carries days past the end of a month into
    the next month.
    """
    if day := _WHOLE_DAY.match(text):
        try:
            written = date(int(day[1]), int(day[2]), int(day[3]))
            return abs(written - date(*parsed[:3])) <= timedelta(days=1)
        except ValueError:
            return False
    return not (_HALF.search(text) or _NUMBER_FIRST.match(text))


def _ask_dateparser(text: str, now: datetime) -> datetime | None:
    import dateparser  # type: ignore[import-untyped]  # half a second to import, needed for one feed in a hundred

    named = _NAMED_ZONE.search(text)  # a name means here what it means in the usual shapes: IST is India's time
    minutes = _OTHER_ZONES.get(named[1].lower()) if named else None
    if named and minutes is not None:
        text = text[: named.start()]
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
        return aware - timedelta(minutes=minutes or 0)
    except (ValueError, OverflowError):
        return None
