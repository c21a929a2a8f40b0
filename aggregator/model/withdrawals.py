"""Notices that withdraw a text: which kinds do, whether a story is withdrawn, and what still confirms it."""

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
    entries = {entry.id: entry for entry in story.entries}
    canonical = entries.get(story.summary.canonical_entry)
    if canonical is None:
        return False
    behind = set(_behind(canonical))
    return any(entry.correction in WITHDRAWN and not behind.isdisjoint(entry.sources) for entry in entries.values())


def _behind(entry: Entry) -> tuple[str, ...]:
    return (entry.publisher,) if entry.agency is None else (entry.publisher, entry.agency)
