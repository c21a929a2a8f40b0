"""Vectors of meaning beside the vectors of words, and the search for the nearest among them.

Made only where the sentence encoder is switched on. The search looks at all vectors of the window: 60,000 of them cost some
6 ms and 125 MB, read from the file in half a second when it is first needed.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Final

from aggregator.clustering.features import Vector
from aggregator.clustering.meaning import Meaning
from aggregator.storage.binding import marks

TABLES: Final = """
CREATE TABLE story_meaning (
  number INTEGER PRIMARY KEY,
  version TEXT NOT NULL,
  vector BLOB NOT NULL,
  signs TEXT NOT NULL
) STRICT;
"""

# Nearness below which nothing is proposed: half of all pairs of unlike news are nearer than 0.1, one in a hundred than 0.5.
NEAR: Final = 0.35
SIZE: Final = 512


class MeaningStore:
    """Meanings by the number of their report; the caller holds the transaction.

    Without a ``version`` nothing is read: the encoder is switched off, and only removal is followed.
    """

    def __init__(self, connection: sqlite3.Connection, version: str | None) -> None:
        self._db = connection
        self._version = version
        self._index: _Index | None = None

    def clear(self) -> None:
        """Forget what is cached: the tables changed under us."""
        self._index = None

    def put(self, number: int, vector: Vector) -> None:
        """Store a report's meaning in place of an older one; a report without one keeps none."""
        meaning = vector.meaning
        if meaning is None:
            self.remove(number)
            return
        signs = {
            "names": meaning.names,
            "spelled": meaning.spelled,
            "numbers": meaning.numbers,
            "places": dict(meaning.places),
        }
        self._db.execute(
            "INSERT OR REPLACE INTO story_meaning VALUES (?, ?, ?, ?)",
            (number, meaning.version, _narrow(meaning.vector), json.dumps(signs, ensure_ascii=False)),
        )
        if self._index is not None:
            self._index.put(number, meaning.vector, vector.time)

    def remove(self, number: int) -> None:
        """Forget a report's meaning."""
        self._db.execute("DELETE FROM story_meaning WHERE number = ?", (number,))
        if self._index is not None:
            self._index.remove(number)

    def get(self, number: int) -> Meaning | None:
        """Return a report's meaning; None where it has none of the encoder's version."""
        if self._version is None:
            return None
        row = self._db.execute(
            "SELECT vector, signs FROM story_meaning WHERE number = ? AND version = ?", (number, self._version)
        ).fetchone()
        if row is None:
            return None
        signs = json.loads(row[1])
        return Meaning(
            version=self._version,
            vector=_wide(row[0]),
            names=tuple(signs["names"]),
            spelled=tuple(signs["spelled"]),
            numbers=tuple(signs["numbers"]),
            places=signs["places"],
        )

    def nearest(self, vector: Vector, limit: int, window: float) -> list[int]:
        """Return the numbers of the reports nearest in meaning, none further away in time than ``window`` seconds."""
        meaning = vector.meaning
        if meaning is None or meaning.version != self._version:
            return []
        if self._index is None:
            self._index = self._load()
        return self._index.nearest(meaning.vector, vector.time, limit, window)

    def lacking(self, languages: frozenset[str], limit: int) -> list[tuple[str, str, str]]:
        """Return report, headline and text of the newest reports without a meaning of the encoder's version."""
        return self._db.execute(
            "SELECT v.report_id, e.title, e.text FROM story_vector v JOIN entry e ON e.id = v.entry_id "
            "LEFT JOIN story_meaning m ON m.number = v.number AND m.version = ? "
            f"WHERE m.number IS NULL AND v.language IN ({marks(languages)}) ORDER BY v.number DESC LIMIT ?",
            (self._version, *sorted(languages), limit),
        ).fetchall()

    def _load(self) -> _Index:
        index = _Index()
        rows = self._db.execute(
            "SELECT number, m.vector, CASE WHEN v.dated THEN v.time END FROM story_meaning m JOIN story_vector v USING (number) "
            "WHERE m.version = ? ORDER BY number",
            (self._version,),
        )
        for number, packed, time in rows:
            index.put(number, _wide(packed), time)
        return index


class _Index:
    """All vectors in one table, so that one product gives every cosine."""

    def __init__(self) -> None:
        import numpy as np  # only where it is needed: it costs memory

        self._np = np
        self._rows: dict[int, int] = {}
        self._table: Any = np.zeros((256, SIZE), "<f4")
        self._numbers: Any = np.zeros(256, np.int64)
        self._times: Any = np.zeros(256)

    def put(self, number: int, vector: bytes, time: float | None) -> None:
        np, row = self._np, self._rows.setdefault(number, len(self._rows))
        if row == len(self._numbers):
            half = row // 2  # grown by half: twice the size would waste what a large window can't spare
            self._table = np.concatenate((self._table, np.zeros((half, SIZE), "<f4")))
            self._numbers = np.concatenate((self._numbers, np.zeros(half, np.int64)))
            self._times = np.concatenate((self._times, np.zeros(half)))
        self._table[row] = np.frombuffer(vector, "<f4")
        self._numbers[row] = number
        self._times[row] = np.nan if time is None else time

    def remove(self, number: int) -> None:
        row = self._rows.pop(number, None)
        if row is None:
            return
        last = len(self._rows)
        if row != last:  # the last one takes the place that is free
            for column in (self._table, self._numbers, self._times):
                column[row] = column[last]
            self._rows[int(self._numbers[row])] = row

    def nearest(self, vector: bytes, time: float | None, limit: int, window: float) -> list[int]:
        np, count = self._np, len(self._rows)
        near = np.round(self._table[:count] @ np.frombuffer(vector, "<f4"), 4)
        if time is not None:
            near[np.abs(self._times[:count] - time) > window] = -1.0
        places = np.flatnonzero(near >= NEAR)
        numbers = self._numbers[:count][places]
        order = np.lexsort((numbers, -near[places]))[:limit]
        return [int(number) for number in numbers[order]]


def _narrow(vector: bytes) -> bytes:
    """Halve a vector for the file; the encoder gives no more digits than are kept."""
    import numpy as np

    return np.frombuffer(vector, "<f4").astype("<f2").tobytes()


def _wide(packed: bytes) -> bytes:
    import numpy as np

    return np.frombuffer(packed, "<f2").astype("<f4").tobytes()
