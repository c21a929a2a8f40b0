"""Reports that an editor moved and whose entries have yet to follow, and stories that end when theirs have.

A verb moves reports at once, so it holds from its commit on. Their entries and links, thousands of rows, follow some at a
time. Meanwhile the story of a report is the true one, and the story of its entries is the one that readers see.
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
    """An entry that has to follow its report, to this story."""

    number: int
    entry_id: str
    story_id: str
    decision: int | None  # the verb that moved the report; None for an undo, which leaves no reason


class EndingStory(NamedTuple):
    """A story that ends when nothing stands in it any more, and the one that its id leads to then."""

    story_id: str
    into: str
    reason: str


class MoveStore:
    """Rows of ``moved_report`` and ``ending_story``; the caller holds the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def move(self, report_ids: Collection[str], story_id: str, decision: int | None) -> None:
        """Put reports into a story; their entries have yet to follow. A ``decision`` becomes the reason why they are there."""
        listed = json.dumps(sorted(report_ids))
        self._db.execute(
            "UPDATE report SET story_id = ? WHERE id IN (SELECT value FROM json_each(?))", (story_id, listed)
        )
        self._db.execute(
            "INSERT OR REPLACE INTO moved_report (report_id, decision_id) SELECT value, ? FROM json_each(?)",
            (decision, listed),
        )

    def end_later(self, ending: EndingStory) -> None:
        """Note a story that ends when its entries are gone."""
        self._db.execute("INSERT OR REPLACE INTO ending_story (story_id, into_id, reason) VALUES (?, ?, ?)", ending)

    def is_pending(self) -> bool:
        """Return whether anything has yet to follow or to end."""
        query = "SELECT EXISTS (SELECT 1 FROM moved_report) OR EXISTS (SELECT 1 FROM ending_story)"
        return bool(first_value(self._db, query))

    def moved(self, most: int, story_id: str | None = None) -> list[str]:
        """Return at most so many reports whose entries have yet to follow, of those in one story where it is named."""
        return column(
            self._db,
            "SELECT report_id FROM moved_report WHERE ?1 IS NULL"
            " OR EXISTS (SELECT 1 FROM report WHERE id = report_id AND story_id = ?1) LIMIT ?2",
            (story_id, most),
        )

    def followers(self, report_ids: Sequence[str], most: int) -> list[Follower]:
        """Return at most so many entries of moved reports that stand in another story than their report."""
        rows = self._db.execute(
            "SELECT e.number, e.id, r.story_id, m.decision_id FROM moved_report m"
            " JOIN report r ON r.id = m.report_id JOIN entry e ON e.report_id = m.report_id"
            " WHERE m.report_id IN (SELECT value FROM json_each(?)) AND e.story_id IS NOT r.story_id"
            " ORDER BY m.report_id, e.number LIMIT ?",
            (json.dumps(report_ids), most),
        )
        return [Follower(*row) for row in rows]

    def follow(self, followers: Sequence[Follower]) -> None:
        """Put entries where their reports are."""
        self._db.executemany(
            "UPDATE entry SET story_id = ? WHERE number = ?", [(one.story_id, one.number) for one in followers]
        )

    def mark_followed(self, report_ids: Sequence[str]) -> None:
        """Forget that the entries of these reports have to follow, and have the links of the reports follow."""
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
        """Forget that a story is to end."""
        self._db.execute("DELETE FROM ending_story WHERE story_id = ?", (story_id,))

    def is_empty(self, story_id: str) -> bool:
        """Return whether neither a report nor an entry stands in a story."""
        query = "SELECT EXISTS (SELECT 1 FROM report WHERE story_id = ?1) OR EXISTS (SELECT 1 FROM entry WHERE story_id = ?1)"
        return not first_value(self._db, query, (story_id,))

    def redirect_links(self, most: int) -> int:
        """Have at most so many links to stories that are to end name their successors; return how many did."""
        return self._db.execute(
            "UPDATE match SET story_id = (SELECT into_id FROM ending_story e WHERE e.story_id = match.story_id)"
            " WHERE id IN (SELECT m.id FROM ending_story e JOIN match m ON m.story_id = e.story_id LIMIT ?)",
            (most,),
        ).rowcount
