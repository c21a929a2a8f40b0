"""The feed's state after a poll, with the time of the next poll. Pure: time and random numbers are arguments.

``jitter`` is a uniform random number in [0, 1) everywhere; ``FetchSettings.jitter`` is the share of the interval
that it may add. Each function whose name begins with ``after`` returns a feed's state after a poll with that outcome.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from aggregator.fetching.caching import RETRY_CAP, fresh_until
from aggregator.fetching.gaps import may_have_missed_entries
from aggregator.model import Feed, FeedState, FetchFailure, NotModified, ParsedFeed, PollHints, Response
from aggregator.settings import FetchSettings
from aggregator.text.address import address_of, host_of
from aggregator.text.masking import holds_secret

MIN_BY_HAND = timedelta(minutes=1)
WITHOUT_VALIDATORS = timedelta(hours=1)  # as in FreshRSS; each poll of such a feed transfers the whole document
# Failures that our own network may cause (no connection, or a login page), so they may say nothing about the feed.
_OF_THE_NETWORK = frozenset({"timeout", "connection", "tls", "refused", "protocol", "parse"})
_LONGEST_OUTAGE = timedelta(days=7)  # after this time failing feeds back off even during an outage
HOST_BACKOFF = timedelta(hours=1)  # 429 and 503 without Retry-After: FreshRSS
GONE_INTERVAL = timedelta(days=1)  # between two polls of a feed that answered 410, until it counts as gone
QUIET = timedelta(days=30)  # without a new entry: once a day is enough
WEEK = timedelta(days=7)
# A stored time further in the future was written by a wrong clock; corrections by time servers are smaller.
AHEAD = timedelta(minutes=1)

# Polls for each expected new entry: an entry then waits at most a quarter of the usual gap. miniflux polls once per entry.
POLLS_PER_ENTRY = 4
SHORTEN, LENGTHEN = 0.5, 1.5  # limits for one change of the learned interval; news-crawl has x0.8 / x1.5
MEMORY = WEEK  # of the running rate: after this time an entry counts a third (1/e)
_UNMOVED: Mapping[str, Any] = {"moved_to": None, "moved_since": None, "moved_seen": 0}  # no move is pending


@dataclass(frozen=True, slots=True)
class PollContext:
    """The circumstances of one poll: the feed, its state before, the time, the random number and the settings."""

    feed: Feed
    state: FeedState
    now: datetime
    jitter: float
    settings: FetchSettings

    def due_after(self, state: FeedState) -> FeedState:
        """Return a state after a successful poll, with the time of the next poll set."""
        wait = interval(self.feed, state, self.settings)
        if state.fresh_until is not None:
            wait = max(wait, min(state.fresh_until - self.now, self.settings.max_interval))
        return replace(state, next_fetch=postponed(self.now + self.spread(wait), state.hints))

    def spread(self, wait: timedelta) -> timedelta:
        """Return the wait with jitter: longer, because the wait is a minimum; shorter at ``max_interval``, the maximum."""
        share = wait * self.settings.jitter
        room = self.settings.max_interval - wait
        if room <= timedelta(0):
            return wait - share * self.jitter
        return wait + min(share, room) * self.jitter


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """The content of a document: the parsed feed, the numbers of new and known entries, and their dates.

    ``first``: the feed never had an entry before, so none can have been missed since the last poll. ``last_size`` is the
    number of entries in the previous document, if known.
    """

    parsed: ParsedFeed
    new: int
    known: int
    published: Sequence[datetime] = ()
    first: bool = False
    last_size: int | None = None


def after_response(context: PollContext, response: Response, read: DocumentRead | None) -> FeedState:
    """Return the state after a document was received; ``read`` is None if its bytes were unchanged."""
    feed, state, now = context.feed, context.state, context.now
    new, published = (read.new, read.published) if read else (0, ())
    missed = (
        read is not None
        and not read.first
        and may_have_missed_entries(state, new, read.known, published, read.last_size)
    )
    moved = _moved(context, state if state.url else replace(state, url=feed.url), response)
    # Validators are valid only for the address that sent them (RFC 9110 8.8).
    ours = not response.redirected or response.url == moved.url
    after = replace(
        moved,
        **_success(now),
        **_learned(context, new, published, missed=missed),
        etag=response.etag if ours else None,
        last_modified=response.last_modified if ours else None,
        content_hash=response.content_hash,
        fresh_until=fresh_until(response.headers, now),
        hints=read.parsed.hints if read else state.hints,
        ill_formed=read.parsed.ill_formed if read else state.ill_formed,
        bad_guids=state.bad_guids or (read is not None and read.parsed.bad_guids),
        possible_gaps=state.possible_gaps + missed,
        last_gap=now if missed else state.last_gap,
    )
    return context.due_after(after)


def after_not_modified(context: PollContext, outcome: NotModified) -> FeedState:
    """Return the state after a 304: a success that updates validators and freshness (RFC 9111 4.3.4)."""
    state = context.state
    after = replace(
        state,
        **_success(context.now),
        **_learned(context, 0, (), missed=False),
        **_UNMOVED,
        etag=outcome.etag or state.etag,
        last_modified=outcome.last_modified or state.last_modified,
        fresh_until=fresh_until(outcome.headers, context.now),
    )
    return context.due_after(after)


def after_failure(context: PollContext, failure: FetchFailure, *, outage: bool = False) -> FeedState:
    """Return the state after a failure: entries, validators and hints stay, and the wait doubles up to ``max_interval``.

    During an ``outage`` (no feed answers) the wait stays short, so that all feeds are polled soon after the network is back.
    Polling stops only for a feed that has answered 410 for ``gone_after``.
    """
    feed, state, now, settings = context.feed, context.state, context.now, context.settings
    after = replace(
        state,
        last_fetch=now,
        failures=state.failures + 1,
        first_failed=state.first_failed if state.failures else now,
        last_failed=now,
        last_error=failure.message,
        force_unconditional=state.force_unconditional or failure.force_unconditional,
    )
    wait = backoff(feed, after, failure, settings)
    if failure.kind == "gone":
        since = state.gone_since or now
        after = replace(after, gone_since=since, gone=now - since >= settings.gone_after)
        if after.gone:
            return replace(after, next_fetch=None)
        wait = max(GONE_INTERVAL, wait)
    if outage and failure.kind in _OF_THE_NETWORK and now - (after.first_failed or now) < _LONGEST_OUTAGE:
        wait = min(wait, interval(feed, after, settings), HOST_BACKOFF)
    due = now + context.spread(min(wait, settings.max_interval))
    if failure.retry_after is not None:
        due = max(due, _after_retry(context, failure.retry_after))
    return replace(after, next_fetch=due)


def is_outage(state: FeedState, last_answer: datetime | None) -> bool:
    """Return whether no feed has answered since this one began to fail, so that our network is the likely cause."""
    return state.first_failed is not None and (last_answer is None or last_answer <= state.first_failed)


def after_duplicate(context: PollContext, failure: FetchFailure) -> FeedState:
    """Return the state after a redirect to another feed's address: neither failure nor success.

    The state is recognised by ``last_error`` without ``failures``.
    """
    after = replace(
        context.state,
        last_fetch=context.now,
        failures=0,
        first_failed=None,
        last_error=failure.message,
        gone_since=None,
        gone=False,
    )
    return context.due_after(after)


def backoff(feed: Feed, state: FeedState, failure: FetchFailure, settings: FetchSettings) -> timedelta:
    """Return the wait after ``state.failures`` failures in a row: it doubles from the feed's interval."""
    start = interval(feed, state, settings)
    if failure.host_wide and failure.retry_after is None:
        start = max(start, HOST_BACKOFF)
    return _doubled(start, state.failures, settings)


