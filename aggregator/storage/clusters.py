"""The memory of the story finder: vectors, keys to find them by, and word counts, beside the entries."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from functools import lru_cache
from sys import intern
from typing import Any, Final

from aggregator.clustering.features import Vector
from aggregator.clustering.likeness import Stored
from aggregator.clustering.vocabulary import Count
from aggregator.storage.meanings import MeaningStore

TABLES: Final = """
CREATE TABLE story_vector (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  report_id TEXT NOT NULL UNIQUE,
  entry_id TEXT NOT NULL,
  story_id TEXT NOT NULL,
  language TEXT,
  time REAL NOT NULL,
  dated INTEGER NOT NULL,
  version TEXT NOT NULL,
  vector BLOB NOT NULL
) STRICT;
CREATE INDEX story_vector_story ON story_vector (story_id, number);
CREATE INDEX story_vector_time ON story_vector (time);

CREATE TABLE story_term (
  term INTEGER NOT NULL,
  number INTEGER NOT NULL,
  weight REAL NOT NULL,
  PRIMARY KEY (term, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE story_word (
  language TEXT NOT NULL,
  term TEXT NOT NULL,
  documents REAL NOT NULL,
  cased REAL NOT NULL,
  capitals REAL NOT NULL,
  PRIMARY KEY (language, term)
) STRICT, WITHOUT ROWID;

CREATE TABLE story_memory (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

# Values kept in memory: a day of a busy desk; beyond it the oldest are read anew.
CACHED_VECTORS: Final = (
    20_000  # with fewer, ten thousand reports in the window cost twice the time: every miss is read and unpacked
)
CACHED_WORDS: Final = 100_000  # some 25 MB

_instances = itertools.count(1)


class ClusterStore:
    """The StoryMemory of the stories stage over SQLite; the caller holds the transaction.

    What is cached is dropped when someone else, or a rollback, changed the tables: every change writes a stamp,
    and every first look compares it.
    """

    def __init__(self, connection: sqlite3.Connection, meaning: str | None = None) -> None:
        """Open the memory; ``meaning`` is the version of the sentence encoder, None where it is switched off."""
        self._db = connection
        self.meanings = MeaningStore(connection, meaning)
        self._writer = f"{os.getpid()}.{next(_instances)}"
        self._changes = 0
        self._stamp: str | None = None
        self._vectors: OrderedDict[str, Stored] = OrderedDict()
        self._ids: dict[int, str] = {}
        self._words: dict[tuple[str, str], Count] = {}
        self._documents: dict[str, float] = {}

    # --- whether what is cached still holds ------------------------------------------------------

    def changed(self) -> bool:
        """Tell whether the tables changed under us since the last call; drops what was cached if so."""
        row = self._db.execute("SELECT value FROM story_memory WHERE name = 'stamp'").fetchone()
        stamp = row[0] if row else None
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        self._vectors.clear()
        self._ids.clear()
        self._words.clear()
        self._documents.clear()
        self.meanings.clear()
        return True

    def _mark(self) -> None:
        self._changes += 1
        self._stamp = f"{self._writer}.{self._changes}"
        self._db.execute("INSERT OR REPLACE INTO story_memory VALUES ('stamp', ?)", (self._stamp,))

    # --- vectors ---------------------------------------------------------------------------------

    def add(self, report_id: str, entry_id: str, story_id: str, vector: Vector, version: str, now: float) -> Stored:
        """Store a report's vector in a story."""
        row = self._db.execute(
            "INSERT INTO story_vector (report_id, entry_id, story_id, language, time, dated, version, vector) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                report_id,
                entry_id,
                story_id,
                vector.language,
                now if vector.time is None else vector.time,
                vector.time is not None,
                version,
                _packed(vector),
            ),
        )
        number = int(row.lastrowid or 0)
        self._post(number, vector)
        if vector.meaning is not None:
            self.meanings.put(number, vector)
        stored = Stored(number, report_id, entry_id, story_id, vector)
        self._remember(stored)
        self._mark()
        return stored

    def replace(self, report_id: str, entry_id: str, vector: Vector, version: str) -> Stored | None:
        """Store a report's new vector in place of its old one; None where it has none."""
        old = self.get(report_id)
        if old is None:
            return None
        self._db.execute(
            "UPDATE story_vector SET entry_id = ?, language = ?, time = coalesce(?, time), version = ?, vector = ? WHERE number = ?",
            (entry_id, vector.language, vector.time, version, _packed(vector), old.number),
        )
        self._unpost(old)
        self._post(old.number, vector)
        self.meanings.put(old.number, vector)
        stored = Stored(old.number, report_id, entry_id, old.story_id, vector)
        self._remember(stored)
        self._mark()
        return stored

    def remove(self, report_id: str) -> None:
        """Forget a report."""
        old = self.get(report_id)
        if old is None:
            return
        self._unpost(old)
        self._db.execute("DELETE FROM story_vector WHERE number = ?", (old.number,))
        self.meanings.remove(old.number)
        self._vectors.pop(report_id, None)
        self._ids.pop(old.number, None)
        self._mark()

    def move(self, report_id: str, story_id: str) -> None:
        """Put a report into another story."""
        self._db.execute("UPDATE story_vector SET story_id = ? WHERE report_id = ?", (story_id, report_id))
        old = self._vectors.get(report_id)
        if old is not None:
            self._vectors[report_id] = Stored(old.number, report_id, old.entry_id, story_id, old.vector)
        self._mark()

    def get(self, report_id: str) -> Stored | None:
        """Return a report's vector; None where it is unknown or past the window."""
        found = self._vectors.get(report_id)
        if found is not None:
            return found
        row = self._db.execute(
            "SELECT number, report_id, entry_id, story_id, vector FROM story_vector WHERE report_id = ?", (report_id,)
        ).fetchone()
        return None if row is None else self._read(row)

    def members(self, story_id: str, limit: int) -> Sequence[Stored]:
        """Return a story's newest reports, oldest of them first."""
        rows = self._db.execute(
            "SELECT report_id FROM story_vector WHERE story_id = ? ORDER BY number DESC LIMIT ?", (story_id, limit)
        ).fetchall()
        found = (self.get(report_id) for (report_id,) in reversed(rows))
        return [one for one in found if one is not None]

    def newest(self, count: int) -> Sequence[Stored]:
        """Return the reports that came last, oldest of them first."""
        rows = self._db.execute("SELECT report_id FROM story_vector ORDER BY number DESC LIMIT ?", (count,)).fetchall()
        found = (self.get(report_id) for (report_id,) in reversed(rows))
        return [one for one in found if one is not None]

    def candidates(self, terms: Mapping[str, float], per_term: int, limit: int) -> Sequence[Stored]:
        """Return reports that share heavy terms, the nearest first; ``per_term`` newest are looked at under each."""
        shared: dict[int, float] = {}
        for term, weight in terms.items():
            for number, other in self._db.execute(
                "SELECT number, weight FROM story_term WHERE term = ? ORDER BY number DESC LIMIT ?",
                (_key(term), per_term),
            ):
                shared[number] = shared.get(number, 0.0) + weight * other
        best = sorted(shared, key=lambda number: (-shared[number], number))[:limit]
        return [one for one in map(self._numbered, best) if one is not None]

    def akin(self, vector: Vector, limit: int, window: float) -> Sequence[Stored]:
        """Return the reports nearest in meaning, the nearest first, none further away in time than ``window`` seconds."""
        found = map(self._numbered, self.meanings.nearest(vector, limit, window))
        return [one for one in found if one is not None]

    # --- words -----------------------------------------------------------------------------------

    def counts(self, language: str, terms: Iterable[str]) -> Mapping[str, Count]:
        """Return the counts of those terms that are known."""
        wanted = list(terms)
        missing = [term for term in wanted if (language, term) not in self._words]
        if len(self._words) > CACHED_WORDS:
            self._words.clear()
            missing = wanted
        for start in range(0, len(missing), 500):
            part = missing[start : start + 500]
            marks = ",".join("?" * len(part))
            for term in part:
                self._words[language, term] = _UNSEEN
            for term, *numbers in self._db.execute(
                f"SELECT term, documents, cased, capitals FROM story_word WHERE language = ? AND term IN ({marks})",
                (language, *part),
            ):
                self._words[language, term] = Count(*numbers)
        found = ((term, self._words[language, term]) for term in wanted)
        return {term: count for term, count in found if count is not _UNSEEN}

    def documents(self, language: str) -> float:
        """Return how many documents of a language were learned."""
        if language not in self._documents:
            row = self._db.execute(
                "SELECT value FROM story_memory WHERE name = ?", (f"documents {language}",)
            ).fetchone()
            self._documents[language] = float(row[0]) if row else 0.0
        return self._documents[language]

    def learn(self, language: str, counts: Mapping[str, Count], documents: float) -> None:
        """Add to the counts."""
        self._db.executemany(
            "INSERT INTO story_word VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET documents = documents + excluded.documents, "
            "cased = cased + excluded.cased, capitals = capitals + excluded.capitals",
            [(language, term, one.documents, one.cased, one.capitals) for term, one in counts.items()],
        )
        for term, one in counts.items():
            old = self._words.get((language, term))
            if old is not None:
                self._words[language, term] = Count(
                    old.documents + one.documents, old.cased + one.cased, old.capitals + one.capitals
                )
        if documents:
            self._documents[language] = self.documents(language) + documents
            self._db.execute(
                "INSERT OR REPLACE INTO story_memory VALUES (?, ?)",
                (f"documents {language}", repr(self._documents[language])),
            )
        self._mark()

    # --- housekeeping ----------------------------------------------------------------------------

    def prune(self, before: datetime) -> int:
        """Forget reports older than ``before`` and words hardly ever seen; return how many reports."""
        limit = before.timestamp()
        numbers = [
            number
            for (number,) in self._db.execute(
                "SELECT number FROM story_vector WHERE time < ? ORDER BY number", (limit,)
            )
        ]
        for number in numbers:
            stored = self._numbered(number)
            if stored is not None:
                self.remove(stored.report_id)
        return len(numbers)

    # --- pieces ----------------------------------------------------------------------------------

    def _post(self, number: int, vector: Vector) -> None:
        self._db.executemany(
            "INSERT OR REPLACE INTO story_term VALUES (?, ?, ?)",
            [(_key(term), number, vector.whole[term]) for term in vector.keys],
        )

    def _unpost(self, stored: Stored) -> None:
        self._db.executemany(
            "DELETE FROM story_term WHERE term = ? AND number = ?",
            [(_key(term), stored.number) for term in stored.vector.keys],
        )

    def _numbered(self, number: int) -> Stored | None:
        known = self._ids.get(number)
        if known is not None:
            return self.get(known)
        row = self._db.execute(
            "SELECT number, report_id, entry_id, story_id, vector FROM story_vector WHERE number = ?", (number,)
        ).fetchone()
        return None if row is None else self._read(row)

    def _read(self, row: tuple[int, str, str, str, bytes]) -> Stored:
        number, report_id, entry_id, story_id, packed = row
        vector = replace(_unpacked(packed), meaning=self.meanings.get(number))
        stored = Stored(number, report_id, entry_id, story_id, vector)
        self._remember(stored)
        return stored

    def _remember(self, stored: Stored) -> None:
        self._vectors[stored.report_id] = stored
        self._ids[stored.number] = stored.report_id
        while len(self._vectors) > CACHED_VECTORS:
            _, oldest = self._vectors.popitem(last=False)
            self._ids.pop(oldest.number, None)


_UNSEEN: Final = Count()


def _packed(vector: Vector) -> bytes:
    # Meanings have a table of their own; asdict() would copy every mapping deeply.
    values = {one.name: getattr(vector, one.name) for one in fields(vector) if one.name != "meaning"}
    return zlib.compress(json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode(), 1)


def _unpacked(packed: bytes) -> Vector:
    return Vector(**json.loads(zlib.decompress(packed), parse_float=_weight, object_pairs_hook=_terms))


# Thousands of vectors are held at a time, and share most of their terms and weights.
_weight = lru_cache(maxsize=20_000)(float)


def _terms(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {intern(term): intern(value) if isinstance(value, str) else value for term, value in pairs}


def _key(term: str) -> int:
    """Return the number that stands for a term in the index; a collision in 2^32 costs one needless comparison."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass"))
