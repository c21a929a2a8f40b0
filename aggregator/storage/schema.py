"""The schema version a database has and needs. Look-ups read only this module, to start fast."""

from __future__ import annotations

import sqlite3
from typing import Final

# "AGGR" in ASCII: what `file` and our own door check recognise the database by.
APPLICATION_ID: Final = 0x41474752
SET: Final = "aggregator"  # the name under which our migrations are recorded
# The migrations of migrations.py, in their order.
MIGRATIONS: Final = (
    "m001_initial",
    "m002_meanings",
    "m003_one_index_less",
    "m004_entry_faults",
    "m005_bounds",
    "m006_identity",
    "m007_gaps",
    "m008_stories_of_pairs",
    "m009_meanings",
    "m010_lists",
    "m011_polls",
    "m012_waiting_keys",
    "m013_waiting_polls",
    "m014_moved_reports",
)
HOUR: Final = 13  # the first characters of a time that say its hour: 2026-03-10T09


def applied(connection: sqlite3.Connection) -> list[str]:
    """Return the migrations that a database has, in the order in which they were made; none of a new one."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone():
        return []
    rows = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id", (SET,))
    return [str(name) for (name,) in rows]
