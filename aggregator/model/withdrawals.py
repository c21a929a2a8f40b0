"""Which notices take a story back, and whether one of those who may has done so."""

from __future__ import annotations

from aggregator.model.entries import Entry
from aggregator.model.stories import Story

# Kinds of correction notice (Entry.correction) after which nothing of the text stands.
WITHDRAWN = frozenset({"kill", "withdrawn", "withdrawal", "retraction"})


def is_withdrawn(story: Story) -> bool:
    """Return whether the publisher or the agency behind the canonical entry took the story back: nobody else can."""
    entries = {entry.id: entry for report in story.reports for entry in report.entries}
    canonical = entries.get(story.summary.canonical_entry)
    if canonical is None:
        return False
    behind = set(_behind(canonical))
    return any(entry.correction in WITHDRAWN and not behind.isdisjoint(entry.speaks_for) for entry in entries.values())


def _behind(entry: Entry) -> tuple[str, ...]:
    return (entry.publisher,) if entry.agency is None else (entry.publisher, entry.agency)
