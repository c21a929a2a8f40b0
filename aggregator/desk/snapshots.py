"""The state before an editor's verb, which undo restores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from aggregator.ingest.place import Placer
from aggregator.storage.times import from_text, to_text


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of stories: their rows, the stories of reports and the reports of entries."""

    opened: Mapping[str, datetime]  # story -> when
    split_from: Mapping[str, str | None]  # story -> the story it once left
    redirects: Mapping[str, str]  # id that is gone -> story
    reports: Mapping[str, str]  # report -> story
    entries: Mapping[str, str]  # entry -> report
    storylines: Mapping[str, str | None] = field(default_factory=dict)  # story -> storyline
    names: Mapping[str, Sequence[str | None]] = field(default_factory=dict)  # storyline -> its name, and who gave it

    def to_json(self) -> dict[str, object]:
        """Return JSON values."""
        return {
            "opened": {story: to_text(moment) for story, moment in self.opened.items()},
            "split_from": dict(self.split_from),
            "redirects": dict(self.redirects),
            "reports": dict(self.reports),
            "entries": dict(self.entries),
            "storylines": dict(self.storylines),
            "names": {line: list(name) for line, name in self.names.items()},
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` gave."""
        opened = {story: from_text(moment) for story, moment in kept["opened"].items()}
        return cls(
            opened,
            kept["split_from"],
            kept["redirects"],
            kept["reports"],
            kept["entries"],
            kept.get("storylines", {}),  # not kept by releases without storylines
            kept.get("names", {}),
        )


# What a verb that moved nothing keeps: there is nothing to put back.
NOTHING = Snapshot({}, {}, {}, {}, {})


def take(placer: Placer, story_ids: Sequence[str]) -> Snapshot:
    """Return a snapshot of these stories."""
    stories = placer.stories
    reports = {report: story for story in story_ids for report in stories.reports_of(story)}
    lines = placer.lines.of_stories(story_ids)
    return Snapshot(
        opened={story: stories.opened(story) for story in story_ids},
        split_from=stories.split_from(story_ids),
        redirects={old: story for story, gone in stories.merged_from(story_ids).items() for old in gone},
        reports=reports,
        entries={entry: report for report, inside in placer.members(reports).items() for entry in inside},
        storylines={story: lines.get(story) for story in story_ids},
    )


def take_storylines(placer: Placer, storyline_ids: Iterable[str], story_ids: Iterable[str] = ()) -> Snapshot:
    """Return a snapshot of these storylines: their stories and names."""
    lines = sorted(set(storyline_ids))
    tied: dict[str, str | None] = {story: line for line in lines for story in placer.lines.stories_of(line)}
    for story in story_ids:
        tied.setdefault(story, None)
    return replace(NOTHING, storylines=tied, names={line: placer.lines.name(line) for line in lines})


def restore(placer: Placer, before: Snapshot, now: datetime) -> set[str]:
    """Restore a snapshot; return the stories touched.

    Entries that arrived since stay where they are, except copies: they follow the report that they joined, and where the verb
    had made that report out of another, they go back into the other.
    """
    stories = placer.stories
    there = {entry for inside in placer.reports_of(before.entries).values() for entry in inside}
    standing = {entry: report for entry, report in before.entries.items() if entry in there}
    wanted = {before.reports[report] for report in standing.values()}
    for story in sorted(wanted):
        if not stories.exists(story):
            stories.reopen_story(story, before.opened[story], before.split_from[story])
    touched = wanted | _restore_reports(placer, before, standing, now)
    left: dict[str, str] = {}  # story -> where the last report that left it went
    present = stories.stories_of_reports(before.reports)
    returning: dict[str, list[str]] = {}
    for report, story in before.reports.items():
        current = present.get(report)
        if current is not None and current != story:
            left[current] = story
            returning.setdefault(story, []).append(report)
    for story, reports in returning.items():
        placer.move_reports(reports, story)
    for story in wanted:
        stories.redirect((old for old, target in before.redirects.items() if target == story), story)
    for story in sorted((touched | left.keys()) - wanted):
        if not stories.reports_of(story):
            placer.close(story, left.get(story, min(wanted)), now, "emptied by an undo")
    _restore_storylines(placer, before, now)
    return (
        touched | left.keys() | {target for one in before.storylines if (target := stories.current_id(one)) is not None}
    )


def _restore_storylines(placer: Placer, before: Snapshot, now: datetime) -> None:
    """Put stories back into their storylines, under the former names."""
    stories, lines = placer.stories, placer.lines
    for former, line in before.storylines.items():
        target = stories.current_id(former)
        if target is None:
            continue
        if line is not None and not lines.exists(line):
            lines.open(line, now)
        placer.put_in_storyline(target, line)
    for named, (name, by) in before.names.items():
        if lines.exists(named):
            lines.set_name(named, name, by)
            lines.refresh([named], now)


def _restore_reports(placer: Placer, before: Snapshot, standing: Mapping[str, str], now: datetime) -> set[str]:
    """Put entries back into the reports that they were taken out of, and their later copies with them."""
    entries = placer.entries
    touched: set[str] = set()
    at_home = {(entry, report) for report, inside in placer.reports_of(standing).items() for entry in inside}
    for entry, report in standing.items():
        place = entries.placement(entry) if (entry, report) not in at_home else None
        if place is None or place[0] == report:
            continue
        for member in entries.ids_of_report(place[0]):
            if member == entry or member not in standing:
                placer.join_report(member, report, before.reports[report], now)
        touched.update([place[1]] if place[1] is not None else ())
    return touched
