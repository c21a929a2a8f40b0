"""Report vectors and unsettled reports: the whole state of the stories stage.

Each change, by any process, writes a row under a greater number, so that a process with vectors in memory reads only the rows after
the greatest number it knows. A deleted report leaves a row without a vector until the next pruning.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from aggregator.storage.binding import column, column_among, first_value, marks, rows_among
from aggregator.storage.facts import FactStore
from aggregator.storage.times import to_text

TABLES: Final = """
CREATE TABLE report_vector (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  report_id TEXT NOT NULL UNIQUE,
  entry_id TEXT NOT NULL,
  words INTEGER NOT NULL,
  time REAL NOT NULL,
  language TEXT,
  version TEXT NOT NULL,
  vector BLOB
) STRICT;
CREATE INDEX report_vector_time ON report_vector (time);
CREATE TABLE unsettled_report (
  report_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
"""

# The meaning of a report: its vector by the sentence encoder, where that is switched on.
MEANINGS: Final = (
    "ALTER TABLE report_vector ADD COLUMN meaning_version TEXT",
    "ALTER TABLE report_vector ADD COLUMN meaning BLOB",
)

_COLUMNS: Final = "report_id, entry_id, words, time, language, version, vector, meaning_version, meaning"
_PRUNED: Final = "vectors pruned"  # the name of the fact with the time, in seconds, before which vectors were pruned


class VectorRow(NamedTuple):
    """A stored report vector, made from the text of one of the report's entries."""

    report_id: str
    entry_id: str  # the entry whose text it is made from
    words: int  # length of that text
    time: float  # seconds since the epoch
    language: str | None
    version: str
    vector: bytes | None  # None: the report is deleted
    meaning_version: str | None = None  # None: the report has no meaning yet
    meaning: bytes | None = None


class VectorStore:
    """Rows of ``report_vector`` and ``unsettled_report``; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    # --- vectors -------------------------------------------------------------------------------

    def put(self, row: VectorRow) -> None:
        """Store a report's vector in place of an older one, and leave the report unsettled."""
        self._db.execute(f"INSERT OR REPLACE INTO report_vector ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._db.execute("INSERT OR IGNORE INTO unsettled_report (report_id) VALUES (?)", (row.report_id,))

    def drop(self, report_id: str) -> None:
        """Delete the vector of a report."""
        old = self.get(report_id)
        if old is not None:
            self._db.execute(
                "INSERT OR REPLACE INTO report_vector (report_id, entry_id, words, time, language, version, vector)"
                " VALUES (?, ?, 0, ?, NULL, ?, NULL)",
                (report_id, old.entry_id, old.time, old.version),
            )

    def get(self, report_id: str) -> VectorRow | None:
        """Return a report's row; None where it is past the window."""
        row = self._db.execute(
            f"SELECT {_COLUMNS} FROM report_vector WHERE report_id = ?",
            (report_id,),
        ).fetchone()
        return None if row is None else VectorRow(*row)

    def vector_entries(self, report_ids: Collection[str]) -> dict[str, tuple[float, str]]:
        """Return report id -> the time of its vector, and the entry from whose text it is made."""
        rows = rows_among(self._db, "SELECT report_id, time, entry_id FROM report_vector WHERE report_id", report_ids)
        return {report_id: (time, entry_id) for report_id, time, entry_id in rows}

    def newest(self) -> int:
        """Return the greatest number; later vectors get greater ones."""
        return int(self._db.execute("SELECT coalesce(max(number), 0) FROM report_vector").fetchone()[0])

    def since(self, number: int, version: str) -> Iterator[tuple[int, str, bytes | None]]:
        """Yield number, report and vector of this version stored after ``number``; the vector is None for a deleted one."""
        yield from self._db.execute(
            "SELECT number, report_id, CASE WHEN version = ? THEN vector END FROM report_vector WHERE number > ? ORDER BY number",
            (version, number),
        )

    def meanings_since(self, number: int, version: str) -> Iterator[tuple[str, bytes]]:
        """Yield report and meaning of this version stored after ``number``."""
        yield from self._db.execute(
            "SELECT report_id, meaning FROM report_vector WHERE number > ? AND meaning_version = ? ORDER BY number",
            (number, version),
        )

    def without_meaning(self, version: str, languages: Collection[str], most: int) -> list[str]:
        """Return reports in these languages without a meaning of this version, the newest first."""
        return column(
            self._db,
            "SELECT report_id FROM report_vector WHERE vector IS NOT NULL AND meaning_version IS NOT ?"
            f" AND language IN ({marks(languages)}) ORDER BY time DESC, report_id LIMIT ?",
            (version, *sorted(languages), most),
        )

    def of_other_versions(self, version: str) -> list[str]:
        """Return the reports with vectors of other versions, the newest first."""
        others = "version <> ? AND vector IS NOT NULL"
        return column(
            self._db, f"SELECT report_id FROM report_vector WHERE {others} ORDER BY time DESC, report_id", (version,)
        )

    def mark_outdated(self, entry_ids: Iterable[str]) -> None:
        """Mark the reports of these entries as unsettled and their vectors as outdated."""
        placed = "SELECT report_id FROM entry WHERE report_id IS NOT NULL AND id"
        reports = sorted(column_among(self._db, placed, entry_ids))
        self._db.executemany(
            "UPDATE report_vector SET version = '' WHERE vector IS NOT NULL AND report_id = ?",
            [(one,) for one in reports],
        )
        self.mark_unsettled(reports)

    def prune(self, before: datetime, most: int = -1) -> int:
        """Delete at most so many vectors older than a time, and deletion marks; return how many."""
        limit = before.timestamp()
        dropped = self._db.execute(
            "DELETE FROM report_vector WHERE number IN"
            " (SELECT number FROM report_vector WHERE time < ? OR vector IS NULL LIMIT ?)",
            (limit, most),
        ).rowcount
        if dropped:
            FactStore(self._db).remember(_PRUNED, repr(limit))
        return dropped

    def pruned_before(self) -> float | None:
        """Return the time before which vectors were last pruned, in seconds; None where none were."""
        limit = FactStore(self._db).fact(_PRUNED)
        return None if limit is None else float(limit)

    # --- unsettled reports ---------------------------------------------------------------------

    def mark_unsettled(self, report_ids: Iterable[str]) -> None:
        """Mark these reports as unsettled; the mark is stored, so other processes see it and a crash does not lose it."""
        self._db.execute(
            "INSERT OR IGNORE INTO unsettled_report (report_id) SELECT value FROM json_each(?)",
            (json.dumps(list(report_ids)),),
        )

    def mark_stories_unsettled(self, story_ids: Iterable[str]) -> None:
        """Mark all reports of these stories as unsettled."""
        self._db.executemany(
            "INSERT OR IGNORE INTO unsettled_report (report_id) SELECT id FROM report WHERE story_id = ?",
            [(story,) for story in sorted(story_ids)],
        )

    def unsettled(self) -> set[str]:
        """Return the reports that changed since they were last settled."""
        return set(column(self._db, "SELECT report_id FROM unsettled_report"))

    def is_work_left(self, since: datetime) -> bool:
        """Return whether an entry whose time or first sight is after ``since`` has no report, or any report is unsettled."""
        query = (
            "SELECT EXISTS (SELECT 1 FROM entry WHERE report_id IS NULL AND (time >= ?1 OR first_seen >= ?1))"
            " OR EXISTS (SELECT 1 FROM unsettled_report)"
        )
        return bool(first_value(self._db, query, (to_text(since),)))

    def mark_settled(self, report_ids: Sequence[str]) -> None:
        """Mark these reports as settled."""
        self._db.executemany("DELETE FROM unsettled_report WHERE report_id = ?", [(one,) for one in report_ids])
