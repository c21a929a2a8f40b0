"""Which keys of feeds are stored, asked for many entries in one statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence


def stored(connection: sqlite3.Connection, keys: Sequence[tuple[int, str]]) -> set[tuple[int, str]]:
    """Return the (feed, key) pairs among these under which an entry is or was stored."""
    if not keys:
        return set()
    asked = ", ".join(["(?, ?)"] * len(keys))
    # joined from the keys that are asked for: of `(feed_id, key) IN (VALUES …)` SQLite scans the whole index
    rows = connection.execute(
        f"WITH asked (feed, own) AS (VALUES {asked})"
        " SELECT feed_id, key FROM asked CROSS JOIN entry ON feed_id = feed AND key = own"
        " UNION ALL SELECT feed_id, key FROM asked CROSS JOIN entry_alias ON feed_id = feed AND key = own",
        [value for pair in keys for value in pair],
    )
    return set(rows.fetchall())
