"""The event time of an entry, for clustering, windows and editions; fixed when the entry is first seen."""

from __future__ import annotations

from datetime import datetime

from aggregator.ingest.prepare import PreparedEntry
from aggregator.model import EntryData
from aggregator.settings import Settings
from aggregator.storage.entry_rows import KnownEntry


def event_time(entry: PreparedEntry, now: datetime) -> datetime:
    """Return when an entry happened for the clustering: its date where it can be believed, else now."""
    date = believed_date(entry.data)
    return now if date is None else min(date, now)


def stock_time(entry: PreparedEntry, now: datetime, settings: Settings) -> datetime:
    """Return when an entry happened that is no news: its date, else before any story that is open now."""
    return event_time(entry, now if believed_date(entry.data) else now - settings.stories.window)


def lasting_time(data: EntryData, before: KnownEntry) -> datetime:
    """Return the time of a stored entry: that of first sight, even where the publisher changes the date; an impossible one may be corrected."""
    date, was_impossible = believed_date(data), before.facts.date_flag in ("clamped", "unreadable")
    return min(date, before.time) if date is not None and was_impossible else before.time


def believed_date(data: EntryData) -> datetime | None:
    """Return the date of an entry; None where it has none, or an impossible one."""
    return None if data.date_flag in ("clamped", "unreadable", "missing") else data.published
