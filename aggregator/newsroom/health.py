"""The state of a feed, judged by its own rhythm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from aggregator.model import FeedState

State = Literal["ok", "failing", "silent", "gone", "paused", "new"]

# A feed is silent after this many times the longest of its usual gaps, but never before a day has passed.
SILENT_AFTER = 3.0
MIN_SILENCE = timedelta(days=1)
# A feed with fewer arrivals has no rhythm.
MIN_ARRIVALS = 5
# The rhythm is measured over the month before the last entry, because a feed that is silent has no entries since.
RHYTHM_PERIOD = timedelta(days=30)
# Entries within an hour count as one arrival: a paper that publishes ten entries each morning has a daily rhythm.
ONE_ARRIVAL = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour in which entries of a feed happened: the first and the last of them, and how many."""

    first: datetime
    last: datetime
    entries: int


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The time of a feed's last entry, and the longest of its usual gaps."""

    last: datetime
    usual: timedelta

    def is_silent(self, now: datetime) -> bool:
        """Return whether nothing arrived for longer than is usual for the feed."""
        return now - self.last > max(SILENT_AFTER * self.usual, MIN_SILENCE)


def feed_state(state: FeedState, arrivals: Sequence[datetime], now: datetime, *, paused: bool = False) -> State:
    """Return a feed's state; ``arrivals`` are the times of its entries of the last months, in any order."""
    if paused:
        return "paused"
    if state.gone or state.gone_since is not None:
        return "gone"
    if state.failures:
        return "failing"
    if state.last_ok is None:
        return "new"
    found = rhythm(arrivals)
    read = min(now, state.last_ok)  # a feed that was not asked cannot be called silent
    return "silent" if found is not None and found.is_silent(read) else "ok"


def rhythm(arrivals: Sequence[datetime]) -> Rhythm | None:
    """Return a feed's rhythm; None where too few entries arrived."""
    if not arrivals:
        return None
    last = max(arrivals)
    starts: list[datetime] = []
    for time in sorted(arrivals):
        if time >= last - RHYTHM_PERIOD and (not starts or time - starts[-1] >= ONE_ARRIVAL):
            starts.append(time)
    if len(starts) < MIN_ARRIVALS:
        return None
    gaps = sorted(later - earlier for earlier, later in pairwise(starts))
    return Rhythm(last, gaps[int(0.9 * (len(gaps) - 1))])
