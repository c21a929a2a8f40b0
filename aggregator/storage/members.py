"""Which entries stand in which reports, asked of very many at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable

from aggregator.storage.binding import marks, parts


def reports_of(connection: sqlite3.Connection, entry_ids: Collection[str]) -> dict[str, set[str]]:
    """Return report -> those of these entries that stand in it."""
    found: dict[str, set[str]] = {}
    for part in parts(sorted(entry_ids)):
        where = f"report_id IS NOT NULL AND id IN ({marks(part)})"
        for report, entry in connection.execute(f"SELECT report_id, id FROM entry WHERE {where}", part):
            found.setdefault(report, set()).add(entry)
    return found


def entries_of(connection: sqlite3.Connection, report_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return report -> its entries, of those that have any."""
    found: dict[str, set[str]] = {}
    for part in parts(sorted(report_ids)):
        where = f"report_id IN ({marks(part)})"
        for report, entry in connection.execute(f"SELECT report_id, id FROM entry WHERE {where}", part):
            found.setdefault(report, set()).add(entry)
    return found
