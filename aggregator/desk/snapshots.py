"""The state before an editor's verb, which undo restores."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self

from aggregator.ingest.rearrange import Rearranger
from aggregator.storage.times import from_text, to_text


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of stories: their rows, the stories of reports and the reports of entries."""

    opened: Mapping[str, datetime]  # story -> when
    split_from: Mapping[str, str | None]  # story -> the story it once left
    redirects: Mapping[str, str]  # former id -> story
    reports: Mapping[str, str]  # report -> story
    entries: Mapping[str, str]  # entry -> report
    storylines: Mapping[str, str | None] = field(default_factory=dict)  # story -> storyline
    names: Mapping[str, Sequence[str | None]] = field(default_factory=dict)  # storyline -> its name, and the editor

    def to_json(self) -> str:
        """Return the snapshot as JSON."""
        values = {
            "opened": {story: to_text(moment) for story, moment in self.opened.items()},
            "split_from": dict(self.split_from),
            "redirects": dict(self.redirects),
            "reports": dict(self.reports),
            "entries": dict(self.entries),
            "storylines": dict(self.storylines),
            "names": {line: list(name) for line, name in self.names.items()},
        }
        return json.dumps(values, ensure_ascii=False, sort_keys=True)

    def reports_of(self, story_id: str) -> list[str]:
        """Return the reports of a story."""
        return [report for report, story in self.reports.items() if story == story_id]

    def members(self, story_id: str) -> frozenset[str]:
        """Return the entries of a story."""
        return frozenset(entry for entry, report in self.entries.items() if self.reports[report] == story_id)

    def by_report(self) -> dict[str, set[str]]:
        """Return report -> its entries."""
        found: dict[str, set[str]] = {}
        for entry, report in self.entries.items():
            found.setdefault(report, set()).add(entry)
        return found

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return the snapshot from the result of ``to_json``."""
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


# The snapshot for a verb that moved nothing, so that nothing is restored.
NOTHING = Snapshot({}, {}, {}, {}, {})


def take(placer: Rearranger, story_ids: Sequence[str]) -> Snapshot:
    """Return a snapshot of these stories."""
    stories = placer.stories
    standing = {story: stories.reports_by_entry(story) for story in story_ids}
    lines = placer.lines.of_stories(story_ids)
    return Snapshot(
        opened={story: stories.opened(story) for story in story_ids},
        split_from=stories.split_from(story_ids),
        redirects={old: story for story, gone in stories.merged_from(story_ids).items() for old in gone},
        reports={report: story for story, inside in standing.items() for report in inside.values()},
        entries={entry: report for inside in standing.values() for entry, report in inside.items()},
        storylines={story: lines.get(story) for story in story_ids},
    )


def take_storylines(placer: Rearranger, storyline_ids: Iterable[str], story_ids: Iterable[str] = ()) -> Snapshot:
    """Return a snapshot of these storylines: their stories and names."""
    lines = sorted(set(storyline_ids))
    tied: dict[str, str | None] = {story: line for line in lines for story in placer.lines.stories_of(line)}
    for story in story_ids:
        tied.setdefault(story, None)
    return replace(NOTHING, storylines=tied, names={line: placer.lines.name(line) for line in lines})


@dataclass(frozen=True, slots=True)
class Standing:
    """The present reports and stories of a snapshot's entries."""

    reports: Mapping[str, str]  # entry -> report
    stories: Mapping[str, str | None]  # report -> story, for these reports and those of the snapshot


def standing_today(placer: Rearranger, before: Snapshot) -> Standing:
    """Return the present reports and stories of a snapshot's entries."""
    places = placer.places_of(before.entries)
    stories = {report: story for _, report, story in places}
    emptied = [report for report in before.reports if report not in stories]
    return Standing(
        {entry: report for entry, report, _ in places}, stories | placer.stories.stories_of_reports(emptied)
    )


def restore(placer: Rearranger, before: Snapshot, today: Standing, now: datetime) -> set[str]:
    """Restore a snapshot; return the changed stories.

    Entries that arrived since stay in their stories, except copies: they follow the report that they joined, and if the
    verb had split that report off another one, they return into that one.
    """
    stories = placer.stories
    standing = {entry: report for entry, report in before.entries.items() if entry in today.reports}
    wanted = {before.reports[report] for report in standing.values()}
    for story in sorted(wanted):
        if not stories.exists(story):
            stories.reopen_story(story, before.opened[story], before.split_from[story])
    astray = {entry: report for entry, report in standing.items() if today.reports[entry] != report}
    touched = wanted | _restore_reports(placer, before, standing, astray, now)
    left: dict[str, str] = {}  # story -> where the last report that left it went
    story_of = stories.stories_of_reports(before.reports) if astray else today.stories
    returning: dict[str, list[str]] = {}
    for report, story in before.reports.items():
        current = story_of.get(report)
        if current is not None and current != story:
            left[current] = story
            returning.setdefault(story, []).append(report)
    for story, reports in returning.items():
        placer.move_reports(reports, story)
    for story in wanted:
        stories.redirect((old for old, target in before.redirects.items() if target == story), story)
    for story in sorted((touched | left.keys()) - wanted):
        if not stories.reports_of(story):
            placer.close(story, left.get(story, min(wanted)), "emptied by an undo")
    _restore_storylines(placer, before, now)
    return (
        touched | left.keys() | {target for one in before.storylines if (target := stories.current_id(one)) is not None}
    )


def _restore_storylines(placer: Rearranger, before: Snapshot, now: datetime) -> None:
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


def _restore_reports(
    placer: Rearranger, before: Snapshot, standing: Mapping[str, str], astray: Mapping[str, str], now: datetime
) -> set[str]:
    """Put the entries ``astray`` back into their former reports, together with their later copies."""
    entries = placer.entries
    touched: set[str] = set()
    for entry, report in astray.items():
        place = entries.placement(entry)
        if place is None or place[0] == report:
            continue
        for member in entries.ids_of_report(place[0]):
            if member == entry or member not in standing:
                placer.join_report(member, report, before.reports[report], now)
        touched.update([place[1]] if place[1] is not None else ())
    return touched
