"""Answers that bring nothing new: saved together, none lost, none told of before it is saved."""

from __future__ import annotations

import math

import pytest

from aggregator.ingest import unchanged_answers
from aggregator.model import Feed, FeedOutcome
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

FEEDS = [Feed(f"https://house{n}.example/feed") for n in range(7)]


@pytest.mark.parametrize("most", [1, 3, 100])
def test_every_unchanged_feed_is_saved_and_told_of_once(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(unchanged_answers, "UNCHANGED_PER_COMMIT", most)
    monkeypatch.setattr(unchanged_answers, "UNCHANGED_WAIT", math.inf)
    fetcher = FakeFetcher({feed.url: rss(Item(feed.url, "News")) for feed in FEEDS})
    told: list[str] = []
    with open_desk(fetcher, Clock(), FEEDS) as app:
        app.fetch(everything=True)

        def saved(outcome: FeedOutcome, *_: object) -> None:
            assert not app.store.connection.in_transaction
            told.append(outcome.url)

        outcomes = app.fetch(everything=True, progress=saved)
        logged = app.store.connection.execute("SELECT count(*) FROM poll WHERE status = 'not_modified'").fetchone()[0]
    assert {outcome.status for outcome in outcomes} == {"not_modified"}
    assert sorted(told) == sorted(feed.url for feed in FEEDS)
    assert logged == len(FEEDS)
