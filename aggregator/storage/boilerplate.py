"""In how many reports of a feed each line stood. Versions of one text count once: a running report is no boilerplate."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Final

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


class LineStore:
    """Rows of ``line``; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def repeated(self, feed_id: int, at_least: int) -> frozenset[int]:
        """Return the lines of a feed that stood in so many reports."""
        rows = self._db.execute("SELECT hash FROM line WHERE feed_id = ? AND reports >= ?", (feed_id, at_least))
        return frozenset(row[0] for row in rows)

    def count(self, feed_id: int, hashes: Iterable[int], report_id: str, entry_number: int) -> None:
        """Note the lines of a new entry."""
        self._db.executemany(
            "INSERT INTO line (feed_id, hash, reports, last_report, last_entry) VALUES (?, ?, 1, ?, ?)"
            " ON CONFLICT (feed_id, hash) DO UPDATE SET reports = reports + (last_report <> excluded.last_report),"
            " last_report = excluded.last_report, last_entry = excluded.last_entry",
            [(feed_id, one, report_id, entry_number) for one in sorted(hashes)],
        )

    def prune(self, before_entry: int) -> int:
        """Forget lines that were not seen since an entry; return how many."""
        return self._db.execute("DELETE FROM line WHERE last_entry < ?", (before_entry,)).rowcount
