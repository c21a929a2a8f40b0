"""Looks up the reports and stories of very many entries at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from aggregator.storage.binding import column_among, rows_among

# The story of an entry is that of its report: where an editor moved very many, the entry's own column follows later.
PLACES = "SELECT e.id, r.id, r.story_id FROM entry e JOIN report r ON r.id = e.report_id"


def whole_reports(connection: sqlite3.Connection, entry_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return report id -> all its entries, for the reports of these entries."""
    reports = column_among(connection, "SELECT report_id FROM entry WHERE report_id IS NOT NULL AND id", entry_ids)
    found: dict[str, set[str]] = {}
    for report, entry in rows_among(connection, "SELECT report_id, id FROM entry WHERE report_id", reports):
        found.setdefault(report, set()).add(entry)
    return found


def places_of(connection: sqlite3.Connection, entry_ids: Iterable[str]) -> list[tuple[str, str, str | None]]:
    """Return entry, report and story, for those of these entries that have a report."""
    listed = json.dumps(list(entry_ids))
    return connection.execute(f"{PLACES} WHERE e.id IN (SELECT value FROM json_each(?))", (listed,)).fetchall()
