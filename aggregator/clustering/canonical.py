"""Which entry stands for a story: the first by a total order, so that it never flip-flops.

The order, most important first:

1. the entry that an editor pinned;
2. an entry that tells the event, before a live blog, a round-up, another title that names a slot in the day, or a comment;
3. the agency's own entry: from a feed of the agency, or published by it;
4. the feed's authority, 0-100;
5. completeness: length of the text in doubling steps, so that a few words more or less decide nothing;
6. the earliest time;
7. the id.

Each step compares a property of one entry alone; an entry that ranks lower never changes what ranks first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregator.clustering.recurring import is_comment_title, is_recurring_title
from aggregator.model import Entry

# Characters. Below a headline's length there is no text; a page of 4,000 is as complete as one of 20,000.
_STEPS = (200, 500, 1_000, 2_000, 4_000)

Rank = tuple[bool, bool, bool, int, int, datetime, str]


def choose(entries: Sequence[Entry], pinned: str | None) -> Entry:
    """Return the canonical one of ``entries``; ValueError where there are none.

    ``pinned`` is the id that an editor chose; one that is no longer among the entries has no effect.
    """
    return min(entries, key=lambda entry: rank(entry, pinned))


def rank(entry: Entry, pinned: str | None) -> Rank:
    """Return an entry's place in the order; the smallest is canonical."""
    return (
        entry.id != pinned,
        is_recurring_title(entry.data.title) or is_comment_title(entry.data.title),
        not entry.is_agency_own,
        -entry.authority,
        -sum(entry.text_length >= step for step in _STEPS),
        entry.time,
        entry.id,
    )
