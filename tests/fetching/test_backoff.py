"""Failures, moves and duplicates, as values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.fetching.caching import fresh_until, http_date, retry_after
from aggregator.fetching.politeness import (
    PollContext,
    address_key,
    after_failure,
    after_not_modified,
    host_hold,
)
from aggregator.model import FetchFailure, NotModified
from tests.fetching.polls import (
    DAY,
    FEED,
    HOUR,
    KNOWN,
    MINUTE,
    NOW,
    SETTINGS,
    URL,
    failed,
    polled,
    through,
    wait,
)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7200", 7_200),
        (" 7200 ", 7_200),
        ("Mon, 05 Oct 2026 14:00:00 GMT", 7_200),
        ("Monday, 05-Oct-26 14:00:00 GMT", 7_200),
        ("Mon Oct  5 14:00:00 2026", 7_200),
        ("99999999", 7 * 86_400),
        ("Fri, 01 Jan 2100 00:00:00 GMT", 7 * 86_400),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("Mon, 05 Oct 2026 11:00:00 GMT", None),
        ("99999999999999999999", None),
    ],
)
def test_retry_after_is_read_and_capped(value: str, seconds: int | None) -> None:
    expected = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert retry_after([("retry-after", value)], NOW) == expected


def test_not_before_retry_after() -> None:
    for status in (429, 503):
        later = failed(status=status, host_wide=True, retry_after=NOW + 3 * DAY)
        assert 3 * DAY <= wait(later) <= 7 * DAY
        soon = failed(status=status, host_wide=True, retry_after=NOW + MINUTE)
        assert wait(soon) >= 15 * MINUTE


def test_too_often_holds_the_whole_host_for_an_hour() -> None:
    failure = FetchFailure("http", "HTTP 429", 429, host_wide=True)
    state = after_failure(PollContext(FEED, replace(KNOWN, learned_interval=15 * MINUTE), NOW, 0.5, SETTINGS), failure)
    assert HOUR < wait(state) <= HOUR * 1.2
    assert host_hold(FEED, state, failure, SETTINGS) == NOW + HOUR
    named = replace(failure, retry_after=NOW + 2 * HOUR)
    assert host_hold(FEED, state, named, SETTINGS) == NOW + 2 * HOUR
    alone = replace(FEED, host_backoff=False)
    assert host_hold(alone, state, failure, SETTINGS) is None
    assert host_hold(FEED, failed(status=500), FetchFailure("http", "HTTP 500", 500), SETTINGS) is None


def test_backoff_doubles_to_a_day_and_never_stops() -> None:
    state, waits = replace(KNOWN, learned_interval=15 * MINUTE), []
    for _ in range(200):
        state = failed(state, status=500)
        waits.append(wait(state))
    assert waits[:4] == [15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR]
    assert waits[-1] == DAY
    assert state.failures == 200
    assert not state.gone
    state = polled(state)
    assert (state.failures, state.last_error) == (0, None)
    assert wait(failed(replace(state, learned_interval=15 * MINUTE), status=500)) == 15 * MINUTE
    assert wait(failed(jitter=0.9, status=500)) > wait(failed(status=500))


def test_gone_is_given_up_after_two_weeks_of_saying_so() -> None:
    state, now, polls = KNOWN, NOW, 0
    gone = FetchFailure("gone", "HTTP 410", 410)
    while not state.gone:
        state = after_failure(PollContext(FEED, state, now, 0.5, SETTINGS), gone)
        polls += 1
        if state.next_fetch is not None:
            assert state.next_fetch - now >= timedelta(hours=20)
            now = state.next_fetch
    assert now - NOW >= SETTINGS.gone_after
    assert polls <= 20
    assert state.next_fetch is None
    back = polled(failed(kind="gone", status=410))
    assert (back.gone, back.gone_since) == (False, None), "a feed that comes back was not gone"


def test_errors_are_remembered_with_count_first_and_last_time() -> None:
    state = failed(message="HTTP 500")
    state = after_failure(PollContext(FEED, state, NOW + HOUR, 0.0, SETTINGS), FetchFailure("timeout", "slow"))
    assert (state.failures, state.first_failed, state.last_failed) == (2, NOW, NOW + HOUR)
    assert state.last_error == "slow"


# --- redirects -----------------------------------------------------------------------------------


def test_permanent_move_is_taken_over_after_five_polls() -> None:
    new, state = "https://new.example/feed", KNOWN
    for count in range(1, SETTINGS.move_polls):
        state = polled(state, response=through(new))
        assert (state.url, state.moved_to, state.moved_seen) == (URL, new, count)
        assert state.etag is None
    state = polled(state, response=through(new))
    assert (state.url, state.moved_to, state.etag) == (new, None, '"1"')
    assert state.last_ok == NOW
    assert state.entries_per_week is not None


def test_permanent_move_is_taken_over_after_a_week() -> None:
    new = "https://new.example/feed"
    state = polled(response=through(new))
    assert polled(state, response=through(new), now=NOW + 6 * DAY).url == URL
    assert polled(state, response=through(new), now=NOW + 7 * DAY).url == new


def test_a_move_that_does_not_repeat_is_forgotten() -> None:
    state = polled(response=through("https://new.example/feed"))
    assert polled(state).moved_to is None
    assert after_not_modified(PollContext(FEED, state, NOW, 0.0, SETTINGS), NotModified(URL, ())).moved_to is None
    other = polled(state, response=through("https://other.example/feed"))
    assert (other.moved_to, other.moved_seen) == ("https://other.example/feed", 1)


def test_upgrade_to_https_is_taken_over_at_once() -> None:
    state = replace(KNOWN, url="http://example.org/feed")
    assert polled(state, response=through("https://example.org/rss")).url == "https://example.org/rss"
    assert polled(state, response=through("https://other.example/rss")).url == "http://example.org/feed"


def test_a_move_to_an_address_with_a_secret_is_not_taken_over() -> None:
    state = KNOWN
    for _ in range(SETTINGS.move_polls + 1):
        state = polled(state, response=through("https://new.example/feed?token=abc"))
    assert (state.url, state.moved_to, state.etag) == (URL, None, None)


def test_failures_leave_the_address_alone() -> None:
    state = polled(response=through("https://new.example/feed"))
    for kind in ("gone", "http", "parse"):
        after = failed(state, kind=kind)
        assert (after.url, after.moved_to, after.moved_seen) == (URL, state.moved_to, 1)


def test_two_subscriptions_to_one_address_are_polled_once() -> None:
    assert address_key("http://example.org/feed") == address_key("https://EXAMPLE.org:443/feed#x")
    assert address_key("https://example.org/feed?x=1") != address_key("https://example.org/feed")


@given(st.text(max_size=40))
def test_any_text_as_a_date_is_a_moment_or_none(text: str) -> None:
    found = http_date(text)
    assert found is None or found.tzinfo is not None


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-9_999, 9_999))
@example(datetime(9999, 12, 31, 23, 59, tzinfo=UTC), -1_400)
@example(datetime(1, 1, 1, tzinfo=UTC), 1_400)
def test_a_date_at_either_end_of_time_is_a_moment_or_none(date: datetime, zone: int) -> None:
    text = f"{date:%a, %d %b} {date.year:04} {date:%H:%M:%S} {zone:+05}"
    found = http_date(text)
    assert found is None or found.tzinfo is not None
    for fields in ([("expires", text)], [("expires", text), ("date", text)], [("retry-after", text)]):
        for moment in (fresh_until(fields, NOW), retry_after(fields, NOW)):
            assert moment is None or moment > NOW
