"""Notes which entries of a story changed since they were read, by temporary triggers of this connection.

Changes by other connections are not noted; ``PRAGMA data_version`` shows that there were some. A transaction that is rolled back
takes its notes with it.
"""

from __future__ import annotations

from itertools import count
from typing import Final

from aggregator.model import Entry
from aggregator.storage.binding import column, first_value, marks, parts
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore

_NOTES: Final = (
    "CREATE TEMP TABLE IF NOT EXISTS followed_story (id TEXT PRIMARY KEY, owner INTEGER) WITHOUT ROWID",
    "CREATE TEMP TABLE IF NOT EXISTS changed_entry (story_id TEXT, id TEXT, PRIMARY KEY (story_id, id)) WITHOUT ROWID",
    """CREATE TEMP TRIGGER IF NOT EXISTS followed_entry_added AFTER INSERT ON main.entry
WHEN NEW.story_id IN (SELECT id FROM followed_story)
BEGIN INSERT OR IGNORE INTO changed_entry VALUES (NEW.story_id, NEW.id); END""",
    """CREATE TEMP TRIGGER IF NOT EXISTS followed_entry_changed AFTER UPDATE ON main.entry
WHEN OLD.story_id IN (SELECT id FROM followed_story) OR NEW.story_id IN (SELECT id FROM followed_story)
BEGIN
  INSERT OR IGNORE INTO changed_entry VALUES (OLD.story_id, OLD.id);
  INSERT OR IGNORE INTO changed_entry VALUES (NEW.story_id, NEW.id);
END""",
    """CREATE TEMP TRIGGER IF NOT EXISTS followed_entry_dropped AFTER DELETE ON main.entry
WHEN OLD.story_id IN (SELECT id FROM followed_story)
BEGIN INSERT OR IGNORE INTO changed_entry VALUES (OLD.story_id, OLD.id); END""",
    # An entry is read with these values of its feed, so that everything that was read is out of date.
    """CREATE TEMP TRIGGER IF NOT EXISTS followed_feed_changed AFTER UPDATE OF authority, agency ON main.feed
WHEN NEW.authority IS NOT OLD.authority OR NEW.agency IS NOT OLD.agency
BEGIN DELETE FROM followed_story; END""",
)


_owners = count(1)


class EntryChanges:
    """Notes on the entries of followed stories; they cost nothing until a story is followed.

    Of several objects on one connection, the last to follow a story owns its notes; the others read the whole story next time.
    """

    def __init__(self, store: Store) -> None:
        self._db = store.connection
        self._entries = EntryStore(store)
        self._triggers_made = False
        self._owner = next(_owners)

    def follow(self, story_id: str) -> list[Entry]:
        """Return a story's entries, and note their changes from now on."""
        if not self._triggers_made:
            for statement in _NOTES:
                self._db.execute(statement)
            self._triggers_made = True
        self._db.execute("INSERT OR REPLACE INTO followed_story VALUES (?, ?)", (story_id, self._owner))
        self._delete_notes(story_id)
        return self._entries.of_stories([story_id], light=True)[story_id]

    def unfollow(self, story_id: str) -> None:
        """Stop noting the changes of a story."""
        if self._triggers_made and self._is_followed(story_id):
            self._db.execute("DELETE FROM followed_story WHERE id = ?", (story_id,))
            self._delete_notes(story_id)

    def read(self, story_id: str) -> tuple[set[str], list[Entry]] | None:
        """Return the ids of entries removed, and the entries added or changed, since the last call; None if it is not followed."""
        if not self._is_followed(story_id):
            return None
        changed = column(self._db, "SELECT id FROM changed_entry WHERE story_id = ?", (story_id,))
        self._delete_notes(story_id)
        found: list[Entry] = []
        for chunk in parts(changed):
            where = f"WHERE e.story_id = ? AND e.id IN ({marks(chunk)})"
            found += self._entries.select(where, (story_id, *chunk), light=True)
        return {*changed}.difference(entry.id for entry in found), found

    def first_category(self, story_id: str) -> str | None:
        """Return the category of the oldest entry of a story that has one."""
        query = "SELECT category FROM entry WHERE story_id = ? AND category <> '' ORDER BY time, number LIMIT 1"
        return first_value(self._db, query, (story_id,))

    def _is_followed(self, story_id: str) -> bool:
        query = "SELECT 1 FROM followed_story WHERE id = ? AND owner = ?"
        return first_value(self._db, query, (story_id, self._owner)) is not None

    def _delete_notes(self, story_id: str) -> None:
        self._db.execute("DELETE FROM changed_entry WHERE story_id = ?", (story_id,))
