"""Counts in how many of a feed's reports each line occurred; versions of one text count once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from aggregator.storage.binding import column
from aggregator.storage.times import to_text

TABLES: Final = """
CREATE TABLE line (
  feed_id INTEGER NOT NULL REFERENCES feed (id) ON DELETE CASCADE,
  hash INTEGER NOT NULL,
  reports INTEGER NOT NULL,
  last_report TEXT NOT NULL,
  last_entry INTEGER NOT NULL,
  PRIMARY KEY (feed_id, hash)
) STRICT, WITHOUT ROWID;
"""

# The index is named because the planner would read all lines of the feed; it holds the lines of three reports and more.
_REPEATED = "SELECT hash FROM line INDEXED BY line_repeated WHERE feed_id = {} AND reports >= {}"


class LineStore:
    """Rows of ``line``; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def repeated(self, feed_id: int, at_least: int) -> frozenset[int]:
        """Return the hashes of a feed's lines that were in at least so many reports."""
        return frozenset(column(self._db, _REPEATED.format("?", int(at_least)), (feed_id,)))

    def repeated_in_feed_of(self, entry_id: str, at_least: int) -> frozenset[int]:
        """Return the same as :meth:`repeated` for the feed of a stored entry."""
        feed = "(SELECT feed_id FROM entry WHERE id = ?)"
        return frozenset(column(self._db, _REPEATED.format(feed, int(at_least)), (entry_id,)))

    def count(self, feed_id: int, hashes: Iterable[int], report_id: str, entry_number: int) -> None:
        """Count the lines of a new entry."""
        self._db.executemany(
            "INSERT INTO line (feed_id, hash, reports, last_report, last_entry) VALUES (?, ?, 1, ?, ?)"
            " ON CONFLICT (feed_id, hash) DO UPDATE SET reports = reports + (last_report <> excluded.last_report),"
            " last_report = excluded.last_report, last_entry = excluded.last_entry",
            [(feed_id, one, report_id, entry_number) for one in sorted(hashes)],
        )

    def outdated(self, before: datetime) -> tuple[str, tuple[object, ...]] | None:
        """Return the condition, with its values, for lines that occurred in no entry first seen since a time.

        None where no entry came since then: after a long silence no line is deleted.
        """
        found = self._db.execute(
            "SELECT number FROM entry WHERE first_seen >= ? ORDER BY first_seen, number LIMIT 1", (to_text(before),)
        ).fetchone()
        return None if found is None else ("last_entry < ?", (found[0],))
