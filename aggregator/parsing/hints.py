"""Polling hints of a document: ttl, sy:, skipHours, skipDays, rel=hub."""

from __future__ import annotations

import html
import re
from datetime import timedelta

from aggregator.model import PollHints
from aggregator.text.urls import absolute_url

_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LONGEST = timedelta(days=3_650)  # a larger number is a mistake; fetch.max_interval limits the wait anyway
_TTL = re.compile(r"<ttl\b[^<>]*>\s*(\d{1,9})\s*</ttl\s*>", re.IGNORECASE)
_PERIOD = re.compile(r"<(?:\w+:)?updatePeriod\b[^<>]*>(?:<!\[CDATA\[)?([^<>\]]{0,100})", re.IGNORECASE)
_FREQUENCY = re.compile(r"<(?:\w+:)?updateFrequency\b[^<>]*>(?:<!\[CDATA\[)?([^<>\]]{0,100})", re.IGNORECASE)
_SKIP_HOURS = re.compile(r"<skipHours\b[^<>]*>(.{0,4000}?)</skipHours", re.IGNORECASE | re.DOTALL)
_SKIP_DAYS = re.compile(r"<skipDays\b[^<>]*>(.{0,2000}?)</skipDays", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(r"<hour\b[^<>]*>\s*(\d{1,2})\s*<", re.IGNORECASE)
_DAY = re.compile(r"<day\b[^<>]*>\s*(\w+)\s*<", re.IGNORECASE)
_LINK = re.compile(r"<(?:\w+:)?link\b([^<>]{0,2000})>", re.IGNORECASE)
_HUB = re.compile(r"\brel\s*=\s*(\"[^\"]*\bhub\b[^\"]*\"|'[^']*\bhub\b[^']*')", re.IGNORECASE)
_HREF = re.compile(r"\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_HEADER_HUB = re.compile(r"<([^<>]{1,2000})>\s*;[^,<]{0,300}?\brel\s*=\s*\"?[^\",;]{0,100}\bhub\b", re.IGNORECASE)
_FIRST_ENTRY = re.compile(r"<(?:item|entry)\b", re.IGNORECASE)
_HEAD = 100_000  # characters on either side of the entries that are looked at


def read_hints(text: str, link_header: str, base: str) -> PollHints:
    """Return the polling hints of an XML document, outside of its entries."""
    outside = _outside_entries(text)
    hub = _hub(outside, link_header, base)
    if "ttl" not in outside and "pdate" not in outside and "skip" not in outside.lower():
        return PollHints(hub=hub)
    return PollHints(
        ttl=_ttl(outside),
        update_interval=_update_interval(outside),
        skip_hours=_hours(outside),
        skip_days=_days(outside),
        hub=hub,
    )


def _outside_entries(text: str) -> str:
    first = _FIRST_ENTRY.search(text)
    if first is None:
        return text[:_HEAD]
    last = max(text.rfind("</item>"), text.rfind("</entry>"), first.start())
    return text[max(first.start() - _HEAD, 0) : first.start()] + text[last : last + _HEAD]


def _ttl(text: str) -> timedelta | None:
    match = _TTL.search(text)
    minutes = int(match[1]) if match else 0
    return min(timedelta(minutes=minutes), _LONGEST) if minutes > 0 else None


def _update_interval(text: str) -> timedelta | None:
    period, frequency = _PERIOD.search(text), _FREQUENCY.search(text)
    if period is None and frequency is None:
        return None
    # RSS 1.0 syndication: daily and once if not said. What is said and cannot be read is no hint at all.
    length = _PERIODS.get(period[1].strip().lower()) if period else _PERIODS["daily"]
    times = _times(frequency[1].strip()) if frequency else 1
    return length / times if length is not None and times > 0 else None


def _times(said: str) -> int:
    return int(said) if len(said) <= 6 and said.isascii() and said.isdigit() else 0


def _hours(text: str) -> frozenset[int]:
    block = _SKIP_HOURS.search(text)
    hours = (int(match[1]) for match in _HOUR.finditer(block[1])) if block else ()
    return frozenset(hour % 24 for hour in hours if hour <= 24)


def _days(text: str) -> frozenset[int]:
    block = _SKIP_DAYS.search(text)
    days = (match[1].lower() for match in _DAY.finditer(block[1])) if block else ()
    return frozenset(_DAYS.index(day) for day in days if day in _DAYS)


def _hub(text: str, link_header: str, base: str) -> str | None:
    if "hub" in link_header:
        named = _HEADER_HUB.search(link_header)
        if named is not None:
            return absolute_url(named[1], base)
    if "hub" not in text:
        return None
    for link in _LINK.finditer(text):
        href = _HREF.search(link[1]) if _HUB.search(link[1]) else None
        if href is not None:
            return absolute_url(html.unescape(href[1] or href[2] or ""), base)
    return None
