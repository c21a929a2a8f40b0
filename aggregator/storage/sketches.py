"""Sketches and their look-up keys, stored so that nothing is rebuilt at start."""

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

MAX_CACHED = 2_000  # sketches that are kept in memory until the transaction ends
_FIELDS = "entry_id, report_id, feed, publisher, title, url, numbers, time, version, signature, shingles, words"

# Tables with keys of sketches -> the columns of their primary keys; and the condition for keys whose sketch was deleted. Such keys
# are found only by a scan, since the tables are ordered by key.
KEY_TABLES: Final = {"band_waiting": ("shard", "number"), "band": ("band_key", "number")}
WITHOUT_SKETCH: Final = "number NOT IN (SELECT number FROM sketch)"


class SketchStore:
    """Implements CopyMemory, the memory of the copies stage, over SQLite; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection, bands: Bands) -> None:
        self._db = connection
        self._bands = bands
        self._ids: dict[int, str] = {}  # number of a sketch -> its entry, for those read in the present transaction
        self._cache: dict[str, StoredSketch] = {}  # entry -> its sketch, likewise
        self._is_caching = False

    def candidates(self, keys: Sequence[int], limit: int) -> tuple[list[str], bool]:
        """Return entries that share keys, those with the most first, and whether a limit cut the list."""
        shared: Counter[int] = Counter()
        capped = False
        for numbers in self._bands.numbers_under(keys):
            capped |= len(numbers) == PER_KEY
            shared.update(numbers)
        if not shared:
            return [], False
        chosen = sorted(shared, key=lambda number: (-shared[number], -number))
        capped |= len(chosen) > limit
        nearest = chosen[:limit]
        self._begin_caching()
        unread = [number for number in nearest if number not in self._ids]
        if unread:
            statement = f"SELECT number, entry_id FROM sketch WHERE number IN ({marks(unread)})"
            self._ids.update(self._db.execute(statement, unread).fetchall())
        return [self._ids[number] for number in nearest if number in self._ids], capped

    def sketches(self, entry_ids: Sequence[str]) -> Mapping[str, StoredSketch]:
        """Return the sketches of these entries."""
        self._begin_caching()
        unread = tuple(entry_id for entry_id in entry_ids if entry_id not in self._cache)
        if unread:
            rows = self._db.execute(f"SELECT {_FIELDS} FROM sketch WHERE entry_id IN ({marks(unread)})", unread)
            self._cache.update((row[0], _stored(row)) for row in rows)
        return {entry_id: self._cache[entry_id] for entry_id in entry_ids if entry_id in self._cache}

    def members(self, report_id: str, limit: int) -> list[StoredSketch]:
        """Return a report's first entries, its anchor first."""
        rows = self._db.execute(
            f"SELECT {_FIELDS} FROM sketch WHERE report_id = ? ORDER BY number LIMIT ?", (report_id, limit)
        )
        return [_stored(row) for row in rows]

    def text(self, entry_id: str) -> str:
        """Return the plain text of an entry; empty where the entry is not stored."""
        return first_value(self._db, "SELECT text FROM entry WHERE id = ?", (entry_id,)) or ""

    def add(self, arrival: Arrival, report_id: str) -> None:
        """Store an entry's sketch under its keys."""
        sketch = arrival.sketch
        if sketch is None:
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
                sketch.version,
                sketch.signature,
                sketch.shingles,
                sketch.words,
            ),
        )
        self._bands.add(int(cursor.lastrowid or 0), sketch.bands)

    def replace(self, arrival: Arrival, report_id: str) -> None:
        """Replace the sketch of an edited entry."""
        self.remove(arrival.entry_id)
        self.add(arrival, report_id)

    def remove(self, entry_id: str) -> None:
        """Delete an entry's sketch; its keys are swept later (``KEY_TABLES``)."""
        row = self._db.execute("SELECT number FROM sketch WHERE entry_id = ?", (entry_id,)).fetchone()
        if row is None:
            return
        self.forget()
        self._db.execute("DELETE FROM sketch WHERE number = ?", row)

    def move(self, entry_id: str, report_id: str) -> None:
        """Put an entry into another report."""
        self.forget()
        self._db.execute("UPDATE sketch SET report_id = ? WHERE entry_id = ?", (report_id, entry_id))

    def of_other_versions(self, version: str) -> list[str]:
        """Return the entries with sketches of other versions, oldest first."""
        return column(self._db, "SELECT entry_id FROM sketch WHERE version <> ? ORDER BY number", (version,))

    def prune(self, before: datetime, most: int) -> int:
        """Delete at most ``most`` sketches older than the window; return how many. Their keys are swept later (``KEY_TABLES``)."""
        self.forget()
        return self._db.execute(
            "DELETE FROM sketch WHERE number IN (SELECT number FROM sketch WHERE time < ? ORDER BY time LIMIT ?)",
            (to_text(before), most),
        ).rowcount

    def forget(self) -> None:
        """Empty the cache, because sketches were changed or undone."""
        self._ids.clear()
        self._cache.clear()

    def _begin_caching(self) -> None:
        """Cache sketches until the transaction ends, because in a flood one entry after another asks for the same ones."""
        if not self._is_caching or len(self._cache) > MAX_CACHED:
            self.forget()
        self._is_caching = self._db.in_transaction
        if self._is_caching:
            self._bands.call_at_end(self._end_caching)

    def _end_caching(self, _kept: bool) -> None:
        self.forget()
        self._is_caching = False


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
