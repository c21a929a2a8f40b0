"""When a feed is silent: by its own rhythm, and only as far as the desk looked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aggregator.model import FeedState
from aggregator.newsroom.health import feed_state

START = datetime(2026, 3, 9, tzinfo=UTC)
HOURLY = [START + timedelta(hours=n) for n in range(10)]


def test_feed_is_silent_after_thrice_its_gaps_and_a_day() -> None:
    read = HOURLY[-1] + timedelta(hours=25)
    assert feed_state(FeedState("https://a.example/rss", last_ok=read), HOURLY, read) == "silent"
    assert (
        feed_state(FeedState("https://a.example/rss", last_ok=read), HOURLY[:4], read) == "ok"
    )  # too few to know its rhythm
    early = HOURLY[-1] + timedelta(hours=23)
    assert feed_state(FeedState("https://a.example/rss", last_ok=early), HOURLY, early) == "ok"


def test_feed_is_not_silent_because_the_desk_did_not_look() -> None:
    read = HOURLY[-1] + timedelta(hours=2)
    assert feed_state(FeedState("https://a.example/rss", last_ok=read), HOURLY, read + timedelta(days=3)) == "ok"
