"""Rarer forms of dates, rewritten to the usual ones."""

from __future__ import annotations

import html
import re
from datetime import date

_TURNS = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")  # without width: directions, byte order
_QUOTES = " \t\r\n\"'“”‘’«»"
_MINUS = re.compile(r"[\u2010-\u2015\u2212](?=\d{1,2}(?::?\d{2})?\Z)")  # before an offset, as typographers set it
_LABEL = re.compile(r"\A(?:[^\W\d_]{2,20}\s){0,2}[^\W\d_]{2,20}\s?:\s+(?=\S)")  # "Published: Tue, 10 Mar 2026"
_PLACE = re.compile(r"\[[A-Za-z_/+-]{1,40}\]\Z")  # Java's: 2026-03-10T08:30:00+01:00[Europe/Paris]
_ZONE_IN_BRACKETS = re.compile(
    r"(?<=\d\d)(?<![+-]\d\d)(?<![+-]\d\d:\d\d)(?<![+-]\d{4})\s*\(([A-Z]{2,5}(?:[+-]\d{1,2}(?::?\d{2})?)?)\)\Z"
)
# ISO 8601 without marks, as in file names and calendars: 20260310, 20260310T170500Z, 202603101705.
_COMPACT = re.compile(
    r"(?P<day>(?:19|20)\d{6})(?:[T ]?(?P<time>\d{4}(?:\d{2})?)(?:[.,]\d+)?)?\s*(?P<zone>Z|GMT|UTC|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
_WEEK = re.compile(r"(?P<year>(?:19|20)\d\d)-?W(?P<week>\d\d)(?:-?(?P<day>[1-7]))?(?=[T\s]|\Z)", re.IGNORECASE)
_ORDINAL = re.compile(r"(?P<year>(?:19|20)\d\d)-?(?P<day>[0-3]\d\d)(?=[T\s]|\Z)", re.IGNORECASE)
_MONTH = re.compile(r"((?:19|20)\d\d)(?:-(\d{1,2}))?")
_ISO_HOURS = re.compile(r"(?P<before>\d{4}-\d\d-\d\d[T ])(?P<time>\d\d(?:\d\d){0,2})(?=[Z.,+-]|\s|\Z)", re.IGNORECASE)
_AFTER_ISO_DAY = re.compile(r"(?<=\d{4}-\d\d-\d\d)(?:_|--|\s+(?:at|um|om|kl\.?|à|às)\s+)(?=\d)", re.IGNORECASE)
_HOURS_AND_MINUTES = re.compile(r"(?<=\d)(\s)(\d\d)(\d\d)(\d\d)(?=\s)")  # "10 Mar 2026 083000 GMT"
_THOUSANDTHS = re.compile(r"(\d\d:\d\d:\d\d):\d{1,6}\b")
_TIME_FIRST = re.compile(
    r"(?P<time>\d{1,2}:\d\d(?::\d\d)?(?:\s?[ap]\.?m\.?)?)(?:\s*,\s*|\s+)(?P<day>\D{0,14}\d[^:+]{5,40})", re.IGNORECASE
)
_COUNTED = re.compile(r"\A\d{1,3},\s*(?=\d{1,2}\s[^\W\d_]{3})")  # a number where the day of the week belongs
_MACHINE_TIME = re.compile(r"<time\b[^<>]{0,200}?\sdatetime\s*=\s*[\"']([^\"'<>]{4,60})[\"']", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]{0,300}>")
_MICROSOFT = re.compile(r"\\?/Date\((\d{13})(?:[+-]\d{4})?\)\\?/")
_HALF_FIRST = re.compile(r"(?P<half>上午|早上|午前|오전|下午|晚上|午後|오후)\s*(?P<time>\d{1,2}:\d{1,2}(?::\d{1,2})?)")
_FORENOON = frozenset({"上午", "早上", "午前", "오전"})
_GREEK_HALF = re.compile(r"([πμ])\.?\s?μ\.?(?!\w)", re.IGNORECASE)
_IDEOGRAPHS = re.compile(
    r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]\s*(?:\([^)]{1,3}\)|星期.|[月火水木金土日]曜日)?"
)
_CLOCK = re.compile(r"(\d{1,2})\s*[時时点點시]\s*(\d{1,2})\s*[分분](?:\s*(\d{1,2})\s*[秒초])?")


def without_markup(text: str) -> str:
    """Return a date without the HTML that a site's template put around it: the ``<time datetime>`` attribute, else the text."""
    if "<" not in text:
        return text
    machine = _MACHINE_TIME.search(text)
    return machine[1] if machine else _TAG.sub(" ", text).strip()


def usual_form(text: str) -> str:
    """Return a date in one of the usual forms: weeks, days of the year, missing days and rare separators are rewritten."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _latin(text)
    text = _COUNTED.sub("", text.strip(_QUOTES))
    if ": " in text:
        text = _LABEL.sub("", text)
    if compact := _COMPACT.fullmatch(text):
        return _spaced(compact)
    if month := _MONTH.fullmatch(text):
        return f"{month[1]}-{month[2] or '01'}-01"
    if milliseconds := _MICROSOFT.fullmatch(text):
        return milliseconds[1]
    text = _iso_day(text)
    text = _ISO_HOURS.sub(lambda match: match["before"] + _colons(match["time"]), _AFTER_ISO_DAY.sub(" ", text))
    text = _ZONE_IN_BRACKETS.sub(r" \1", _PLACE.sub("", text))
    text = _THOUSANDTHS.sub(r"\1", _HOURS_AND_MINUTES.sub(r"\1\2:\3:\4", text))
    return f"{late['day']} {late['time']}" if (late := _TIME_FIRST.fullmatch(text)) else text


def _iso_day(text: str) -> str:
    """Return a date with its week or its day of the year replaced by month and day, if such a day exists."""
    if week := _WEEK.match(text):
        numbers = (int(week["year"]), int(week["week"]), int(week["day"] or 1))
        try:
            return f"{date.fromisocalendar(*numbers).isoformat()}{text[week.end() :]}"
        except ValueError:
            return text
    if ordinal := _ORDINAL.match(text):
        first, day = date(int(ordinal["year"]), 1, 1).toordinal(), int(ordinal["day"])
        found = date.fromordinal(first + day - 1)
        return f"{found.isoformat()}{text[ordinal.end() :]}" if day and found.year == int(ordinal["year"]) else text
    return text


def _spaced(match: re.Match[str]) -> str:
    """Return a date that was written without separators with its separators."""
    day, time = match["day"], match["time"] or ""
    return f"{day[:4]}-{day[4:6]}-{day[6:]} {_colons(time)}{match['zone'] or ''}"


def _colons(digits: str) -> str:
    pairs = [digits[place : place + 2] for place in range(0, len(digits), 2)]
    return ":".join(pairs if len(pairs) != 1 else [*pairs, "00"])


def _latin(text: str) -> str:
    """Return a date with East Asian and Greek signs for days, hours, AM and PM replaced by digits and Latin letters."""
    text = _MINUS.sub("-", _TURNS.sub("", text))
    text = _IDEOGRAPHS.sub(r"\1-\2-\3 ", text)
    text = _CLOCK.sub(lambda match: ":".join(part for part in match.groups() if part), text)
    text = _HALF_FIRST.sub(lambda match: f"{match['time']} {'AM' if match['half'] in _FORENOON else 'PM'}", text)
    return _GREEK_HALF.sub(lambda match: "AM" if match[1].lower() == "π" else "PM", text)
