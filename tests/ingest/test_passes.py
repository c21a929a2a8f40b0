"""However a pass ends, the next one starts clean; and each has a deadline of its own."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Literal

import pytest

from aggregator.app import Aggregator
from aggregator.exceptions import LockedError
from aggregator.ingest import poll, save
from aggregator.ingest.polls import Poll
from aggregator.ingest.save import Saver
from aggregator.model import Feed, FetchFailure, FetchOutcome
from aggregator.settings import FetchSettings, Settings
from aggregator.storage.database import Store
from aggregator.storage.feeds import FeedStore
from aggregator.storage.integrity import faults
from aggregator.storage.listed_feeds import feed_key
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

ONE = Feed("https://ledger.example/one", name="One")
TWO = Feed("https://ledger.example/two", name="Two")
OTHER = Feed("https://times.example/rss", name="Other")
FEEDS = [ONE, TWO, OTHER]


def three() -> FakeFetcher:
    return FakeFetcher({feed.url: rss(Item(f"{feed.name}", f"Event of {feed.name}")) for feed in FEEDS})


def stored(app: Aggregator) -> int:
    count: int = app.store.connection.execute("SELECT count(*) FROM entry").fetchone()[0]
    return count


def test_a_database_that_is_locked_costs_a_pass_and_asks_nobody(tmp_path: Path) -> None:
    fetcher, database = three(), tmp_path / "a.db"
    with open_desk(fetcher, Clock(), FEEDS, database=database) as app, Store(database) as other:
        app.store.busy_timeout(1)
        with other.transaction(), pytest.raises(LockedError):
            app.fetch()
        assert fetcher.asked == []
        assert {outcome.new for outcome in app.fetch()} == {1}


def test_a_lock_in_the_middle_of_a_pass_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher, database = three(), tmp_path / "a.db"
    monkeypatch.setattr(poll, "WRITE_WAIT", 0.1)
    with open_desk(fetcher, Clock(), FEEDS, database=database) as app, Store(database) as other:
        app.store.busy_timeout(1)
        lock = other.transaction()
        whole, one_at_a_time = fetcher.fetch, threading.Lock()

        def locking(feed: Feed, *rest: object) -> FetchOutcome:
            with one_at_a_time:
                if not other.connection.in_transaction:
                    lock.__enter__()
            return whole(feed, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(fetcher, "fetch", locking)
        with pytest.raises(LockedError):
            app.fetch()
        monkeypatch.setattr(fetcher, "fetch", whole)
        lock.__exit__(None, None, None)
        assert {(outcome.status, outcome.new) for outcome in app.fetch()} == {("ok", 1)}
        assert stored(app) == 3


def test_a_feed_whose_saving_raises_is_undone_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher, clock = three(), Clock()
    whole = Saver._close

    def broken(self: Saver, polled: Poll, *rest: object) -> object:
        if polled.feed == TWO and rest[2].status == "ok":  # type: ignore[attr-defined]
            raise ValueError("after its entries were written")
        return whole(self, polled, *rest)  # type: ignore[arg-type]

    with open_desk(fetcher, clock, FEEDS) as app:
        monkeypatch.setattr(Saver, "_close", broken)
        outcomes = {outcome.feed: outcome for outcome in app.fetch()}
        assert {name: outcome.status for name, outcome in outcomes.items()} == {
            "One": "ok",
            "Two": "error",
            "Other": "ok",
        }
        assert "could not be saved" in (outcomes["Two"].error or "")
        assert stored(app) == 2
        assert [hit.entry.feed for hit in app.search("Event")] == ["One", "Other"] or len(app.search("Event")) == 2
        monkeypatch.undo()
        clock.forward(days=1)
        assert {outcome.feed: outcome.new for outcome in app.fetch()} == {"One": 0, "Two": 1, "Other": 0}
        assert len(app.search("Event")) == 3
        assert faults(app.store.connection, app.store.path) == ()
        app.store.connection.execute("INSERT INTO entry_fts (entry_fts) VALUES ('integrity-check')")


def test_a_fault_in_placing_is_told_after_every_feed_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    fetcher, clock = three(), Clock()

    def broken(self: Saver, *rest: object, **more: object) -> None:
        raise ValueError("nobody foresaw it")

    with open_desk(fetcher, clock, FEEDS) as app:
        monkeypatch.setattr(Saver, "place", broken)
        with pytest.raises(ValueError, match="foresaw"):
            app.fetch()
        assert stored(app) == 3
        monkeypatch.undo()
        app.place_waiting()
        assert app.store.connection.execute("SELECT count(*) FROM entry WHERE report_id IS NULL").fetchone() == (0,)


def test_when_the_time_of_a_pass_is_over_no_other_feed_is_asked_and_the_longest_due_come_first() -> None:
    fetcher, clock = three(), Clock()
    fetcher.pause = 0.3
    one_by_one = replace(Settings(), fetch=FetchSettings(workers=1))
    with open_desk(fetcher, clock, FEEDS, settings=one_by_one) as app:
        assert app.fetch(within=0.0) == []
        assert fetcher.asked == []
        asked = 0
        for _ in range(9):
            app.fetch(within=0.1)
            assert len(fetcher.asked) <= asked + 2  # one in hand and one that waits for the thread
            asked = len(fetcher.asked)
        assert set(fetcher.asked) == {feed.url for feed in FEEDS}


def test_what_hangs_is_left_fails_and_does_not_hold_up_the_next_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "LAST_FEEDS_TIME", 0.2)
    fetcher, clock, over = three(), Clock(), Event()
    whole = fetcher.fetch

    def hanging(feed: Feed, *rest: object) -> FetchOutcome:
        if feed == ONE:
            over.wait(60)
        return whole(feed, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(fetcher, "fetch", hanging)
    with open_desk(fetcher, clock, FEEDS) as app:
        outcomes = {outcome.feed: outcome for outcome in app.fetch(within=0.5)}
        assert outcomes["One"].status == "error"
        assert "did not end" in (outcomes["One"].error or "")
        assert outcomes["Other"].new == 1
        over.set()
        clock.forward(hours=2)
        assert {"One", "Two"} <= {outcome.feed for outcome in app.fetch(within=60) if outcome.new == 1}


def test_a_stop_leaves_what_was_called_off_due_and_without_a_failure() -> None:
    fetcher, clock, stop = three(), Clock(), Event()
    fetcher.answers[ONE.url] = FetchFailure("stopped", "the fetch was called off")
    with open_desk(fetcher, clock, FEEDS) as app:
        assert {outcome.feed for outcome in app.fetch()} == {"Two", "Other"}
        failures, last = app.store.connection.execute(
            "SELECT failures, last_fetch FROM feed WHERE name = 'One'"
        ).fetchone()
        assert (failures, last) == (0, None)
        stop.set()
        before = len(fetcher.asked)
        assert app.fetch(stop=stop) == []
        assert len(fetcher.asked) == before
        fetcher.answers[ONE.url] = rss(Item("1", "One"))
        assert [outcome.new for outcome in app.fetch()] == [1]


def test_a_pass_that_is_stopped_with_a_slow_feed_in_hand_ends_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "GRACE", 0.2)
    fetcher, over, stop = three(), Event(), Event()
    whole = fetcher.fetch

    def hanging(feed: Feed, *rest: object) -> FetchOutcome:
        stop.set()
        over.wait(60)
        return whole(feed, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(fetcher, "fetch", hanging)
    started = time.monotonic()
    with open_desk(fetcher, Clock(), FEEDS) as app:
        assert app.fetch(stop=stop) == []
        assert not over.is_set()  # it ended before the feed did
        assert stored(app) == 0
        over.set()
    assert time.monotonic() - started < timedelta(seconds=60).total_seconds()


def test_one_of_many_passes_reads_no_feed_where_none_is_due_and_tells_of_none_that_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    feeds = [Feed("https://one.example/rss", paused=True), Feed("https://two.example/rss")]
    clock, fetcher = Clock(), FakeFetcher({feed.url: rss(Item("1", "Storm")) for feed in feeds})
    with open_desk(fetcher, clock, feeds) as app:
        assert [outcome.url for outcome in app.fetch(within=60.0)] == [feeds[1].url]
        monkeypatch.setattr("aggregator.ingest.passes.subscriptions", lambda *_: 1 / 0)
        assert app.fetch(within=60.0) == []
        monkeypatch.undo()
        assert [outcome.status for outcome in app.fetch()] == ["skipped"]
        clock.forward(days=2)
        assert [outcome.url for outcome in app.fetch(within=60.0)] == [feeds[1].url]


def test_a_large_desk_asks_feeds_together_that_fall_due_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.storage.feeds.MANY", 3)
    clock = Clock()
    with open_desk(three(), clock, FEEDS) as app:
        app.fetch()
        rows = FeedStore(app.store)
        start = clock.now + timedelta(days=1)
        due = {feed_key(feed.url): start + timedelta(seconds=8 * place) for place, feed in enumerate(FEEDS)}

        def asked(seconds: float) -> int:
            rows.reschedule(due)
            clock.now = start + timedelta(seconds=seconds)
            return len(app.fetch(within=60.0))

        assert [asked(seconds) for seconds in (1, 9, 14, 16)] == [0, 0, 0, 3]
        rows.reschedule(due)
        clock.now = start + timedelta(seconds=9)
        assert len(app.fetch()) == 2  # who asks by hand waits for none


def test_a_small_desk_asks_feeds_as_they_fall_due() -> None:
    clock = Clock()
    with open_desk(three(), clock, FEEDS) as app:
        app.fetch()
        due = {feed_key(feed.url): clock.now + timedelta(days=1 + place) for place, feed in enumerate(FEEDS)}
        FeedStore(app.store).reschedule(due)
        clock.forward(days=1)  # and no second more: a clock that is set by `--now` stands still
        assert [outcome.url for outcome in app.fetch(within=60.0)] == [FEEDS[0].url]


def test_feeds_wait_for_no_others_where_many_are_due_or_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.storage.feeds.MANY", 3)
    clock = Clock()
    with open_desk(three(), clock, FEEDS) as app:
        assert len(app.fetch(within=60.0)) == 3  # never asked before
        FeedStore(app.store).reschedule({feed_key(feed.url): clock.now + timedelta(days=1) for feed in FEEDS})
        clock.forward(days=1, seconds=1)
        assert app.fetch(within=60.0) == []
        monkeypatch.setattr("aggregator.storage.feeds._FEW", 3)
        assert len(app.fetch(within=60.0)) == 3


def test_stories_do_not_wait_for_the_slowest_feed_of_a_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers see the stories of the feeds that answered while another one of the pass has still to."""
    monkeypatch.setattr(poll, "_SETTLE_INTERVAL", 0.2)
    fetcher, database = three(), tmp_path / "a.db"
    quick, seen = fetcher.fetch, list[str]()

    def slow(feed: Feed, *rest: object) -> FetchOutcome:
        deadline = time.monotonic() + 30.0
        with Store(database) as reader:
            while feed == OTHER and len(seen) < 2 and time.monotonic() < deadline:
                seen[:] = [title for (title,) in reader.connection.execute("SELECT title FROM story ORDER BY title")]
                time.sleep(0.02)
        return quick(feed, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(fetcher, "fetch", slow)
    with open_desk(fetcher, Clock(), FEEDS, database=database) as app:
        assert {outcome.new for outcome in app.fetch()} == {1}
    assert seen == ["Event of One", "Event of Two"]


def test_editors_get_their_turn_while_the_entries_of_a_pass_are_placed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(save, "PLACED_PER_TRANSACTION", 1)
    database, turns = tmp_path / "a.db", list[int]()

    def edit(seconds: float) -> None:
        with Store(database, busy_timeout_ms=0) as other, other.transaction() as db:
            db.execute("INSERT INTO fact (name, value) VALUES (?, 'x')", (f"turn {len(turns)}",))
        turns.append(1)

    with open_desk(three(), Clock(), FEEDS, database=database) as app:
        monkeypatch.setattr(save, "sleep", edit)
        assert {outcome.new for outcome in app.fetch()} == {1}
    assert len(turns) == len(FEEDS) - 1


@pytest.mark.parametrize("kind", ["connection", "parse"])  # no way out, or a page in which everybody is to log in
def test_after_a_night_without_a_network_all_feeds_are_asked_within_the_hour(
    kind: Literal["connection", "parse"],
) -> None:
    fetcher, clock = three(), Clock()
    answers = dict(fetcher.answers)
    dead = Feed("https://gone.example/rss", name="Dead")
    fetcher.answers[dead.url] = failure = FetchFailure(kind, "no feed")
    with open_desk(fetcher, clock, [*FEEDS, dead]) as app:
        for _ in range(80):  # 20 hours, in which one feed alone fails
            app.fetch(within=60.0)
            clock.forward(minutes=15)
        fetcher.answers.update(dict.fromkeys(answers, failure))
        fetcher.asked.clear()
        for _ in range(40):
            app.fetch(within=60.0)
            clock.forward(minutes=15)
        assert fetcher.asked.count(dead.url) <= 1  # it failed before the others, and is no sign of the network
        fetcher.answers.update(answers)
        fetcher.asked.clear()
        for _ in range(5):
            app.fetch(within=60.0)
            clock.forward(minutes=15)
        assert set(fetcher.asked) >= set(answers)
