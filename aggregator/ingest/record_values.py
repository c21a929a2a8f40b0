"""Values of recording: origins of entries, counts, entries that wait for placement, and the times of entries.

Clustering, windows and editions use the event time of an entry. It is fixed when the entry is first seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.clustering.vectors import ReportVector
from aggregator.ingest.prepare import PreparedEntry
from aggregator.model import Arrival, EntryData
from aggregator.model.faults import EntryFault
from aggregator.settings import Settings
from aggregator.storage.entry_rows import EntryRow, KnownEntry
from aggregator.storage.feeds import StoredFeed


@dataclass(frozen=True, slots=True)
class Recorded:
    """The numbers of new, edited and known entries of a document."""

    new: int = 0
    updated: int = 0
    known: int = 0
    first: bool = False  # the feed had no entry before
    faults: tuple[EntryFault, ...] = ()  # of entries that could not be recorded, and are not; in an archive, placed


@dataclass(frozen=True, slots=True)
class Origin:
    """The origin of entries: the feed's row, whether it is an archive, and the agency known from it."""

    feed: StoredFeed
    archive: bool = False
    agency: str | None = None
    search: bool = False  # the document has the form of a news search's


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """A stored entry to place; ``lines`` of its text are counted for its feed's boilerplate."""

    arrival: Arrival
    feed_id: int = 0
    number: int = 0
    lines: frozenset[int] = frozenset()
    vector: ReportVector | None = None  # made by a worker, without publisher and time

    @property
    def sort_key(self) -> tuple[datetime, str]:
        """The order of waiting entries: time, then id, so that the order of responses decides nothing."""
        return (self.arrival.time, self.arrival.entry_id)


def in_order(entries: Sequence[PreparedEntry]) -> list[PreparedEntry]:
    """Return a document's entries oldest first, so that the order in which a publisher lists them decides nothing."""

    def key(entry: PreparedEntry) -> tuple[bool, str, str]:
        published = entry.data.published
        return (published is None, published.isoformat() if published else "", entry.data.key)

    return sorted(entries, key=key)


def arrival(row: EntryRow, origin: Origin, entry: PreparedEntry) -> Arrival:
    """Return an entry as the clustering takes it."""
    return Arrival(
        entry_id=row.id,
        feed=origin.feed.url,
        publisher=row.publisher,
        document=entry.compared or entry.document,
        sketch=entry.sketch,
        time=row.time,
        dated=believed_date(entry.data) is not None or not row.backlog,  # as Entry.is_undated_stock
    )


def is_unchanged(entry: PreparedEntry, before: KnownEntry) -> bool:
    """Return whether an arriving entry has the stored text."""
    return entry.unchanged or before.content_hash == entry.document.content_hash


# --- event times ---------------------------------------------------------------------------------


def event_time(entry: PreparedEntry, now: datetime) -> datetime:
    """Return the event time of an entry: its date where it can be believed, but no later than now; else now."""
    date = believed_date(entry.data)
    return now if date is None else min(date, now)


def stock_time(entry: PreparedEntry, now: datetime, settings: Settings) -> datetime:
    """Return the event time of an entry of the backlog: its date, else a time before any story that is open now."""
    return event_time(entry, now if believed_date(entry.data) else now - settings.stories.window)


def lasting_time(data: EntryData, before: KnownEntry) -> datetime:
    """Return the event time of a stored entry: the first one, even where the publisher changes the date, unless that was impossible."""
    date, was_impossible = believed_date(data), before.facts.date_flag in ("clamped", "unreadable")
    return min(date, before.time) if date is not None and was_impossible else before.time


def believed_date(data: EntryData) -> datetime | None:
    """Return the date of an entry; None where it has none, or an impossible one."""
    return None if data.date_flag in ("clamped", "unreadable", "missing") else data.published
