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
from aggregator.ingest.batches import batches, is_stored
from aggregator.ingest.editor_constraints import EditorConstraints
from aggregator.ingest.story_rows import StoryRow, save, worked_out
from aggregator.ingest.story_writing import IN_ONE, Piece, StoryWriter, Writing
from aggregator.ingest.storylines import StorylineKeeper
from aggregator.ingest.window import Window
from aggregator.model.faults import fault_of
from aggregator.storage.binding import parts
from aggregator.storage.database import Store, is_of_the_database
from aggregator.storage.entries import EntryStore
from aggregator.storage.faults import FaultStore
from aggregator.storage.report_vectors import VectorStore
from aggregator.storage.stories import StoryStore
from aggregator.text.counts import amount

TRIES = 3  # times that the graph is asked outside of a transaction before it is asked inside
LARGE = 500  # entries from which on a story's row is worked out outside of a transaction, some 15 µs each
SETTLED_IN_ONE = 5_000  # reports that one transaction leaves settled, some µs each

Changed = Callable[[frozenset[str]], None]
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
        self._writer = StoryWriter(store, window, editor_constraints)
        self._lines = StorylineKeeper(store, editor_constraints)
        self._kept = window.kept_stories
        self._faults = FaultStore(store)
        self._waiting: Callable[[], bool] = lambda: False

    def settle(
        self,
        now: datetime,
        changed: Changed = lambda stories: None,
        waiting: Callable[[], bool] = lambda: False,
    ) -> frozenset[str]:
        """Settle all reports that are unsettled; return the stories that changed and live.

        ``changed`` is called inside the transaction that writes some of them, for a large story after it: the reports that
        changed are unsettled until it returns. ``waiting`` tells whether to go on waiting
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
        self._pin(story_ids)
        for row in worked_out(story_ids, self._stories, self._entries):
            self._save_row(row, now)
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
            entry: report
            for entry, (report, _) in self._editor_constraints.places(settlement).items()
            if report in self._window
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
        for outside in parts([report for report in plan.waiting if report not in self._window], IN_ONE):
            with self._store.transaction(self._waiting):
                stories = self._living(self._stories.stories_of_reports(outside).values())
                large = self.leave_large(stories)
                self.refresh(stories - large, self._standing(outside), now)
                changed(stories - large)
            self.refresh_large(large, now, changed)
            with self._store.transaction(self._waiting):
                self._vectors.settled(outside)
            found |= stories
        return self._write_storylines(plan, now, failed)

    def _write_batch(
        self, blocks: Sequence[Sequence[frozenset[str]]], plan: Plan, now: datetime, changed: Changed, failed: set[str]
    ) -> set[str] | None:
        """Write some blocks in one transaction, a large one in several; where that fails, each alone, so that one costs itself.

        Return the stories touched, None where the plan no longer fits; ``failed`` takes the reports that are left.
        """
        groups = [group for block in blocks for group in block]
        write = self._write_at_once if sum(map(len, groups)) <= IN_ONE else self._write_in_pieces
        try:
            return write(groups, plan, now, changed)
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

    def _write_at_once(
        self, groups: Sequence[frozenset[str]], plan: Plan, now: datetime, changed: Changed
    ) -> set[str] | None:
        with self._store.transaction(self._waiting):
            if self._editor_constraints.stamp() != plan.decisions:
                return None
            writing = self._writer.begin(groups, plan.quiet)
            if writing is None:
                return None
            for piece in writing.pieces():
                self._write_piece(writing, piece, plan, now)
            large = self._end(writing, plan, now, changed)
        self.refresh_large(large, now, changed)
        return writing.touched

    def _write_in_pieces(
        self, groups: Sequence[frozenset[str]], plan: Plan, now: datetime, changed: Changed
    ) -> set[str] | None:
        """Write very many reports: the lock is held for some of them at a time. They stay unsettled until all are written."""
        with self._store.snapshot():
            writing = self._writer.begin(groups, plan.quiet)
        if writing is None:
            return None
        for piece in writing.pieces():
            with self._store.transaction(self._waiting):
                if self._editor_constraints.stamp() != plan.decisions or not self._writer.fits(writing, piece):
                    return None
                opened = self._write_piece(writing, piece, plan, now)
                self.refresh(opened, (), now)
        with self._store.transaction(self._waiting):
            if self._editor_constraints.stamp() != plan.decisions:
                return None
            large = self._end(writing, plan, now, changed)
        self.refresh_large(large, now, changed)
        return writing.touched

    def _write_piece(self, writing: Writing, piece: Piece, plan: Plan, now: datetime) -> set[str]:
        opened = self._writer.write(writing, piece, plan.best, now)
        waiting = (report for _, reports in piece for report in reports if report in plan.waiting)
        self._stories.refresh_reports(report for report in waiting if report in writing.members)
        return opened

    def _end(self, writing: Writing, plan: Plan, now: datetime, changed: Changed) -> frozenset[str]:
        """End the stories that end and write the rows of those that changed; return the large ones, whose rows are still to be written."""
        self._writer.end(writing, plan.waiting, now)
        touched = self._living(writing.touched)
        large = self.leave_large(touched)
        self.refresh(touched - large, (), now)
        changed(touched - large)
        return large

    def leave_large(self, story_ids: Collection[str]) -> frozenset[str]:
        """Return those of these stories that are too large for their rows to be worked out now; their pins are brought in line."""
        large = self._stories.larger_than(LARGE, story_ids)
        self._pin(large)
        return large

    def refresh_large(self, story_ids: Collection[str], now: datetime, changed: Changed = lambda stories: None) -> None:
        """Work out the rows of large stories while others may write, and write them where nobody did meanwhile."""
        for story_id in sorted(story_ids):
            for _ in range(TRIES):
                seen = self._store.data_version()
                row = self._kept.worked_out(story_id)
                rows = [row] if row is not None else list(worked_out([story_id], self._stories, self._entries))
                with self._store.transaction(self._waiting):
                    if self._store.data_version() != seen:
                        continue
                    for row in rows:
                        self._save_row(row, now)
                    living = self._living([story_id])
                    self._lines.refresh(living, now)
                self._kept.saved()
                break
            else:
                with self._store.transaction(self._waiting):
                    living = self._living([story_id])
                    self.refresh(living, (), now)
            changed(living)

    def _pin(self, story_ids: Collection[str]) -> None:
        """Bring the pins of stories in line with what editors say."""
        stored = self._stories.pins(story_ids)
        for story_id in sorted(story_ids) if stored or self._editor_constraints.has_pins() else ():
            pinned = self._editor_constraints.pinned(story_id)
            if pinned != stored.get(story_id):
                self._stories.pin(story_id, pinned)

    def _save_row(self, row: StoryRow, now: datetime) -> None:
        save(row, self._stories, self._entries, now)
        for entry_id, error in row.left_out:
            given = self._entries.get(entry_id).data
            self._faults.keep_of_entry(entry_id, fault_of("placing", f"story of {entry_id}", error, given), now)

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
        for done in parts(sorted(plan.waiting.difference(failed)), SETTLED_IN_ONE):
            with self._store.transaction(self._waiting):
                self._vectors.settled(done)
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

    def _standing(self, report_ids: Iterable[str]) -> set[str]:
        return self._stories.known_reports(report_ids)

    def _living(self, story_ids: Iterable[str]) -> frozenset[str]:
        return self._stories.all_living(set(story_ids))
