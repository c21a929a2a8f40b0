"""Every foreign key is found by an index: without one, each dropped row costs a walk over the table that names it."""

from __future__ import annotations

import sqlite3

from aggregator.storage.database import Store

# Feeds are never dropped; an index over the whole log would cost each poll that brings nothing a page of its own.
_NEVER_DROPPED = {("poll", "feed_id")}


def _references(db: sqlite3.Connection) -> list[tuple[str, str]]:
    tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [(table, row[3]) for table in tables for row in db.execute(f"PRAGMA foreign_key_list({table})")]


def test_every_foreign_key_has_an_index() -> None:
    with Store(None) as store:
        db = store.connection
        references = _references(db)
        without = []
        for table, column in sorted(set(references) - _NEVER_DROPPED):
            [(*_, plan)] = db.execute(f"EXPLAIN QUERY PLAN SELECT 1 FROM {table} WHERE {column} = ?", (1,)).fetchall()
            if not plan.startswith("SEARCH"):
                without.append(f"{table}.{column}: {plan}")
    assert len(references) > 10
    assert without == []


def test_what_is_asked_of_a_feed_at_each_poll_is_found_by_an_index() -> None:
    questions = (
        "SELECT key FROM entry WHERE feed_id = 1 ORDER BY last_seen DESC, number DESC LIMIT 9",
        "SELECT max(last_seen) FROM entry WHERE feed_id = 1",
        "SELECT hash FROM line INDEXED BY line_repeated WHERE feed_id = 1 AND reports >= 3",
        "SELECT key FROM entry WHERE feed_id = 1 AND key IN ('a', 'b')",
        "SELECT new FROM poll WHERE feed_id = 1 AND status = 'ok' ORDER BY at DESC LIMIT 1",
        "SELECT id FROM feed WHERE url = 'archive:Ledger' ORDER BY id LIMIT 1",  # of each new source of an archive
    )
    with Store(None) as store:
        for question in questions:
            plans = [row[3] for row in store.connection.execute(f"EXPLAIN QUERY PLAN {question}")]
            assert all(plan.startswith("SEARCH") and "INDEX" in plan for plan in plans), (question, plans)
