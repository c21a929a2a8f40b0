"""Counts of a feed's reports in which each line occurred. Versions of one text count once: a running report is no boilerplate."""

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

# The index is named, because the planner would walk over all lines of the feed; it holds those of three reports and more.
_REPEATED = "SELECT hash FROM line INDEXED BY line_repeated WHERE feed_id = {} AND reports >= {}"


class LineStore:
    """Rows of ``line``; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def repeated(self, feed_id: int, at_least: int) -> frozenset[int]:
        """Return the lines of a feed that were in at least so many reports."""
        return frozenset(column(self._db, _REPEATED.format("?", int(at_least)), (feed_id,)))

    def repeated_around(self, entry_id: str, at_least: int) -> frozenset[int]:
        """Return the lines of a stored entry's feed that were in at least so many reports."""
        feed = "(SELECT feed_id FROM entry WHERE id = ?)"
        return frozenset(column(self._db, _REPEATED.format(feed, int(at_least)), (entry_id,)))

    def count(self, feed_id: int, hashes: Iterable[int], report_id: str, entry_number: int) -> None:
        """Note the lines of a new entry."""
        self._db.executemany(
            "INSERT INTO line (feed_id, hash, reports, last_report, last_entry) VALUES (?, ?, 1, ?, ?)"
            " ON CONFLICT (feed_id, hash) DO UPDATE SET reports = reports + (last_report <> excluded.last_report),"
            " last_report = excluded.last_report, last_entry = excluded.last_entry",
            [(feed_id, one, report_id, entry_number) for one in sorted(hashes)],
        )

    def forgettable(self, before: datetime) -> tuple[str, tuple[object, ...]] | None:
        """Return the condition and values by which lines are deleted: those in no entry seen since a time.

        None where no entry came since: what the feeds repeat is not forgotten for a long silence.
        """
        found = self._db.execute(
            "SELECT number FROM entry WHERE first_seen >= ? ORDER BY first_seen, number LIMIT 1", (to_text(before),)
        ).fetchone()
        return None if found is None else ("last_entry < ?", (found[0],))
