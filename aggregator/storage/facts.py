"""Named facts, each a text, that outlive a process."""

from __future__ import annotations

import sqlite3

from aggregator.storage.binding import column, first_value


class FactStore:
    """Rows of ``fact``; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def fact(self, name: str) -> str | None:
        """Return the value of a fact; None where it is not stored."""
        return first_value(self._db, "SELECT value FROM fact WHERE name = ?", (name,))

    def facts(self, prefix: str) -> list[str]:
        """Return the names of the facts that begin with ``prefix``, in order."""
        query = "SELECT name FROM fact WHERE substr(name, 1, ?) = ? ORDER BY name"
        return column(self._db, query, (len(prefix), prefix))

    def forget(self, name: str) -> None:
        """Delete a fact."""
        self._db.execute("DELETE FROM fact WHERE name = ?", (name,))

    def remember(self, name: str, value: str) -> None:
        """Store a fact under a name."""
        self._db.execute(
            "INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, value),
        )
