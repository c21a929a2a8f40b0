"""When a feed is polled next, and what is remembered of a response. Pure: time and chance are arguments.

``jitter`` is a uniform random number in [0, 1) everywhere; ``FetchSettings.jitter`` is the share of the interval
that it may add. What begins with ``after`` takes a feed as it was asked and returns its state after that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from aggregator.fetching.caching import RETRY_CAP, fresh_until
from aggregator.fetching.gaps import overran
from aggregator.model import Feed, FeedState, FetchFailure, NotModified, ParsedFeed, PollHints, Response
from aggregator.settings import FetchSettings
from aggregator.text.address import address_of, host_of
from aggregator.text.masking import holds_secret

MIN_BY_HAND = timedelta(minutes=1)
WITHOUT_VALIDATORS = timedelta(hours=1)  # FreshRSS; a feed that can only be had whole is not asked for often
# Failures that a network without a way out makes, or one that has everybody log in: they may say nothing of the feed.
_OF_THE_NETWORK = frozenset({"timeout", "connection", "tls", "refused", "protocol", "parse"})
_LONGEST_OUTAGE = timedelta(days=7)  # after which feeds that fail are asked less and less often in any case
HOST_BACKOFF = timedelta(hours=1)  # 429 and 503 without Retry-After: FreshRSS
GONE_INTERVAL = timedelta(days=1)  # between two polls of a feed that answered 410, until it counts as gone
QUIET = timedelta(days=30)  # without a new entry: once a day is enough
WEEK = timedelta(days=7)
# Times further ahead were written by another clock; time servers correct by less.
AHEAD = timedelta(minutes=1)

# Polls an expected new entry: an entry then waits a quarter of the usual gap at most. miniflux asks once an entry.
POLLS_PER_ENTRY = 4
SHORTEN, LENGTHEN = 0.5, 1.5  # bounds of one step of the learned interval; news-crawl x0.8 / x1.5
MEMORY = WEEK  # of the running rate: an entry counts a third after this time
_UNMOVED: Mapping[str, Any] = {"moved_to": None, "moved_since": None, "moved_seen": 0}  # no move is under way


@dataclass(frozen=True, slots=True)
class Asked:
    """A feed that was asked: its state before, when, this poll's share of chance, and the settings."""

    feed: Feed
    state: FeedState
    now: datetime
    jitter: float
    settings: FetchSettings

    def due_after(self, state: FeedState) -> FeedState:
        """Return a state after a success with the time of the next poll."""
        wait = interval(self.feed, state, self.settings)
        if state.fresh_until is not None:
            wait = max(wait, min(state.fresh_until - self.now, self.settings.max_interval))
        return replace(state, next_fetch=postponed(self.now + self.spread(wait), state.hints))

    def spread(self, wait: timedelta) -> timedelta:
        """Add jitter: upwards, because the wait is a floor; at the ceiling downwards, because that holds as well."""
        share = wait * self.settings.jitter
        room = self.settings.max_interval - wait
        if room <= timedelta(0):
            return wait - share * self.jitter
        return wait + min(share, room) * self.jitter


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """What was read of a document: how many entries are new, how many known, and the dates that it gives.

    ``first``: the feed never had an entry, so that none can have been missed between the last two polls. ``last_size`` is how
    many entries the document before it held, where that is known.
    """

    parsed: ParsedFeed
    new: int
    known: int
    published: Sequence[datetime] = ()
    first: bool = False
    last_size: int | None = None


def after_response(asked: Asked, response: Response, read: DocumentRead | None) -> FeedState:
    """Return the state after a body whose entries were read; ``read`` is None where the body was unchanged."""
    feed, state, now = asked.feed, asked.state, asked.now
    new, published = (read.new, read.published) if read else (0, ())
    overrun = read is not None and not read.first and overran(state, new, read.known, published, read.last_size)
    moved = _moved(asked, state if state.url else replace(state, url=feed.url), response)
    # Validators belong to the address that gave them: RFC 9110 8.8.
    ours = not response.redirected or response.url == moved.url
    after = replace(
        moved,
        **_success(now),
        **_learned(asked, new, published, overrun=overrun),
        etag=response.etag if ours else None,
        last_modified=response.last_modified if ours else None,
        content_hash=response.content_hash,
        fresh_until=fresh_until(response.headers, now),
        hints=read.parsed.hints if read else state.hints,
        ill_formed=read.parsed.ill_formed if read else state.ill_formed,
        bad_guids=state.bad_guids or (read is not None and read.parsed.bad_guids),
        possible_gaps=state.possible_gaps + overrun,
        last_gap=now if overrun else state.last_gap,
    )
    return asked.due_after(after)


def after_not_modified(asked: Asked, outcome: NotModified) -> FeedState:
    """Return the state after a 304: a success that updates validators and freshness (RFC 9111 4.3.4)."""
    state = asked.state
    after = replace(
        state,
        **_success(asked.now),
        **_learned(asked, 0, (), overrun=False),
        **_UNMOVED,
        etag=outcome.etag or state.etag,
        last_modified=outcome.last_modified or state.last_modified,
        fresh_until=fresh_until(outcome.headers, asked.now),
    )
    return asked.due_after(after)


def after_failure(asked: Asked, failure: FetchFailure, *, outage: bool = False) -> FeedState:
    """Return the state after a failure: entries, validators and hints stay; the wait doubles up to the ceiling.

    In an ``outage``, since which no feed answers, it does not, so that all are asked soon after the network is back.
    A feed never stops by itself but for 410, and that only once it has said so for ``gone_after``.
    """
    feed, state, now, settings = asked.feed, asked.state, asked.now, asked.settings
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
    due = now + asked.spread(min(wait, settings.max_interval))
    if failure.retry_after is not None:
        due = max(due, _after_retry(asked, failure.retry_after))
    return replace(after, next_fetch=due)


