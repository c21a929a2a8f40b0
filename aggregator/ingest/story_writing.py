"""Writing of groups of reports as stories: their ids, the reports that move, the links between them.

A story of very many reports is written in chunks, each in its own transaction, so that other writers get their turn. The ids of
all groups are decided once, before the first chunk.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aggregator.clustering.constraints import ConstraintGroups
from aggregator.clustering.identifiers import mint
from aggregator.clustering.lineage import Lineage, assign_ids
from aggregator.clustering.links import Best
from aggregator.clustering.vectors import VERSION
from aggregator.ingest.editor_constraints import EditorConstraints
from aggregator.ingest.window import Window
from aggregator.model import Match
from aggregator.storage.binding import parts
from aggregator.storage.database import Store
from aggregator.storage.matches import MatchStore
from aggregator.storage.report_vectors import VectorStore
from aggregator.storage.stories import StoryStore

CHUNK = 250  # reports that one transaction moves and links, in some 0.1 ms each

Named = Mapping[str, Sequence[str]]  # report -> its entries that decisions and notices name
ReportChunk = list[tuple[int, Sequence[str]]]  # the position of a group, and some of its reports


@dataclass(slots=True)
class StoryAssignment:
    """The stories that some groups become, and the progress of writing them."""

    groups: list[frozenset[str]]
    members: frozenset[str]  # reports of the groups, without those past the window
    story_of: Mapping[str, str]  # report -> its story before, with the reports that follow an id that ends
    targets: list[str | None]  # the stories of the groups, None where one is to be opened
    parents: Sequence[str | None]  # of a group without a story: the story of most of its reports
    ended: Mapping[str, int]  # story -> the group that it ends in
    rest: Mapping[str, list[str]]  # story -> its reports outside the groups
    vector_entries: Mapping[str, tuple[float, str]]  # report -> its time, and the entry that its vector is of
    touched: set[str] = field(default_factory=set)

    def chunks(self) -> Iterator[ReportChunk]:
        """Yield the reports to write, in chunks.

        First come the reports past the window that follow an id which ends: after an interruption the same ids end the next time.
        """
        following = [(place, self.rest[story]) for story, place in self.ended.items()]
        chunk: ReportChunk = []
        size = 0
        for place, reports in [*following, *((place, sorted(group)) for place, group in enumerate(self.groups))]:
            for some in parts(reports, CHUNK):
                if size + len(some) > CHUNK:
                    yield chunk
                    chunk, size = [], 0
                chunk.append((place, some))
                size += len(some)
        if chunk:
            yield chunk


class StoryWriter:
    """Writes stories; the caller holds the transactions."""

    def __init__(self, store: Store, window: Window, editor_constraints: EditorConstraints) -> None:
        self._window = window
        self._editor_constraints = editor_constraints
        self._stories = StoryStore(store)
        self._matches = MatchStore(store)
        self._vectors = VectorStore(store.connection)

    def begin(self, groups: Sequence[frozenset[str]], unmoved: Collection[str]) -> StoryAssignment | None:
        """Return the stories that groups become; None where another process changed these meanwhile. Nothing is written.

        ``unmoved`` reports follow the id of their story.
        """
        members: frozenset[str] = frozenset().union(*groups)
        known = self._stories.existing_reports(members)
        if members - known:
            self._window.forget(members - known)
            return None
        groups_by_constraint = self._editor_constraints.groups_with_notices()
        named = self._named_entries(groups_by_constraint)
        groups = [self._with_bound_old_reports(group, named, groups_by_constraint) for group in groups]
        every = {report for group in groups for report in group}
        before = self._stories.stories_of_reports(every)
        rest = self._rest(set(before.values()), every)
        if any(report in self._window and report not in unmoved for reports in rest.values() for report in reports):
            return None
        lineage = assign_ids(
            groups,
            before,
            self._stories.age,
            lambda place, story: self._keeps_apart(groups[place], rest[story], named),
            self._editor_constraints.reports_pinned(),
        )
        ended = self._ended(groups, lineage, rest, named)
        placed = before | {report: story for story in ended for report in rest[story]}
        vector_entries = self._vectors.vector_entries(members)
        return StoryAssignment(groups, members, placed, list(lineage.ids), lineage.parents, ended, rest, vector_entries)

    def fits(self, assignment: StoryAssignment, chunk: ReportChunk) -> bool:
        """Return whether these reports are still in the stories of the assignment, and their target stories exist."""
        placed = self._stories.stories_of_reports([report for _, reports in chunk for report in reports])
        targets = {target for place, _ in chunk if (target := assignment.targets[place]) is not None}
        return self._stories.existing(targets) == targets and all(
            placed.get(report) == assignment.story_of.get(report) for _, reports in chunk for report in reports
        )

    def write(
        self, assignment: StoryAssignment, chunk: ReportChunk, best: Mapping[str, Best], now: datetime
    ) -> set[str]:
        """Move reports to their stories and link them; return the stories that were opened for them."""
        opened: set[str] = set()
        story_of: dict[str, str] = {}
        for place, reports in chunk:
            target = assignment.targets[place]
            if target is None:
                target = assignment.targets[place] = self._open(assignment, place, now)
                opened.add(target)
            story_of.update(dict.fromkeys(reports, target))
        moving = {report: target for report, target in story_of.items() if assignment.story_of.get(report) != target}
        self._stories.move_reports(moving)
        assignment.touched.update(
            moving.values(), (assignment.story_of[one] for one in moving if one in assignment.story_of)
        )
        links = {report: target for report, target in story_of.items() if report in assignment.members}
        self._save_links(links, best, assignment.vector_entries, now)
        return opened

    def end(self, assignment: StoryAssignment, waiting: Collection[str], now: datetime) -> None:
        """After all chunks: close the stories that end, and note which rows are to be computed."""
        for story, place in assignment.ended.items():
            target = str(assignment.targets[place])
            late = self._stories.reports_of(story)  # added by another process between two chunks
            if late:
                self._stories.move_reports(dict.fromkeys(late, target))
            self._stories.close_story(story, target, now, "merged: one event")
        for group, own in zip(assignment.groups, assignment.targets, strict=True):
            if own is not None and not group.isdisjoint(waiting):
                assignment.touched.add(own)

    def _open(self, assignment: StoryAssignment, place: int, now: datetime) -> str:
        """Open a story for a group; its id is made from its first entry."""
        vector_entries = assignment.vector_entries
        first = min(vector_entries[report] for report in assignment.groups[place] if report in vector_entries)
        made = mint("s", first[1], taken=self._stories.id_taken)
        self._stories.open_story(made, now, split_from=assignment.parents[place])
        return made

    def _ended(
        self,
        groups: Sequence[frozenset[str]],
        lineage: Lineage,
        rest: Mapping[str, list[str]],
        named: Named,
    ) -> dict[str, int]:
        """Return the stories that end, with the groups that they end in.

        A story does not end where an editor keeps its reports past the window apart from the reports that it would join.
        """
        ended: dict[str, int] = {}
        inside: dict[int, set[str]] = {}
        for story, place in lineage.ended.items():
            if rest[story] and named:
                target = inside.setdefault(place, {*groups[place], *rest[str(lineage.ids[place])]})
                if self._keeps_apart(rest[story], target, named):
                    continue
                target.update(rest[story])
            ended[story] = place
        return ended

    def _rest(self, story_ids: Collection[str], covered: Collection[str]) -> dict[str, list[str]]:
        """Return story -> its reports that are not ``covered`` by the groups; reports past the window follow the story's id."""
        return {
            story: [report for report in self._stories.reports_of(story) if report not in covered]
            for story in story_ids
        }

    def _keeps_apart(self, group: Collection[str], rest: Collection[str], named: Named) -> bool:
        """Return whether editors keep the reports of two groups apart."""
        if not named or not rest:
            return False
        sides = ([entry for report in side for entry in named.get(report, ())] for side in (group, rest))
        return self._editor_constraints.groups().barrier(*sides) is not None

    def _named_entries(self, groups_by_constraint: ConstraintGroups) -> Named:
        """Return report -> its entries that decisions and notices name."""
        found: dict[str, list[str]] = {}
        for entry, (report, _) in self._editor_constraints.places(groups_by_constraint).items():
            found.setdefault(report, []).append(entry)
        return found

    def _with_bound_old_reports(
        self, group: frozenset[str], named: Named, groups_by_constraint: ConstraintGroups
    ) -> frozenset[str]:
        """Add the reports past the window that an editor bound to one of these."""
        entries = [entry for report in group for entry in named.get(report, ())]
        if not entries:
            return group
        bound = {other for entry in entries for other in groups_by_constraint.group(entry)}
        old = {
            report for report, inside in named.items() if report not in self._window and not bound.isdisjoint(inside)
        }
        return group | old

    def _save_links(
        self,
        story_of: Mapping[str, str],
        best: Mapping[str, Best],
        vector_entries: Mapping[str, tuple[float, str]],
        now: datetime,
    ) -> None:
        """Store the strongest edge of each report where it changed."""
        stored = self._matches.links(story_of)
        wanted: dict[str, tuple[str, float]] = {
            report: (vector_entries[one.other][1], round(one.score, 4))
            for report in story_of
            if (one := best.get(report)) is not None and one.other in vector_entries
        }
        changed = [report for report in story_of if stored.get(report) != wanted.get(report)]
        links = self._window.links({report: best[report] for report in changed if report in wanted})
        for report in changed:
            if report in stored:
                self._matches.drop_link(report)
            if report in links:
                link = links[report]
                own, (other, score) = vector_entries[report][1], wanted[report]
                match = Match("story", own, other, "pair", score, link.threshold, dict(link.features), VERSION)
                self._matches.add(match, report, story_of[report], now)
