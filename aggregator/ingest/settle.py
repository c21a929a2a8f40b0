"""Settling: the graph's groups of changed reports become stories with ids in the tables.

The graph is computed outside of any transaction, and its result is written in short ones. Reports stay unsettled until their
stories and storylines are written, so that a crash between two transactions loses nothing. Where an editor decided something or
another process settled reports meanwhile, the graph is computed again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from aggregator.clustering.links import Best
from aggregator.clustering.report_constraints import ReportConstraints
from aggregator.ingest.editor_constraints import EditorConstraints
from aggregator.ingest.moves import Mover
from aggregator.ingest.story_blocks import batches, is_stored
from aggregator.ingest.story_rows import StoryRow, compute_rows, save
from aggregator.ingest.story_writing import CHUNK, ReportChunk, StoryAssignment, StoryWriter
from aggregator.ingest.storylines import StorylineWriter
from aggregator.ingest.window import Window
from aggregator.model.faults import fault_of
from aggregator.storage.binding import parts
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore
from aggregator.storage.faults import FaultStore
from aggregator.storage.report_vectors import VectorStore
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.storage.stories import StoryStore
from aggregator.storage.storylines import StorylineStore
from aggregator.text.counts import amount

TRIES = 3  # attempts with the graph computed outside of the transaction; then it is computed inside
REPORTS_PER_TRANSACTION = 50  # if no single story has more; another writer waits far longer than this takes
LARGE = 500  # entries from which on a story's row is computed outside of a transaction; it takes some 15 µs for each
SETTLED_IN_ONE = 5_000  # reports that one transaction marks as settled, in some µs each

Changed = Callable[[frozenset[str]], object]
log = logging.getLogger("aggregator.settling")


@dataclass(frozen=True, slots=True)
class SettlePlan:
    """The graph's result for the unsettled reports, under the decisions of one moment."""

    unsettled: frozenset[str]
    stories: tuple[frozenset[str], ...]
    storylines: tuple[tuple[frozenset[str], ...], ...]
    best: Mapping[str, Best]
    decisions: tuple[int, int]
    # Reports in ``stories`` that need not be written: they are stored there, or follow the story's id
    unmoved: frozenset[str]


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
        self._lines = StorylineWriter(store, editor_constraints)
        self._cache = window.story_cache
        self._storylines = StorylineStore(store)
        self._faults = FaultStore(store)
        self._mover = Mover(store)
        self._keep_waiting: Callable[[], bool] = lambda: False

    def settle(
        self,
        now: datetime,
        changed: Changed = lambda stories: None,
        keep_waiting: Callable[[], bool] = lambda: False,
    ) -> frozenset[str]:
        """Settle all unsettled reports; return the stories that changed and still exist.

        ``changed`` is called with the stories that a transaction writes, inside that transaction; for a large story it is called
        after it, and the story's changed reports stay unsettled until it returns. ``keep_waiting`` returns whether to go on
        waiting for another process that writes.
        """
        self._keep_waiting = keep_waiting
        found: set[str] = set()
        for _ in range(TRIES):
            self._mover.finish(now, keep_waiting)
            plan = self._plan()
            if plan is None or self._write(plan, now, changed, found):
                return self._stories.existing(found)
        with self._store.transaction(self._keep_waiting):
            self._mover.finish(now)
            plan = self._plan()
            if plan is not None:
                self._write(plan, now, changed, found)
        return self._stories.existing(found)

    def refresh(self, story_ids: Collection[str], report_ids: Iterable[str], now: datetime) -> None:
        """Update the rows of stories, of these reports and of the storylines from the entries."""
        self._pin(story_ids)
        for row in compute_rows(story_ids, self._stories, self._entries):
            self._save_row(row, now)
        self._stories.refresh_reports(report_ids)
        self._lines.refresh(story_ids, now)

    def tie(self, story_ids: frozenset[str], now: datetime) -> None:
        """Write these stories as one storyline, except for those that editors keep apart."""
        self._lines.write([story_ids], (), now)
        self._lines.catch_up(now)

    def apply_ties(self, story_ids: Collection[str], now: datetime) -> None:
        """Apply the editors' ties to the storylines of these stories."""
        self._lines.apply_ties(story_ids, now)

    # --- computing the plan ------------------------------------------------------------------------

    def _plan(self) -> SettlePlan | None:
        waiting = self._vectors.unsettled()
        if not waiting:
            return None
        decisions = self._editor_constraints.version()
        graph, constraints = self._window.graph(), self._constraints()
        stories: list[frozenset[str]] = []
        storylines: list[tuple[frozenset[str], ...]] = []
        best: dict[str, Best] = {}
        computed: set[str] = set()
        unmoved: frozenset[str] = frozenset()
        to_compute = {report for report in waiting if report in self._window}
        while to_compute:
            graph.touch(to_compute)
            settled = graph.settle(constraints)
            fresh = frozenset().union(*settled.stories)
            stories = [group for group in stories if group.isdisjoint(fresh)] + list(settled.stories)
            tied = frozenset().union(*(group for line in settled.storylines for group in line))
            storylines = [line for line in storylines if all(group.isdisjoint(tied) for group in line)]
            storylines += settled.storylines
            best.update(settled.best)
            computed |= fresh | tied | to_compute
            unmoved = unmoved - fresh | settled.unmoved
            related = self._related_reports((fresh | tied) - unmoved)
            to_compute = {report for report in related if report in self._window} - computed
        return SettlePlan(frozenset(waiting), tuple(stories), tuple(storylines), best, decisions, unmoved)

    def _related_reports(self, report_ids: Collection[str]) -> frozenset[str]:
        """Return the reports that share a story or storyline with these; their stories have to be computed as well."""
        stories = set(self._stories.stories_of_reports(report_ids).values())
        lines = set(self._storylines.of_stories(stories).values())
        stories |= self._storylines.stories_of_lines(lines)
        return self._stories.reports_of_stories(stories)

    def _constraints(self) -> ReportConstraints:
        """Return the editors' decisions and the links of notices as constraints on the window's reports."""
        settlement = self._editor_constraints.groups_with_notices()
        if not settlement:
            return ReportConstraints()
        report_of = {
            entry: report
            for entry, (report, _) in self._editor_constraints.places(settlement).items()
            if report in self._window
        }

        def reports(entries: Iterable[str]) -> frozenset[str]:
            return frozenset(report_of[entry] for entry in entries if entry in report_of)

        together = (reports(group) for group in settlement.groups())
        apart = ((reports(left), reports(right)) for left, right in settlement.separations())
        return ReportConstraints(
            tuple(group for group in together if len(group) > 1),
            tuple((left - right, right - left) for left, right in apart if left - right and right - left),
        )

    # --- writing ---------------------------------------------------------------------------------

    def _write(self, plan: SettlePlan, now: datetime, changed: Changed, found: set[str]) -> bool:
        """Write a plan; return False where the plan became outdated. Add the stories touched to ``found``."""
        failed: set[str] = set()
        for batch in batches(self._blocks(plan), REPORTS_PER_TRANSACTION):
            done = self._write_batch(batch, plan, now, changed, failed)
            if done is None:
                return False
            found |= done
        for outside in parts([report for report in plan.unsettled if report not in self._window], CHUNK):
            with self._store.transaction(self._keep_waiting):
                if self._is_outdated(plan):
                    return False
                stories = self._stories.existing(self._stories.stories_of_reports(outside).values())
                large = self.set_large_aside(stories)
                self.refresh(stories - large, self._stories.existing_reports(outside), now)
                changed(stories - large)
            self.refresh_large(large, now, changed)
            if not self._mark_settled(outside, plan):
                return False
            found |= stories
        return self._write_storylines(plan, now, failed)

    def _is_outdated(self, plan: SettlePlan) -> bool:
        """Return whether an editor decided something since a plan was computed, or a move by an editor is pending."""
        return self._editor_constraints.version() != plan.decisions or self._mover.is_pending()

    def _write_batch(
        self,
        blocks: Sequence[Sequence[frozenset[str]]],
        plan: SettlePlan,
        now: datetime,
        changed: Changed,
        failed: set[str],
    ) -> set[str] | None:
        """Write blocks in one transaction, a large one in several; where that fails, each block alone.

        Return the stories touched, None where the plan is outdated. Reports that could not be settled are added to ``failed``.
        """
        groups = [group for block in blocks for group in block]
        write = self._write_at_once if sum(map(len, groups)) <= CHUNK else self._write_in_chunks
        try:
            return write(groups, plan, now, changed)
        except Exception as error:
            if is_database_error(error) or self._store.connection.in_transaction:
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
        self, groups: Sequence[frozenset[str]], plan: SettlePlan, now: datetime, changed: Changed
    ) -> set[str] | None:
        with self._store.transaction(self._keep_waiting):
            if self._is_outdated(plan):
                return None
            assignment = self._writer.begin(groups, plan.unmoved)
            if assignment is None:
                return None
            for chunk in assignment.chunks():
                self._write_chunk(assignment, chunk, plan, now)
            large = self._end(assignment, plan, now, changed)
        self.refresh_large(large, now, changed)
        return assignment.touched

    def _write_in_chunks(
        self, groups: Sequence[frozenset[str]], plan: SettlePlan, now: datetime, changed: Changed
    ) -> set[str] | None:
        """Write very many reports, a chunk in each transaction. They stay unsettled until all are written."""
        with self._store.snapshot():
            assignment = self._writer.begin(groups, plan.unmoved)
        if assignment is None:
            return None
        for chunk in assignment.chunks():
            with self._store.transaction(self._keep_waiting):
                if self._is_outdated(plan) or not self._writer.fits(assignment, chunk):
                    return None
                opened = self._write_chunk(assignment, chunk, plan, now)
                self.refresh(opened, (), now)
        with self._store.transaction(self._keep_waiting):
            if self._is_outdated(plan):
                return None
            large = self._end(assignment, plan, now, changed)
        self.refresh_large(large, now, changed)
        return assignment.touched

    def _write_chunk(
        self, assignment: StoryAssignment, chunk: ReportChunk, plan: SettlePlan, now: datetime
    ) -> set[str]:
        opened = self._writer.write(assignment, chunk, plan.best, now)
        waiting = (report for _, reports in chunk for report in reports if report in plan.unsettled)
        self._stories.refresh_reports(report for report in waiting if report in assignment.members)
        return opened

    def _end(self, assignment: StoryAssignment, plan: SettlePlan, now: datetime, changed: Changed) -> frozenset[str]:
        """Close the stories that end, and write the changed rows; return the large stories, whose rows are still to be written."""
        self._writer.end(assignment, plan.unsettled, now)
        touched = self._stories.existing(assignment.touched)
        large = self.set_large_aside(touched)
        self.refresh(touched - large, (), now)
        changed(touched - large)
        return large

    def set_large_aside(self, story_ids: Collection[str], *, every: bool = False) -> frozenset[str]:
        """Update the pins of the large stories among these and return them; their rows take too long to compute now.

        With ``every``, all count as large, as where entries have yet to follow a move.
        """
        large = frozenset(story_ids) if every else self._stories.larger_than(LARGE, story_ids)
        self._pin(large)
        return large

    def refresh_large(self, story_ids: Collection[str], now: datetime, changed: Changed = lambda stories: None) -> None:
        """Compute the rows of large stories outside of a transaction; write those whose stories did not change meanwhile.

        A changed authority of a feed is not noticed; it takes effect when the row is next computed.
        """
        for story_id in sorted(story_ids):
            read, write = partial(self._rows, story_id), partial(self._save_rows, story_id, now)
            state = partial(self._stories.state, story_id)
            living = self._store.read_then_write(read, write, self._keep_waiting, state)
            self._cache.saved()
            changed(living or frozenset())

    def _rows(self, story_id: str) -> list[StoryRow]:
        row = self._cache.row(story_id)
        return [row] if row is not None else list(compute_rows([story_id], self._stories, self._entries))

    def _save_rows(self, story_id: str, now: datetime, rows: Sequence[StoryRow]) -> frozenset[str]:
        for row in rows:
            self._save_row(row, now)
        living = self._stories.existing([story_id])
        self._lines.refresh(living, now)
        return living

    def _pin(self, story_ids: Collection[str]) -> None:
        """Update the pins of stories from the editors' decisions."""
        stored = self._stories.pins(story_ids)
        for story_id in sorted(story_ids) if stored or self._editor_constraints.has_pins() else ():
            pinned = self._editor_constraints.pinned(story_id)
            if pinned != stored.get(story_id):
                self._stories.pin(story_id, pinned)

    def _save_row(self, row: StoryRow, now: datetime) -> None:
        save(row, self._stories, self._entries, now)
        for entry_id, error in row.left_out:
            given = self._entries.get(entry_id).data
            self._faults.add_for_entry(entry_id, fault_of("placing", f"story of {entry_id}", error, given), now)

    def _write_storylines(self, plan: SettlePlan, now: datetime, failed: Collection[str]) -> bool:
        settled = frozenset().union(*plan.stories) - plan.unmoved
        tied = frozenset().union(*(group for line in plan.storylines for group in line)) - plan.unmoved
        story_of = self._stories.stories_of_reports(settled | tied)
        lines = [
            frozenset(story_of[report] for group in line for report in group if report in story_of)
            for line in plan.storylines
        ]
        for batch in self._lines.batches(lines, {story_of[report] for report in settled if report in story_of}):
            with self._store.transaction(self._keep_waiting):
                if self._is_outdated(plan):
                    return False
                self._lines.write(batch, (), now)
        with self._store.transaction(self._keep_waiting):
            self._lines.catch_up(now)
        for done in parts(sorted(plan.unsettled.difference(failed)), SETTLED_IN_ONE):
            if not self._mark_settled(done, plan):
                return False
        if not failed:
            self._window.mark_written()
        return True

    def _mark_settled(self, report_ids: Sequence[str], plan: SettlePlan) -> bool:
        """Mark reports as settled, unless the plan is outdated: an editor's verb may have marked them as unsettled again."""
        with self._store.transaction(self._keep_waiting):
            if self._is_outdated(plan):
                return False
            self._vectors.mark_settled(report_ids)
            return True

    def _blocks(self, plan: SettlePlan) -> list[list[frozenset[str]]]:
        """Return groups in blocks: groups that take reports from the same story are in one, to be written in one transaction.

        Blocks that are stored already and hold no unsettled report are left out.
        """
        moving = [group - plan.unmoved for group in plan.stories]
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
        return [block for block in found if block and not is_stored(block, stored, sizes, whole, plan.unsettled)]
