"""Which entries stand in which reports, asked of very many at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable

from aggregator.storage.binding import rows_among

# The story of its report is that of an entry: where an editor moved very many, the column of the entry follows.
PLACES = "SELECT e.id, r.id, r.story_id FROM entry e JOIN report r ON r.id = e.report_id"


def reports_of(connection: sqlite3.Connection, entry_ids: Collection[str]) -> dict[str, set[str]]:
    """Return report -> those of these entries that stand in it."""
    return _members(connection, "report_id IS NOT NULL AND id", entry_ids)


def entries_of(connection: sqlite3.Connection, report_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return report -> its entries, of those that have any."""
    return _members(connection, "report_id", report_ids)


def places_of(connection: sqlite3.Connection, entry_ids: Iterable[str]) -> list[tuple[str, str, str | None]]:
    """Return entry, report and story of those of these entries that stand in a report."""
    listed = json.dumps(list(entry_ids))
    return connection.execute(f"{PLACES} WHERE e.id IN (SELECT value FROM json_each(?))", (listed,)).fetchall()


def _members(connection: sqlite3.Connection, condition: str, ids: Iterable[str]) -> dict[str, set[str]]:
    """Return report -> entries, for the entries of which a condition that ends with a column holds."""
    found: dict[str, set[str]] = {}
    for report, entry in rows_among(connection, f"SELECT report_id, id FROM entry WHERE {condition}", sorted(ids)):
        found.setdefault(report, set()).add(entry)
    return found
