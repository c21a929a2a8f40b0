"""A clock that was wrong: what it left is put right by the next pass, and nothing waits until the clock catches up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.app import Aggregator
from aggregator.digest.values import Window
from aggregator.fetching.politeness import AHEAD, longest_wait, without_future
from aggregator.ingest.clocks import begin_pass, is_settled, went_back
from aggregator.model import Feed, FeedState, FetchFailure
from aggregator.settings import FetchSettings
from aggregator.storage.database import Store
from aggregator.storage.feeds import FeedStore
from aggregator.storage.integrity import faults
from aggregator.storage.listed_feeds import feed_key
from aggregator.storage.times import to_text
from tests.harness import MORNING, Clock, FakeFetcher, Item, open_desk, rss

LEDGER = Feed("https://ledger.example/rss", name="Ledger", publisher="Ledger")
YEAR = timedelta(days=365)
MOMENTS = st.none() | st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1)).map(  # noqa: DTZ001 - the zone comes next
    lambda moment: moment.replace(tzinfo=MORNING.tzinfo)
)


@pytest.mark.parametrize("jump", [-timedelta(hours=1), YEAR])
def test_a_feed_is_asked_as_soon_as_the_clock_is_right_again(jump: timedelta) -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(Item("1", "One"))}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        if jump > timedelta(0):
            clock.now += jump  # ahead for one pass, then right again
            app.fetch()
            clock.now = MORNING + timedelta(minutes=1)
        else:
            clock.now += jump
        fetcher.answers[LEDGER.url] = rss(Item("1", "One"), Item("2", "Two"))
        [outcome] = app.fetch()
        assert (outcome.status, outcome.new) == ("ok", 1)
        assert outcome.next_fetch is not None
        assert outcome.next_fetch - clock.now <= timedelta(hours=2)  # a year that did not pass taught nothing
        assert app.fetch() == []  # and asked once


def test_a_clock_that_is_corrected_by_seconds_changes_nothing() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(Item("1", "One"))}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        clock.now -= timedelta(seconds=20)
        assert app.fetch() == []


def test_a_pass_is_noted_once_an_hour_and_after_a_write_that_failed() -> None:
    clock, store = Clock(), Store(None)

    def noted(seconds: float) -> bool:
        clock.now += timedelta(seconds=seconds)
        before = store.connection.total_changes
        begin_pass(store, clock.now)
        return store.connection.total_changes != before

    assert noted(0)
    assert [noted(1_200), noted(1_200), noted(1_200)] == [False, False, True]
    with pytest.raises(ZeroDivisionError), store.transaction():
        raise ZeroDivisionError
    assert [noted(5), noted(5), noted(-8), noted(1)] == [True, False, True, False]


def test_a_feed_that_is_due_further_off_than_may_be_is_asked_now() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(Item("1", "One"))}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        rows = FeedStore(app.store)
        longest = longest_wait(app.settings.fetch)
        rows.reschedule({feed_key(LEDGER.url): MORNING + longest})
        assert app.fetch() == []
        rows.reschedule({feed_key(LEDGER.url): MORNING + longest + timedelta(hours=1)})
        assert [outcome.new for outcome in app.fetch()] == [1]


def test_a_server_that_asked_for_a_week_is_left_alone_for_it() -> None:
    until = MORNING + timedelta(days=7)
    failure = FetchFailure("http", "429 Too Many Requests", 429, until, host_wide=True)
    fetcher, clock = FakeFetcher({LEDGER.url: failure}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        clock.forward(days=6, hours=23)
        assert app.fetch() == []


def test_a_feed_that_a_wrong_clock_gave_up_as_gone_is_asked_again() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: FetchFailure("gone", "410 Gone", 410)}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        clock.forward(days=365)
        assert app.fetch()[0].status == "gone"
        clock.now = MORNING + timedelta(hours=1)
        fetcher.answers[LEDGER.url] = rss(Item("1", "One"))
        assert [outcome.status for outcome in app.fetch()] == ["ok"]


def test_entries_that_were_seen_ahead_are_seen_now_and_stand_in_the_next_edition() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(Item("1", "One"))}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        clock.now += YEAR
        fetcher.answers[LEDGER.url] = rss(Item("1", "One"), Item("2", "Storm in Esbjerg", published=None))
        app.fetch()
        clock.now = MORNING + timedelta(hours=1)
        app.fetch()
        [entry] = [hit.entry for hit in app.search("Esbjerg")]
        assert entry.first_seen == clock.now
        assert entry.time == clock.now
        edition = app.edition(since=MORNING, until=MORNING + timedelta(hours=2))
        assert "Storm in Esbjerg" in {story.title for story in edition.stories()}
        assert faults(app.store.connection, app.store.path) == ()


def test_an_edition_that_was_made_ahead_does_not_stand_for_its_day() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(Item("1", "One"))}), Clock()
    day = Window(MORNING + YEAR - timedelta(days=1), MORNING + YEAR)
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        clock.now += YEAR + timedelta(hours=1)
        early = app.edition(since=day.since, until=day.until)
        assert not list(early.stories())
        clock.now = MORNING + timedelta(hours=2)
        app.fetch()
        clock.now = MORNING + YEAR - timedelta(hours=1)
        fetcher.answers[LEDGER.url] = rss(Item("9", "Ferries wait", published=clock.now))
        app.fetch(everything=True)
        clock.now = MORNING + YEAR + timedelta(minutes=5)
        made = app.edition(since=day.since, until=day.until)
        assert [story.title for story in made.stories()] == ["Ferries wait"]
        assert app.edition(since=day.since, until=day.until) == made


def test_an_edition_of_a_day_that_has_ended_stands_whatever_the_clock_says_then() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(Item("1", "One"))}), Clock()
    window = Window(MORNING - timedelta(days=1), MORNING + timedelta(hours=1))
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        clock.forward(days=2)
        made = app.edition(since=window.since, until=window.until)
        clock.now = MORNING + timedelta(hours=2)  # as with --now, to look back
        assert app.edition(since=window.since, until=window.until) == made


def test_that_the_clock_went_back_is_told_for_a_week() -> None:
    with Store(None) as store:
        begin_pass(store, MORNING)
        begin_pass(store, MORNING - timedelta(seconds=30))
        assert went_back(store, MORNING) is None
        begin_pass(store, MORNING - timedelta(hours=1))
        told = went_back(store, MORNING)
        assert told is not None
        assert told.before - told.after >= timedelta(minutes=59)
        assert went_back(store, MORNING + timedelta(days=8)) is None


def test_alerts_that_a_clock_ahead_put_off_are_delivered_now() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(Item("1", "One"))}), Clock()
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        story = app.store.connection.execute("SELECT id FROM story").fetchone()[0]
        put_off(app, story, MORNING + YEAR)
        clock.forward(hours=1)
        with app.store.transaction():
            app.store.connection.execute(
                "UPDATE fact SET value = ? WHERE name = 'pass_begun'", (to_text(MORNING + YEAR),)
            )
        app.fetch(everything=True)
        assert app.store.connection.execute("SELECT next_try FROM delivery").fetchall() == [(to_text(clock.now),)]


def put_off(app: Aggregator, story: str, until: datetime) -> None:
    with app.store.transaction() as db:
        db.execute(
            "INSERT INTO watch (name, query, targets, added, by) VALUES ('w', '{}', '[]', ?, '')", (to_text(MORNING),)
        )
        db.execute(
            "INSERT INTO alert (id, watch, story_id, at, reason, sentence, payload) VALUES ('a', 'w', ?, ?, 'new', '', '{}')",
            (story, to_text(MORNING)),
        )
        db.execute("INSERT INTO delivery (alert_id, target, next_try) VALUES ('a', 'stdout:', ?)", (to_text(until),))


@given(last_fetch=MOMENTS, last_ok=MOMENTS, last_failed=MOMENTS, last_new=MOMENTS, gone_since=MOMENTS)
def test_what_is_believed_never_lies_ahead_and_what_does_not_lie_ahead_is_left(
    last_fetch: datetime | None,
    last_ok: datetime | None,
    last_failed: datetime | None,
    last_new: datetime | None,
    gone_since: datetime | None,
) -> None:
    state = FeedState(
        "https://ledger.example/rss", last_fetch=last_fetch, last_ok=last_ok, last_failed=last_failed,
        last_new=last_new, gone_since=gone_since, learned_interval=timedelta(hours=1),
    )  # fmt: skip
    found = without_future(state, MORNING)
    if all(moment is None or moment <= MORNING + AHEAD for moment in (last_fetch, last_ok, last_failed)):
        assert found is state
        return
    moments = (found.last_fetch, found.last_ok, found.last_failed, found.last_new, found.gone_since)
    assert all(moment is None or moment <= MORNING for moment in moments)
    assert found.next_fetch is None
    assert without_future(found, MORNING) is found


def test_a_clock_that_jumped_ahead_does_not_decide_what_is_too_old() -> None:
    fetcher, clock = FakeFetcher({LEDGER.url: rss(Item("1", "One"))}), Clock()
    day = timedelta(days=1)
    with open_desk(fetcher, clock, [LEDGER]) as app:
        app.fetch()
        assert not is_settled(app.store, clock.now, day)
        clock.forward(days=1)
        app.fetch()
        assert is_settled(app.store, clock.now, day)
        clock.now += YEAR
        app.fetch()
        assert not is_settled(app.store, clock.now, day)
        clock.forward(days=1)
        assert is_settled(app.store, clock.now, day)  # a desk that was off for a year prunes a day later


def test_the_longest_wait_follows_the_settings() -> None:
    short, long = FetchSettings(), replace(FetchSettings(), max_interval=timedelta(days=60))
    assert timedelta(days=14) < longest_wait(short) < timedelta(days=16)
    assert longest_wait(long) > timedelta(days=60)
