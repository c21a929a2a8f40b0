"""The state of a feed, judged by its own rhythm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from aggregator.model import FeedState

State = Literal["ok", "failing", "silent", "gone", "paused", "new"]

# A feed is silent after so many times the longest of its usual gaps, and never before a day: nights and weekends pass.
SILENT_AFTER = 3.0
LEAST_SILENCE = timedelta(days=1)
# Fewer arrivals say nothing of a rhythm.
RHYTHM_FROM = 5
# The rhythm is that of the month before the last entry: a feed that is silent for long has none since.
RHYTHM = timedelta(days=30)
# Entries within an hour count once: a paper that publishes ten entries each morning has the rhythm of a day.
TOGETHER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour in which entries of a feed happened: the first and the last of them, and how many."""

    first: datetime
    last: datetime
    entries: int


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When a feed last brought something, and the longest of the gaps that are usual for it."""

    last: datetime
    usual: timedelta

    def is_silent(self, now: datetime) -> bool:
        """Return whether nothing arrived for longer than is usual for the feed."""
        return now - self.last > max(SILENT_AFTER * self.usual, LEAST_SILENCE)


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
        if time >= last - RHYTHM and (not starts or time - starts[-1] >= TOGETHER):
            starts.append(time)
    if len(starts) < RHYTHM_FROM:
        return None
    gaps = sorted(later - earlier for earlier, later in pairwise(starts))
    return Rhythm(last, gaps[int(0.9 * (len(gaps) - 1))])
