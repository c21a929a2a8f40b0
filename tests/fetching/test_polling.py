"""When a feed is asked next after a success."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from aggregator.fetching.caching import fresh_until
from aggregator.fetching.politeness import (
    WITHOUT_VALIDATORS,
    PollContext,
    after_failure,
    after_not_modified,
    interval,
    postponed,
    spread_overdue,
)
from aggregator.model import Feed, FeedState, FetchFailure, NotModified, PollHints
from tests.examples import examples
from tests.fetching.polls import (
    DAY,
    FEED,
    HOUR,
    KNOWN,
    MINUTE,
    NOW,
    SETTINGS,
    URL,
    answered,
    polled,
    wait,
)


@pytest.mark.parametrize(
    ("fields", "least"),
    [
        ({"cache_control": "public, max-age=36000"}, 10 * HOUR),
        ({"cache_control": 'max-age="36000"'}, 10 * HOUR),
        ({"cache_control": "max-age=36000", "age": "3600"}, 9 * HOUR),
        ({"expires": "Mon, 05 Oct 2026 22:00:00 GMT"}, 10 * HOUR),
        ({"expires": "Mon, 05 Oct 2026 20:00:00 GMT", "date": "Mon, 05 Oct 2026 10:00:00 GMT"}, 10 * HOUR),
        ({"cache_control": "max-age=36000", "expires": "Mon, 05 Oct 2026 12:00:01 GMT"}, 10 * HOUR),
    ],
)
def test_not_before_max_age_or_expires(fields: dict[str, str], least: timedelta) -> None:
    for jitter in (0.0, 0.5, 0.999):
        assert wait(polled(response=answered(**fields), jitter=jitter)) >= least
    by_hand = polled(feed=Feed(URL, interval=5 * MINUTE), response=answered(**fields))
    assert wait(by_hand) >= least


@pytest.mark.parametrize(
    "value", ["no-cache", "no-store", "max-age=0", "no-cache, max-age=0", "max-age=-5", "max-age=abc"]
)
def test_no_cache_does_not_mean_sooner(value: str) -> None:
    assert wait(polled(response=answered(cache_control=value))) == wait(polled())


@pytest.mark.parametrize("value", ["0", "-1", "yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", ""])
def test_expires_in_the_past_or_garbled_is_ignored(value: str) -> None:
    assert fresh_until([("expires", value)], NOW) is None


@pytest.mark.parametrize(
    ("hints", "fields"),
    [
        (PollHints(ttl=timedelta(minutes=99_999)), {}),
        (PollHints(update_interval=timedelta(days=365)), {}),
        (PollHints(), {"cache_control": "max-age=31536000"}),
        (PollHints(), {"expires": "Fri, 01 Jan 2100 00:00:00 GMT"}),
        (PollHints(), {"cache_control": "max-age=999999999999999999999"}),
    ],
)
def test_no_hint_mutes_a_feed(hints: PollHints, fields: dict[str, str]) -> None:
    for jitter in (0.0, 0.5, 0.999):
        assert wait(polled(hints=hints, response=answered(**fields), jitter=jitter)) <= DAY


def test_floor_for_what_is_learned() -> None:
    busy = replace(KNOWN, learned_interval=MINUTE, entries_per_week=100_000.0)
    assert wait(polled(busy)) >= 15 * MINUTE
    assert wait(polled(busy, hints=PollHints(ttl=MINUTE))) >= 15 * MINUTE


def test_ttl_and_sy_raise_what_is_learned() -> None:
    assert wait(polled(hints=PollHints(ttl=5 * HOUR))) == 5 * HOUR
    assert wait(polled(hints=PollHints(update_interval=6 * HOUR))) == 6 * HOUR


def test_interval_by_hand_is_neither_raised_nor_floored() -> None:
    hints = PollHints(ttl=5 * HOUR, update_interval=DAY)
    assert wait(polled(feed=Feed(URL, interval=5 * MINUTE), hints=hints)) == 5 * MINUTE
    assert wait(polled(feed=Feed(URL, interval=timedelta(seconds=1)), hints=hints)) == MINUTE
    assert wait(polled(feed=Feed(URL, interval=90 * DAY))) <= DAY


def test_update_period_is_a_hint() -> None:
    assert wait(polled(hints=PollHints(update_interval=3 * HOUR))) == 3 * HOUR
    assert wait(polled(hints=PollHints(update_interval=MINUTE))) == wait(polled())


def test_skipped_hours_and_days_postpone() -> None:
    noon_to_two = PollHints(skip_hours=frozenset({12, 13, 14}))
    assert postponed(NOW + 20 * MINUTE, noon_to_two) == NOW + 3 * HOUR + 20 * MINUTE
    assert postponed(NOW, PollHints(skip_hours=frozenset({24}))) == NOW
    midnight = NOW + 12 * HOUR
    assert postponed(midnight, PollHints(skip_hours=frozenset({24}))) == midnight + HOUR
    tuesday = PollHints(skip_days=frozenset({0}))
    assert postponed(NOW, tuesday) == NOW + 12 * HOUR
    weekend_and_monday = PollHints(skip_days=frozenset({5, 6, 0}), skip_hours=frozenset(range(6)))
    assert postponed(NOW, weekend_and_monday) == NOW + 18 * HOUR
    by_hand = Feed(URL, interval=HOUR)
    assert wait(polled(feed=by_hand, hints=PollHints(skip_hours=frozenset({13})))) == 2 * HOUR


@pytest.mark.parametrize(
    "hints",
    [
        PollHints(skip_hours=frozenset(range(24))),
        PollHints(skip_hours=frozenset(range(1, 25))),
        PollHints(skip_days=frozenset(range(7))),
    ],
)
def test_hints_that_cover_everything_are_ignored(hints: PollHints) -> None:
    assert postponed(NOW, hints) == NOW


def test_interval_follows_the_rate_of_new_entries() -> None:
    def first(per_day: int) -> timedelta:
        dates = [NOW - DAY * position / per_day for position in range(per_day * 3)]
        return wait(polled(FeedState(URL), new=len(dates), known=0, published=dates))

    assert first(200) == 15 * MINUTE
    assert first(200) <= first(12) < first(4) < first(1) <= DAY
    assert abs(first(4) - timedelta(hours=1.5)) <= 9 * MINUTE


def test_quiet_for_a_month_is_asked_daily() -> None:
    quiet = replace(KNOWN, last_new=NOW - 31 * DAY, learned_interval=HOUR)
    assert wait(polled(quiet, new=0)) == DAY
    assert wait(after_not_modified(PollContext(FEED, quiet, NOW, 0.0, SETTINGS), NotModified(URL, ()))) == DAY
    old = [NOW - 60 * DAY, NOW - 90 * DAY]
    assert wait(polled(FeedState(URL), new=2, known=0, published=old)) == DAY


def test_one_new_entry_shortens_slowly() -> None:
    state = replace(KNOWN, last_new=NOW - 31 * DAY, learned_interval=DAY, entries_per_week=0.01, last_ok=NOW - DAY)
    state = polled(state, new=1)
    assert wait(state) >= 12 * HOUR
    busy, now = replace(state, learned_interval=DAY), NOW
    waits = []
    for _ in range(12):
        now += wait(busy, now)
        busy = polled(busy, new=30, now=now)
        waits.append(wait(busy, now))
    assert waits[0] >= 12 * HOUR, "a burst does not change everything at once"
    assert waits[-1] <= 3 * HOUR, "but a feed that stays busy is asked often"


def test_dates_in_the_future_teach_nothing() -> None:
    state = polled(FeedState(URL), new=3, known=0, published=[NOW + DAY] * 3)
    assert state.entries_per_week is None
    assert wait(state) == SETTINGS.default_interval


def test_window_overrun_is_noted_and_polled_faster() -> None:
    state = polled(new=10, known=0)
    assert state.possible_gaps == 1
    assert state.last_gap == NOW
    assert wait(state) <= KNOWN.learned_interval / 2  # type: ignore[operator]
    assert polled(new=10, known=1).possible_gaps == 0
    assert polled(FeedState(URL), new=10, known=0).possible_gaps == 0, "a first fetch knows nothing yet"


@pytest.mark.parametrize(
    ("last_size", "published", "gaps"),
    [
        (10, (), 1),
        (None, (), 1),  # an older database's log
        (11, (), 0),  # the publisher took entries out, and pushed none
        (0, (), 0),  # the last document was empty
        (10, (NOW - HOUR,), 1),
        (10, (NOW - HOUR, NOW - 30 * DAY), 0),  # it reaches back beyond the last poll
    ],
)
def test_entries_may_be_missing_only_where_a_full_document_reaches_not_far_enough(
    last_size: int | None, published: Sequence[datetime], gaps: int
) -> None:
    assert KNOWN.last_ok == NOW - HOUR
    assert polled(new=10, known=0, published=published, last_size=last_size).possible_gaps == gaps


def test_jitter_spreads_upward_by_the_share_that_is_set() -> None:
    waits = [wait(polled(jitter=step / 10)) for step in range(10)]
    assert len(set(waits)) == 10
    base = waits[0]
    assert all(base <= one <= base * 1.15 for one in waits)


def test_overdue_feeds_are_spread_after_a_stop() -> None:
    due = spread_overdue([str(number) for number in range(100)], NOW, 10 * MINUTE)
    gaps = {later - earlier for earlier, later in zip(due.values(), list(due.values())[1:], strict=False)}
    assert gaps == {timedelta(seconds=6)}
    assert spread_overdue([], NOW, HOUR) == {}


def test_without_validators_hourly_unless_by_hand() -> None:
    bare = replace(answered(), etag=None)
    state = replace(KNOWN, learned_interval=15 * MINUTE, entries_per_week=5_000.0)
    assert wait(polled(state, response=bare)) == WITHOUT_VALIDATORS
    assert wait(polled(state)) == 15 * MINUTE
    assert wait(polled(state, feed=Feed(URL, interval=2 * MINUTE), response=bare)) == 2 * MINUTE


# --- invariants ----------------------------------------------------------------------------------

moments = st.timedeltas(timedelta(0), timedelta(days=400))
hint_values = st.none() | st.timedeltas(timedelta(0), timedelta(days=4_000))
all_hints = st.builds(
    PollHints,
    ttl=hint_values,
    update_interval=hint_values,
    skip_hours=st.frozensets(st.integers(0, 24)),
    skip_days=st.frozensets(st.integers(0, 6)),
)
steps = st.lists(
    st.tuples(st.sampled_from(["new", "same", "304", "fail", "busy"]), moments, st.floats(0, 0.999), all_hints),
    max_size=12,
)


@limits(max_examples=examples(150))
@given(steps, st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=60)))
def test_the_next_poll_never_comes_within_the_least_interval(
    history: list[tuple[str, timedelta, float, PollHints]], by_hand: timedelta | None
) -> None:
    feed, state, now = Feed(URL, interval=by_hand), FeedState(URL), NOW
    least = SETTINGS.min_interval if by_hand is None else MINUTE
    for kind, pause, jitter, hints in history:
        now += pause
        if kind in ("fail", "busy"):
            failure = FetchFailure("http", "no", 429 if kind == "busy" else 500, host_wide=kind == "busy")
            state = after_failure(PollContext(feed, state, now, jitter, SETTINGS), failure)
        elif kind == "304":
            state = after_not_modified(PollContext(feed, state, now, jitter, SETTINGS), NotModified(URL, ()))
        else:
            state = polled(state, feed, hints, new=kind == "new", known=3, jitter=jitter, now=now)
        # Hours and days that the feed asks to be left alone come on top of the ceiling.
        assert least <= wait(state, now) <= DAY * 8
        assert interval(feed, state, SETTINGS) <= DAY
