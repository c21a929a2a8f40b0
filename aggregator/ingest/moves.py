"""Moves of very many reports by editors: the reports move at once, their entries follow in short transactions.

When a process ends in between, the next verb or pass of any process does the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from aggregator.storage.database import PAUSE, Store
from aggregator.storage.matches import MatchStore
from aggregator.storage.moves import MoveStore
from aggregator.storage.stories import StoryStore
from aggregator.storage.storylines import StorylineStore

TRIES = 3  # attempts to finish others' moves outside of the transaction; then they are finished inside it
AT_ONCE = 500  # entries that follow in one transaction, some 50 µs each with their links


class Mover(MoveStore):
    """Moves reports, and lets their entries follow."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.connection)
        self._store = store
        self._stories = StoryStore(store)
        self._matches = MatchStore(store)
        self._lines = StorylineStore(store)

    @contextmanager
    def transaction(self, now: datetime) -> Iterator[None]:
        """Open a transaction at whose beginning no earlier move is pending."""
        for _ in range(TRIES):
            self.finish(now)
            with self._store.transaction():
                if not self.is_pending():
                    yield
                    return
        with self._store.transaction():
            self.finish(now)
            yield

    # --- within the caller's transaction ------------------------------------------------------------

    def begin_following(self, story_ids: Sequence[str], now: datetime) -> None:
        """Let the first entries follow, some to each of these stories. Where few were moved, all follow, and empty stories end."""
        left = AT_ONCE
        for story_id in story_ids:
            left -= self._follow(AT_ONCE // (len(story_ids) + 1), story_id)
        self._follow(left)
        self._end_emptied(now)

    # --- in transactions of its own -----------------------------------------------------------------

    def finish(self, now: datetime, keep_waiting: Callable[[], bool] = lambda: False) -> None:
        """Let all entries follow, some in each transaction. Links are redirected before the last entry leaves a story that ends."""
        while self.is_pending():
            with self._store.transaction(keep_waiting):
                if not self.redirect_links(AT_ONCE):
                    self._follow(AT_ONCE)
                    self._lines.refresh(self._end_emptied(now), now)
            if not self._store.connection.in_transaction:
                time.sleep(PAUSE)

    # --- parts of the steps ---------------------------------------------------------------------

    def _follow(self, most: int, story_id: str | None = None) -> int:
        """Let at most ``most`` entries follow; return how many did."""
        reports = self.moved(most, story_id)
        followers = self.followers(reports, most)
        self.follow(followers)
        reasons: dict[int, dict[str, list[str]]] = {}
        for one in followers:
            if one.decision is not None:
                reasons.setdefault(one.decision, {}).setdefault(one.story_id, []).append(one.entry_id)
        for decision, placed in sorted(reasons.items()):
            self._matches.add_reasons(decision, placed)
        if len(followers) < most:
            self.mark_followed(reports)
        return len(followers)

    def _end_emptied(self, now: datetime) -> set[str]:
        """End the stories that are empty now; return the storylines that they were in."""
        lines: set[str] = set()
        is_done = not self.moved(1)
        for ending in self.endings():
            if self.is_empty(ending.story_id):
                lines.update(self._lines.of_stories([ending.story_id]).values())
                self._stories.close_story(ending.story_id, ending.into, now, ending.reason)
            if is_done:
                self.forget_ending(ending.story_id)
        return lines
