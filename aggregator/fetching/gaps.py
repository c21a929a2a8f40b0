"""Detection of entries missed between two polls of a feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregator.model import FeedState


def overran(
    state: FeedState, new_entries: int, known_entries: int, published: Sequence[datetime], last_size: int | None
) -> bool:
    """Return whether entries may have been missed since the last poll: no known entry is left in a full document.

    A document with fewer entries than the last was shortened by its publisher, and one that reaches back beyond the last
    poll is complete: both mean no gap.
    """
    if state.last_ok is None or not new_entries or known_entries:
        return False
    if last_size is not None and new_entries < max(last_size, 1):
        return False
    return last_size != 0 and not any(date < state.last_ok for date in published)
