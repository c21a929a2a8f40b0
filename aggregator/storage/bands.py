"""The keys of sketches, by which copies are looked up.

A sketch has forty keys. They are hashes, so each belongs on another page of ``band``. New keys are therefore appended to a few pages
of ``band_waiting`` and held in memory for look-ups. Later they are merged into ``band`` in order, one range of keys (a shard) at a
time, so that each page is written once for some hundred sketches.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby, pairwise
from operator import itemgetter
from struct import pack, unpack
from typing import Final

TABLES: Final = """
CREATE TABLE band_waiting (
  shard INTEGER NOT NULL,
  number INTEGER NOT NULL,
  keys BLOB NOT NULL,
  PRIMARY KEY (shard, number)
) STRICT, WITHOUT ROWID;
"""

# Sketches that are looked up under one key, the newest ones: a hot key (a boilerplate paragraph) proposes no more.
PER_KEY: Final = 60
SHARDS: Final = 4  # ranges of keys
# Sketches between two merges. The shards are merged in turn, so each holds the keys of four times as many: some twenty thousand.
MERGE_EVERY: Final = 512
_ROWS: Final = 200  # rows that one statement merges; a statement for each row costs twice as much

# Keys are signed hashes of 64 bits. _FIRST holds the first key of each shard.
_RANGE: Final = 2**64 // SHARDS
_FIRST: Final = tuple(range(-(2**63), 2**63, _RANGE))

# One statement for all keys of a text, most of which find nothing. The bound of a key (its PER_KEY newest) is read from the index.
_UNDER: Final = f"""
SELECT asked.key, band.number FROM json_each(?) AS asked CROSS JOIN band
WHERE band.band_key = asked.value AND band.number >= coalesce(
  (SELECT hot.number FROM band AS hot WHERE hot.band_key = asked.value ORDER BY hot.number DESC LIMIT 1 OFFSET {PER_KEY - 1}), 0)
"""


class Bands:
    """Rows of ``band`` and ``band_waiting`` of one connection; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection, call_at_end: Callable[[Callable[[bool], None]], None]) -> None:
        self._db = connection
        self.call_at_end = call_at_end
        # key -> sketches, ascending; several keys may share a list of one sketch
        self._waiting: dict[int, list[int]] = {}
        self._count = [0] * SHARDS  # waiting sketches of each shard
        self._last = [0] * SHARDS  # the greatest number of them
        self._version: int | None = (
            None  # the data version at which the memory equals ``band_waiting``; None: read it anew
        )
        self._is_alone = (
            False  # whether the present transaction has written: then no other process writes until it ends
        )

    def numbers_under(self, keys: Sequence[int]) -> Iterator[list[int]]:
        """Yield the numbers of the newest sketches, at most PER_KEY, under each key that has any."""
        self._catch_up()
        rows = self._db.execute(_UNDER, (f"[{','.join(map(str, keys))}]",)).fetchall()
        merged = {place: [number for _, number in found] for place, found in groupby(rows, itemgetter(0))}
        if self._waiting.keys().isdisjoint(keys):  # as with nearly all texts
            yield from merged.values()
            return
        for place, key in enumerate(keys):
            numbers = [*merged.get(place, ()), *self._waiting.get(key, ())[-PER_KEY:]]
            if numbers:
                yield numbers[-PER_KEY:]

    def add(self, number: int, keys: Sequence[int]) -> None:
        """Put a new sketch, of a greater number than all before, under its keys."""
        self._catch_up()
        self._is_alone = True
        self.call_at_end(self._end)
        ordered = sorted(set(keys))
        bounds = [0, *(bisect_left(ordered, first) for first in _FIRST[1:]), len(ordered)]
        packed = pack(f"<{len(ordered)}q", *ordered)
        values: list[object] = [number]
        for shard, (start, end) in enumerate(pairwise(bounds)):
            if start < end:
                values += (shard, packed[8 * start : 8 * end])
                self._count_sketch(shard, number)
        self._remember(number, ordered)
        if ordered:
            self._db.execute(_insert(len(values) // 2), values)
        if number % MERGE_EVERY == 0:
            self._merge(number // MERGE_EVERY % SHARDS)

    def forget(self) -> None:
        """Have the next look-up read the waiting keys again, because some were undone or deleted."""
        self._version, self._is_alone = None, False

    def _end(self, kept: bool) -> None:
        self._is_alone = False
        if not kept:
            self.forget()

    def _count_sketch(self, shard: int, number: int) -> None:
        self._count[shard], self._last[shard] = self._count[shard] + 1, number

    def _remember(self, number: int, keys: Sequence[int]) -> None:
        """Remember the keys under which a sketch waits."""
        alone = [number]
        if self._waiting.keys().isdisjoint(keys):
            self._waiting.update(dict.fromkeys(keys, alone))
            return
        for key in keys:
            numbers = self._waiting.get(key, [])
            if len(numbers) > 1:
                numbers.append(number)
            else:
                self._waiting[key] = numbers + alone

    def _merge(self, shard: int) -> None:
        """Move the waiting keys of a shard into ``band``."""
        keys = sorted(self._keys_of(shard))
        values = [one for key in keys for number in self._waiting[key] for one in (key, number)]
        for start in range(0, len(values), 2 * _ROWS):
            part = values[start : start + 2 * _ROWS]
            rows = ", ".join(["(?, ?)"] * (len(part) // 2))
            self._db.execute(f"INSERT OR IGNORE INTO band (band_key, number) VALUES {rows}", part)
        self._db.execute("DELETE FROM band_waiting WHERE shard = ?", (shard,))
        self._drop(shard)

    def _keys_of(self, shard: int) -> list[int]:
        first, end = _FIRST[shard], _FIRST[shard] + _RANGE
        return [key for key in self._waiting if first <= key < end]

    def _drop(self, shard: int) -> None:
        for key in self._keys_of(shard):
            del self._waiting[key]
        self._count[shard] = self._last[shard] = 0

    def _catch_up(self) -> None:
        """Read what another connection wrote."""
        if self._is_alone:
            return
        version = int(self._db.execute("PRAGMA data_version").fetchone()[0])
        if version == self._version:
            return
        if self._version is None:
            self._waiting = {}
            self._count, self._last = [0] * SHARDS, [0] * SHARDS
        for shard in range(SHARDS):
            self._read(shard)
            stored = self._db.execute("SELECT count(*) FROM band_waiting WHERE shard = ?", (shard,)).fetchone()[0]
            if stored != self._count[shard]:  # another process merged or swept the shard
                self._drop(shard)
                self._read(shard)
        self._version = version

    def _read(self, shard: int) -> None:
        """Read the keys added to a shard."""
        rows = self._db.execute(
            "SELECT number, keys FROM band_waiting WHERE shard = ? AND number > ? ORDER BY number",
            (shard, self._last[shard]),
        )
        for number, keys in rows:
            self._count_sketch(shard, number)
            self._remember(number, unpack(f"<{len(keys) // 8}q", keys))


@lru_cache(maxsize=SHARDS)
def _insert(count: int) -> str:
    """Return the statement that writes the keys of a sketch to ``count`` shards."""
    rows = ", ".join(f"(?{2 * place}, ?1, ?{2 * place + 1})" for place in range(1, count + 1))
    return f"INSERT INTO band_waiting (shard, number, keys) VALUES {rows}"
