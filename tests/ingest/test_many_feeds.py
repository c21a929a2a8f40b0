"""A desk of many feeds: what a pass costs follows from the feeds that are due, and names are looked up once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from aggregator.ingest import polls
from aggregator.ingest.polls import named, subscriptions
from aggregator.model import Feed, FeedState, FetchFailure, FetchOutcome
from aggregator.storage import feeds as stored
from aggregator.storage.feeds import FeedStore
from aggregator.storage.listed_feeds import feed_key
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

if TYPE_CHECKING:
    from collections.abc import Callable

FEEDS = [Feed(f"https://house{n}.example/feed", name=f"House {n}") for n in range(60)]
OFTEN = FEEDS[:3]


def due_soon(rows: FeedStore, clock: Clock) -> None:
    rows.reschedule({feed_key(feed.url): clock.now + timedelta(days=1) for feed in FEEDS})
    rows.reschedule({feed_key(feed.url): clock.now + timedelta(minutes=1) for feed in OFTEN})


def test_a_pass_of_the_daemon_reads_no_more_feeds_than_are_due(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, read = Clock(), list[int]()
    original = stored._stored

    def counted(row: tuple[object, ...]) -> stored.StoredFeed:
        read.append(1)
        return original(row)

    fetcher = FakeFetcher({feed.url: rss(Item(feed.url, "News")) for feed in FEEDS})
    with open_desk(fetcher, clock, FEEDS) as app:
        app.fetch(everything=True)
        due_soon(FeedStore(app.store), clock)
        clock.forward(minutes=2)
        monkeypatch.setattr(stored, "_stored", counted)
        outcomes = app.fetch(within=600.0)
    assert {outcome.url for outcome in outcomes} == {feed.url for feed in OFTEN}
    assert len(read) == len(OFTEN)


class Redirecting(FakeFetcher):
    """Leads every feed to the address of the last one, and notes what the pass knows there."""

    def __init__(self) -> None:
        super().__init__({feed.url: rss(Item(feed.url, "News")) for feed in FEEDS})
        self.known: list[str | None] = []
        self.leads = False

    def fetch(self, feed: Feed, state: FeedState, now: object, other_feed: object = None) -> FetchOutcome:
        if self.leads:
            ask: Callable[[str], str | None] = other_feed  # type: ignore[assignment]
            self.known.append(ask(FEEDS[-1].url))
            return FetchFailure("http", "503", status=503, host_wide=True)
        return super().fetch(feed, state, now, other_feed)  # type: ignore[arg-type]


def test_feeds_that_are_not_due_are_known_where_another_leads_to_them() -> None:
    clock, fetcher = Clock(), Redirecting()
    beside = Feed("https://house0.example/other", name="Beside")  # on the host of a feed that is due
    with open_desk(fetcher, clock, [*FEEDS, beside]) as app:
        fetcher.answers[beside.url] = rss(Item("b", "News"))
        app.fetch(everything=True)
        due_soon(FeedStore(app.store), clock)
        clock.forward(minutes=2)
        fetcher.leads = True
        app.fetch(within=600.0)
        due = dict(app.store.connection.execute("SELECT name, next_fetch FROM feed"))
    assert fetcher.known == ["House 59"] * len(OFTEN)
    assert (
        due["Beside"] == "2026-03-10T07:02:00Z"
    )  # an hour on: the host asked to be left alone, with all that live on it


def test_thousands_of_names_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, calls = Clock(), list[int]()
    names = polls._names

    def counted(poll: polls.Poll) -> tuple[str, ...]:
        calls.append(1)
        return names(poll)

    with open_desk(FakeFetcher(), clock, FEEDS) as app:
        every = subscriptions(FEEDS, FeedStore(app.store).followed(), clock.now)
        monkeypatch.setattr(polls, "_names", counted)
        patterns = [*(feed.url for feed in FEEDS), *(str(feed.name).upper() for feed in FEEDS)]
        assert named(every, patterns) == every
        assert len(calls) == len(FEEDS)
        assert [poll.feed.name for poll in named(every, ["house 1"])] == [
            "House 1"
        ]  # a whole name before parts of names
        assert [poll.feed.name for poll in named(every, ["se 11", "59.exam"])] == ["House 11", "House 59"]
