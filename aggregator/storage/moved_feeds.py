"""Keeps the identity of feeds whose address in feeds.yaml was changed to the address that they moved to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping

from aggregator.storage.binding import column

_OTHER_SCHEME = {"http": "https", "https": "http"}
# Failures at the old address do not count for the new one, which is asked at once.
_MOVE = """
UPDATE feed SET key = ?, fetch_url = NULL, moved_to = NULL, moved_since = NULL, moved_seen = 0, next_fetch = NULL,
  gone = 0, gone_since = NULL, failures = 0, first_failed = NULL, last_error = NULL WHERE id = ?
"""


def follow_moves(db: sqlite3.Connection, listed: Mapping[str, str], fold: Callable[[], None]) -> None:
    """Give feeds that left feeds.yaml the key of a newly listed address, where they are known to have moved to it.

    ``listed`` maps keys to addresses of the listed feeds; ``fold`` applies waiting polls to the rows. The caller holds the
    transaction.
    """
    known = set(column(db, "SELECT key FROM feed"))
    fresh = {address: key for key, address in listed.items() if key not in known}
    if not fresh or known <= listed.keys():
        return
    fold()
    left = db.execute(
        "SELECT id, key, url, fetch_url, moved_to FROM feed WHERE kind = 'poll' ORDER BY followed DESC, id DESC"
    ).fetchall()
    for number, key, *addresses in left:
        moved = None if key in listed else next((one for one in _addresses(*addresses) if one in fresh), None)
        if moved is not None:
            db.execute(_MOVE, (fresh.pop(moved), number))


def _addresses(url: str, fetch_url: str | None, moved_to: str | None) -> Iterator[str]:
    """Yield addresses that surely are of the same feed: where it was found last, and its address with http and https exchanged."""
    yield from (one for one in (fetch_url, moved_to) if one)
    scheme, mark, rest = url.partition("://")
    if mark and scheme in _OTHER_SCHEME:
        yield f"{_OTHER_SCHEME[scheme]}://{rest}"
