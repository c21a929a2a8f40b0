"""Polls that brought nothing new wait in a file beside the database: all see them, few bytes are written, and none comes twice."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator import Aggregator
from aggregator.disk import POLLS
from aggregator.ingest.polls import poll_again
from aggregator.model import FetchFailure
from aggregator.storage import poll_lines, waiting_polls
from aggregator.storage.database import Store
from aggregator.storage.feeds import FeedStore
from aggregator.storage.times import to_text
from tests.examples import examples
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss
from tests.storage.test_waiting_polls import EVENTS, FEEDS, ONE_AFTER_ANOTHER, happens

DAEMON = 60.0  # seconds of a pass that is one of many, as a daemon's are


def told_of_feeds(store: Store, clock: Clock) -> list[object]:
    """Return all that a process tells of feeds."""
    rows, now = FeedStore(store), clock.now
    return [
        [astuple(row) for row in rows.all()],
        rows.due_keys(now + timedelta(hours=1), timedelta(days=30)),
        rows.next_due(),
        rows.overdue(now + timedelta(hours=6)),
        [rows.nobody_answers(now - timedelta(hours=hours)) for hours in (0, 1, 30)],
        rows.last_poll(),
        rows.poll_counts(now - timedelta(days=20), now + timedelta(days=1)),
        [rows.was_polled(now - timedelta(hours=hours), now) for hours in (1, 30)],
    ]


def played(events: list[tuple[str, int]], database: Path | None) -> list[object]:
    """Return what is told after each event, by the desk and, where there is a file, by another process."""
    fetcher, clock = FakeFetcher({feed.url: rss(Item(feed.url, "It")) for feed in FEEDS}), Clock()
    found: list[object] = []
    with open_desk(fetcher, clock, FEEDS, database=database, settings=ONE_AFTER_ANOTHER) as app:
        for event, number in events:
            within = DAEMON if number % 5 else math.inf
            happens(app, fetcher, clock, event, number, partial(app.fetch, within=within))
            found.append(told_of_feeds(app.store, clock))
            if database is not None:
                with Store(database) as other:
                    assert told_of_feeds(other, clock) == found[-1]
    return found


@settings(max_examples=examples(64), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 50)), min_size=2, max_size=14))
def test_nobody_sees_whether_a_poll_waits_beside_the_database(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, int]]
) -> None:
    with patch.object(poll_lines.PollLines, "can_be_used", lambda _: False):
        expected = played(events, None)
    for most in (3, 256):
        with patch.object(poll_lines, "MAX_LINES", most):
            assert played(events, tmp_path_factory.mktemp("desk") / "a.db") == expected


class Desk:
    """A desk whose daemon's passes bring nothing new, unless told otherwise."""

    def __init__(self, app: Aggregator, fetcher: FakeFetcher, clock: Clock, database: Path) -> None:
        self.app, self.fetcher, self.clock, self.database = app, fetcher, clock, database
        self.beside = Path(f"{database}{POLLS}")

    def passes(self, count: int) -> None:
        """Let so many passes go by, in each of which all feeds are due."""
        for _ in range(count):
            self.clock.forward(minutes=14)
            assert len(self.app.fetch(within=DAEMON)) == len(FEEDS)

    def waiting(self) -> list[list[object]]:
        """Return what waits beside the database."""
        return [json.loads(line) for line in self.beside.read_text("utf-8").splitlines()[1:]]

    def logged(self) -> int:
        """Return how many lines the log has."""
        return int(self.app.store.connection.execute("SELECT count(*) FROM poll").fetchone()[0])

    def log(self) -> int:
        """Return the bytes of the database's log."""
        return Path(f"{self.database}-wal").stat().st_size


@contextmanager
def quiet_desk(database: Path) -> Iterator[Desk]:
    """Open a desk whose feeds were asked twice, each due every ten minutes."""
    feeds = [replace(feed, interval=timedelta(minutes=10)) for feed in FEEDS]
    fetcher, clock = FakeFetcher({feed.url: rss(Item(feed.url, "It")) for feed in feeds}), Clock()
    with open_desk(fetcher, clock, feeds, database=database, settings=ONE_AFTER_ANOTHER) as app:
        app.fetch(everything=True)
        clock.forward(minutes=14)
        app.fetch(within=DAEMON)
        yield Desk(app, fetcher, clock, database)


def test_a_poll_that_brings_nothing_new_writes_a_line_and_an_orderly_end_puts_all_into_the_log(tmp_path: Path) -> None:
    with quiet_desk(tmp_path / "a.db") as desk:
        before = desk.log()
        desk.passes(3)
        assert desk.log() == before
        assert len(desk.waiting()) == 4 * len(FEEDS)
        assert desk.beside.stat().st_size < 130 * 4 * len(FEEDS)
        seen = told_of_feeds(desk.app.store, desk.clock)
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]
    with Store(tmp_path / "a.db") as store:
        assert told_of_feeds(store, desk.clock) == seen
        assert store.connection.execute("SELECT count(*) FROM poll").fetchone() == (5 * len(FEEDS),)


def test_many_lines_and_old_ones_enter_the_log_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with quiet_desk(tmp_path / "a.db") as desk:
        desk.passes(3)
        assert desk.logged() == len(FEEDS)
        desk.passes(2)  # the first have waited for 70 minutes then
        assert desk.logged() == 7 * len(FEEDS)
        monkeypatch.setattr(poll_lines, "MAX_LINES", 2 * len(FEEDS))
        desk.passes(1)
        assert (desk.logged(), len(desk.waiting())) == (7 * len(FEEDS), len(FEEDS))
        desk.passes(1)
        assert desk.logged() == 9 * len(FEEDS)


