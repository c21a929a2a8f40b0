"""The memory of the story finder: vectors, keys to find them by, and word counts, beside the entries."""

from __future__ import annotations

import itertools
import os
import sqlite3
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from aggregator.clustering.features import Vector
from aggregator.clustering.views import Proposed, Stored
from aggregator.clustering.vocabulary import Count
from aggregator.storage.binding import marks, parts
from aggregator.storage.meanings import MeaningStore
from aggregator.storage.vectors import packed, unpacked

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

# Values kept in memory: what is used most; the rest is read anew.
CACHED_VECTORS: Final = 10_000  # some 55 MB
CACHED_PLACES: Final = 200_000  # some 25 MB for each 100,000
CACHED_WORDS: Final = 100_000  # some 25 MB

# A word that is rare enough to be forgotten: in two reports, or in one of a thousand of its language.
RARE: Final = 2.0
RARE_SHARE: Final = 0.001

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
        self._vectors: OrderedDict[int, Stored] = OrderedDict()  # the one used last at the end
        self._known: dict[str, int] = {}  # the numbers of their reports
        self._places: dict[int, Proposed] = {}
        self._words: dict[tuple[str, str], Count] = {}
        self._documents: dict[str, float] = {}

    # --- whether what is cached still holds ------------------------------------------------------

    def changed(self) -> bool:
        """Tell whether the tables changed under us since the last call; drops what was cached if so."""
        row = self._db.execute("SELECT value FROM story_memory WHERE name = 'stamp'").fetchone()
        stamp = row[0] if row else None
        if stamp == self._stamp:
            return False
        self.forget()
        self._stamp = stamp
        return True

    def forget(self) -> None:
        """Drop what is cached: a part of the transaction was undone."""
        self._stamp = None
        self._vectors.clear()
        self._known.clear()
        self._places.clear()
        self._words.clear()
        self._documents.clear()
        self.meanings.clear()

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
                packed(vector),
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
            (entry_id, vector.language, vector.time, version, packed(vector), old.number),
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
        self._vectors.pop(old.number, None)
        self._known.pop(report_id, None)
        self._places.pop(old.number, None)
        self._mark()

    def move(self, report_id: str, story_id: str) -> None:
        """Put a report into another story."""
        for number in self._numbers("report_id = ?", report_id):
            self._db.execute("UPDATE story_vector SET story_id = ? WHERE number = ?", (story_id, number))
            self._places.pop(number, None)
            old = self._vectors.get(number)
            if old is not None:
                self._vectors[number] = Stored(number, report_id, old.entry_id, story_id, old.vector)
        self._mark()

    def get(self, report_id: str) -> Stored | None:
        """Return a report's vector; None where it is unknown or past the window."""
        number = self._known.get(report_id)
        found = self.read(self._numbers("report_id = ?", report_id) if number is None else [number])
        return found[0] if found else None

    def read(self, numbers: Sequence[int]) -> list[Stored]:
        """Return the vectors of reports by number, in that order; what is unknown is left out."""
        found: dict[int, Stored] = {}
        for number in numbers:
            known = self._vectors.get(number)
            if known is not None:
                self._vectors.move_to_end(number)
                found[number] = known
        missing = [number for number in numbers if number not in found]
        for part in parts(missing):
            for row in self._db.execute(
                f"SELECT number, report_id, entry_id, story_id, vector FROM story_vector WHERE number IN ({marks(part)})",
                part,
            ):
                number, report_id, entry_id, story_id, vector = row
                found[number] = Stored(
                    number, report_id, entry_id, story_id, unpacked(vector, self.meanings.get(number))
                )
        for number in missing:
            if number in found:
                self._remember(found[number])
        return [found[number] for number in numbers if number in found]

    def members(self, story_id: str, limit: int) -> Sequence[Stored]:
        """Return a story's newest reports, oldest of them first."""
        return self.read(self._numbers("story_id = ? ORDER BY number DESC LIMIT ?", story_id, limit)[::-1])

    def newest(self, count: int) -> Sequence[Stored]:
        """Return the reports that came last, oldest of them first."""
        return self.read(self._numbers("1 ORDER BY number DESC LIMIT ?", count)[::-1])

    def candidates(self, terms: Mapping[str, float], per_term: int, limit: int) -> Sequence[Proposed]:
        """Return reports that share heavy terms, the nearest first; ``per_term`` newest are looked at under each."""
        shared: dict[int, float] = {}
        for term, weight in terms.items():
            for number, other in self._db.execute(
                "SELECT number, weight FROM story_term WHERE term = ? ORDER BY number DESC LIMIT ?",
                (_key(term), per_term),
            ):
                shared[number] = shared.get(number, 0.0) + weight * other
        best = sorted((-value, number) for number, value in shared.items())[:limit]
        return self._proposed([number for _, number in best])

    def akin(self, vector: Vector, limit: int, window: float) -> Sequence[Proposed]:
        """Return the reports nearest in meaning, the nearest first, none further away in time than ``window`` seconds."""
        return self._proposed(self.meanings.nearest(vector, limit, window))

    # --- words -----------------------------------------------------------------------------------

    def counts(self, language: str, terms: Iterable[str]) -> Mapping[str, Count]:
        """Return the counts of those terms that are known."""
        wanted = list(terms)
        missing = [term for term in wanted if (language, term) not in self._words]
        if len(self._words) > CACHED_WORDS:
            self._words.clear()
            missing = wanted
        for part in parts(missing):
            for term in part:
                self._words[language, term] = _UNSEEN
            for term, *numbers in self._db.execute(
                f"SELECT term, documents, cased, capitals FROM story_word WHERE language = ? AND term IN ({marks(part)})",
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
        """Add to the counts; a word is as old as the newest report that is known when it is learned."""
        newest = self._db.execute("SELECT coalesce(max(number), 0) FROM story_vector").fetchone()[0]
        self._db.executemany(
            "INSERT INTO story_word (language, term, documents, cased, capitals, seen) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET documents = documents + excluded.documents, "
            "cased = cased + excluded.cased, capitals = capitals + excluded.capitals, seen = excluded.seen",
            [(language, term, one.documents, one.cased, one.capitals, newest) for term, one in counts.items()],
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

    def prune(self, before: datetime, most: int) -> int:
        """Forget at most so many of the reports older than ``before``; return how many."""
        numbers = self._numbers("time < ? ORDER BY time LIMIT ?", before.timestamp(), most)
        for stored in self.read(numbers):
            self.remove(stored.report_id)
        return len(numbers)

    def forgettable_words(self) -> tuple[str, tuple[object, ...]] | None:
        """Return the condition on ``story_word`` under which a word goes, and its values; None where none may.

        A word goes that stands in no report of the memory and is rare in its language: what few reports hold weighs
        as much unseen. The others are at most a few thousand times the words of one report, however long it runs.
        """
        oldest = self._db.execute("SELECT min(number) FROM story_vector").fetchone()[0]
        if oldest is None:  # nothing came for long: what was learned is all there is
            return None
        total = "(SELECT CAST(value AS REAL) FROM story_memory WHERE name = 'documents ' || language)"
        return f"seen < ? AND documents <= max(?, ? * coalesce({total}, 0))", (oldest, RARE, RARE_SHARE)

    def words_changed(self) -> None:
        """Note that words were dropped: whoever keeps counts in memory reads them anew."""
        self._mark()

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

    def _numbers(self, condition: str, *values: object) -> list[int]:
        return [number for (number,) in self._db.execute(f"SELECT number FROM story_vector WHERE {condition}", values)]

    def _proposed(self, numbers: Sequence[int]) -> list[Proposed]:
        """Return where reports stand without reading their vectors: most of what is proposed is never compared."""
        missing = [number for number in numbers if number not in self._places]
        if len(self._places) > CACHED_PLACES:
            self._places.clear()
            missing = list(numbers)
        for part in parts(missing):
            rows = self._db.execute(
                f"SELECT number, report_id, story_id FROM story_vector WHERE number IN ({marks(part)})", part
            )
            self._places.update((row[0], Proposed(*row)) for row in rows)
        return [self._places[number] for number in numbers if number in self._places]

    def _remember(self, stored: Stored) -> None:
        self._vectors[stored.number] = stored
        self._vectors.move_to_end(stored.number)
        self._known[stored.report_id] = stored.number
        while len(self._vectors) > CACHED_VECTORS:
            _, oldest = self._vectors.popitem(last=False)
            self._known.pop(oldest.report_id, None)


_UNSEEN: Final = Count()


def _key(term: str) -> int:
    """Return the number that stands for a term in the index; a collision in 2^32 costs one needless comparison."""
    return zlib.crc32(term.encode("utf-8", "surrogatepass"))
