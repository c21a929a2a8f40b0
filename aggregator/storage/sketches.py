"""Sketches and their bands in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from aggregator.clustering.reports import StoredSketch
from aggregator.model import Arrival, Sketch

TABLES = """
CREATE TABLE sketch (
  number INTEGER PRIMARY KEY,
  entry_id TEXT NOT NULL UNIQUE,
  report_id TEXT NOT NULL,
  version TEXT NOT NULL,
  signature BLOB NOT NULL,
  shingles BLOB NOT NULL,
  words INTEGER NOT NULL
) STRICT;
CREATE TABLE band (
  band_key INTEGER NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (band_key, number)
) STRICT, WITHOUT ROWID;
"""


class SketchStore:
    """Implements CopyMemory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def candidates(self, bands: Sequence[int], limit: int) -> list[str]:
        """Return entries that share a band."""
        found: dict[int, None] = {}
        for band in bands:
            for (number,) in self._db.execute("SELECT number FROM band WHERE band_key = ? ORDER BY number DESC LIMIT 50", (band,)):
                found[number] = None
        ids = []
        for number in list(found)[:limit]:
            ids.append(self._db.execute("SELECT entry_id FROM sketch WHERE number = ?", (number,)).fetchone()[0])
        return ids

    def sketches(self, entry_ids: Sequence[str]) -> Mapping[str, StoredSketch]:
        """Return stored sketches."""
        out = {}
        for entry_id in entry_ids:
            row = self._db.execute("SELECT report_id, version, signature, shingles, words FROM sketch WHERE entry_id = ?", (entry_id,)).fetchone()
            out[entry_id] = StoredSketch(entry_id, row[0], Sketch(row[1], row[2], row[3], (), row[4]))
        return out

    def add(self, arrival: Arrival, report_id: str) -> None:
        """Store a sketch."""
        made = arrival.sketch
        if made is None:
            return
        cursor = self._db.execute(
            "INSERT INTO sketch (entry_id, report_id, version, signature, shingles, words) VALUES (?, ?, ?, ?, ?, ?)",
            (arrival.entry_id, report_id, made.version, made.signature, made.shingles, made.words),
        )
        self._db.executemany("INSERT OR IGNORE INTO band VALUES (?, ?)", [(band, cursor.lastrowid) for band in made.bands])

    def replace(self, arrival: Arrival, report_id: str) -> None:
        """Replace a sketch."""
        row = self._db.execute("SELECT number FROM sketch WHERE entry_id = ?", (arrival.entry_id,)).fetchone()
        if row:
            self._db.execute("DELETE FROM band WHERE number = ?", row)
            self._db.execute("DELETE FROM sketch WHERE number = ?", row)
        self.add(arrival, report_id)

    def move(self, entry_id: str, report_id: str) -> None:
        """Put an entry into another report."""
        self._db.execute("UPDATE sketch SET report_id = ? WHERE entry_id = ?", (report_id, entry_id))