def test_what_entered_the_log_reaches_the_rows_of_feeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with quiet_desk(tmp_path / "a.db") as desk:
        monkeypatch.setattr(poll_lines, "MAX_LINES", 1)
        monkeypatch.setattr(waiting_polls, "MIN_LINES", 1)
        desk.passes(waiting_polls.LINES_PER_FEED)
        [last] = desk.app.store.connection.execute("SELECT min(last_fetch) FROM feed").fetchone()
    assert last > to_text(MORNING)


def test_a_killed_daemon_asks_nobody_again(tmp_path: Path) -> None:
    with quiet_desk(tmp_path / "a.db") as desk:
        desk.passes(2)
        asked = len(desk.fetcher.asked)
        with open_desk(desk.fetcher, desk.clock, list(desk.app.feeds), database=desk.database) as after:
            assert after.fetch(within=DAEMON) == []  # opened beside one that was not closed, as after a kill
            assert after.spread_overdue() == 0
        assert len(desk.fetcher.asked) == asked
        assert not desk.beside.exists()


@pytest.mark.parametrize(
    "answer", [FetchFailure("http", "503", status=503, retry_after=MORNING + timedelta(hours=5)), None]
)
def test_what_is_no_repetition_is_in_the_database_at_once_and_in_order(
    tmp_path: Path, answer: FetchFailure | None
) -> None:
    with quiet_desk(tmp_path / "a.db") as desk:
        desk.passes(1)
        url = FEEDS[0].url
        desk.fetcher.answers[url] = answer or rss(Item("n", "News", published=desk.clock.now))
        desk.passes(1)
        desk.beside.unlink(missing_ok=True)  # nothing of it is needed
        with Store(desk.database) as other:
            rows = FeedStore(other)
            state = next(row.state for row in rows.followed() if row.name == FEEDS[0].name)
            lines = other.connection.execute("SELECT feed_id, at FROM poll ORDER BY id").fetchall()
        assert state.last_fetch == desk.clock.now
        assert state.failures == (answer is not None)
        if answer is not None:
            assert state.next_fetch is not None
            assert state.next_fetch >= MORNING + timedelta(hours=5)
        assert [at for _, at in lines] == sorted(at for _, at in lines)


def test_another_process_that_writes_takes_the_lines_with_it(tmp_path: Path) -> None:
    with quiet_desk(tmp_path / "a.db") as desk:
        desk.passes(1)
        with Store(desk.database) as other:
            poll_again(other, FEEDS[1])
            assert other.connection.execute("SELECT count(*) FROM poll").fetchone() == (3 * len(FEEDS),)
        rows = FeedStore(desk.app.store)
        assert [row.state.next_fetch is None for row in rows.followed()] == [False, True, False, False]
        desk.passes(1)
        assert len(desk.waiting()) == len(FEEDS)


@pytest.mark.parametrize(
    "harm",
    [
        lambda lines: [*lines[:-1], lines[-1][:40]],  # cut short by a power failure
        lambda lines: [*lines[:3], '[1,"yesterday",304,0.1,"tomorrow",1,1,null]\n', *lines[4:]],
        lambda lines: [*lines[:3], '{"feed": 1}\n'],
        lambda lines: ["[7]\n", *lines[1:]],  # of another database
        lambda lines: ["\0" * 400],
    ],
)
def test_a_spoilt_file_costs_polls_and_nothing_else(tmp_path: Path, harm: object) -> None:
    with quiet_desk(tmp_path / "a.db") as desk:
        desk.passes(2)
        lines = desk.beside.read_text("utf-8").splitlines(keepends=True)
        desk.beside.write_text("".join(harm(lines)), "utf-8")  # type: ignore[operator]
        with Store(desk.database) as other:
            assert len(told_of_feeds(other, desk.clock)) == len(told_of_feeds(desk.app.store, desk.clock))
        desk.passes(1)
        assert [line[1] for line in desk.waiting()[-len(FEEDS) :]] == [f"{desk.clock.now:%Y-%m-%dT%H:%M:%SZ}"] * len(
            FEEDS
        )
    with Store(tmp_path / "a.db") as store:
        assert FeedStore(store).last_poll() == desk.clock.now.replace(microsecond=0)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/full")])
def test_lines_that_cannot_be_written_beside_the_database_stand_in_it(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    with quiet_desk(tmp_path / "a.db") as desk:
        desk.beside.unlink()
        make(desk.beside)
        desk.clock.forward(minutes=14)
        assert len(desk.app.fetch(within=DAEMON)) == len(FEEDS)
        assert desk.app.fetch(within=DAEMON) == []  # nobody is asked again at once
        assert FeedStore(desk.app.store).last_poll() == desk.clock.now.replace(microsecond=0)


def test_a_backup_holds_the_polls_that_waited(tmp_path: Path) -> None:
    with quiet_desk(tmp_path / "a.db") as desk:
        desk.passes(1)
        desk.app.store.backup(tmp_path / "copy.db")
        with Store(tmp_path / "copy.db") as copy:
            assert told_of_feeds(copy, desk.clock) == told_of_feeds(desk.app.store, desk.clock)
