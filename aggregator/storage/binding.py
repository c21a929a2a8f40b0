"""Many values bound in one statement, in parts as large as SQLite accepts."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

Value = TypeVar("Value")

AT_ONCE: Final = 500  # bound variables a statement; SQLite's own limit is 32,766


def parts(values: Iterable[Value], most: int = AT_ONCE) -> Iterator[Sequence[Value]]:
    """Yield values in parts that fit one statement."""
    listed = values if isinstance(values, Sequence) else list(values)
    for start in range(0, len(listed), most):
        yield listed[start : start + most]


def marks(values: Collection[object]) -> str:
    """Return the placeholders of values, for the brackets of IN."""
    return ", ".join("?" * len(values))


def rows_among(connection: sqlite3.Connection, selection: str, ids: Iterable[str]) -> Iterator[Any]:
    """Yield the rows of a statement that ends with a column, where that is one of these ids."""
    for part in parts(list(ids)):
        yield from connection.execute(f"{selection} IN ({marks(part)})", part)
