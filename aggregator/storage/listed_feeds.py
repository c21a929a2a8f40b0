"""Writes the feeds of feeds.yaml into ``feed``."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache

from aggregator.model import Feed
from aggregator.storage.moved_feeds import follow_moves
from aggregator.storage.times import to_text
from aggregator.text.masking import shown_address

# The names of a feed: address without secrets, name, publisher, whether it is an agency, category.
Name = tuple[str, str | None, str, bool, str | None]
Row = tuple[str, str, str | None, str, str | None, str | None, int, int, int, str]


@lru_cache(1 << 16)  # each pass asks for the key of every feed
def feed_key(url: str) -> str:
    """Return the key of a feed: a hash of its address, which does not reveal secrets in it."""
    return hashlib.sha256(url.encode()).hexdigest()[:32]


class ListedFeeds:
    """The feeds of feeds.yaml as rows, made once and outside of a transaction: ten thousand take a third of a second."""

    def __init__(self, feeds: Sequence[tuple[Feed, str]], now: datetime) -> None:
        self._rows = [_row(feed, publisher, to_text(now)) for feed, publisher in feeds]
        self._addresses = {row[0]: feed.url for row, (feed, _) in zip(self._rows, feeds, strict=True)}

    @property
    def names(self) -> set[Name]:
        """The names of the feeds, with their addresses."""
        return {(row[1], row[2], row[3], bool(row[7]), row[4]) for row in self._rows}

    @property
    def publishers(self) -> set[str]:
        """The feeds' publishers."""
        return {row[3] for row in self._rows}

    def write(self, db: sqlite3.Connection, fold: Callable[[], None]) -> None:
        """Follow exactly these feeds; ``fold`` applies waiting polls to the rows. The caller holds the transaction.

        A feed that left feeds.yaml is no longer followed; its row, state and entries stay. A feed that is listed under the
        address to which it moved is still followed.
        """
        follow_moves(db, self._addresses, fold)
        for key, feed_id in db.execute("SELECT key, id FROM feed WHERE kind = 'poll' AND followed").fetchall():
            if key not in self._addresses:
                db.execute("UPDATE feed SET followed = 0 WHERE id = ?", (feed_id,))
        db.executemany(_WRITE, self._rows)


def _row(feed: Feed, publisher: str, added: str) -> Row:
    return (
        feed_key(feed.url),
        shown_address(feed),
        feed.name,
        publisher,
        feed.category,
        feed.language,
        feed.authority,
        int(feed.agency),
        int(feed.paused),
        added,
    )


_WRITE = """
INSERT INTO feed (key, url, name, publisher, category, language, authority, agency, paused, followed, added)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)
ON CONFLICT (key) DO UPDATE SET url = excluded.url, name = excluded.name, publisher = excluded.publisher,
  category = excluded.category, language = coalesce(excluded.language, language), authority = excluded.authority,
  agency = excluded.agency, paused = excluded.paused, followed = 1, kind = 'poll'
WHERE (url, name, publisher, category, authority, agency, paused, followed) IS NOT
  (excluded.url, excluded.name, excluded.publisher, excluded.category, excluded.authority, excluded.agency, excluded.paused, 1)
  OR (excluded.language IS NOT NULL AND language IS NOT excluded.language)
"""
