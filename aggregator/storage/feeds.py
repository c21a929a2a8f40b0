"""Feeds with their polling state, and the poll log."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aggregator.model import FeedOutcome, FeedState
from aggregator.newsroom.health import Hour
from aggregator.storage.binding import column, first_value, marks, parts
from aggregator.storage.database import Store
from aggregator.storage.feed_states import COLUMNS, state_of, state_values
from aggregator.storage.listed_feeds import ListedFeeds, feed_key
from aggregator.storage.poll_lines import LINES
from aggregator.storage.schema import HOUR
from aggregator.storage.times import from_text, to_text
from aggregator.storage.waiting_polls import CHECK_EVERY, FEEDS_NOW, POLLS_NOW, DeferredPoll, deferred, fold, fold_many

_FEW = 64  # feeds that are saved with one commit; fewer due feeds wait for others
MANY = 1_000  # a desk with fewer followed feeds writes little, so its due feeds do not wait
_AHEAD = timedelta(minutes=1)  # time servers correct a clock by less


@dataclass(frozen=True, slots=True)
class StoredFeed:
    """A feed's row: its number, its names, and its polling state."""

    id: int
    url_key: str  # see feed_key
    url: str  # without secrets
    name: str | None
    title: str | None
    publisher: str
    category: str | None
    agency: bool
    paused: bool
    added: datetime
    state: FeedState

    @property
    def shown(self) -> str:
        """The name for people: the desk's name, else the feed's own title, else its address."""
        return self.name or self.title or self.url


# Row number, key, address after a permanent move, and name for people.
Answering = tuple[int, str, str | None, str]


