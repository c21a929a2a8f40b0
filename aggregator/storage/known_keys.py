"""Which keys of feeds are taken, of many entries in one statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence


def stored(connection: sqlite3.Connection, keys: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return those of these pairs of feed and key under which an entry is stored, or was before its key changed."""
    if not keys:
        return set()
    asked = ", ".join(["(?, ?)"] * len(keys))
    rows = connection.execute(
        f"SELECT feed_id, key FROM entry WHERE (feed_id, key) IN (VALUES {asked})"
        f" UNION ALL SELECT feed_id, key FROM entry_alias WHERE (feed_id, key) IN (VALUES {asked})",
        [value for pair in (*keys, *keys) for value in pair],
    )
    return set(rows.fetchall())
