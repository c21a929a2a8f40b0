"""Detection of entries missed between two polls of a feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregator.model import FeedState


def may_have_missed_entries(
    state: FeedState, new_entries: int, known_entries: int, published: Sequence[datetime], last_size: int | None
) -> bool:
    """Return whether entries may have been missed since the last poll, because a full document has no known entry left.

    There is no gap if the document has fewer entries than the last one (its publisher shortened it), or if one of its
    entries was published before the last poll (it is complete).
    """
    if state.last_ok is None or not new_entries or known_entries:
        return False
    if last_size is not None and new_entries < max(last_size, 1):
        return False
    return last_size != 0 and not any(date < state.last_ok for date in published)
