"""Watches, their alerts, the entries that each alert reported, and the outbox of deliveries; the caller holds the transaction.

An alert and its deliveries are written in the transaction of their cause. A delivery is claimed before it is tried, by postponing
its next try, so that it survives a crash and no two processes try it at once.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aggregator.newsroom.alerts import Alerted
from aggregator.newsroom.watches import WatchQuery, query_from, query_values
from aggregator.storage.binding import column, first_value, rows_among
from aggregator.storage.damage import from_json
from aggregator.storage.times import from_text, to_text

TABLES: Final = """
CREATE TABLE watch (
  name TEXT PRIMARY KEY,
  query TEXT NOT NULL,
  targets TEXT NOT NULL,
  added TEXT NOT NULL,
  by TEXT NOT NULL
) STRICT;

CREATE TABLE alert (
  id TEXT PRIMARY KEY,
  watch TEXT NOT NULL REFERENCES watch (name) ON DELETE CASCADE,
  story_id TEXT NOT NULL,
  at TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('new', 'publishers', 'correction', 'facts')),
  sentence TEXT NOT NULL,
  payload TEXT NOT NULL
) STRICT;
CREATE INDEX alert_watch ON alert (watch, at);
CREATE INDEX alert_story ON alert (story_id);

CREATE TABLE alert_entry (
  watch TEXT NOT NULL REFERENCES watch (name) ON DELETE CASCADE,
  entry_id TEXT NOT NULL REFERENCES entry (id) ON DELETE CASCADE,
  matched INTEGER NOT NULL,
  revisions INTEGER NOT NULL,
  correction TEXT,
  PRIMARY KEY (watch, entry_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alert_entry_entry ON alert_entry (entry_id);

CREATE TABLE delivery (
  id INTEGER PRIMARY KEY,
  alert_id TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
  target TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'given_up')),
  attempts INTEGER NOT NULL DEFAULT 0,
  next_try TEXT,
  delivered TEXT,
  error TEXT,
  UNIQUE (alert_id, target)
) STRICT;
CREATE INDEX delivery_waiting ON delivery (next_try, target) WHERE state = 'waiting';
"""


@dataclass(frozen=True, slots=True)
class StoredWatch:
    """A watch as it was added; ``targets`` are written as on the command line."""

    name: str
    query: WatchQuery
    targets: tuple[str, ...]
    added: datetime
    by: str


@dataclass(frozen=True, slots=True)
class WatchCounts:
    """The counts of a watch's alerts and deliveries."""

    alerts: int = 0
    last_alert: datetime | None = None
    waiting: int = 0
    given_up: int = 0
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert to store: ``payload`` is sent to every target, ``alerted`` is the state of each entry that it reports."""

    id: str
    watch: str
    story_id: str
    at: datetime
    reason: str
    sentence: str
    payload: Mapping[str, Any]
    alerted: Mapping[str, Alerted]
    targets: Sequence[str]


@dataclass(frozen=True, slots=True)
class LoggedAlert:
    """An alert with the state of one of its deliveries."""

    id: str
    watch: str
    story_id: str
    at: datetime
    reason: str
    sentence: str
    target: str
    state: str
    attempts: int
    next_try: datetime | None
    delivered: datetime | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery of one alert to one target; ``attempts`` includes the present one."""

    id: int
    alert_id: str
    target: str
    attempts: int
    payload: Mapping[str, Any]