def host_hold(feed: Feed, state: FeedState, failure: FetchFailure, settings: FetchSettings) -> datetime | None:
    """Return until when the feed's whole host is to be paused, or None; ``state`` is the state after the failure.

    Only a failure at the host of the feed's own address counts: if a redirect led to another host, the feeds there are
    not paused.
    """
    if not failure.host_wide or not feed.host_backoff or state.last_failed is None:
        return None
    if host_of(failure.url or state.url or feed.url) != host_of(feed.url):
        return None
    return failure.retry_after or state.last_failed + _doubled(HOST_BACKOFF, state.failures, settings)


def interval(feed: Feed, state: FeedState, settings: FetchSettings) -> timedelta:
    """Return the time between two polls of a healthy feed, without jitter and caching.

    An interval set in feeds.yaml may be as short as a minute, and ttl or sy: do not raise it. A learned interval is between
    ``min_interval`` and ``max_interval``, whatever the feed's hints say: a ttl of 99999 must not stop polling.
    """
    if feed.interval is not None:
        return min(max(feed.interval, MIN_BY_HAND), settings.max_interval)
    wanted = state.learned_interval or settings.default_interval
    for hint in (state.hints.ttl, state.hints.update_interval):
        wanted = max(wanted, hint) if hint else wanted
    if state.last_ok is not None and not (state.etag or state.last_modified):
        wanted = max(wanted, WITHOUT_VALIDATORS)
    return min(max(wanted, settings.min_interval), settings.max_interval)


