"""From groups of reports to stories with ids: what the graph says of the reports that changed is written to the tables.

The graph is asked outside of any transaction; what it answers is written in short ones. Reports stay unsettled until both
their stories and their storylines are written, so that a crash between two transactions loses nothing. Where an editor
spoke or another process settled meanwhile, the graph is asked again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from aggregator.clustering.bound import Constraints
from aggregator.clustering.graph import Best
from aggregator.clustering.identifiers import mint
from aggregator.clustering.lineage import descend
from aggregator.clustering.vectors import VERSION
from aggregator.ingest.batches import batches, is_stored
from aggregator.ingest.editor_constraints import EditorConstraints
from aggregator.ingest.story_rows import refresh
from aggregator.ingest.storylines import StorylineKeeper
from aggregator.ingest.window import Window
from aggregator.model import Match
from aggregator.model.faults import fault_of
from aggregator.storage.database import Store, is_of_the_database
from aggregator.storage.entries import EntryStore
from aggregator.storage.faults import FaultStore
from aggregator.storage.report_vectors import VectorStore
from aggregator.storage.stories import StoryStore
from aggregator.text.counts import amount

TRIES = 3  # times that the graph is asked outside of a transaction before it is asked inside

Changed = Callable[[frozenset[str]], None]
Named = Mapping[str, Sequence[str]]  # report -> its entries that editors' decisions name
log = logging.getLogger("aggregator.settling")


@dataclass(frozen=True, slots=True)
class Plan:
    """What the graph says of the reports that were unsettled, under the editors' decisions of one moment."""

    waiting: frozenset[str]
    stories: tuple[frozenset[str], ...]
    storylines: tuple[tuple[frozenset[str], ...], ...]
    best: Mapping[str, Best]
    decisions: tuple[int, int]
    quiet: frozenset[str]  # reports of these stories that are stored there, or go where the story's id goes