class WatchStore:
    """Rows of ``watch``, ``alert`` and ``alert_entry``."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def all(self) -> list[StoredWatch]:
        """Return the watches by name."""
        rows = self._db.execute("SELECT name, query, targets, added, by FROM watch ORDER BY name")
        return [
            StoredWatch(name, query_from(from_json(query, dict)), tuple(from_json(targets, list)), from_text(added), by)
            for name, query, targets, added, by in rows
        ]

    def add(self, watch: StoredWatch) -> None:
        """Store a watch; its name must be free."""
        self._db.execute(
            "INSERT INTO watch (name, query, targets, added, by) VALUES (?, ?, ?, ?, ?)",
            (watch.name, _json(query_values(watch.query)), _json(watch.targets), to_text(watch.added), watch.by),
        )

    def remove(self, name: str) -> None:
        """Delete a watch with its alerts, including pending ones."""
        self._db.execute("DELETE FROM watch WHERE name = ?", (name,))

    # --- alerts ----------------------------------------------------------------------------

    def alerted(self, entry_ids: Sequence[str]) -> dict[str, dict[str, Alerted]]:
        """Return watch -> the state of these entries at its last alert, by entry id."""
        found: dict[str, dict[str, Alerted]] = {}
        selection = "SELECT watch, entry_id, matched, revisions, correction FROM alert_entry WHERE entry_id"
        for watch, entry_id, matched, revisions, correction in rows_among(self._db, selection, entry_ids):
            found.setdefault(watch, {})[entry_id] = Alerted(bool(matched), revisions, correction)
        return found

    def alert_taken(self, alert_id: str) -> bool:
        """Return whether an alert has this id."""
        return first_value(self._db, "SELECT 1 FROM alert WHERE id = ?", (alert_id,)) is not None

    def add_alert(self, alert: NewAlert) -> None:
        """Store an alert, the state of its entries, and a delivery to each target, due at once."""
        at = to_text(alert.at)
        self._db.execute(
            "INSERT INTO alert (id, watch, story_id, at, reason, sentence, payload) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (alert.id, alert.watch, alert.story_id, at, alert.reason, alert.sentence, _json(alert.payload)),
        )
        self._db.executemany(
            "INSERT OR REPLACE INTO alert_entry (watch, entry_id, matched, revisions, correction) VALUES (?, ?, ?, ?, ?)",
            [
                (alert.watch, entry_id, int(alerted.matched), alerted.revisions, alerted.correction)
                for entry_id, alerted in sorted(alert.alerted.items())
            ],
        )
        self._db.executemany(
            "INSERT INTO delivery (alert_id, target, next_try) VALUES (?, ?, ?)",
            [(alert.id, target, at) for target in dict.fromkeys(alert.targets)],
        )

    def counts(self) -> dict[str, WatchCounts]:
        """Return watch -> the counts of its alerts and deliveries."""
        rows = self._db.execute(
            "SELECT w.name, (SELECT count(*) FROM alert a WHERE a.watch = w.name), (SELECT max(at) FROM alert a WHERE a.watch = w.name),"
            " coalesce(sum(d.state = 'waiting'), 0), coalesce(sum(d.state = 'given_up'), 0) FROM watch w"
            " LEFT JOIN alert a ON a.watch = w.name LEFT JOIN delivery d ON d.alert_id = a.id GROUP BY w.name"
        ).fetchall()
        return {
            name: WatchCounts(alerts, from_text(last), waiting, lost, self._last_error(name))
            for name, alerts, last, waiting, lost in rows
        }

    def log(self, watch: str | None, limit: int) -> list[LoggedAlert]:
        """Return alerts, newest first, a line for each delivery; of one watch, or of all."""
        clause, values = ("", ()) if watch is None else ("WHERE a.watch = ?", (watch,))
        rows = self._db.execute(
            "SELECT a.id, a.watch, a.story_id, a.at, a.reason, a.sentence, d.target, d.state, d.attempts, d.next_try, d.delivered, d.error"
            f" FROM alert a JOIN delivery d ON d.alert_id = a.id {clause} ORDER BY a.at DESC, a.id, d.id LIMIT ?",
            (*values, limit),
        )
        return [
            LoggedAlert(
                id=row[0],
                watch=row[1],
                story_id=row[2],
                at=from_text(row[3]),
                reason=row[4],
                sentence=row[5],
                target=row[6],
                state=row[7],
                attempts=row[8],
                next_try=from_text(row[9]),
                delivered=from_text(row[10]),
                error=row[11],
            )
            for row in rows
        ]

    def prune(self, before: datetime, most: int) -> int:
        """Delete at most ``most`` alerts raised before a time, none with a waiting delivery; return how many."""
        return self._db.execute(
            "DELETE FROM alert WHERE id IN (SELECT id FROM alert WHERE at < ? AND NOT EXISTS"
            " (SELECT 1 FROM delivery d WHERE d.alert_id = alert.id AND d.state = 'waiting') LIMIT ?)",
            (to_text(before), most),
        ).rowcount

    # --- stories and entries that watches read ---------------------------------------------

    def candidates(self, expression: str | None, since: datetime) -> list[str]:
        """Return the stories with an entry since a time; with an expression, one that full-text search finds."""
        if expression is None:
            found = column(self._db, "SELECT DISTINCT story_id FROM entry WHERE time >= ?", (to_text(since),))
        else:
            query = (
                "SELECT DISTINCT e.story_id FROM entry_fts JOIN entry e ON e.number = entry_fts.rowid"
                " WHERE entry_fts MATCH ? AND e.time >= ?"
            )
            found = column(self._db, query, (expression, to_text(since)))
        return sorted(story_id for story_id in found if story_id is not None)

    def beginnings(self, entry_ids: Sequence[str], most: int) -> dict[str, str]:
        """Return entry id -> the first ``most`` characters of its plain text."""
        return dict(rows_among(self._db, f"SELECT id, substr(text, 1, {int(most)}) FROM entry WHERE id", entry_ids))

    def known_publishers(self) -> set[str]:
        """Return the publishers of all feeds and entries."""
        return set(column(self._db, "SELECT publisher FROM feed UNION SELECT publisher FROM entry"))

    def _last_error(self, watch: str) -> str | None:
        query = (
            "SELECT d.error FROM delivery d JOIN alert a ON a.id = d.alert_id WHERE a.watch = ? AND d.state <> 'delivered'"
            " AND d.error IS NOT NULL ORDER BY a.at DESC, d.id DESC LIMIT 1"
        )
        return first_value(self._db, query, (watch,))


class Outbox:
    """The rows of ``delivery``: alerts to deliver, where and when."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def due(self, now: datetime) -> list[str]:
        """Return the targets with a delivery that is due, the longest waiting first."""
        due = "state = 'waiting' AND next_try <= ? GROUP BY target ORDER BY min(next_try), target"
        return column(self._db, f"SELECT target FROM delivery WHERE {due}", (to_text(now),))

    def make_due(self, beyond: datetime, now: datetime) -> None:
        """Make deliveries due now that are due after ``beyond``, which a fast clock postponed."""
        self._db.execute(
            "UPDATE delivery SET next_try = ? WHERE state = 'waiting' AND next_try > ?", (to_text(now), to_text(beyond))
        )

    def claim(self, target: str, now: datetime, until: datetime) -> Delivery | None:
        """Claim and return the target's oldest due delivery: no other process tries it before ``until``. None where none is due."""
        row = self._db.execute(
            "SELECT d.id, d.alert_id, d.target, d.attempts + 1, a.payload FROM delivery d JOIN alert a ON a.id = d.alert_id"
            " WHERE d.state = 'waiting' AND d.target = ? AND d.next_try <= ? ORDER BY a.at, d.id LIMIT 1",
            (target, to_text(now)),
        ).fetchone()
        if row is None:
            return None
        self._db.execute(
            "UPDATE delivery SET attempts = attempts + 1, next_try = ? WHERE id = ?", (to_text(until), row[0])
        )
        return Delivery(row[0], row[1], row[2], row[3], from_json(row[4], dict))

    def mark_delivered(self, delivery_id: int, now: datetime) -> None:
        """Store that a delivery arrived."""
        self._db.execute(
            "UPDATE delivery SET state = 'delivered', delivered = ?, next_try = NULL, error = NULL WHERE id = ?",
            (to_text(now), delivery_id),
        )

    def mark_failed(self, delivery: Delivery, error: str, again: datetime, stale: datetime) -> int:
        """Store a failed delivery; return how many of its target's were given up.

        The target's alerts wait until ``again``; those raised at or before ``stale`` are given up.
        """
        self._db.execute(
            "UPDATE delivery SET error = ?, next_try = ? WHERE id = ?", (error, to_text(again), delivery.id)
        )
        lost = self._db.execute(
            "UPDATE delivery SET state = 'given_up', next_try = NULL, error = coalesce(error, ?) WHERE state = 'waiting' AND target = ?"
            " AND (SELECT at FROM alert a WHERE a.id = alert_id) <= ?",
            (error, delivery.target, to_text(stale)),
        ).rowcount
        self._db.execute(
            "UPDATE delivery SET next_try = max(next_try, ?) WHERE state = 'waiting' AND target = ?",
            (to_text(again), delivery.target),
        )
        return lost


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