def is_outage(state: FeedState, last_answer: datetime | None) -> bool:
    """Return whether no feed answered since this one began to fail, so that the network is to be suspected."""
    return state.first_failed is not None and (last_answer is None or last_answer <= state.first_failed)


def after_duplicate(asked: Asked, failure: FetchFailure) -> FeedState:
    """Return the state after a redirect to another feed's address: neither failure nor success.

    ``last_error`` without ``failures`` is the mark of it.
    """
    after = replace(
        asked.state,
        last_fetch=asked.now,
        failures=0,
        first_failed=None,
        last_error=failure.message,
        gone_since=None,
        gone=False,
    )
    return asked.due_after(after)


def backoff(feed: Feed, state: FeedState, failure: FetchFailure, settings: FetchSettings) -> timedelta:
    """Return the wait after ``state.failures`` failures in a row: it doubles from the feed's interval."""
    start = interval(feed, state, settings)
    if failure.host_wide and failure.retry_after is None:
        start = max(start, HOST_BACKOFF)
    return _doubled(start, state.failures, settings)


def host_hold(feed: Feed, state: FeedState, failure: FetchFailure, settings: FetchSettings) -> datetime | None:
    """Return until when the feed's whole host is to be paused, or None; ``state`` is the state after the failure.

    A feed speaks for the host of its own address alone: a redirect to another's must not silence the feeds there.
    """
    if not failure.host_wide or not feed.host_backoff or state.last_failed is None:
        return None
    if host_of(failure.url or state.url or feed.url) != host_of(feed.url):
        return None
    return failure.retry_after or state.last_failed + _doubled(HOST_BACKOFF, state.failures, settings)


def interval(feed: Feed, state: FeedState, settings: FetchSettings) -> timedelta:
    """Return the time between two polls of a healthy feed, without jitter and caching.

    An interval set by the desk may be as short as a minute and is not raised by ttl or sy:. A learned one is between the
    floor and the ceiling, whatever the feed's hints say: a ttl of 99999 must not silence a feed.
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
    """Return ``due``, or the end of the hours and days (GMT) in which the feed does not want to be read.

    Hints that leave no hour of the week are ignored.
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
        # Minutes and seconds stay: a common end of the hour would bring all of them at once.
        moment += timedelta(hours=1)
    return due


def longest_wait(settings: FetchSettings) -> timedelta:
    """Return how far ahead a feed may be due: its interval or Retry-After, and a week of skipped days. Beyond is a fault."""
    return max(settings.max_interval, RETRY_CAP) * (1 + settings.jitter) + WEEK


def without_future(state: FeedState, now: datetime) -> FeedState:
    """Return a feed's state without times that a fast clock left in it; the same object where there are none.

    The interval is learned anew, as from a first document, since a year that did not pass taught that nothing arrives. A
    feed that counts as gone since then is polled again.
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
    """Return the due times of many overdue feeds after a long stop: spread evenly from now on, in their order."""
    step = over / max(len(keys), 1)
    return {key: now + step * position for position, key in enumerate(keys)}


@lru_cache(1 << 15)
def address_key(url: str) -> str:
    """Return the key that is equal for two subscriptions to one address."""
    address = address_of(url)
    return url if address is None else address.authority + address.target


# --- inside ------------------------------------------------------------------------------------


def _after_retry(asked: Asked, moment: datetime) -> datetime:
    """Return a time after a host's Retry-After, spread so that its feeds come one after another."""
    wait = moment - asked.now
    return moment + wait * (asked.settings.jitter * asked.jitter) if wait < timedelta(days=1) else moment


def _doubled(start: timedelta, failures: int, settings: FetchSettings) -> timedelta:
    times: int = 1 << min(max(failures - 1, 0), 16)
    return min(start * times, settings.max_interval)


def _success(now: datetime) -> dict[str, Any]:
    """Return the changes of a feed's state by a success, as one replacement: each costs as much as a row of SQLite."""
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


def _moved(asked: Asked, state: FeedState, response: Response) -> FeedState:
    """Follow a permanent redirect to a feed once it was repeated: a single one may be a mistake."""
    target, now, settings = response.permanent_url, asked.now, asked.settings
    # An address that carries a secret is never written down, so it cannot be taken over either.
    if target is None and state.moved_to is None:
        return state
    if target is None or holds_secret(target, asked.feed):
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


def _learned(asked: Asked, new_entries: int, published: Sequence[datetime], *, overrun: bool) -> dict[str, Any]:
    """Return how often the feed has news, and the interval learned from that."""
    before, now, settings = asked.state, asked.now, asked.settings
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
    if overrun:
        learned = min(learned, (previous or learned) * SHORTEN)
    if now - last_new >= QUIET:
        learned = settings.max_interval
    learned = min(max(learned, settings.min_interval), settings.max_interval)
    return {"entries_per_week": rate, "last_new": last_new, "learned_interval": learned}


def _target(rate: float | None, settings: FetchSettings) -> timedelta:
    """Return the interval for a rate in entries a week: miniflux' entry_frequency with a factor."""
    if rate is None:
        return settings.default_interval
    if rate * POLLS_PER_ENTRY * settings.max_interval <= WEEK:
        return settings.max_interval
    return WEEK / (rate * POLLS_PER_ENTRY)


def _rate_of_document(dates: Sequence[datetime], now: datetime) -> float | None:
    """Return entries a week in a first document: over the last week, or its shorter span; None where it shows none."""
    if not dates:
        return None
    recent = [date for date in dates if now - date <= WEEK]
    if len(recent) < len(dates):
        return float(len(recent))
    if len(recent) == 1:
        return None  # a feed that has just begun: nothing is known of its pace
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
