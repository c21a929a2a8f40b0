"""What a story's row says: counts, times and the canonical entry, worked out from its entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from aggregator.clustering.canonical import choose
from aggregator.model import Entry
from aggregator.storage.entries import EntryStore
from aggregator.storage.stories import Standing, StoryStore


def standing(entries: Sequence[Entry], pinned: str | None) -> Standing:
    """Return the standing of a story with these entries (at least one)."""
    canonical = choose(entries, pinned)
    return Standing(
        title=canonical.data.title or canonical.data.link or canonical.id,
        url=canonical.data.link,
        publisher=canonical.publisher,
        agency=canonical.agency,
        language=canonical.language,
        category=canonical.category or next((entry.category for entry in entries if entry.category), None),
        entries=len(entries),
        reports=len({entry.report_id for entry in entries}),
        publishers=len({entry.publisher for entry in entries}),
        first_seen=min(entry.seen for entry in entries),
        last_seen=max(entry.seen for entry in entries),
        canonical_entry=canonical.id,
        corrected=any(entry.correction for entry in entries),
        edited=any(entry.revisions for entry in entries),
    )


def refresh(story_ids: Iterable[str], stories: StoryStore, entries: EntryStore, now: datetime) -> None:
    """Bring the rows of these stories, and of their reports, in line with their entries."""
    wanted = sorted(set(story_ids))
    for story_id, members in entries.of_stories(wanted, light=True).items():
        for report_id in sorted({entry.report_id for entry in members}):
            stories.refresh_report(report_id)
        if members:
            stories.save_standing(story_id, standing(members, stories.pinned(story_id)), now)
