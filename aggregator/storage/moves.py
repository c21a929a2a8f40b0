"""Reports that an editor moved and whose entries have yet to follow, and stories that end when their entries have left.

A verb moves reports at once, so that it holds from its commit on. Their entries and links, thousands of rows, follow some at a
time. Meanwhile ``report.story_id`` is the true story, and ``entry.story_id`` is the one that readers see.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from aggregator.storage.binding import column, first_value

TABLES: Final = """
CREATE TABLE moved_report (
  report_id TEXT PRIMARY KEY REFERENCES report (id) ON DELETE CASCADE,
  decision_id INTEGER
) STRICT, WITHOUT ROWID;
CREATE TABLE ending_story (
  story_id TEXT PRIMARY KEY REFERENCES story (id) ON DELETE CASCADE,
  into_id TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX match_decision ON match (parameters) WHERE kind = 'editor';
"""


class Follower(NamedTuple):
    """An entry that has to follow its report into this story."""

    number: int
    entry_id: str
    story_id: str
    decision: int | None  # the verb that moved the report; None for an undo, which leaves no reason


class EndingStory(NamedTuple):
    """A story that ends when it is empty, and the story that its id redirects to then."""

    story_id: str
    into: str
    reason: str


class MoveStore:
    """Rows of ``moved_report`` and ``ending_story``; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def move(self, report_ids: Collection[str], story_id: str, decision: int | None) -> None:
        """Put reports into a story; their entries follow later. ``decision`` is stored as the reason when they do."""
        listed = json.dumps(sorted(report_ids))
        self._db.execute(
            "UPDATE report SET story_id = ? WHERE id IN (SELECT value FROM json_each(?))", (story_id, listed)
        )
        self._db.execute(
            "INSERT OR REPLACE INTO moved_report (report_id, decision_id) SELECT value, ? FROM json_each(?)",
            (decision, listed),
        )

    def end_later(self, ending: EndingStory) -> None:
        """Store that a story ends when its entries have left."""
        self._db.execute("INSERT OR REPLACE INTO ending_story (story_id, into_id, reason) VALUES (?, ?, ?)", ending)

    def is_pending(self) -> bool:
        """Return whether an entry has yet to follow or a story to end."""
        query = "SELECT EXISTS (SELECT 1 FROM moved_report) OR EXISTS (SELECT 1 FROM ending_story)"
        return bool(first_value(self._db, query))

    def moved(self, most: int, story_id: str | None = None) -> list[str]:
        """Return at most ``most`` reports whose entries have yet to follow; with ``story_id``, of that story alone."""
        return column(
            self._db,
            "SELECT report_id FROM moved_report WHERE ?1 IS NULL"
            " OR EXISTS (SELECT 1 FROM report WHERE id = report_id AND story_id = ?1) LIMIT ?2",
            (story_id, most),
        )

    def followers(self, report_ids: Sequence[str], most: int) -> list[Follower]:
        """Return at most ``most`` entries of moved reports that are in another story than their report."""
        rows = self._db.execute(
            "SELECT e.number, e.id, r.story_id, m.decision_id FROM moved_report m"
            " JOIN report r ON r.id = m.report_id JOIN entry e ON e.report_id = m.report_id"
            " WHERE m.report_id IN (SELECT value FROM json_each(?)) AND e.story_id IS NOT r.story_id"
            " ORDER BY m.report_id, e.number LIMIT ?",
            (json.dumps(report_ids), most),
        )
        return [Follower(*row) for row in rows]

    def follow(self, followers: Sequence[Follower]) -> None:
        """Put entries into the stories of their reports."""
        self._db.executemany(
            "UPDATE entry SET story_id = ? WHERE number = ?", [(one.story_id, one.number) for one in followers]
        )

    def mark_followed(self, report_ids: Sequence[str]) -> None:
        """Store that the entries of these reports have followed, and move the links of the reports."""
        listed = json.dumps(report_ids)
        self._db.execute(
            "UPDATE match SET story_id = r.story_id FROM report r"
            " WHERE r.id = match.report_id AND match.story_id IS NOT r.story_id"
            " AND match.report_id IN (SELECT value FROM json_each(?))",
            (listed,),
        )
        self._db.execute("DELETE FROM moved_report WHERE report_id IN (SELECT value FROM json_each(?))", (listed,))

    def endings(self) -> list[EndingStory]:
        """Return the stories that are to end."""
        return [EndingStory(*row) for row in self._db.execute("SELECT story_id, into_id, reason FROM ending_story")]

    def forget_ending(self, story_id: str) -> None:
        """Delete the note that a story is to end."""
        self._db.execute("DELETE FROM ending_story WHERE story_id = ?", (story_id,))

    def is_empty(self, story_id: str) -> bool:
        """Return whether a story has neither a report nor an entry."""
        query = "SELECT EXISTS (SELECT 1 FROM report WHERE story_id = ?1) OR EXISTS (SELECT 1 FROM entry WHERE story_id = ?1)"
        return not first_value(self._db, query, (story_id,))

    def redirect_links(self, most: int) -> int:
        """Point at most ``most`` links to stories that are to end at their successors; return how many."""
        return self._db.execute(
            "UPDATE match SET story_id = (SELECT into_id FROM ending_story e WHERE e.story_id = match.story_id)"
            " WHERE id IN (SELECT m.id FROM ending_story e JOIN match m ON m.story_id = e.story_id LIMIT ?)",
            (most,),
        ).rowcount
