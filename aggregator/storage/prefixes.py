"""Ids as people type them: any unambiguous prefix."""

from __future__ import annotations

import sqlite3

from aggregator.exceptions import AmbiguousIdError, NotFoundError


def resolve_prefix(db: sqlite3.Connection, select: str, prefix: str, noun: str) -> str:
    """Return the one id that begins with ``prefix``; an exact id always wins.

    ``select`` yields an ``id`` column and has no WHERE. Raises NotFoundError or AmbiguousIdError.
    """
    wanted = prefix.strip().lower()
    rows = db.execute(f"{select} WHERE id >= ? AND id < ? ORDER BY id LIMIT 5", (wanted, wanted + "\x7f")).fetchall()
    found = tuple(str(row[0]) for row in rows)
    if not wanted or not found:
        raise NotFoundError(f"no {noun} {prefix!r}")
    if len(found) == 1 or found[0] == wanted:
        return found[0]
    raise AmbiguousIdError(prefix, found)
