"""The state of a run that clusters everything anew: its progress, the stories before it, and its changes."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from typing import Final

from aggregator.storage.binding import first_value, rows_among
from aggregator.storage.facts import FactStore

TABLES: Final = """
CREATE TABLE reclustered_entry (
  entry_id TEXT PRIMARY KEY,
  story_id TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""

# Names of facts: the number up to which reports are settled, absent where no run is under way; the changes of the last run, as JSON;
# the fingerprint of the clustering that found the stories, absent where an older version found them.
_CURSOR: Final = "recluster"
_REPORT: Final = "reclustered"
_FINGERPRINT: Final = "stories found by"


class ReclusterStore:
    """The state of a run; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._facts = FactStore(connection)

    def cursor(self) -> int | None:
        """Return the number up to which reports are settled; None where no run is under way."""
        number = self._facts.fact(_CURSOR)
        return None if number is None else int(number)

    def any_outdated(self, version: str) -> bool:
        """Return whether a vector of another version is stored."""
        query = "SELECT 1 FROM report_vector WHERE version <> ? AND vector IS NOT NULL LIMIT 1"
        return first_value(self._db, query, (version,)) is not None

    def is_clustered_by(self, rules: str) -> bool:
        """Return whether all stories were found by the clustering with this fingerprint."""
        return self._facts.fact(_FINGERPRINT) == rules

    def set_fingerprint(self, rules: str) -> None:
        """Store the fingerprint of the clustering by which all stories are found."""
        self._facts.remember(_FINGERPRINT, rules)

    def begin(self) -> None:
        """Begin a run, or continue the one under way: store the stories of all entries."""
        if self.cursor() is None:
            self._db.execute("DELETE FROM reclustered_entry")
            self._db.execute(
                "INSERT INTO reclustered_entry SELECT e.id, e.story_id FROM entry e JOIN report_vector v USING (report_id)"
                " WHERE e.story_id IS NOT NULL"
            )
            self.set_cursor(0)

    def set_cursor(self, number: int) -> None:
        """Store the number up to which reports are settled."""
        self._facts.remember(_CURSOR, str(number))

    def reports_after(self, number: int, limit: int) -> list[tuple[int, str]]:
        """Return number and report of the next vectors after a number."""
        return self._db.execute(
            "SELECT number, report_id FROM report_vector WHERE number > ? AND vector IS NOT NULL ORDER BY number LIMIT ?",
            (number, limit),
        ).fetchall()

    def counts(self) -> tuple[int, int]:
        """Return how many vectors there are, and how many of them are settled."""
        total, settled = self._db.execute(
            "SELECT count(*), count(CASE WHEN number <= ? THEN 1 END) FROM report_vector WHERE vector IS NOT NULL",
            (self.cursor() or 0,),
        ).fetchone()
        return int(total), int(settled)

    def former_stories(self) -> dict[str, str]:
        """Return entry id -> the story that it was in before the run."""
        return dict(self._db.execute("SELECT entry_id, story_id FROM reclustered_entry").fetchall())

    def stories_of(self, entry_ids: Collection[str]) -> Iterator[tuple[str, str | None]]:
        """Return entry and story of the entries among these that are still stored."""
        return rows_among(self._db, "SELECT id, story_id FROM entry WHERE id", entry_ids)

    def titles(self, entry_ids: Collection[str]) -> dict[str, str]:
        """Return entry id -> headline."""
        return dict(rows_among(self._db, "SELECT id, title FROM entry WHERE id", entry_ids))

    def end(self, report: str, rules: str) -> None:
        """End the run; store its changes as ``report`` (JSON), and ``rules``, the fingerprint of its clustering."""
        self.set_fingerprint(rules)
        self._db.execute("DELETE FROM reclustered_entry")
        self._facts.forget(_CURSOR)
        self._facts.remember(_REPORT, report)

    def report(self) -> str | None:
        """Return the changes of the last run, as JSON; None where there was none."""
        return self._facts.fact(_REPORT)
