"""Functions that stores share: reading single values and columns, and binding many values in one statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, TypeVar

Bound = Sequence[object]
Value = TypeVar("Value")

AT_ONCE: Final = 500  # bound values of one statement; SQLite's own limit is 32,766


def parts(values: Iterable[Value], most: int = AT_ONCE) -> Iterator[Sequence[Value]]:
    """Yield values in parts that fit one statement."""
    listed = values if isinstance(values, Sequence) else list(values)
    for start in range(0, len(listed), most):
        yield listed[start : start + most]


def marks(values: Collection[object]) -> str:
    """Return a placeholder for each value, for the brackets of IN."""
    return ", ".join("?" * len(values))


def first_value(connection: sqlite3.Connection, query: str, values: Bound = ()) -> Any | None:
    """Return the value in the first row and column of a query; None where it finds no row."""
    row = connection.execute(query, values).fetchone()
    return None if row is None else row[0]


def column(connection: sqlite3.Connection, query: str, values: Bound = ()) -> list[Any]:
    """Return the first column of a query's rows."""
    return [row[0] for row in connection.execute(query, values)]


def rows_among(connection: sqlite3.Connection, selection: str, ids: Iterable[str]) -> Iterator[Any]:
    """Yield the rows of a statement in which a column is one of these ids; the statement ends with that column's name."""
    for part in parts(list(ids)):
        yield from connection.execute(f"{selection} IN ({marks(part)})", part)


def column_among(connection: sqlite3.Connection, selection: str, ids: Iterable[str]) -> frozenset[Any]:
    """Return the first column of the rows that :func:`rows_among` yields."""
    return frozenset(row[0] for row in rows_among(connection, selection, ids))
