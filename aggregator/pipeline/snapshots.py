"""What stood before an editor's verb, so that undo restores it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from aggregator.pipeline.placing import Placer
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore
from aggregator.storage.stories import StoryStore


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Stories with their pins, reports with their stories, entries with their reports."""

    pins: Mapping[str, str | None]
    reports: Mapping[str, str]
    entries: Mapping[str, str]

    def to_json(self) -> dict[str, object]:
        """Return JSON values."""
        return {"pins": dict(self.pins), "reports": dict(self.reports), "entries": dict(self.entries)}

    @classmethod
    def from_json(cls, kept: Mapping[str, object]) -> Self:
        """Read what ``to_json`` gave."""
        return cls(kept["pins"], kept["reports"], kept["entries"])  # type: ignore[arg-type]


def take(store: Store, story_ids: Sequence[str]) -> Snapshot:
    """Return how these stories stand now."""
    stories, entries = StoryStore(store), EntryStore(store)
    reports = {report: story for story in story_ids for report in stories.reports_of(story)}
    return Snapshot(
        pins={story: stories.pinned(story) for story in story_ids},
        reports=reports,
        entries={entry: report for report in reports for entry in entries.ids_of_report(report)},
    )


def restore(store: Store, placer: Placer, before: Snapshot, now: datetime) -> list[str]:
    """Put everything back where it stood; copies that joined a report since go with it. Return the stories touched."""
    stories, entries = StoryStore(store), EntryStore(store)
    touched: set[str] = set()
    for story in before.pins:
        if not stories.lives(story):
            stories.reopen_story(story, now)
        touched.add(story)
    for entry, report in before.entries.items():
        now_in = entries.placement(entry)
        if now_in is None or now_in[0] == report:
            continue
        touched.add(now_in[1])
        placer.join_report(entry, report, before.reports[report], now)
    for report, story in before.reports.items():
        current = stories.story_of_report(report)
        if current is not None and current != story:
            touched.add(current)
            placer.move_report(report, story)
    for story, pinned in before.pins.items():
        stories.pin(story, pinned)
    for story in sorted(touched - before.pins.keys()):
        if not stories.reports_of(story):
            touched.discard(story)
            placer.close(story, next(iter(sorted(before.pins))), now, "emptied by an undo")
    return sorted(touched)
