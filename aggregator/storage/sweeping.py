"""Deletes many rows in short transactions, with pauses for other writers."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from threading import Event
from typing import Final

from aggregator.storage.database import Store

STEP: Final = 5_000  # rows that one step reads, in some 20 ms
# Seconds between two transactions. Other processes try every two milliseconds to take the lock, and get it in this pause.
PAUSE: Final = 0.025


class Sweeper:
    """Runs housekeeping in steps, each a transaction of its own; ``stop`` ends it between two steps.

    Each step leaves the database sound, so that the next call continues where this one ended.
    """

    def __init__(self, store: Store, stop: Event | None = None) -> None:
        self._store = store
        self._stop = stop

    @property
    def stopped(self) -> bool:
        """Return whether no further step is wanted."""
        return self._stop is not None and self._stop.is_set()

    def step(self, work: Callable[[], int]) -> int:
        """Do one step in a transaction, then pause for others; return how many rows it dropped."""
        with self._store.transaction():
            dropped = work()
        time.sleep(PAUSE)
        return dropped

    def drain(self, work: Callable[[], int]) -> int:
        """Repeat a step until it drops nothing; return how many rows were dropped."""
        total = 0
        while not self.stopped and (dropped := self.step(work)):
            total += dropped
        return total

    def sweep(self, table: str, key: Sequence[str], doomed: str, values: tuple[object, ...] = ()) -> int:
        """Delete the rows of a table that meet the condition ``doomed``, in order of ``key``; return how many.

        It reads every row, a few thousand in one step. A step with nothing to delete takes no lock.
        """
        db = self._store.connection
        columns, marks = f"({', '.join(key)})", f"({', '.join('?' * len(key))})"
        after: tuple[object, ...] = ()
        total = 0
        while not self.stopped:
            above = f"{columns} > {marks}" if after else "1"
            last = db.execute(
                f"SELECT {', '.join(key)} FROM {table} WHERE {above} ORDER BY {', '.join(key)} LIMIT 1 OFFSET {STEP - 1}",
                after,
            ).fetchone()
            where = f"{above} AND {f'{columns} <= {marks}' if last else '1'} AND ({doomed})"
            bound = (*after, *(last or ()), *values)
            if db.execute(f"SELECT EXISTS (SELECT 1 FROM {table} WHERE {where})", bound).fetchone()[0]:
                total += self.step(partial(_delete, db, f"DELETE FROM {table} WHERE {where}", bound))
            if last is None:
                break
            after = tuple(last)
        return total


def _delete(db: sqlite3.Connection, statement: str, values: tuple[object, ...]) -> int:
    return db.execute(statement, values).rowcount
