"""Rarer forms of dates, rewritten to the usual ones."""

from __future__ import annotations

import html
import re
from datetime import date
from unicodedata import normalize

from aggregator.parsing.calendars import in_common_calendar

# What nearly all dates are, and what nothing here changes.
_PLAIN = re.compile(
    r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} (?:19|20)\d\d \d\d:\d\d:\d\d (?:[+-]\d{4}|GMT|UTC|Z)"
    r"|(?:19|20)\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)",
    re.ASCII,
)
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
_AFTER_ISO_DAY = re.compile(r"(?<=\d{4}-\d\d-\d\d)(?:_|--|\s+(?:at|um|om|kl\.?|à|às|[-–|])\s+)(?=\d)", re.IGNORECASE)
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
# Arabic months, in the names of the Levant, of the Maghreb and of the others; a date may hold two: "9 آذار/مارس 2026".
_ARABIC_MONTHS = {
    "Jan": "كانون الثاني|يناير|جانفي", "Feb": "شباط|فبراير|فيفري", "Mar": "آذار|اذار|مارس", "Apr": "نيسان|[أا]بريل|[إا]بريل|أفريل",
    "May": "أيار|ايار|مايو|ماي", "Jun": "حزيران|يونيو|يونيه|جوان", "Jul": "تموز|يوليو|يوليه|جويلية", "Aug": "آب|[أا]غسطس|أوت",
    "Sep": "[أا]يلول|سبتمبر", "Oct": "تشرين الأول|[أا]كتوبر", "Nov": "تشرين الثاني|نوفمبر", "Dec": "كانون الأول|ديسمبر",
}  # fmt: skip
_ARABIC_MONTH = re.compile("|".join(rf"(?P<{month}>{names})" for month, names in _ARABIC_MONTHS.items()))
_WEEKDAY = re.compile(r"\A[^\x00-\x7f]\S{0,20}\s+(?=\d)")
_TWO_NAMES = re.compile(r"([A-Z][a-z]{2})\s?[/(]\s?\1\)?")
_HALF_LAST = re.compile(
    r"(?P<time>\d{1,2}:\d\d(?::\d\d)?)\s*(?:(?P<am>صباحا?ً?ا?|ص|ق\.?\s?ظ|SA|PAGI)|(?P<pm>مساءً?ا?|م|ب\.?\s?ظ|CH|PETANG|PTG|MALAM))(?!\w)"
)
_WEEKDAY_IN_BRACKETS = re.compile(r"(?<=\d)\s?\((?:[月火水木金土日祝一二三四五六월화수목금토일]|星期.|周.)\)")
_OF_A_PAGE = re.compile(
    r"\A(?:(?:기사)?(?:입력|등록|승인|송고|수정|최종수정)\s*)|\s*(?:配信|公開|更新|掲載|発表|发布|發布)\Z"
)
_IN_CYRILLIC = re.compile(r"\bМСК\b", re.IGNORECASE)
_IN_ARABIC = re.compile(r"بتوقيت\s(?:غرينتش|غرينيتش|جرينتش)")
# What some languages put between the parts: "2026 m. kovo 9 d.", "2026. gada", "mandag d. 9. marts", "09.03.2026. u 8:05".
_AFTER_YEAR = re.compile(r"(?<=\d{4})(?:\s?m\.|\sг\.|\.?\sgada\b|\.(?=[\s,]|\Z))")
_AFTER_DAY = re.compile(r"(?<=\d)\sd\.(?=[\s,]|\Z)")
_BEFORE_DAY = re.compile(r"\A([^\W\d_]{2,12},?\s)(?:d\.|den|der|le|el)\s(?=\d)", re.IGNORECASE)
_BEFORE_TIME = re.compile(
    r"(?<=[\s,])(?:kell|plkst\.?|ob|u|o|v|w|в|о|у|saat|godz\.?|ore|a las?|pukul|ساعت|الساعة|เวลา)\s+(?=\d{1,2}[:.h]\d\d)",
    re.IGNORECASE,
)
_AFTER_TIME = re.compile(r"(?<=\d[:.h]\d\d)\s(?:val\.?|uhr|uur|น\.|ч\.?|hod\.?|hs\.?|hrs\.?)(?!\w)", re.IGNORECASE)
_FRENCH_TIME = re.compile(r"(?<=\s\d|\d\d)\sh\s(?=\d\d\b)")  # 8 h 05
# Latvian
_YEAR_FIRST = re.compile(r"(?P<year>(?:19|20)\d\d)[.,]?\s(?P<day>\d{1,2})\.?\s(?P<month>[^\W\d_]{3,12}),?(?=\s|\Z)")
_DIGIT = re.compile(r"\d")
_CLOCK = re.compile(r"(\d{1,2})\s*[時时点點시]\s*(\d{1,2})\s*[分분](?:\s*(\d{1,2})\s*[秒초])?")


def without_markup(text: str) -> str:
    """Return a date without the HTML that a site's template put around it: the ``<time datetime>`` attribute, else the text."""
    if "<" not in text:
        return text
    machine = _MACHINE_TIME.search(text)
    return machine[1] if machine else _TAG.sub(" ", text).strip()


def usual_form(text: str) -> str:
    """Return a date in one of the usual forms: weeks, days of the year, missing days and rare separators are rewritten."""
    if _PLAIN.fullmatch(text):
        return text
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = _latin(text)
    text = _COUNTED.sub("", text.strip(_QUOTES))
    if ": " in text:
        text = _LABEL.sub("", text)
    text = _without_words(in_common_calendar(text))
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


def _without_words(text: str) -> str:
    """Return a date without the words between its parts, and with day and month before its year."""
    text = _AFTER_DAY.sub("", _AFTER_YEAR.sub("", _BEFORE_DAY.sub(r"\1", text)))
    text = _AFTER_TIME.sub("", _BEFORE_TIME.sub("", _FRENCH_TIME.sub("h", text)))
    text = _HALF_LAST.sub(lambda match: f"{match['time']} {'AM' if match['am'] else 'PM'}", text)
    return _YEAR_FIRST.sub(r"\g<day> \g<month> \g<year>", text)


def _latin(text: str) -> str:
    """Return a date of another script with ASCII digits and signs, and with Latin words for East Asian, Greek and Arabic ones."""
    text = _DIGIT.sub(lambda match: str(int(match[0])), normalize("NFKC", _MINUS.sub("-", _TURNS.sub("", text))))
    text = _OF_A_PAGE.sub("", _WEEKDAY_IN_BRACKETS.sub(" ", text))
    text = _IN_ARABIC.sub("GMT", _IN_CYRILLIC.sub("MSK", text))
    text = _TWO_NAMES.sub(r"\1", _ARABIC_MONTH.sub(lambda match: match.lastgroup or "", in_common_calendar(text)))
    text = _IDEOGRAPHS.sub(r"\1-\2-\3 ", _WEEKDAY.sub("", text))
    text = _CLOCK.sub(lambda match: ":".join(part for part in match.groups() if part), text)
    text = _HALF_FIRST.sub(lambda match: f"{match['time']} {'AM' if match['half'] in _FORENOON else 'PM'}", text)
    return _GREEK_HALF.sub(lambda match: "AM" if match[1].lower() == "π" else "PM", text)
