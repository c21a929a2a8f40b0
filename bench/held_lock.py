"""Measure how long the transactions of a process hold the write lock."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest.mock import patch

from aggregator.storage.database import Store


@contextmanager
def holding() -> Iterator[list[float]]:
    """Yield the processor seconds for which each transaction of this process holds the lock."""
    held: list[float] = []
    original = Store.transaction

    @contextmanager
    def timed(store: Store, waiting: Callable[[], bool] = lambda: False) -> Iterator[sqlite3.Connection]:
        inside, begin = store.connection.in_transaction, 0.0
        with original(store, waiting) as db:
            begin = time.process_time()
            yield db
        if not inside:
            held.append(time.process_time() - begin)

    with patch.object(Store, "transaction", timed):
        yield held
