"""How a feed is, by its own rhythm."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aggregator.model import FeedState
from aggregator.newsroom.health import feed_state, rhythm

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
FINE = FeedState("https://ledger.example/rss", last_ok=NOW)


def every(gap: timedelta, last: timedelta, times: int = 20) -> list[datetime]:
    """Return moments one gap apart, the newest of them ``last`` ago."""
    return [NOW - last - gap * number for number in range(times)]


@pytest.mark.parametrize(
    ("gap", "last", "state"),
    [
        (timedelta(hours=2), timedelta(hours=20), "ok"),  # a night and a morning
        (timedelta(hours=2), timedelta(hours=30), "silent"),
        (timedelta(days=1), timedelta(days=2, hours=20), "ok"),
        (timedelta(days=1), timedelta(days=3, hours=1), "silent"),
        (timedelta(days=7), timedelta(days=15), "ok"),
        (timedelta(days=7), timedelta(days=22), "silent"),
        (timedelta(hours=2), timedelta(days=60), "silent"),  # for long: it is not forgotten
    ],
)
def test_silence_is_measured_by_the_feeds_own_rhythm(gap: timedelta, last: timedelta, state: str) -> None:
    assert feed_state(FINE, every(gap, last), NOW) == state


def test_what_came_together_is_one_arrival() -> None:
    morning = [NOW - timedelta(days=day, minutes=minute) for day in range(1, 9) for minute in range(0, 50, 5)]
    found = rhythm(morning)
    assert found is not None
    assert timedelta(hours=23) < found.usual < timedelta(hours=25)
    for days, state in ((1, "ok"), (3, "silent")):
        read = NOW + timedelta(days=days)
        assert feed_state(replace(FINE, last_ok=read), morning, read) == state


def test_a_weekend_is_no_silence() -> None:
    days = [NOW - timedelta(days=day) for day in range(1, 29)]
    working = [day for day in days if day.weekday() < 5]
    monday = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)
    assert feed_state(FINE, [day for day in working if day < monday], monday) == "ok"


def test_too_little_tells_no_rhythm() -> None:
    assert rhythm([]) is None
    assert rhythm([NOW - timedelta(days=40)] * 30) is None  # a feed without dates, first seen as a whole
    assert feed_state(FINE, every(timedelta(hours=3), timedelta(days=20), times=4), NOW) == "ok"


def test_other_states_come_first() -> None:
    silent = every(timedelta(hours=2), timedelta(days=9))
    assert feed_state(FINE, silent, NOW, paused=True) == "paused"
    assert feed_state(replace(FINE, gone=True), silent, NOW) == "gone"
    assert feed_state(replace(FINE, failures=1), silent, NOW) == "failing"
    assert feed_state(FeedState("https://ledger.example/rss"), [], NOW) == "new"


def test_feed_is_not_silent_because_the_desk_did_not_look() -> None:
    arrivals = every(timedelta(hours=1), timedelta(hours=2))
    assert feed_state(FINE, arrivals, NOW + timedelta(days=3)) == "ok"
