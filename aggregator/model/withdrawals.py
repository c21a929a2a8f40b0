"""Withdrawals: which kinds of notice withdraw a text, whether a story is withdrawn, and which reports still confirm it."""

from __future__ import annotations

from collections.abc import Iterable

from aggregator.model.entries import Entry, by_report
from aggregator.model.stories import Story

# Kinds of notice (Entry.correction) that withdraw the text.
WITHDRAWN = frozenset({"kill", "withdrawn", "retraction"})


def confirming(entries: Iterable[Entry]) -> tuple[tuple[Entry, ...], ...]:
    """Return the entries of each report, without reports that consist of withdrawals."""
    reports = by_report(entries).values()
    return tuple(tuple(copies) for copies in reports if any(entry.correction not in WITHDRAWN for entry in copies))


def is_withdrawn(story: Story) -> bool:
    """Return whether the publisher or agency of the canonical entry withdrew the story; nobody else can."""
    canonical = next((entry for entry in story.entries if entry.id == story.summary.canonical_entry), None)
    return canonical is not None and is_entry_withdrawn(canonical, story.entries)


def is_entry_withdrawn(entry: Entry, entries: Iterable[Entry]) -> bool:
    """Return whether the publisher or agency of an entry withdrew it in one of ``entries``, the entries of its story."""
    behind = {entry.publisher} if entry.agency is None else {entry.publisher, entry.agency}
    return any(other.correction in WITHDRAWN and not behind.isdisjoint(other.sources) for other in entries)


def holding_pin(pinned: str | None, entries: Iterable[Entry]) -> str | None:
    """Return the pinned entry, or None if its own publisher or agency withdrew it, because then the pin does not count."""
    listed = list(entries)
    entry = next((one for one in listed if one.id == pinned), None)
    return None if entry is None or is_entry_withdrawn(entry, listed) else pinned
