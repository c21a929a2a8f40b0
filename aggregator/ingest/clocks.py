"""Repairs after the clock was wrong: stored times later than now are found and corrected."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.storage.database import Store
from aggregator.storage.editions import EditionStore
from aggregator.storage.entries import EntryStore
from aggregator.storage.feeds import FeedStore
from aggregator.storage.report_vectors import VectorStore
from aggregator.storage.times import from_text, to_text
from aggregator.storage.watches import Outbox
from aggregator.text.counts import amount

log = logging.getLogger("aggregator.clocks")

# Stored times further ahead of now were written by a wrong clock; corrections by time servers are smaller.
AHEAD = timedelta(minutes=1)
# The start of a pass is noted at most this often. A note writes two pages, a poll without news some hundred bytes; the times of
# polls show a wrong clock as well.
_NOTED_EVERY = timedelta(hours=1)
# A clock that went back is reported for this long.
REPORTED_FOR = timedelta(days=7)
# A clock must have been steady for this long before entries are deleted by its time.
_SETTLED_AFTER = timedelta(hours=20)
_BEGUN = "pass_begun"
_WENT_BACK = "clock_went_back"


@dataclass(frozen=True, slots=True)
class WentBack:
    """The last time that the clock went back: the latest time that was stored, and the time of the clock then."""

    before: datetime
    after: datetime


def begin_pass(store: Store, now: datetime) -> None:
    """Note the start of a pass, so that nothing is fetched where nothing can be written; correct times that a fast clock wrote.

    A process whose last write succeeded, and that noted a start less than an hour ago, only takes the lock.
    """
    facts = EditionStore(store)
    with store.transaction():
        begun = from_text(facts.fact(_BEGUN))
        written = [begun, FeedStore(store).last_poll(), facts.last_made()]
        before = max((moment for moment in written if moment is not None), default=now)
        goes_on = store.has_written and begun is not None and now < begun + _NOTED_EVERY
        if not (goes_on and before <= now):
            facts.remember(_BEGUN, to_text(now))
        if before <= now + AHEAD:
            return
        facts.remember(_WENT_BACK, f"{to_text(before)} {to_text(now)}")
        dropped = facts.drop_from_future(now + AHEAD)
        # entries seen in the future would be in no edition until then
        seen = EntryStore(store).correct_future(now + AHEAD, now)
        VectorStore(store.connection).mark_outdated(seen)
        Outbox(store.connection).make_due(now + AHEAD, now)
    log.warning("the clock went back from %s to %s: what is due later than it may be is asked now", before, now)
    if dropped:
        log.warning(
            "%d editions that were made while the clock was ahead do not count; their days are to come", dropped
        )
    if seen:
        log.warning(
            "seen while the clock was ahead, and counted as seen now: %s", amount(len(seen), "entry", "entries")
        )


def is_settled(store: Store, now: datetime, longest: timedelta) -> bool:
    """Return whether the clock has been steady for a day, by the times of polls. After a jump ahead all stored entries look old.

    ``longest`` is the longest interval between two polls of a feed.
    """
    held = now - _SETTLED_AFTER
    return FeedStore(store).was_polled(held - longest - timedelta(days=1), held)


def went_back(store: Store, now: datetime) -> WentBack | None:
    """Return when the clock went back; None where it did not within the last week."""
    noted = EditionStore(store).fact(_WENT_BACK)
    if noted is None:
        return None
    before, after = (from_text(part) for part in noted.split())
    return WentBack(before, after) if after > now - REPORTED_FOR else None