def postponed(due: datetime, hints: PollHints) -> datetime:
    """Return ``due``, or a later time after the hours and days (GMT) in which the feed asks not to be polled.

    Hints that exclude every hour of the week are ignored.
    """
    hours = {hour % 24 for hour in hints.skip_hours}
    if not hours and not hints.skip_days:
        return due
    if len(hours) >= 24 or len(hints.skip_days) >= 7:
        return due
    moment = due
    for _ in range(24 * 7):
        if moment.hour not in hours and moment.weekday() not in hints.skip_days:
            return moment
        # Minutes and seconds are kept, so that not all such feeds become due at the start of an hour.
        moment += timedelta(hours=1)
    return due


def longest_wait(settings: FetchSettings) -> timedelta:
    """Return how far ahead a due time may be: the longest interval or Retry-After, and a week of skipped days."""
    return max(settings.max_interval, RETRY_CAP) * (1 + settings.jitter) + WEEK


def without_future(state: FeedState, now: datetime) -> FeedState:
    """Return a feed's state without times in the future, which a fast clock left; the same object if there are none.

    The interval is learned again as from a first document, because the wrong clock made it seem that nothing arrived for
    long. A feed that was given up as gone is polled again.
    """
    written = (state.last_fetch, state.last_ok, state.last_failed)
    if all(moment is None or moment <= now + AHEAD for moment in written):
        return state

    def believed(moment: datetime | None) -> datetime | None:
        return moment if moment is None or moment <= now else None

    return replace(
        state,
        next_fetch=None,
        last_fetch=believed(state.last_fetch),
        last_ok=believed(state.last_ok),
        first_failed=min(state.first_failed, now) if state.first_failed else None,
        last_failed=believed(state.last_failed),
        gone_since=believed(state.gone_since),
        gone=False,
        **_UNMOVED,
        learned_interval=None,
        entries_per_week=None,
        last_new=believed(state.last_new),
        fresh_until=None,
        last_gap=believed(state.last_gap),
    )


def spread_overdue(keys: Sequence[str], now: datetime, over: timedelta) -> dict[str, datetime]:
    """Return due times for many feeds that are overdue after a long stop, spread evenly over the time ``over`` from now."""
    step = over / max(len(keys), 1)
    return {key: now + step * position for position, key in enumerate(keys)}


@lru_cache(1 << 15)
def address_key(url: str) -> str:
    """Return a key that is equal for two addresses which differ only in spelling."""
    address = address_of(url)
    return url if address is None else address.authority + address.target


# --- inside ------------------------------------------------------------------------------------


def _after_retry(context: PollContext, moment: datetime) -> datetime:
    """Return a time after a host's Retry-After, with jitter so that the host's feeds are not polled all at once."""
    wait = moment - context.now
    return moment + wait * (context.settings.jitter * context.jitter) if wait < timedelta(days=1) else moment


