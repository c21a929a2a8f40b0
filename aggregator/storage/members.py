"""Which entries stand in which reports, asked of very many at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from aggregator.storage.binding import column_among, rows_among

# The story of its report is that of an entry: where an editor moved very many, the column of the entry follows.
PLACES = "SELECT e.id, r.id, r.story_id FROM entry e JOIN report r ON r.id = e.report_id"


def whole_reports(connection: sqlite3.Connection, entry_ids: Iterable[str]) -> dict[str, set[str]]:
    """Return report -> all its entries, for the reports in which these entries stand."""
    reports = column_among(connection, "SELECT report_id FROM entry WHERE report_id IS NOT NULL AND id", entry_ids)
    found: dict[str, set[str]] = {}
    for report, entry in rows_among(connection, "SELECT report_id, id FROM entry WHERE report_id", reports):
        found.setdefault(report, set()).add(entry)
    return found


def places_of(connection: sqlite3.Connection, entry_ids: Iterable[str]) -> list[tuple[str, str, str | None]]:
    """Return entry, report and story of those of these entries that stand in a report."""
    listed = json.dumps(list(entry_ids))
    return connection.execute(f"{PLACES} WHERE e.id IN (SELECT value FROM json_each(?))", (listed,)).fetchall()
