"""How a feed is: judged by its own rhythm, not by one rule for all."""

from __future__ import annotations

from collections.abc import Sequence
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


def feed_state(state: FeedState, arrivals: Sequence[datetime], now: datetime, *, paused: bool = False) -> State:
    """Return a feed's state; ``arrivals`` are the times of its entries of the last weeks, in any order."""
    if paused:
        return "paused"
    if state.gone or state.gone_since is not None:
        return "gone"
    if state.failures:
        return "failing"
    if state.last_ok is None:
        return "new"
    # a desk that did not look cannot say that a feed is silent
    return "silent" if _is_silent(arrivals, min(now, state.last_ok)) else "ok"


def _is_silent(arrivals: Sequence[datetime], read: datetime) -> bool:
    times = sorted(arrivals)
    if len(times) < RHYTHM_FROM:
        return False
    gaps = sorted(later - earlier for earlier, later in pairwise(times))
    usual = gaps[int(0.9 * (len(gaps) - 1))]
    return read - times[-1] > max(SILENT_AFTER * usual, LEAST_SILENCE)