class Settler:
    """Brings stories and storylines in line with the graph."""

    def __init__(self, store: Store, window: Window, editor_constraints: EditorConstraints) -> None:
        self._store = store
        self._window = window
        self._editor_constraints = editor_constraints
        self._stories = StoryStore(store)
        self._entries = EntryStore(store)
        self._vectors = VectorStore(store.connection)
        self._lines = StorylineKeeper(store, editor_constraints)
        self._faults = FaultStore(store)
        self._waiting: Callable[[], bool] = lambda: False

    def settle(
        self,
        now: datetime,
        changed: Changed = lambda stories: None,
        waiting: Callable[[], bool] = lambda: False,
    ) -> frozenset[str]:
        """Settle all reports that are unsettled; return the stories that changed and live.

        ``changed`` is called inside the transaction that writes some of them; ``waiting`` tells whether to go on waiting
        for another process that writes.
        """
        self._waiting = waiting
        found: set[str] = set()
        for _ in range(TRIES):
            plan = self._plan()
            if plan is None or self._write(plan, now, changed, found):
                return self._living(found)
        with self._store.transaction(self._waiting):
            plan = self._plan()
            if plan is not None:
                self._write(plan, now, changed, found)
        return self._living(found)

    def refresh(self, story_ids: Collection[str], report_ids: Iterable[str], now: datetime) -> None:
        """Bring the rows of stories, of those of their reports that changed, and of their storylines in line with the entries."""
        stored = self._stories.pins(story_ids)
        for story_id in sorted(story_ids) if stored or self._editor_constraints.has_pins() else ():
            pinned = self._editor_constraints.pinned(story_id)
            if pinned != stored.get(story_id):
                self._stories.pin(story_id, pinned)
        for entry_id, error in refresh(story_ids, self._stories, self._entries, now):
            given = self._entries.get(entry_id).data
            self._faults.keep_of_entry(entry_id, fault_of("placing", f"story of {entry_id}", error, given), now)
        self._stories.refresh_reports(report_ids)
        self._lines.refresh(story_ids, now)

    def tie(self, story_ids: frozenset[str], now: datetime) -> None:
        """Write these stories as one storyline, but for what editors keep apart in it."""
        self._lines.write([story_ids], (), now)
        self._lines.catch_up(now)

    def obey_ties(self, story_ids: Collection[str], now: datetime) -> None:
        """Have the storylines of these stories hold to what editors tie and untie."""
        self._lines.obey(story_ids, now)

    # --- asking the graph ------------------------------------------------------------------------

    def _plan(self) -> Plan | None:
        waiting = self._vectors.unsettled()
        if not waiting:
            return None
        decisions = self._editor_constraints.stamp()
        graph, constraints = self._window.graph(), self._constraints()
        stories: list[frozenset[str]] = []
        storylines: list[tuple[frozenset[str], ...]] = []
        best: dict[str, Best] = {}
        covered: set[str] = set()
        quiet: frozenset[str] = frozenset()
        asked = {report for report in waiting if report in self._window}
        while asked:
            graph.touch(asked)
            settled = graph.settle(constraints)
            fresh = frozenset().union(*settled.stories)
            stories = [group for group in stories if group.isdisjoint(fresh)] + list(settled.stories)
            tied = frozenset().union(*(group for line in settled.storylines for group in line))
            storylines = [line for line in storylines if all(group.isdisjoint(tied) for group in line)]
            storylines += settled.storylines
            best.update(settled.best)
            covered |= fresh | tied | asked
            quiet = quiet - fresh | settled.quiet
            company = self._company((fresh | tied) - quiet)
            asked = {report for report in company if report in self._window} - covered
        return Plan(frozenset(waiting), tuple(stories), tuple(storylines), best, decisions, quiet)

    def _company(self, report_ids: Collection[str]) -> set[str]:
        """Return the reports that stand in a story or a storyline with one of these: where they stay is to be asked as well."""
        stories = set(self._stories.stories_of_reports(report_ids).values())
        lines = set(self._lines.storylines_of(stories).values())
        stories.update(story for line in lines for story in self._lines.stories_of(line))
        return {report for story in stories for report in self._stories.reports_of(story)}

    def _constraints(self) -> Constraints:
        """Return editors' decisions, and what notices name, as sets of reports of the window."""
        settlement = self._editor_constraints.bindings()
        if not settlement:
            return Constraints()
        report_of = {
            entry: report for entry, (report, _) in self._editor_constraints.places().items() if report in self._window
        }

        def reports(entries: Iterable[str]) -> frozenset[str]:
            return frozenset(report_of[entry] for entry in entries if entry in report_of)

        together = (reports(group) for group in settlement.groups())
        apart = ((reports(left), reports(right)) for left, right in settlement.rivalries())
        return Constraints(
            tuple(group for group in together if len(group) > 1),
            tuple((left - right, right - left) for left, right in apart if left - right and right - left),
        )

    # --- writing ---------------------------------------------------------------------------------

    def _write(self, plan: Plan, now: datetime, changed: Changed, found: set[str]) -> bool:
        """Write a plan; False where it no longer fits what is stored."""
        failed: set[str] = set()
        for batch in batches(self._blocks(plan)):
            done = self._write_batch(batch, plan, now, changed, failed)
            if done is None:
                return False
            found |= done
        outside = [report for report in plan.waiting if report not in self._window]
        with self._store.transaction(self._waiting):
            stories = self._living(self._stories.stories_of_reports(outside).values())
            self.refresh(stories, self._standing(outside), now)
            changed(stories)
            found |= stories
            self._vectors.settled(outside)
        return self._write_storylines(plan, now, failed)

    def _write_batch(
        self, blocks: Sequence[Sequence[frozenset[str]]], plan: Plan, now: datetime, changed: Changed, failed: set[str]
    ) -> set[str] | None:
        """Write some blocks in one transaction; where that fails, each alone, so that one costs itself.

        Return the stories touched, None where the plan no longer fits; ``failed`` takes the reports that are left.
        """
        groups = [group for block in blocks for group in block]
        try:
            with self._store.transaction(self._waiting):
                if self._editor_constraints.stamp() != plan.decisions:
                    return None
                touched = self._write_stories(groups, plan, now)
                if touched is not None:
                    changed(self._living(touched))
                return touched
        except Exception as error:
            if is_of_the_database(error) or self._store.connection.in_transaction:
                raise
            if len(blocks) == 1:
                log.exception(
                    "%s could not be settled in stories, tried again later", amount(sum(map(len, groups)), "report")
                )
                failed.update(report for group in groups for report in group)
                return set()
        found: set[str] = set()
        for block in blocks:
            done = self._write_batch([block], plan, now, changed, failed)
            if done is None:
                return None
            found |= done
        return found

    def _write_storylines(self, plan: Plan, now: datetime, failed: Collection[str]) -> bool:
        settled = frozenset().union(*plan.stories) - plan.quiet
        tied = frozenset().union(*(group for line in plan.storylines for group in line)) - plan.quiet
        story_of = self._stories.stories_of_reports(settled | tied)
        lines = [
            frozenset(story_of[report] for group in line for report in group if report in story_of)
            for line in plan.storylines
        ]
        for batch in self._lines.batches(lines, {story_of[report] for report in settled if report in story_of}):
            with self._store.transaction(self._waiting):
                if self._editor_constraints.stamp() != plan.decisions:
                    return False
                self._lines.write(batch, (), now)
        with self._store.transaction(self._waiting):
            self._lines.catch_up(now)
            self._vectors.settled(sorted(plan.waiting.difference(failed)))
        if not failed:
            self._window.written()
        return True

    def _blocks(self, plan: Plan) -> list[list[frozenset[str]]]:
        """Return groups that take reports from the same stories together, for they are written in one transaction.

        Those that are what is stored, and hold nothing that waits, are left out.
        """
        moving = [group - plan.quiet for group in plan.stories]
        stored = self._stories.stories_of_reports([report for group in moving for report in group])
        blocks: dict[str, list[frozenset[str]]] = {}  # story -> the block that it is in
        found: list[list[frozenset[str]]] = []
        whole = dict(zip(moving, map(len, plan.stories), strict=True))
        for group in moving:
            stories = {stored[report] for report in group if report in stored}
            meeting = {id(blocks[story]): blocks[story] for story in stories if story in blocks}
            block = [group, *(other for met in meeting.values() for other in met)]
            for met in meeting.values():
                met.clear()
            stories.update(stored[report] for other in block for report in other if report in stored)
            blocks.update(dict.fromkeys(stories, block))
            found.append(block)
        sizes = self._stories.sizes(set(stored.values()))
        return [block for block in found if block and not is_stored(block, stored, sizes, whole, plan.waiting)]

    def _write_stories(self, groups: Sequence[frozenset[str]], plan: Plan, now: datetime) -> set[str] | None:
        """Give groups the stories that they go on to be, or new ones; None where others changed these meanwhile."""
        members = {report for group in groups for report in group}
        known = self._stories.known_reports(members)
        if members - known:
            self._window.forget(members - known)
            return None
        named = self._named_entries()
        groups = [self._with_old_company(group, named) for group in groups]
        before = self._stories.stories_of_reports({report for group in groups for report in group})
        rest = self._rest(set(before.values()), {report for group in groups for report in group})
        if any(report in self._window and report not in plan.quiet for reports in rest.values() for report in reports):
            return None
        lineage = descend(
            groups,
            before,
            self._stories.age,
            lambda place, story: self._bars(groups[place], rest[story], named),
            self._editor_constraints.reports_pinned(),
        )
        speakers = self._vectors.speakers(members)
        touched: set[str] = set()
        homes: list[str] = []
        for group, borne, parent in zip(groups, lineage.borne, lineage.parents, strict=True):
            homes.append(borne or self._open(group, parent, speakers, now))
            moving = [report for report in group if before.get(report) != homes[-1]]
            if moving:
                self._stories.move_reports(moving, homes[-1])
                touched.update({homes[-1]}, {before[report] for report in moving if report in before})
        for story, place in lineage.ended.items():
            self._end(story, homes[place], rest[story], named, now)
        touched.update(home for group, home in zip(groups, homes, strict=True) if not group.isdisjoint(plan.waiting))
        story_of = {report: home for group, home in zip(groups, homes, strict=True) for report in group & members}
        self._save_links(story_of, plan.best, speakers, now)
        self.refresh(self._living(touched), members & plan.waiting, now)
        return touched

    def _open(
        self, group: frozenset[str], parent: str | None, speakers: Mapping[str, tuple[float, str]], now: datetime
    ) -> str:
        """Open a story under an id made of its first entry."""
        first = min(speakers[report] for report in group if report in speakers)
        made = mint("s", first[1], taken=self._stories.id_taken)
        self._stories.open_story(made, now, split_from=parent)
        return made

    def _end(self, story: str, home: str, rest: Collection[str], named: Named, now: datetime) -> None:
        """Let a story be one with another; what the two hold of former times must not meet where an editor says so."""
        if rest:
            if self._bars(frozenset(rest), self._stories.reports_of(home), named):
                return
            self._stories.move_reports(sorted(rest), home)
        self._stories.close_story(story, home, now, "merged: one event")

    def _rest(self, story_ids: Collection[str], covered: Collection[str]) -> dict[str, list[str]]:
        """Return what stories hold beside these reports: reports past the window, which go where the id goes."""
        return {
            story: [report for report in self._stories.reports_of(story) if report not in covered]
            for story in story_ids
        }

    def _bars(self, group: Collection[str], rest: Collection[str], named: Named) -> bool:
        """Return whether editors keep reports apart."""
        if not named or not rest:
            return False
        sides = ([entry for report in side for entry in named.get(report, ())] for side in (group, rest))
        return self._editor_constraints.settlement().barrier(*sides) is not None

    def _named_entries(self) -> Named:
        """Return report -> its entries that decisions name."""
        found: dict[str, list[str]] = {}
        if self._editor_constraints.bindings():
            for entry, (report, _) in self._editor_constraints.places().items():
                found.setdefault(report, []).append(entry)
        return found

    def _with_old_company(self, group: frozenset[str], named: Named) -> frozenset[str]:
        """Add the reports past the window that an editor bound to one of these."""
        entries = [entry for report in group for entry in named.get(report, ())]
        if not entries:
            return group
        settlement = self._editor_constraints.bindings()
        bound = {other for entry in entries for other in settlement.group(entry)}
        old = {
            report for report, inside in named.items() if report not in self._window and not bound.isdisjoint(inside)
        }
        return group | old

    def _save_links(
        self,
        story_of: Mapping[str, str],
        best: Mapping[str, Best],
        speakers: Mapping[str, tuple[float, str]],
        now: datetime,
    ) -> None:
        """Store the strongest edge of each of these reports where it is another than before."""
        stored = self._stories.links(story_of)
        said: dict[str, tuple[str, float]] = {
            report: (speakers[one.other][1], round(one.score, 4))
            for report in story_of
            if (one := best.get(report)) is not None and one.other in speakers
        }
        changed = [report for report in sorted(story_of) if stored.get(report) != said.get(report)]
        links = self._window.links({report: best[report] for report in changed if report in said})
        for report in changed:
            if report in stored:
                self._stories.drop_link(report)
            if report in links:
                link = links[report]
                own, (other, score) = speakers[report][1], said[report]
                match = Match("story", own, other, "pair", score, link.threshold, dict(link.features), VERSION)
                self._stories.add_match(match, report, story_of[report], now)

    def _standing(self, report_ids: Iterable[str]) -> set[str]:
        return self._stories.known_reports(report_ids)

    def _living(self, story_ids: Iterable[str]) -> frozenset[str]:
        return self._stories.all_living(set(story_ids))
