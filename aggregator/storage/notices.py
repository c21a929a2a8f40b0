"""Reads entries that carry a notice, and the entries that they may name, without their texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aggregator.model import Entry
from aggregator.storage.binding import marks
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore

_READ: Final = 1_000  # the newest notices that are read; a desk gets some dozens a week


class NoticeStore:
    """Rows of ``entry`` with a correction."""

    def __init__(self, store: Store) -> None:
        self._db = store.connection
        self._entries = EntryStore(store)

    def state(self) -> tuple[int, int]:
        """Return a value that changes when :meth:`newest` returns other notices."""
        found: tuple[int, int] = self._db.execute(
            "SELECT count(*), coalesce(sum(number), 0) FROM"
            " (SELECT number FROM entry WHERE correction IS NOT NULL ORDER BY time DESC, number LIMIT ?)",
            (_READ,),
        ).fetchone()
        return found

    def newest(self) -> list[Entry]:
        """Return the newest notices, the last first."""
        where = "WHERE e.correction IS NOT NULL ORDER BY e.time DESC, e.number LIMIT ?"
        return self._entries.select(where, (_READ,), light=True)

    def of_story(self, story_id: str) -> list[Entry]:
        """Return the notices in a story."""
        # with a plus, so that the planner takes the index of notices, which are few
        return self._entries.select("WHERE e.correction IS NOT NULL AND +e.story_id = ?", (story_id,), light=True)

    def named(self, entry_ids: Sequence[str]) -> list[Entry]:
        """Return the entries with these ids."""
        return self._entries.select(f"WHERE e.id IN ({marks(entry_ids)})", tuple(entry_ids), light=True)
