"""Changes of feeds by polls that brought nothing new: they wait in the poll log and are applied to ``feed`` in batches.

A line of the log is appended to its table, while each row of ``feed`` is on another page. Views return the present state: that
of a feed's newest waiting line, else that of its row. Our own queries also read the lines that wait beside the database (see
poll_lines).
"""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime
from typing import Final

from aggregator.model import FeedState
from aggregator.storage.poll_lines import LINES
from aggregator.storage.times import to_text

# Waiting lines are applied when there are LINES_PER_FEED of them for each feed, on average, but never fewer than MIN_LINES, which
# would not be worth it, and never more than MAX_LINES, which would make each query over feeds slow.
LINES_PER_FEED: Final = 4
MIN_LINES: Final = 256
MAX_LINES: Final = 20_000
CHECK_EVERY: Final = 64  # lines between two checks of how many wait

_FEEDS: Final = """SELECT feed.id, key, kind, url, name, title, publisher, category, language, authority, agency, followed, paused, added,
       fetch_url, etag, last_modified, content_hash, coalesce(waiting.next_fetch, feed.next_fetch) AS next_fetch,
       coalesce(waiting.at, last_fetch) AS last_fetch, coalesce(waiting.at, last_ok) AS last_ok, failures, first_failed,
       last_failed, last_error, force_unconditional, gone_since, gone, moved_to, moved_since, moved_seen,
       iif(waiting.at IS NULL, feed.learned_interval, waiting.learned_interval) AS learned_interval,
       iif(waiting.at IS NULL, feed.entries_per_week, waiting.entries_per_week) AS entries_per_week, last_new, hints,
       iif(waiting.at IS NULL, feed.fresh_until, waiting.fresh_until) AS fresh_until, bad_guids, ill_formed,
       possible_gaps, last_gap
FROM feed LEFT JOIN {} AS waiting ON waiting.feed_id = feed.id"""

# The columns of a waiting change; the newest waiting change of each feed; the number of the last line that is applied to the rows.
_CHANGES: Final = "at, next_fetch, learned_interval, entries_per_week, fresh_until"
_NEWEST: Final = f"""SELECT feed_id, {_CHANGES} FROM (
  SELECT feed_id, max(id), {_CHANGES} FROM {{}} GROUP BY feed_id)
WHERE next_fetch IS NOT NULL"""
_FOLDED: Final = "coalesce((SELECT CAST(value AS INTEGER) FROM fact WHERE name = 'polls folded'), 0)"

TABLES: Final = (
    "ALTER TABLE poll ADD COLUMN next_fetch TEXT",
    "ALTER TABLE poll ADD COLUMN learned_interval REAL",
    "ALTER TABLE poll ADD COLUMN entries_per_week REAL",
    "ALTER TABLE poll ADD COLUMN fresh_until TEXT",
    "INSERT OR REPLACE INTO fact (name, value) SELECT 'polls folded', max(id) FROM poll HAVING count(*) > 0",
    "CREATE VIEW poll_waiting AS\n" + _NEWEST.format(f"poll\n  WHERE id > {_FOLDED}"),
    f"CREATE VIEW feed_now AS\n{_FEEDS.format('poll_waiting')}",
    "DROP VIEW feed_health",
    """CREATE VIEW feed_health AS
SELECT coalesce(name, title, url) AS feed, url, publisher, last_ok, failures, last_error, next_fetch, possible_gaps,
       (SELECT count(*) FROM entry WHERE entry.feed_id = feed_now.id) AS entries
FROM feed_now WHERE followed""",
)

# All polls, and the present state of feeds, with the lines that wait beside the database.
POLLS_NOW: Final = (
    f"(SELECT id, feed_id, at, status FROM poll UNION ALL SELECT id, feed_id, at, 'not_modified' FROM {LINES})"
)
_LINES_NOW: Final = f"""(
    SELECT id, feed_id, {_CHANGES} FROM poll WHERE id > {_FOLDED}
    UNION ALL SELECT id, feed_id, {_CHANGES} FROM {LINES})"""
FEEDS_NOW: Final = f"({_FEEDS.format(f'({_NEWEST.format(_LINES_NOW)})')})"

_WAITING: Final = f"""
SELECT (SELECT max(id) FROM poll) - {_FOLDED},
       (SELECT max(id) FROM feed)
"""
_FOLD: Final = """
UPDATE feed SET (next_fetch, last_fetch, last_ok, learned_interval, entries_per_week, fresh_until) =
  (waiting.next_fetch, waiting.at, waiting.at, waiting.learned_interval, waiting.entries_per_week, waiting.fresh_until)
FROM poll_waiting AS waiting WHERE waiting.feed_id = feed.id
"""

# The part of a feed's state that a line of the log holds: next due, learned interval (seconds), entries a week, fresh until.
DeferredPoll = tuple[str | None, float | None, float | None, str | None]


def deferred(
    connection: sqlite3.Connection, feed_id: int, before: FeedState, after: FeedState, at: datetime
) -> DeferredPoll | None:
    """Return the changes of a poll that may wait; None where the feed's row must be written.

    It must be where the poll changed anything else, where the poll before did not succeed or nothing was learned yet, and where
    another process wrote the row since ``before`` was read.
    """
    steady = before.last_ok is not None and before.last_ok == before.last_fetch
    learned = before.learned_interval is not None and after.learned_interval is not None
    if not (steady and learned and after.next_fetch is not None and after.last_ok == after.last_fetch == at):
        return None
    as_before = replace(
        after,
        next_fetch=before.next_fetch,
        last_fetch=before.last_fetch,
        last_ok=before.last_ok,
        learned_interval=before.learned_interval,
        entries_per_week=before.entries_per_week,
        fresh_until=before.fresh_until,
    )
    if as_before != before or after.learned_interval is None or not _is_as_read(connection, feed_id, before):
        return None
    seconds = after.learned_interval.total_seconds()
    return (to_text(after.next_fetch), seconds, after.entries_per_week, to_text(after.fresh_until))


def _is_as_read(connection: sqlite3.Connection, feed_id: int, before: FeedState) -> bool:
    row = connection.execute("SELECT last_fetch FROM feed WHERE id = ?", (feed_id,)).fetchone()
    return before.last_fetch is not None and row[0] is not None and row[0] <= to_text(before.last_fetch)


def fold(connection: sqlite3.Connection) -> None:
    """Apply the waiting lines to ``feed``; the caller holds the transaction."""
    if connection.execute(_WAITING).fetchone()[0]:
        connection.execute(_FOLD)
        connection.execute(
            "INSERT OR REPLACE INTO fact (name, value) SELECT 'polls folded', coalesce(max(id), 0) FROM poll"
        )


def fold_many(connection: sqlite3.Connection) -> None:
    """Apply the waiting lines once there are enough of them, so that a page of ``feed`` is written once for all its rows."""
    waiting, feeds = connection.execute(_WAITING).fetchone()
    if (waiting or 0) >= min(max(LINES_PER_FEED * (feeds or 0), MIN_LINES), MAX_LINES):
        fold(connection)
