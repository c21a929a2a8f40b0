"""The health of the feeds and of the newsroom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.desk.rows import row_of
from aggregator.digest.values import FeedHealth, FeedNote
from aggregator.fetching.wording import duration
from aggregator.fetching.wording import health as wording
from aggregator.ingest.clocks import AHEAD, went_back
from aggregator.model import Feed
from aggregator.newsroom.health import MIN_SILENCE, RHYTHM_PERIOD, Hour, feed_state, rhythm
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.faults import FaultStore, StoredFault
from aggregator.storage.feeds import FeedStore, StoredFeed
from aggregator.storage.listed_feeds import feed_key
from aggregator.storage.stories import StoryStore
from aggregator.storage.times import shown
from aggregator.text.counts import amount

# How far back arrivals are read. A silence of this length, less the month that gives the rhythm, can be detected.
REMEMBERED = timedelta(days=180)
# States that the digest reports to its readers.
REPORTED = ("failing", "silent", "gone")
FAULT = "step=fault.step entry=fault.entry error=fault.error first last times given=fault.given"


@dataclass(frozen=True, slots=True)
class FeedHealthRow:
    """One feed's health with its documented keys; ``interval`` is in seconds."""

    feed: str
    url: str
    state: str
    last_ok: datetime | None
    last_error: str | None
    failures: int
    interval: float | None
    next_fetch: datetime | None
    entries_per_day: float
    possible_gaps: int
    explanation: str = ""
    faults: int = 0  # stored entries that could not be processed


@dataclass(frozen=True, slots=True)
class Status:
    """The state of the newsroom: its feeds, the number of entries and stories, and the next poll."""

    feeds: int
    feeds_ok: int
    feeds_failing: int
    feeds_silent: int
    feeds_gone: int
    feeds_paused: int
    entries: int
    reports: int
    stories: int
    last_poll: datetime | None
    next_poll: datetime | None
    last_edition: datetime | None
    possible_gaps: int


def feed_health(store: Store, now: datetime, subscriptions: Sequence[Feed] = ()) -> list[FeedHealthRow]:
    """Return the health of each followed feed, by name; ``subscriptions`` are the feeds of feeds.yaml, if known."""
    feeds = FeedStore(store)
    arrivals = _arrivals(feeds, now)
    faults = FaultStore(store).by_feed()
    written = {feed_key(feed.url): feed for feed in subscriptions}
    rows = []
    for feed in feeds.followed():
        row = _row(feed, written.get(feed.url_key, Feed(feed.url)), arrivals.get(feed.id, ()), now)
        rows.append(_with_faults(row, faults.get(feed.id, ())))
    return rows


def _arrivals(feeds: FeedStore, now: datetime) -> dict[int, list[Hour]]:
    """Return the hours in which entries of each feed arrived; only the last hour for a feed with news within a day."""
    return feeds.rhythms(now - REMEMBERED, now - RHYTHM_PERIOD, now - MIN_SILENCE)


def faulty_entries(store: Store) -> list[dict[str, object]]:
    """Return the entries that could not be processed, by feed, newest first, with the keys of ``feeds health --faults``."""
    feeds = FeedStore(store)
    return [
        {"feed": feeds.by_id(feed_id).shown, **row_of(kept, FAULT)}
        for feed_id, found in FaultStore(store).by_feed().items()
        for kept in found
    ]


def _with_faults(row: FeedHealthRow, faults: Sequence[StoredFault]) -> FeedHealthRow:
    """Return a row whose explanation names the newest entry that could not be processed."""
    if not faults:
        return row
    newest = faults[0]
    faults_line = (
        f"{amount(len(faults), 'entry', 'entries')} could not be processed, the last at {newest.last:%Y-%m-%d %H:%M} UTC in {newest.fault.step}:"
        f" {newest.fault.entry} ({newest.fault.error}); `feeds health --faults` shows its content"
    )
    return replace(
        row, faults=len(faults), explanation="; ".join(part for part in (row.explanation, faults_line) if part)
    )


