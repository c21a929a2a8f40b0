"""Dates of other calendars and scripts, rewritten to the common calendar: emperors' eras, Taiwan's years, the Persian calendar."""

from __future__ import annotations

import re
from datetime import date

# The year before the first of each era, under its signs and under the letter that forms and offices write.
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "R": 2018, "H": 1988, "民國": 1911, "民国": 1911}
_ERA = re.compile(
    r"(?<!\w)(?:(?P<era>令和|平成|昭和|民[國国])\s?(?P<year>\d{1,3}|元)\s?(?=年)|(?P<letter>[RH])(?P<short>\d{1,2})(?=[./]\d))"
)
_TAIWAN = re.compile(r"\A(?P<year>1\d\d)(?P<mark>[-/.])(?=\d{1,2}(?P=mark)\d{1,2}(?!\d))")  # 115/03/09
_PERSIAN_MONTHS = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
_PERSIAN_WORDS = re.compile(
    rf"(?P<day>\d{{1,2}})\s+(?P<month>{'|'.join(_PERSIAN_MONTHS)})(?:\s+ماه)?،?,?\s+(?P<year>1[34]\d\d)"
)
# In numbers the Islamic calendar writes its years like the Persian one; those of this range are long past in it.
_PERSIAN_NUMBERS = re.compile(
    r"(?<!\d)(?P<year>1(?:3[7-9]|4[0-2])\d)(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})(?!\d)"
)
# Beside the common date
_ISLAMIC = re.compile(r"\d{1,2}\s+[^\W\d_]{3,8}(?:\s[^\W\d_]{3,8})?\s+14\d\d\s?هـ?[\s,،()–-]*(?:الموافق\s)?")
_THAI_MONTHS = {
    "มกราคม": "Jan", "กุมภาพันธ์": "Feb", "มีนาคม": "Mar", "เมษายน": "Apr", "พฤษภาคม": "May", "มิถุนายน": "Jun",
    "กรกฎาคม": "Jul", "สิงหาคม": "Aug", "กันยายน": "Sep", "ตุลาคม": "Oct", "พฤศจิกายน": "Nov", "ธันวาคม": "Dec",
    "ม.ค.": "Jan", "ก.พ.": "Feb", "มี.ค.": "Mar", "เม.ย.": "Apr", "พ.ค.": "May", "มิ.ย.": "Jun", "ก.ค.": "Jul",
    "ส.ค.": "Aug", "ก.ย.": "Sep", "ต.ค.": "Oct", "พ.ย.": "Nov", "ธ.ค.": "Dec",
}  # fmt: skip
_THAI = re.compile(
    rf"(?P<day>\d{{1,2}})\s?(?P<month>{'|'.join(map(re.escape, _THAI_MONTHS))})\s?(?:พ\.ศ\.\s?)?(?P<year>\d{{4}}|\d\d)"
)
_BUDDHIST_CENTURY, _BUDDHIST_YEARS = 2_500, 543
_BEFORE_PERSIAN_YEARS = date(622, 3, 20).toordinal()


def in_common_calendar(text: str) -> str:
    """Return a date with its years, and where these begin on another day its months and days, as the common calendar has them."""
    text = _TAIWAN.sub(lambda match: f"{int(match['year']) + _ERAS['民國']}{match['mark']}", text)
    if text.isascii():
        return _PERSIAN_NUMBERS.sub(_of_persian, _ERA.sub(_of_era, text))
    text = _ISLAMIC.sub("", _ERA.sub(_of_era, text))
    text = _THAI.sub(_of_thai, text)
    text = _PERSIAN_WORDS.sub(_of_persian, text)
    return _PERSIAN_NUMBERS.sub(_of_persian, text)


def _of_era(match: re.Match[str]) -> str:
    year = match["year"] or match["short"]
    return str(_ERAS[match["era"] or match["letter"]] + (1 if year == "元" else int(year)))


def _of_thai(match: re.Match[str]) -> str:
    year = int(match["year"])
    if year < 100:
        year += _BUDDHIST_CENTURY - _BUDDHIST_YEARS
    return f"{match['day']} {_THAI_MONTHS[match['month']]} {year}"


def _of_persian(match: re.Match[str]) -> str:
    """Return a Persian date as year, month and day of the common calendar; leap years follow its cycle of 33."""
    name = match["month"]
    year, month, day = (
        int(match["year"]),
        int(name) if name.isdigit() else _PERSIAN_MONTHS.index(name) + 1,
        int(match["day"]),
    )
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return match[0]
    before = 31 * (month - 1) if month <= 7 else 30 * (month - 1) + 6
    ordinal = _BEFORE_PERSIAN_YEARS + 365 * (year - 1) + (8 * year + 21) // 33 + before + day
    return date.fromordinal(ordinal).isoformat()
