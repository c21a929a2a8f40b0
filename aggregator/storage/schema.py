"""The migrations that a database has and needs. Look-ups import only this module, to start fast."""

from __future__ import annotations

import sqlite3
from typing import Final

# "AGGR" in ASCII. The command `file` and our own checks recognise the database by it.
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
HOUR: Final = 13  # characters of a stored time up to its hour: 2026-03-10T09


def applied(connection: sqlite3.Connection) -> list[str]:
    """Return the migrations that a database has, in order of application; a new database has none."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = '_sqlite_migrations'").fetchone():
        return []
    rows = connection.execute("SELECT name FROM _sqlite_migrations WHERE migration_set = ? ORDER BY id", (SET,))
    return [str(name) for (name,) in rows]