def _row(feed: StoredFeed, written: Feed, hours: Sequence[Hour], now: datetime) -> FeedHealthRow:
    state = feed.state
    arrivals = [time for hour in hours for time in (hour.first, hour.last)]
    days = max(min((now - feed.added) / timedelta(days=1), RHYTHM_PERIOD / timedelta(days=1)), 1.0)
    recent = sum(hour.entries for hour in hours if hour.last >= now - RHYTHM_PERIOD)
    shown = feed_state(state, arrivals, now, paused=feed.paused)
    sentence = wording(replace(written, paused=feed.paused), state, now)
    wait = None if state.next_fetch is None or state.last_fetch is None else state.next_fetch - state.last_fetch
    return FeedHealthRow(
        feed=feed.shown,
        url=feed.url,
        state=shown,
        last_ok=state.last_ok,
        last_error=state.last_error,
        failures=state.failures,
        interval=None if wait is None else round(wait.total_seconds(), 1),
        next_fetch=None if feed.paused or state.gone else state.next_fetch,
        entries_per_day=round(recent / days, 2),
        possible_gaps=state.possible_gaps,
        explanation=f"{_silence(arrivals, min(now, state.last_ok or now))}; {sentence}"
        if shown == "silent"
        else sentence,
    )


def _silence(arrivals: Sequence[datetime], read: datetime) -> str:
    """Return a sentence with the time without entries up to the last successful poll."""
    found = rhythm(arrivals)
    if found is None:
        return "silent"
    return f"nothing new for {duration(read - found.last)}, where {duration(found.usual)} is usual"


def status(store: Store, now: datetime) -> Status:
    """Return the state of the newsroom."""
    rows = feed_health(store, now)
    states = {f"feeds_{name}": sum(row.state == name for row in rows) for name in ("ok", *REPORTED, "paused")}
    feeds = FeedStore(store)
    return Status(
        feeds=len(rows),
        **states,
        **StoryStore(store).counts(),
        last_poll=feeds.last_poll(),
        next_poll=feeds.next_due(),
        last_edition=feeds.last_edition(),
        possible_gaps=sum(row.possible_gaps for row in rows),
    )


def faults(store: Store, settings: Settings, now: datetime, allowed: timedelta) -> list[str]:
    """Return signs of a stopped daemon: a last poll, or a due edition, longer ago than ``allowed``."""
    from aggregator.desk.edition_series import names, times
    from aggregator.desk.edition_windows import due_window
    from aggregator.desk.publish import polled, published

    found = []
    last = FeedStore(store).last_poll()
    if last is None or now - last > allowed:
        found.append(f"the last poll was {'never' if last is None else shown(last)}")
    elif last > now + AHEAD:
        found.append(
            f"the last poll lies in the future ({shown(last)}): the clock went back, and nothing was asked since"
        )
    for series in names(settings):
        window = due_window(now, settings.digest, times(settings, series))
        done = published(store, now, series)
        if (done is None or done < window.until) and now - window.until > allowed and polled(store, window):
            named = f"the digest {series!r}" if series else "the digest"
            found.append(f"{named} that was due at {shown(window.until)} is not made")
    return found


def oddities(store: Store, now: datetime) -> list[str]:
    """Return warnings about things that are no failures: a clock that went back, recipients without a digest."""
    from aggregator.desk.mailing import refused_lately

    back = went_back(store, now)
    faults = [] if back is None else [f"the clock went back from {shown(back.before)} to {shown(back.after)}"]
    return [*faults, *refused_lately(store, now)]


def edition_health(store: Store, since: datetime, until: datetime, now: datetime) -> FeedHealth:
    """Return the health of the feeds for the digest: how many were polled and failed in its window, and which are silent."""
    feeds = FeedStore(store)
    arrivals = _arrivals(feeds, now)
    gaps = feeds.gaps(since, until)
    polls = feeds.poll_counts(since, until)
    rows, notes = [], []
    for feed in feeds.followed():
        row = _row(feed, Feed(feed.url), arrivals.get(feed.id, ()), now)
        rows.append(row)
        if row.state in REPORTED or feed.id in gaps:
            last = max((hour.last for hour in arrivals.get(feed.id, ())), default=row.last_ok)
            since_when = last if row.state == "silent" else row.last_ok
            notes.append(FeedNote(row.feed, row.url, row.state, row.last_error or "", since_when, gaps.get(feed.id, 0)))
    return FeedHealth(
        polled=polls.get("any", 0),
        failed=sum(row.state == "failing" for row in rows),
        silent=sum(row.state == "silent" for row in rows),
        notes=tuple(notes),
    )
