"""Sorts values that do not fit in memory, in a temporary file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

Order = tuple[int, str, str, int]  # a sort key, compared from the left


class Spilled:
    """Packed values in a temporary file, each with a group and a sort key."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def add(self, group: int, values: Iterable[tuple[Order, bytes]]) -> None:
        """Add the values of a group."""
        self._db.executemany(
            "INSERT INTO spilled VALUES (?, ?, ?, ?, ?, ?)", ((group, *order, value) for order, value in values)
        )

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM spilled").fetchone()[0])

    def in_order(self) -> Iterator[bytes]:
        """Yield the values of all groups by sort key; of equal ones that of the lower group first."""
        return self._all("one, two, three, four, part")

    def by_group(self) -> Iterator[bytes]:
        """Yield the values group by group, each group by sort key."""
        return self._all("part, one, two, three, four")

    def _all(self, order: str) -> Iterator[bytes]:
        return (value for (value,) in self._db.execute(f"SELECT value FROM spilled ORDER BY {order}"))


@contextmanager
def spilled() -> Iterator[Spilled]:
    """Open an empty sort file."""
    with closing(sqlite3.connect("", isolation_level=None, check_same_thread=False)) as db:
        db.execute("PRAGMA journal_mode = OFF")
        db.execute(
            "CREATE TABLE spilled (part INTEGER, one INTEGER, two TEXT, three TEXT, four INTEGER, value BLOB) STRICT"
        )
        yield Spilled(db)
