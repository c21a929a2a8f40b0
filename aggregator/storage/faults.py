"""Faults: entries that a step of the pipeline could not process. The newest of each feed are kept for bug reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from aggregator.model.faults import EntryFault
from aggregator.storage.binding import column, first_value
from aggregator.storage.times import from_text, to_text

if TYPE_CHECKING:
    from aggregator.storage.database import Store

TABLES: Final = """
CREATE TABLE entry_fault (
  id INTEGER PRIMARY KEY,
  feed_id INTEGER NOT NULL REFERENCES feed (id) ON DELETE CASCADE,
  step TEXT NOT NULL,
  entry TEXT NOT NULL,
  error TEXT NOT NULL,
  given TEXT NOT NULL,
  first TEXT NOT NULL,
  last TEXT NOT NULL,
  times INTEGER NOT NULL,
  UNIQUE (feed_id, step, entry)
) STRICT;
CREATE INDEX entry_fault_last ON entry_fault (last);
"""

MAX_PER_FEED = 20
MAX_FAULTS = 1_000


@dataclass(frozen=True, slots=True)
class StoredFault:
    """A stored fault, with how often it occurred, and when first and last."""

    fault: EntryFault
    first: datetime
    last: datetime
    times: int


class FaultStore:
    """Rows of ``entry_fault``; the caller holds the transaction."""

    def __init__(self, store: Store) -> None:
        self._db = store.connection

    def add(self, feed_id: int, fault: EntryFault, now: datetime) -> None:
        """Store a fault, or count it where it is stored; the oldest beyond the limits are deleted."""
        at = to_text(now)
        self._db.execute(
            "INSERT INTO entry_fault (feed_id, step, entry, error, given, first, last, times) VALUES (?, ?, ?, ?, ?, ?, ?, 1)"
            " ON CONFLICT (feed_id, step, entry) DO UPDATE SET error = excluded.error, given = excluded.given,"
            " last = excluded.last, times = times + 1",
            (feed_id, fault.step, fault.entry, fault.error, fault.given, at, at),
        )
        self._db.execute(
            "DELETE FROM entry_fault WHERE id IN (SELECT id FROM entry_fault WHERE feed_id = ? ORDER BY last DESC, id DESC LIMIT -1 OFFSET ?)",
            (feed_id, MAX_PER_FEED),
        )
        self._db.execute(
            "DELETE FROM entry_fault WHERE id IN (SELECT id FROM entry_fault ORDER BY last DESC, id DESC LIMIT -1 OFFSET ?)",
            (MAX_FAULTS,),
        )

    def add_for_entry(self, entry_id: str, fault: EntryFault, now: datetime) -> None:
        """Store a fault of a stored entry."""
        feed_id = first_value(self._db, "SELECT feed_id FROM entry WHERE id = ?", (entry_id,))
        if feed_id is not None:
            self.add(feed_id, fault, now)

    def unplaceable(self) -> frozenset[str]:
        """Return the ids of the stored entries that could not be placed; they are not tried again while the fault is stored."""
        return frozenset(column(self._db, "SELECT entry FROM entry_fault WHERE step = 'placing'"))

    def by_feed(self) -> Mapping[int, list[StoredFault]]:
        """Return feed id -> its faults, the newest first."""
        found: dict[int, list[StoredFault]] = {}
        for feed_id, step, entry, error, given, first, last, times in self._db.execute(
            "SELECT feed_id, step, entry, error, given, first, last, times FROM entry_fault ORDER BY last DESC, id DESC"
        ):
            fault = EntryFault(step, entry, error, given)
            found.setdefault(feed_id, []).append(StoredFault(fault, from_text(first), from_text(last), times))
        return found

    def prune(self, before: datetime) -> None:
        """Delete faults that did not recur since a time."""
        self._db.execute("DELETE FROM entry_fault WHERE last < ?", (to_text(before),))