def _doubled(start: timedelta, failures: int, settings: FetchSettings) -> timedelta:
    times: int = 1 << min(max(failures - 1, 0), 16)
    return min(start * times, settings.max_interval)


def _success(now: datetime) -> dict[str, Any]:
    """Return the changes of a feed's state by a success, for a single ``replace``: each call costs as much as an SQLite row."""
    return {
        "last_fetch": now,
        "last_ok": now,
        "failures": 0,
        "first_failed": None,
        "last_error": None,
        "force_unconditional": False,
        "gone_since": None,
        "gone": False,
    }


def _moved(context: PollContext, state: FeedState, response: Response) -> FeedState:
    """Return the state after a permanent redirect; the new address is taken over when it repeats: one may be a mistake."""
    target, now, settings = response.permanent_url, context.now, context.settings
    # An address with a secret is never stored, so it cannot be taken over either.
    if target is None and state.moved_to is None:
        return state
    if target is None or holds_secret(target, context.feed):
        return replace(state, **_UNMOVED)
    same = target == state.moved_to and state.moved_since is not None
    since = state.moved_since if same and state.moved_since else now
    seen = state.moved_seen + 1 if same else 1
    if _is_upgrade(state.url, target) or seen >= settings.move_polls or now - since >= settings.move_after:
        return replace(state, **_UNMOVED, url=target)
    return replace(state, moved_to=target, moved_since=since, moved_seen=seen)


def _is_upgrade(old: str, new: str) -> bool:
    before, after = address_of(old), address_of(new)
    if before is None or after is None:
        return False
    return (before.scheme, after.scheme) == ("http", "https") and before.host == after.host


def _learned(context: PollContext, new_entries: int, published: Sequence[datetime], *, missed: bool) -> dict[str, Any]:
    """Return the changes of the feed's rate of new entries, and of the interval learned from it."""
    before, now, settings = context.state, context.now, context.settings
    dates = [date for date in published if date <= now]
    if before.last_ok is None:
        rate = _rate_of_document(dates, now)
        last_new = max(dates, default=now)
    else:
        rate = _running_rate(before, new_entries, now)
        last_new = now if new_entries else before.last_new or now
    learned = _target(rate, settings)
    previous = before.learned_interval
    if previous is not None:
        learned = min(max(learned, previous * SHORTEN), previous * LENGTHEN)
    if missed:
        learned = min(learned, (previous or learned) * SHORTEN)
    if now - last_new >= QUIET:
        learned = settings.max_interval
    learned = min(max(learned, settings.min_interval), settings.max_interval)
    return {"entries_per_week": rate, "last_new": last_new, "learned_interval": learned}


def _target(rate: float | None, settings: FetchSettings) -> timedelta:
    """Return the interval for a rate in entries a week, as miniflux' entry_frequency does, with POLLS_PER_ENTRY."""
    if rate is None:
        return settings.default_interval
    if rate * POLLS_PER_ENTRY * settings.max_interval <= WEEK:
        return settings.max_interval
    return WEEK / (rate * POLLS_PER_ENTRY)


def _rate_of_document(dates: Sequence[datetime], now: datetime) -> float | None:
    """Return entries a week by a first document: over the last week, or over its shorter span; None without dates."""
    if not dates:
        return None
    recent = [date for date in dates if now - date <= WEEK]
    if len(recent) < len(dates):
        return float(len(recent))
    if len(recent) == 1:
        return None  # a feed that has just begun: its rate is unknown
    span = max(now - min(recent), timedelta(hours=1))
    return len(recent) * (WEEK / span)


def _running_rate(before: FeedState, new_entries: int, now: datetime) -> float | None:
    """Return the exponentially weighted rate of new entries, in entries a week."""
    last = before.last_ok
    assert last is not None  # noqa: S101 - there was a poll before
    elapsed = max(now - last, timedelta(seconds=1))
    if before.entries_per_week is None:
        return new_entries * (WEEK / elapsed) if new_entries else None
    kept = math.exp(-(elapsed / MEMORY))
    return before.entries_per_week * kept + new_entries * (WEEK / elapsed) * (1 - kept)
