"""Looks up which keys of feeds are stored, many in one statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence


def stored_keys(connection: sqlite3.Connection, keys: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return the (feed, key) pairs among these under which an entry is or was stored."""
    if not keys:
        return set()
    asked = ", ".join(["(?, ?)"] * len(keys))
    # a join from the keys, because for `(feed_id, key) IN (VALUES …)` SQLite scans the whole index
    rows = connection.execute(
        f"WITH asked (feed, own) AS (VALUES {asked})"
        " SELECT feed_id, key FROM asked CROSS JOIN entry ON feed_id = feed AND key = own"
        " UNION ALL SELECT feed_id, key FROM asked CROSS JOIN entry_alias ON feed_id = feed AND key = own",
        [value for pair in keys for value in pair],
    )
    return set(rows.fetchall())