class FeedStore:
    """Rows of ``feed`` and ``poll``."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._db = store.connection

    def sync(self, feeds: ListedFeeds) -> None:
        """Update the rows from feeds.yaml, unless the database is read-only."""
        if self._store.read_only:
            return
        with self._store.transaction() as db:
            feeds.write(db, self._fold)

    def ensure(self, url: str, publisher: str, now: datetime, *, name: str | None = None) -> StoredFeed:
        """Return the feed with the address ``url``; where it is missing, create it as an archive's.

        An address with masked secrets finds the feed whose address it is.
        """
        stored = self._select("WHERE url = ? ORDER BY id LIMIT 1", (url,))
        if stored:
            return stored[0]
        with self._store.transaction() as db:
            db.execute(
                "INSERT OR IGNORE INTO feed (key, kind, url, name, publisher, followed, added) VALUES (?, 'archive', ?, ?, ?, 0, ?)",
                (feed_key(url), url, name, publisher, to_text(now)),
            )
        found = self.by_url(url)
        assert found is not None  # noqa: S101 - just inserted
        return found

    def by_url(self, url: str) -> StoredFeed | None:
        """Return the feed that has this address."""
        rows = self._select("WHERE key = ?", (feed_key(url),))
        return rows[0] if rows else None

    def row_of(self, url: str) -> int | None:
        """Return the row number of the feed with this stored address, which is without secrets; None where there is none."""
        return first_value(self._db, "SELECT id FROM feed WHERE url = ? ORDER BY id LIMIT 1", (url,))

    def by_id(self, feed_id: int) -> StoredFeed:
        """Return the feed with this row number."""
        return self._select("WHERE id = ?", (feed_id,))[0]

    def followed(self) -> list[StoredFeed]:
        """Return the feeds that feeds.yaml names, by name."""
        return self._select("WHERE followed ORDER BY coalesce(name, title, url) COLLATE NOCASE, id")

    def of_keys(self, keys: Iterable[str]) -> list[StoredFeed]:
        """Return the feeds with these keys."""
        return [feed for part in parts(keys) for feed in self._select(f"WHERE key IN ({marks(part)})", tuple(part))]

    def answering(self) -> list[Answering]:
        """Return the followed feeds whose last poll succeeded, or that were never polled."""
        return self._db.execute(
            "SELECT id, key, fetch_url, coalesce(name, title, url) FROM feed"
            " WHERE followed AND NOT paused AND NOT gone AND last_ok IS last_fetch"
        ).fetchall()

    def all(self) -> list[StoredFeed]:
        """Return all feeds, with archives and those that left feeds.yaml."""
        return self._select("ORDER BY id")

    def due_keys(self, now: datetime, longest: timedelta, gathering: timedelta = timedelta(0)) -> set[str]:
        """Return the keys of the feeds that should be polled now.

        A feed that is due later than ``longest`` from now, or was asked in the future, got its time from a wrong clock: it is due.
        At a desk of many feeds, none is returned while only a few are due, all for less than ``gathering``: they wait for others.
        """
        text, ahead = to_text(now), to_text(now + _AHEAD)
        rows = self._db.execute(
            f"SELECT key, next_fetch IS NULL OR next_fetch NOT BETWEEN ? AND ? FROM {FEEDS_NOW} WHERE followed AND NOT paused AND "
            "(NOT gone AND (next_fetch IS NULL OR next_fetch <= ? OR next_fetch > ?) OR last_fetch > ?)",
            (to_text(now - gathering), text, text, to_text(now + longest), ahead),
        ).fetchall()
        if gathering and 0 < len(rows) < _FEW and not any(is_urgent for _, is_urgent in rows) and self._are_many():
            return set()
        return {key for key, _ in rows}

    def _are_many(self) -> bool:
        return bool(first_value(self._db, "SELECT count(*) >= ? FROM feed WHERE followed", (MANY,)))

    def next_due(self) -> datetime | None:
        """Return when the next poll is due; None where nothing is scheduled."""
        return self._moment(
            f"SELECT min(next_fetch) FROM {FEEDS_NOW} WHERE followed AND NOT paused AND NOT gone AND next_fetch IS NOT NULL"
        )

    def overdue(self, before: datetime) -> list[str]:
        """Return the keys of the feeds that were due before a time, the longest overdue first."""
        due = "followed AND NOT paused AND NOT gone AND next_fetch < ?"
        return column(self._db, f"SELECT key FROM {FEEDS_NOW} WHERE {due} ORDER BY next_fetch, id", (to_text(before),))

    def reschedule(self, due: Mapping[str, datetime]) -> None:
        """Set when feeds are due, by key."""
        with self._store.transaction() as db:
            self._fold()
            db.executemany(
                "UPDATE feed SET next_fetch = ? WHERE key = ?", [(to_text(time), key) for key, time in due.items()]
            )

    def save_state(self, feed_id: int, state: FeedState) -> None:
        """Store a feed's state without a poll; the caller holds the transaction."""
        self._fold()
        self._db.execute(_SAVE_STATE, (*state_values(state), feed_id))

    def _fold(self) -> None:
        self._store.poll_lines.take_in()
        fold(self._db)

    def save_poll(
        self,
        feed_id: int,
        at: datetime,
        before: FeedState,
        after: FeedState,
        outcome: FeedOutcome,
        *,
        beside: bool = False,
    ) -> None:
        """Store the state after a poll, and its line of the log, in the transaction that stores the feed's entries.

        Where only values changed that change with each poll, they are stored in the line of the log and not in the feed's row
        (see waiting_polls). With ``beside`` such a line first waits in a file beside the database (see poll_lines).
        """
        waiting = deferred(self._db, feed_id, before, after, at)
        lines = self._store.poll_lines
        if waiting is not None and beside and lines.can_be_used():
            lines.add((feed_id, to_text(at), outcome.http_status, round(outcome.seconds, 3), *waiting))
            return
        lines.take_in()
        if waiting is None:
            self._db.execute(_SAVE_STATE, (*state_values(after), feed_id))
        if self.log_poll(feed_id, at, outcome, waiting) % CHECK_EVERY == 0:
            fold_many(self._db)

    def save_title(self, feed_id: int, title: str | None, language: str | None) -> None:
        """Store the feed's own title, and its language where the desk gave none."""
        self._db.execute(
            "UPDATE feed SET title = ?, language = coalesce(language, ?) WHERE id = ? AND title IS NOT ?",
            (title, language, feed_id, title),
        )

    def postpone_host(self, feed_ids: Iterable[int], until: datetime) -> None:
        """Postpone the polls of a host's feeds that are due before ``until``."""
        text = to_text(until)
        with self._store.transaction() as db:
            self._fold()
            db.executemany(
                "UPDATE feed SET next_fetch = ? WHERE id = ? AND (next_fetch IS NULL OR next_fetch < ?)",
                [(text, feed_id, text) for feed_id in feed_ids],
            )

    def log_poll(self, feed_id: int, at: datetime, outcome: FeedOutcome, waiting: DeferredPoll | None = None) -> int:
        """Add a line to the poll log; return its number."""
        cursor = self._db.execute(
            "INSERT INTO poll (feed_id, at, status, http_status, new, updated, known, skipped, error, seconds, gap,"
            " next_fetch, learned_interval, entries_per_week, fresh_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                feed_id,
                to_text(at),
                outcome.status,
                outcome.http_status,
                outcome.new,
                outcome.updated,
                outcome.known,
                outcome.skipped,
                outcome.error,
                round(outcome.seconds, 3),
                int(outcome.gap),
                *(waiting or (None,) * 4),
            ),
        )
        return cursor.lastrowid or 0

    def poll_counts(self, since: datetime, until: datetime) -> dict[str, int]:
        """Return status -> number of feeds with such a poll in the window; ``any`` counts all that were polled."""
        rows = self._db.execute(
            f"SELECT status, count(DISTINCT feed_id) FROM {POLLS_NOW} WHERE at >= ? AND at < ? GROUP BY status",
            (to_text(since), to_text(until)),
        )
        counts = {str(status): int(count) for status, count in rows}
        counts["any"] = self._db.execute(
            f"SELECT count(DISTINCT feed_id) FROM {POLLS_NOW} WHERE at >= ? AND at < ?",
            (to_text(since), to_text(until)),
        ).fetchone()[0]
        return counts

    def gaps(self, since: datetime, until: datetime) -> dict[int, int]:
        """Return feed -> number of its polls in a window that may have missed entries."""
        rows = self._db.execute(
            "SELECT feed_id, count(*) FROM poll WHERE at >= ? AND at < ? AND gap GROUP BY feed_id",
            (to_text(since), to_text(until)),
        )
        return dict(rows.fetchall())

    def last_size(self, feed_id: int) -> int | None:
        """Return how many entries the feed's last document held; None where the log has no such poll."""
        query = "SELECT new + updated + known FROM poll WHERE feed_id = ? AND status = 'ok' ORDER BY at DESC LIMIT 1"
        return first_value(self._db, query, (feed_id,))

    def rhythms(self, since: datetime, month: datetime, lively: datetime) -> dict[int, list[Hour]]:
        """Return feed id -> the hours with arrivals by which its health is judged.

        A feed with an entry after ``lively`` gets one hour for all that came since ``month``. The others, which are few, get all
        their hours since ``since``. Triggers count arrivals by hour, so the cost does not depend on the number of entries.
        """
        found: dict[int, list[Hour]] = {}
        rows = self._db.execute(
            "SELECT feed_id, max(last), sum(entries) FROM arrival WHERE hour >= ? AND last >= ?"
            " GROUP BY feed_id HAVING max(last) >= ?",
            (to_text(month)[:HOUR], to_text(month), to_text(lively)),
        )
        for feed_id, last, entries in rows:
            found[feed_id] = [Hour(from_text(last), from_text(last), entries)]
        rows = self._db.execute(
            "SELECT feed_id, first, last, entries FROM arrival WHERE hour >= ? AND feed_id NOT IN (SELECT value FROM json_each(?))"
            " ORDER BY feed_id, hour",
            (to_text(since)[:HOUR], json.dumps(list(found))),
        )
        for feed_id, first, last, entries in rows:
            found.setdefault(feed_id, []).append(Hour(from_text(first), from_text(last), entries))
        return found

    def last_poll(self) -> datetime | None:
        """Return the time of the last line in the poll log; another clock may have given it."""
        return self._moment(
            f"SELECT coalesce((SELECT at FROM {LINES} ORDER BY id DESC LIMIT 1), (SELECT at FROM poll ORDER BY id DESC LIMIT 1))"
        )

    def was_polled(self, since: datetime, until: datetime) -> bool:
        """Return whether any feed was polled in a window."""
        query = f"SELECT EXISTS (SELECT 1 FROM {POLLS_NOW} WHERE at >= ? AND at < ?)"
        return bool(first_value(self._db, query, (to_text(since), to_text(until))))

    def nobody_answers(self, since: datetime) -> bool:
        """Return whether no followed feed answered after a time."""
        last = self.last_answer()
        return last is None or last <= since

    def last_answer(self) -> datetime | None:
        """Return when a followed feed answered last."""
        return self._moment(f"SELECT max(last_ok) FROM {FEEDS_NOW} WHERE followed")

    def last_edition(self) -> datetime | None:
        """Return the end of the newest edition's window."""
        return self._moment("SELECT max(until) FROM edition")

    def _moment(self, query: str) -> datetime | None:
        return from_text(first_value(self._db, query))

    def prune_polls(self, before: datetime, most: int) -> int:
        """Delete at most ``most`` lines of the poll log older than ``before``; return how many.

        The last line stays, so that no number is used twice: numbers tell which lines are applied to ``feed``.
        """
        self._fold()
        return self._db.execute(
            "DELETE FROM poll WHERE id IN (SELECT id FROM poll WHERE at < ? AND id < (SELECT max(id) FROM poll) ORDER BY at LIMIT ?)",
            (to_text(before), most),
        ).rowcount

    def _select(self, where: str, values: tuple[object, ...] = ()) -> list[StoredFeed]:
        names = ", ".join(COLUMNS)
        cursor = self._db.execute(
            "SELECT id, key, url, name, title, publisher, category, agency, paused, added, "
            f"{names} FROM {FEEDS_NOW} {where}",
            values,
        )
        return [_stored(row) for row in cursor]


_SAVE_STATE = f"UPDATE feed SET {', '.join(f'{name} = ?' for name in COLUMNS)} WHERE id = ?"


def _stored(row: Sequence[Any]) -> StoredFeed:
    feed_id, key, url, name, title, publisher, category, agency, paused, added = row[:10]
    flags, since, state = (bool(agency), bool(paused)), from_text(added), state_of(row[10:])
    return StoredFeed(feed_id, key, url, name, title, publisher, category, *flags, since, state)
