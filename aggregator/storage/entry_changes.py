"""Which entries of a story changed since they were read: noted by triggers of this connection alone, in memory.

What another connection writes is not noted; that it wrote is told by ``PRAGMA data_version``. The notes are undone
with the transaction that they are of.
"""

from __future__ import annotations

from typing import Final

from aggregator.model import Entry
from aggregator.storage.binding import marks, parts
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore

_NOTES: Final = (
    "CREATE TEMP TABLE followed_story (id TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TEMP TABLE changed_entry (story_id TEXT, id TEXT, PRIMARY KEY (story_id, id)) WITHOUT ROWID",
    """CREATE TEMP TRIGGER followed_entry_added AFTER INSERT ON main.entry
WHEN NEW.story_id IN (SELECT id FROM followed_story)
BEGIN INSERT OR IGNORE INTO changed_entry VALUES (NEW.story_id, NEW.id); END""",
    """CREATE TEMP TRIGGER followed_entry_changed AFTER UPDATE ON main.entry
WHEN OLD.story_id IN (SELECT id FROM followed_story) OR NEW.story_id IN (SELECT id FROM followed_story)
BEGIN
  INSERT OR IGNORE INTO changed_entry VALUES (OLD.story_id, OLD.id);
  INSERT OR IGNORE INTO changed_entry VALUES (NEW.story_id, NEW.id);
END""",
    """CREATE TEMP TRIGGER followed_entry_dropped AFTER DELETE ON main.entry
WHEN OLD.story_id IN (SELECT id FROM followed_story)
BEGIN INSERT OR IGNORE INTO changed_entry VALUES (OLD.story_id, OLD.id); END""",
    # An entry is read with these of its feed: all that was read is out of date.
    """CREATE TEMP TRIGGER followed_feed_changed AFTER UPDATE OF authority, agency ON main.feed
WHEN NEW.authority IS NOT OLD.authority OR NEW.agency IS NOT OLD.agency
BEGIN DELETE FROM followed_story; END""",
)


class EntryChanges:
    """Notes on the entries of followed stories; there are none, and they cost nothing, until a story is followed."""

    def __init__(self, store: Store) -> None:
        self._db = store.connection
        self._entries = EntryStore(store)
        self._is_noting = False

    def follow(self, story_id: str) -> list[Entry]:
        """Return a story's entries, and note what changes of them from now on."""
        if not self._is_noting:
            for statement in _NOTES:
                self._db.execute(statement)
            self._is_noting = True
        self._db.execute("INSERT OR IGNORE INTO followed_story VALUES (?)", (story_id,))
        self._forget(story_id)
        return self._entries.of_stories([story_id], light=True)[story_id]

    def leave(self, story_id: str) -> None:
        """Note nothing more of a story."""
        if self._is_noting:
            self._db.execute("DELETE FROM followed_story WHERE id = ?", (story_id,))
            self._forget(story_id)

    def taken(self, story_id: str) -> tuple[set[str], list[Entry]] | None:
        """Return which entries went, and those that came or changed, since this was asked last; None where nobody knows."""
        if self._db.execute("SELECT 1 FROM followed_story WHERE id = ?", (story_id,)).fetchone() is None:
            return None
        changed = [row[0] for row in self._db.execute("SELECT id FROM changed_entry WHERE story_id = ?", (story_id,))]
        self._forget(story_id)
        found: list[Entry] = []
        for chunk in parts(changed):
            where = f"WHERE e.story_id = ? AND e.id IN ({marks(chunk)})"
            found += self._entries.select(where, (story_id, *chunk), light=True)
        return {*changed}.difference(entry.id for entry in found), found

    def first_category(self, story_id: str) -> str | None:
        """Return the category of the oldest entry of a story that has one."""
        row = self._db.execute(
            "SELECT category FROM entry WHERE story_id = ? AND category <> '' ORDER BY time, number LIMIT 1",
            (story_id,),
        ).fetchone()
        return None if row is None else str(row[0])

    def _forget(self, story_id: str) -> None:
        self._db.execute("DELETE FROM changed_entry WHERE story_id = ?", (story_id,))
