"""Sketches and their look-up keys, stored with the entries, so nothing is rebuilt at start."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from aggregator.clustering.copies import StoredSketch, numbers_of
from aggregator.model import Arrival, Sketch
from aggregator.storage.bands import PER_KEY, Bands
from aggregator.storage.binding import column, first_value, marks
from aggregator.storage.times import from_text, to_text

TABLES: Final = """
CREATE TABLE sketch (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  entry_id TEXT NOT NULL UNIQUE,
  report_id TEXT NOT NULL,
  feed TEXT NOT NULL,
  publisher TEXT NOT NULL,
  title TEXT NOT NULL,
  url TEXT,
  numbers TEXT NOT NULL,
  time TEXT NOT NULL,
  version TEXT NOT NULL,
  signature BLOB NOT NULL,
  shingles BLOB NOT NULL,
  words INTEGER NOT NULL
) STRICT;
CREATE INDEX sketch_report ON sketch (report_id);
CREATE INDEX sketch_time ON sketch (time);

CREATE TABLE band (
  band_key INTEGER NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (band_key, number)
) STRICT, WITHOUT ROWID;
"""

MOST_READ = 2_000  # sketches that are kept until the transaction ends
_FIELDS = "entry_id, report_id, feed, publisher, title, url, numbers, time, version, signature, shingles, words"


class SketchStore:
    """The CopyMemory of the copies stage over SQLite; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection, bands: Bands) -> None:
        self._db = connection
        self._bands = bands
        self._ids: dict[int, str] = {}  # number of a sketch -> its entry, of those read in the transaction at hand
        self._read: dict[str, StoredSketch] = {}  # the same by entry
        self._keeping = False

    def candidates(self, keys: Sequence[int], limit: int) -> tuple[list[str], bool]:
        """Return entries that share keys, those with the most first, and whether a cap applied."""
        shared: Counter[int] = Counter()
        capped = False
        for numbers in self._bands.numbers_under(keys):
            capped |= len(numbers) == PER_KEY
            shared.update(numbers)
        if not shared:
            return [], False
        chosen = sorted(shared, key=lambda number: (-shared[number], -number))
        capped |= len(chosen) > limit
        named = chosen[:limit]
        self._begin_reading()
        unread = [number for number in named if number not in self._ids]
        if unread:
            statement = f"SELECT number, entry_id FROM sketch WHERE number IN ({marks(unread)})"
            self._ids.update(self._db.execute(statement, unread).fetchall())
        return [self._ids[number] for number in named if number in self._ids], capped

    def sketches(self, entry_ids: Sequence[str]) -> Mapping[str, StoredSketch]:
        """Return the sketches of these entries."""
        self._begin_reading()
        unread = tuple(entry_id for entry_id in entry_ids if entry_id not in self._read)
        if unread:
            rows = self._db.execute(f"SELECT {_FIELDS} FROM sketch WHERE entry_id IN ({marks(unread)})", unread)
            self._read.update((row[0], _stored(row)) for row in rows)
        return {entry_id: self._read[entry_id] for entry_id in entry_ids if entry_id in self._read}

    def members(self, report_id: str, limit: int) -> list[StoredSketch]:
        """Return a report's first entries, its anchor first."""
        rows = self._db.execute(
            f"SELECT {_FIELDS} FROM sketch WHERE report_id = ? ORDER BY number LIMIT ?", (report_id, limit)
        )
        return [_stored(row) for row in rows]

    def text(self, entry_id: str) -> str:
        """Return the plain text of an entry; empty where it is not known."""
        return first_value(self._db, "SELECT text FROM entry WHERE id = ?", (entry_id,)) or ""

    def add(self, arrival: Arrival, report_id: str) -> None:
        """Store an entry's sketch under its keys."""
        made = arrival.sketch
        if made is None:
            return
        cursor = self._db.execute(
            f"INSERT INTO sketch ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                arrival.entry_id,
                report_id,
                arrival.feed,
                arrival.publisher,
                arrival.document.title,
                arrival.document.canonical_url,
                " ".join(sorted(numbers_of(arrival))),
                to_text(arrival.time),
                made.version,
                made.signature,
                made.shingles,
                made.words,
            ),
        )
        self._bands.add(int(cursor.lastrowid or 0), made.bands)

    def replace(self, arrival: Arrival, report_id: str) -> None:
        """Replace the keys of an edited entry."""
        self.remove(arrival.entry_id)
        self.add(arrival, report_id)

    def remove(self, entry_id: str) -> None:
        """Forget an entry's sketch and keys."""
        row = self._db.execute("SELECT number FROM sketch WHERE entry_id = ?", (entry_id,)).fetchone()
        if row is None:
            return
        self.forget()
        # band is keyed by key: the keys of one entry are found by a scan, rare enough for an edit's sake
        self._db.execute("DELETE FROM sketch WHERE number = ?", row)

    def move(self, entry_id: str, report_id: str) -> None:
        """Put an entry into another report."""
        self.forget()
        self._db.execute("UPDATE sketch SET report_id = ? WHERE entry_id = ?", (report_id, entry_id))

    def of_other_versions(self, version: str) -> list[str]:
        """Return the entries with sketches of other versions, oldest first."""
        return column(self._db, "SELECT entry_id FROM sketch WHERE version <> ? ORDER BY number", (version,))

    def prune(self, before: datetime, most: int) -> int:
        """Drop at most so many of the sketches older than the window; return how many. Their keys are swept later."""
        self.forget()
        return self._db.execute(
            "DELETE FROM sketch WHERE number IN (SELECT number FROM sketch WHERE time < ? ORDER BY time LIMIT ?)",
            (to_text(before), most),
        ).rowcount

    def forget(self) -> None:
        """Forget what was read in this transaction, of which some was changed or undone."""
        self._ids.clear()
        self._read.clear()

    def _begin_reading(self) -> None:
        """Keep what is read until the transaction ends: in a flood the same sketches are asked for by one entry after another."""
        if not self._keeping or len(self._read) > MOST_READ:
            self.forget()
        self._keeping = self._db.in_transaction
        if self._keeping:
            self._bands.at_end(self._end_reading)

    def _end_reading(self, _kept: bool) -> None:
        self.forget()
        self._keeping = False


def _stored(row: Sequence[Any]) -> StoredSketch:
    entry_id, report_id, feed, publisher, title, url, numbers, time, version, signature, shingles, words = row
    return StoredSketch(
        entry_id,
        report_id,
        feed,
        publisher,
        title,
        url,
        frozenset(numbers.split()),
        from_text(time),
        Sketch(version, signature, shingles, (), words),
    )
