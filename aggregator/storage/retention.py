"""Retention: deletes old entries with everything made from them, and stories and reports that are left empty.

Entries still in their feed stay, however old, because the next poll would bring them back as new. Entries that an editor's verb in
force names stay too; a verb that was undone does not count.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from aggregator.storage.binding import column, first_value, marks
from aggregator.storage.database import Store
from aggregator.storage.report_vectors import VectorStore
from aggregator.storage.storylines import StorylineStore
from aggregator.storage.sweeping import Sweeper
from aggregator.storage.times import to_text

# Entries that one transaction deletes; each costs a millisecond or two, most of it in the full-text index.
AT_ONCE: Final = 50
# Characters of their texts that one transaction deletes: the index splits them into words again to remove them.
TEXT_AT_ONCE: Final = 250_000

# An entry in its feed's last document. A feed that is no longer polled carries no entry.
_CARRIED = (
    "EXISTS (SELECT 1 FROM feed WHERE feed.id = e.feed_id AND feed.kind = 'poll' AND feed.followed AND NOT feed.gone)"
    " AND e.last_seen >= (SELECT max(other.last_seen) FROM entry other WHERE other.feed_id = e.feed_id)"
)
_NAMED = (
    "EXISTS (SELECT 1 FROM decision_entry n JOIN decision d ON d.id = n.decision_id"
    " WHERE n.entry_id = e.id AND d.undone_at IS NULL)"
)
_OLD_STORY = (
    "last_seen < ? AND pinned_entry IS NULL"
    f" AND NOT EXISTS (SELECT 1 FROM entry e WHERE e.story_id = story.id AND ({_NAMED} OR ({_CARRIED})))"
)
_OLD_ENTRY = f"e.story_id IS NULL AND e.time < ? AND NOT {_NAMED} AND NOT ({_CARRIED})"

_Row = tuple[int, str, int]  # number, id, and how long the text is


class Retention:
    """Applies the retention rule: deletes stories and entries from ``before`` a time, in short transactions.

    A story is deleted as a whole, with its sketches and vectors, so that no later arrival joins it. Its id then
    redirects to nothing. An entry without a story is deleted by its own time.
    """

    def __init__(self, store: Store, before: datetime, now: datetime) -> None:
        self._store = store
        self._db = store.connection
        self._vectors = VectorStore(store.connection)
        self._lines = StorylineStore(store)
        self._moment = now
        self._before = to_text(before)
        self._now = to_text(now)
        self._stories = 0
        self._deleted_text = 0  # characters of the deleted texts

    def drop(self, sweeper: Sweeper) -> tuple[int, int]:
        """Delete old stories and entries; return how many entries and how many stories."""
        self._stories = 0
        entries = self._whole_stories(sweeper) + self._in_no_story(sweeper)
        return entries, self._stories

    def forget_versions(self, most: int) -> int:
        """Delete at most ``most`` old versions of entries that stay; return how many.

        The first version of an entry stays, and the last one before the present.
        """
        return self._db.execute(
            "DELETE FROM revision WHERE id IN (SELECT r.id FROM revision r JOIN entry e ON e.id = r.entry_id"
            " WHERE r.replaced < ? AND r.number > 1 AND r.number < e.revisions ORDER BY r.replaced LIMIT ?)",
            (self._before, most),
        ).rowcount

    def _whole_stories(self, sweeper: Sweeper) -> int:
        query = f"SELECT id FROM story WHERE {_OLD_STORY} ORDER BY last_seen, id"
        old = deque(column(self._db, query, (self._before,)))

        def some() -> int:
            dropped, text_before = 0, self._deleted_text
            while old and dropped < AT_ONCE and self._deleted_text - text_before < TEXT_AT_ONCE:
                entries, whole = self._drop_story(old[0], AT_ONCE - dropped)
                total.append(entries)
                if not whole:
                    break
                dropped += max(entries, 1)  # an empty story costs as much as an entry
                old.popleft()
            return dropped

        total: list[int] = []
        while old and not sweeper.stopped:
            sweeper.step(some)
        return sum(total)

    def _drop_story(self, story_id: str, most: int) -> tuple[int, bool]:
        """Delete at most ``most`` entries of a story, and the story with its last entry.

        Return how many entries were deleted, and whether nothing is left to do. The canonical entry goes last, so that until then
        the story is shown as before, only smaller.
        """
        found = self._db.execute(
            f"SELECT canonical_entry FROM story WHERE id = ? AND {_OLD_STORY}", (story_id, self._before)
        ).fetchone()
        if found is None:  # it grew meanwhile, or an editor used it
            return 0, True
        rows = self._some_of(story_id, found[0] or "", most + 1)
        chosen = next(_parts(rows, most), [])
        reports = self._reports_of(chosen)
        self._forget(chosen)
        self._drop_emptied(reports)
        if len(rows) > len(chosen):
            return len(chosen), False
        self._drop_emptied(column(self._db, "SELECT id FROM report WHERE story_id = ?", (story_id,)))
        line = self._lines.of_stories([story_id]).get(story_id)
        self._db.execute("UPDATE story_redirect SET story_id = NULL, at = ? WHERE story_id = ?", (self._now, story_id))
        self._db.execute(
            "INSERT OR REPLACE INTO story_redirect (old_id, story_id, at, reason) VALUES (?, NULL, ?, 'retention')",
            (story_id, self._now),
        )
        self._db.execute("DELETE FROM story WHERE id = ?", (story_id,))
        self._lines.refresh([line] if line else [], self._moment)
        self._stories += 1
        return len(rows), True

    def _some_of(self, story_id: str, canonical: str, most: int) -> list[_Row]:
        """Return at most ``most`` entries of a story in order of arrival, the canonical one last."""
        columns = "SELECT number, id, length(text) FROM entry"
        others = self._db.execute(
            f"{columns} WHERE number IN (SELECT number FROM entry WHERE story_id = ? AND id <> ? ORDER BY number LIMIT ?)"
            " ORDER BY number",
            (story_id, canonical, most),
        ).fetchall()
        if len(others) == most:
            return others
        return others + self._db.execute(f"{columns} WHERE story_id = ? AND id = ?", (story_id, canonical)).fetchall()

    def _reports_of(self, entries: Sequence[_Row]) -> set[str]:
        numbers = [number for number, *_ in entries]
        query = f"SELECT DISTINCT report_id FROM entry WHERE number IN ({marks(numbers)}) AND report_id IS NOT NULL"
        return set(column(self._db, query, numbers))

    def _drop_emptied(self, report_ids: Iterable[str]) -> None:
        """Delete the empty reports among these, with their vectors."""
        for report_id in sorted(report_ids):
            if first_value(self._db, "SELECT 1 FROM entry WHERE report_id = ? LIMIT 1", (report_id,)) is None:
                self._vectors.drop(report_id)
                self._vectors.mark_settled([report_id])
                self._db.execute("DELETE FROM report WHERE id = ?", (report_id,))

    def _in_no_story(self, sweeper: Sweeper) -> int:
        """Delete old entries without a story; they were stored while stories were off, or never placed."""
        old = self._db.execute(
            f"SELECT e.number, e.id, length(e.text) FROM entry e WHERE {_OLD_ENTRY}", (self._before,)
        ).fetchall()
        total = 0
        for part in _parts(old, AT_ONCE):
            if sweeper.stopped:
                break
            total += sweeper.step(partial(self._drop_unplaced, part))
        return total

    def _drop_unplaced(self, entries: Sequence[_Row]) -> int:
        still = [
            row
            for row in entries
            if self._db.execute(
                f"SELECT 1 FROM entry e WHERE e.number = ? AND e.id = ? AND {_OLD_ENTRY}", (*row[:2], self._before)
            ).fetchone()
        ]
        self._forget(still)
        return len(still)

    def _forget(self, entries: Sequence[_Row]) -> None:
        """Delete entries, with their rows in tables that do not cascade."""
        self._deleted_text += sum(row[2] for row in entries)
        self._db.executemany("DELETE FROM entry_fts WHERE rowid = ?", [(number,) for number, *_ in entries])
        self._db.executemany("DELETE FROM sketch WHERE entry_id = ?", [(entry_id,) for _, entry_id, _ in entries])
        self._db.executemany("DELETE FROM entry WHERE number = ?", [(number,) for number, *_ in entries])


def _parts(entries: Sequence[_Row], most: int) -> Iterator[list[_Row]]:
    """Yield entries in order, as many at a time as one transaction should delete, and at least one."""
    part: list[_Row] = []
    for entry in entries:
        if part and (len(part) >= most or sum(row[2] for row in part) + entry[2] > TEXT_AT_ONCE):
            yield part
            part = []
        part.append(entry)
    if part:
        yield part
