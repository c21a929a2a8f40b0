"""What an unchanged poll leaves waits in the log: whoever asks for a feed sees what he would see were it in the feed's row."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import astuple, replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils import Database

from aggregator import Aggregator, Settings
from aggregator.ingest.polls import poll_again
from aggregator.model import Feed, FetchFailure
from aggregator.storage import feeds as feeds_module
from aggregator.storage import waiting_polls
from aggregator.storage.database import Store
from aggregator.storage.feeds import FeedStore
from aggregator.storage.integrity import faults
from aggregator.storage.listed_feeds import feed_key
from aggregator.storage.migrations import migrations
from aggregator.storage.schema import APPLICATION_ID
from aggregator.storage.times import to_text
from tests.examples import examples
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

# Each on a host of its own, for of two on one host time decides which is asked; the address of one holds a secret.
FEEDS = [
    Feed("https://one.example/a", name="A"),
    Feed("https://four.example/b", name="B"),
    Feed("https://two.example/c?token=hunter22hunter22", name="C"),
    Feed("https://three.example/d", name="D", interval=timedelta(minutes=20)),
]
ONE_AFTER_ANOTHER = replace(Settings(), fetch=replace(Settings().fetch, workers=1))
HOT = "SELECT next_fetch, last_fetch, last_ok, learned_interval, entries_per_week, fresh_until FROM {} ORDER BY id"
FAILURES = {
    "gone": FetchFailure("gone", "410 Gone", status=410),
    "error": FetchFailure("http", "500", status=500),
}


def fold(app: Aggregator, *_: object) -> None:
    with app.store.transaction() as db:
        waiting_polls.fold(db)


def prune_later(app: Aggregator, feed: Feed, clock: Clock) -> None:
    clock.forward(days=31)
    app.prune()


ACTS: dict[str, Callable[[Aggregator, Feed, Clock], object]] = {
    "again": lambda app, feed, clock: poll_again(app.store, feed),
    "postponed": lambda app, feed, clock: FeedStore(app.store).postpone_host((1, 2), clock.now + timedelta(hours=3)),
    "overdue": lambda app, feed, clock: app.spread_overdue(),
    "prune": prune_later,
    "fold": fold,
    "back": lambda app, feed, clock: clock.forward(days=-1),
}
EVENTS = ("same", "same", "same", "new", *FAILURES, *ACTS)


def seen(app: Aggregator) -> list[object]:
    """Return all that is told of feeds."""
    rows, now = FeedStore(app.store), app.clock()
    return [
        [astuple(row) for row in rows.followed()],
        [astuple(row) for row in rows.all()],
        rows.due_keys(now + timedelta(hours=1), timedelta(days=30)),
        rows.next_due(),
        rows.overdue(now + timedelta(hours=6)),
        [rows.nobody_answers(now - timedelta(hours=hours)) for hours in (0, 1, 30)],
        sorted(rows.answering()),
        rows.last_poll(),
        rows.poll_counts(now - timedelta(days=20), now + timedelta(days=1)),
        app.feed_health(),
        app.status(),
        app.store.connection.execute("SELECT * FROM feed_health ORDER BY url").fetchall(),
        app.store.connection.execute("SELECT * FROM feed_now ORDER BY id").fetchall(),
    ]


def happens(
    app: Aggregator,
    fetcher: FakeFetcher,
    clock: Clock,
    event: str,
    number: int,
    fetch: Callable[[], object] | None = None,
) -> None:
    """Let one thing happen to the desk, the same at each call with the same number, and ``fetch`` then."""
    feed = FEEDS[number % len(FEEDS)]
    if event == "new":
        fetcher.answers[feed.url] = rss(Item(f"n{number}", f"News {number}", published=clock.now))
    elif event in FAILURES:
        fetcher.answers[feed.url] = FAILURES[event]
    elif event in ACTS:
        ACTS[event](app, feed, clock)
    with patch.object(random, "random", lambda: number % 7 / 7):  # whichever answers first
        app.fetch(everything=number % 3 == 0) if fetch is None else fetch()
    if event in FAILURES:
        fetcher.answers[feed.url] = rss(Item(f"back{number}", f"Back {number}", published=clock.now))
    clock.forward(minutes=17 + 40 * (number % 3))


def played(events: list[tuple[str, int]]) -> list[list[object]]:
    """Return what is told after each event."""
    fetcher, clock = FakeFetcher({feed.url: rss(Item(feed.url, "It")) for feed in FEEDS}), Clock()
    found = []
    with open_desk(fetcher, clock, FEEDS, settings=ONE_AFTER_ANOTHER) as app:
        for event, number in events:
            happens(app, fetcher, clock, event, number)
            found.append(seen(app))
    return found


@settings(max_examples=examples(64), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 50)), min_size=2, max_size=14))
def test_nobody_sees_where_a_poll_is_written(events: list[tuple[str, int]]) -> None:
    with patch.object(feeds_module, "deferred", lambda *_: None):
        written_at_once = played(events)
    with patch.object(feeds_module, "CHECK_EVERY", 1), patch.object(waiting_polls, "MIN_LINES", 9):
        assert played(events) == written_at_once
    assert played(events) == written_at_once


def test_an_unchanged_poll_writes_no_row_of_feed_and_a_fold_writes_all() -> None:
    fetcher, clock = FakeFetcher({feed.url: rss(Item(feed.url, "It")) for feed in FEEDS}), Clock()
    with open_desk(fetcher, clock, FEEDS) as app:
        db = app.store.connection
        app.fetch(everything=True)
        first = db.execute(HOT.format("feed")).fetchall()
        for _ in range(3):
            clock.forward(hours=1)
            app.fetch(everything=True)
        assert db.execute(HOT.format("feed")).fetchall() == first
        now = db.execute(HOT.format("feed_now")).fetchall()
        assert {row[1:3] for row in now} == {(to_text(clock.now),) * 2}
        assert db.execute("SELECT count(*) FROM poll_waiting").fetchone() == (len(FEEDS),)
        with app.store.transaction():
            waiting_polls.fold(db)
        assert db.execute(HOT.format("feed")).fetchall() == now == db.execute(HOT.format("feed_now")).fetchall()
        assert db.execute("SELECT count(*) FROM poll_waiting").fetchone() == (0,)


def test_a_new_validator_stands_in_the_row_with_the_poll_that_brought_it() -> None:
    fetcher, clock = FakeFetcher({feed.url: rss(Item(feed.url, "It")) for feed in FEEDS}), Clock()
    with open_desk(fetcher, clock, FEEDS) as app:
        app.fetch(everything=True)
        app.fetch(everything=True)
        before = app.store.connection.execute("SELECT etag FROM feed ORDER BY id").fetchall()
        fetcher.answers[FEEDS[0].url] = rss(Item("x", "Other"))
        clock.forward(hours=1)
        app.fetch(everything=True)
        rows = app.store.connection.execute("SELECT etag, last_fetch FROM feed ORDER BY id").fetchall()
    assert rows[0][0] != before[0][0]
    assert [row[1] == to_text(clock.now) for row in rows] == [True, False, False, False]


def test_what_another_process_wrote_meanwhile_is_not_hidden(tmp_path: Path) -> None:
    """A failure that came between the reading of a row and its answer is forgotten by the success, as it always was."""
    fetcher, clock, path = FakeFetcher({FEEDS[0].url: rss(Item("1", "It"))}), Clock(), tmp_path / "a.db"
    with open_desk(fetcher, clock, FEEDS[:1], database=path) as app:
        app.fetch(everything=True)
        clock.forward(hours=1)
        answer = FakeFetcher.fetch

        def beside(*given: object) -> object:
            with closing(sqlite3.connect(path)) as other, other:
                other.execute(
                    "UPDATE feed SET failures = 1, last_error = 'x', last_fetch = ?",
                    (to_text(clock.now - timedelta(minutes=1)),),
                )
            return answer(*given)  # type: ignore[arg-type]

        with patch.object(FakeFetcher, "fetch", beside):
            app.fetch(everything=True)
        state = FeedStore(app.store).followed()[0].state
    assert (state.failures, state.last_error, state.last_ok) == (0, None, clock.now)


def test_no_number_of_a_line_comes_twice() -> None:
    """By its number a line is known to wait: were all lines forgotten, the next would have the number one."""
    fetcher, clock = FakeFetcher({feed.url: rss(Item(feed.url, "It")) for feed in FEEDS}), Clock()
    with open_desk(fetcher, clock, FEEDS) as app:
        app.fetch(everything=True)
        app.fetch(everything=True)
        clock.forward(days=40)
        assert app.prune()["polls"] == 2 * len(FEEDS) - 1
        app.fetch(everything=True)
        assert {row.state.last_ok for row in FeedStore(app.store).followed()} == {clock.now}
        lines = app.store.connection.execute("SELECT min(id), max(id) FROM poll").fetchone()
    assert lines == (2 * len(FEEDS), 3 * len(FEEDS))


@pytest.mark.parametrize("logged", [True, False])
def test_a_database_of_the_version_before_tells_the_same_of_its_feeds(tmp_path: Path, logged: bool) -> None:
    path = tmp_path / "a.db"
    made = Database(path)
    with closing(made.conn):
        migrations.apply(made, stop_before="m013_waiting_polls")
        made.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        made.conn.execute(
            "INSERT INTO feed (id, key, url, name, publisher, added, fetch_url, etag, next_fetch, last_fetch, last_ok, learned_interval,"
            " entries_per_week, last_new) VALUES (7, ?, ?, 'A', 'One', :at, 'https://one.example/a', '\"x\"', :due, :at, :at, 3600.0, 7.5, :at)".replace(
                ":at", "'2026-03-10T08:00:00Z'"
            ).replace(":due", "'2026-03-10T09:00:00Z'"),
            (feed_key(FEEDS[0].url), FEEDS[0].url),
        )
        if logged:
            made.conn.executemany(
                "INSERT INTO poll (feed_id, at, status, new, updated, known, skipped, seconds) VALUES (7, ?, 'not_modified', 0, 0, 0, 0, 0)",
                [("2026-03-10T07:00:00Z",), ("2026-03-10T08:00:00Z",)],
            )
        made.conn.commit()
        before = made.conn.execute("SELECT * FROM feed").fetchall()
        health = made.conn.execute("SELECT * FROM feed_health").fetchall()
    with Store(path) as store:
        assert faults(store.connection, store.path) == ()
        assert store.connection.execute("SELECT * FROM feed_now").fetchall() == before
        assert store.connection.execute("SELECT * FROM feed_health").fetchall() == health
        assert FeedStore(store).next_due() == MORNING.replace(hour=9, minute=0, second=0)
    fetcher, clock = FakeFetcher({FEEDS[0].url: rss(Item("1", "It"))}), Clock()
    with open_desk(fetcher, clock, FEEDS[:1], database=path) as app:
        app.fetch(everything=True)
        app.fetch(everything=True)
        assert FeedStore(app.store).followed()[0].state.last_ok == clock.now
        folded = app.store.connection.execute("SELECT count(*) FROM poll_waiting").fetchone()
    assert folded == (1,)
