"""Chooses the canonical entry of a story: the first in a total order, so that it does not change back and forth.

The order, most important first:

1. the entry that an editor pinned, unless its publisher took it back (the caller says);
2. an entry that its publisher has not superseded by a later version: in its report, on its page, or under its title after "UPDATE 2-";
3. an entry that reports the event, before a live blog, a round-up, another title that names a slot in the day, or a comment;
4. the agency's own entry: from a feed of the agency, or published by it;
5. among copies of one text, one that is not padded: not longer than the earliest that has all of it;
6. the feed's authority, 0-100;
7. completeness: length of the text in doubling steps, so that a few words do not decide; copies that have all of one text
   are as complete as the earliest of them;
8. the earliest time;
9. the id.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heapreplace
from typing import Final

from aggregator.clustering.recurring import is_comment_title, is_recurring_title
from aggregator.model import Entry, by_time

# Lengths in characters at which a text counts as more complete. A text of 4,000 is as complete as one of 20,000.
_STEPS = (200, 500, 1_000, 2_000, 4_000)
# Characters: a shorter text may be a teaser that a feed cut off, so a longer copy of it was not padded.
_WHOLE = 600
# Characters by which a copy may be longer than the earliest one without being padded: a byline, a dateline.
_SLACK = 80
# Labels before a headline that is published again.
_VERSION = re.compile(
    r"^\W*(?:(?:update|upd|wrapup|recast|corrected|correction|refile|rpt|repeat|lead|alert|urgent)\b\W*\d*\W+|\d+(?:st|nd|rd|th) (?:ld|lead)\W+)+",
    re.IGNORECASE,
)
# The address of a page that is updated while an event runs; its headline may not say so.
_RUNNING_PAGE = re.compile(
    r"^[a-z]+://[^/]+/(?:.*/)?(?:live(?:-?(?:blog|updates?|ticker|news))?|newsblog|liveticker)(?:[/#?]|$)",
    re.IGNORECASE,
)

Rank = tuple[bool, bool, bool, bool, bool, int, int, datetime, str]


@dataclass(frozen=True, slots=True)
class Versions:
    """Relations between a story's entries: superseded versions, padded copies, and the length of shared texts."""

    superseded: AbstractSet[str] = frozenset()
    padded: AbstractSet[str] = frozenset()
    # Entry with all of its report's text -> the length of that text
    whole: Mapping[str, int] = field(default_factory=dict)


def choose(entries: Sequence[Entry], pinned: str | None) -> Entry:
    """Return the canonical one of ``entries``; ValueError where there are none.

    ``pinned`` is the id that an editor chose; one that is no longer among the entries has no effect.
    """
    if len(entries) == 1:
        return entries[0]
    among = versions(entries)
    # Whether an entry reports no event is examined only for entries that may be first, because it can only move an entry back.
    waiting = [(rank_if(entry, pinned, among, no_event=False), place) for place, entry in enumerate(entries)]
    heapify(waiting)
    while waiting:
        best_case, place = waiting[0]
        found = rank(entries[place], pinned, among)
        if found == best_case:
            return entries[place]
        heapreplace(waiting, (found, place))
    raise ValueError("a story without entries has no canonical one")


def rank(entry: Entry, pinned: str | None, among: Versions) -> Rank:
    """Return the sort key of an entry; the smallest is canonical."""
    return rank_if(entry, pinned, among, no_event=reports_no_event(entry))


def rank_if(entry: Entry, pinned: str | None, among: Versions, *, no_event: bool) -> Rank:
    """Return the sort key of an entry, given whether it reports no event."""
    length = among.whole.get(entry.id, entry.text_length)
    return (
        entry.id != pinned,
        entry.id in among.superseded,
        no_event,
        not entry.is_agency_own,
        entry.id in among.padded,
        -entry.authority,
        -bisect_right(_STEPS, length),
        entry.time,
        entry.id,
    )


def reports_no_event(entry: Entry) -> bool:
    """Return whether an entry is a live page, a briefing or a comment rather than a report."""
    title, address = entry.data.title, entry.data.link or ""
    return is_recurring_title(title) or is_comment_title(title) or _RUNNING_PAGE.search(address) is not None


def versions(entries: Sequence[Entry]) -> Versions:
    """Return the relations between these entries."""
    padded: set[str] = set()
    whole: dict[str, int] = {}
    for copies in _grouped((entry.report_id, entry) for entry in entries):
        if len(copies) > 1:
            longer, complete = shared_by(copies)
            padded |= longer
            whole |= complete
    superseded: set[str] = set()
    for kind in VERSIONS:
        for versions in _grouped((kind(entry), entry) for entry in entries):
            if len(versions) > 1:
                superseded |= replaced(versions)
    return Versions(superseded, padded, whole)


def shared_by(copies: Sequence[Entry]) -> tuple[frozenset[str], dict[str, int]]:
    """Return which of several entries of one report are padded, and which have all of its text, with the length of that text."""
    half = max(entry.text_length for entry in copies) / 2
    complete = [entry for entry in copies if entry.text_length >= min(half, _WHOLE)]
    first = min(complete, key=by_time)
    padded = (
        entry.id
        for entry in complete
        if entry.text_length > first.text_length + _SLACK and entry.publisher != first.publisher
    )
    return frozenset(padded), dict.fromkeys((entry.id for entry in complete), first.text_length)


def replaced(versions: Sequence[Entry]) -> frozenset[str]:
    """Return the ids of the versions that their publisher replaced by a later one with another headline or text."""
    last = max(versions, key=by_time)
    return frozenset(entry.id for entry in versions if entry.time < last.time and _is_rewritten(entry, last))


def _is_rewritten(entry: Entry, later: Entry) -> bool:
    """Return whether a later version differs in content; a teaser, or the same text in another section, does not."""
    if 2 * later.text_length < entry.text_length:
        return False
    return entry.data.title != later.data.title or entry.text_length != later.text_length


def _by_report(entry: Entry) -> Hashable:
    return entry.publisher, entry.report_id


def _by_page(entry: Entry) -> Hashable | None:
    return (entry.publisher, entry.canonical_url) if entry.canonical_url else None


def _by_headline(entry: Entry) -> Hashable | None:
    title = _VERSION.sub("", entry.data.title).casefold()
    return (entry.publisher, title) if title else None


# The keys under which entries may be versions of one another; None where an entry has no such key.
VERSIONS: Final = (_by_report, _by_page, _by_headline)


def _grouped(pairs: Iterable[tuple[Hashable | None, Entry]]) -> list[list[Entry]]:
    groups: dict[Hashable, list[Entry]] = defaultdict(list)
    for name, entry in pairs:
        if name is not None:
            groups[name].append(entry)
    return list(groups.values())
