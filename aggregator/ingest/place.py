"""Placing entries: copies into reports, reports into stories, all in the caller's transaction.

Editors' decisions are asked before each step that the machine takes; see ``rulings.py``.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from aggregator.clustering import weights
from aggregator.clustering.constraints import Ruling
from aggregator.clustering.identifiers import mint
from aggregator.clustering.judging import Judge, read_text
from aggregator.clustering.reports import find_copy
from aggregator.clustering.stories import StoryFinder
from aggregator.ingest.editor_constraints import EditorConstraints
from aggregator.ingest.prepare import prepare_entry
from aggregator.ingest.story_rows import refresh
from aggregator.model import Arrival, Entry, Join, Match, Merge, Move
from aggregator.model.faults import fault_of
from aggregator.settings import Settings
from aggregator.storage.boilerplate import LineStore
from aggregator.storage.clusters import ClusterStore
from aggregator.storage.database import Store, is_of_the_database
from aggregator.storage.entries import EntryStore
from aggregator.storage.faults import FaultStore
from aggregator.storage.feeds import FeedStore
from aggregator.storage.sketches import SketchStore
from aggregator.storage.stories import StoryStore
from aggregator.text.boilerplate import REPEATED
from aggregator.text.encoder import LANGUAGES
from aggregator.text.encoder import load as load_encoder

log = logging.getLogger("aggregator.placing")

CAUGHT_UP = 1_000  # reports a pass that are given a meaning belatedly: some seconds


class _Memory(ClusterStore):
    """The finder's memory in step with the tables of the desk.

    In one look the finder moves reports again and again; what editors say of the next step is asked of the tables.
    """

    def __init__(self, store: Store, stories: StoryStore, meaning: str | None) -> None:
        super().__init__(store.connection, meaning)
        self._stories = stories

    def move(self, report_id: str, story_id: str) -> None:
        """Put a report into another story, in every table."""
        super().move(report_id, story_id)
        self._stories.move_report(report_id, story_id)


class Placer:
    """Puts arriving entries where they belong; one instance a pass, used inside transactions."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._faults = FaultStore(store)
        self.entries = EntryStore(store)
        self.stories = StoryStore(store)
        self.copies = SketchStore(store.connection)
        self._judge = Judge(load_encoder()) if settings.stories.semantic else None
        self._memory = _Memory(store, self.stories, None if self._judge is None else self._judge.version)
        self.finder = StoryFinder(self._memory, settings.stories, self._judge)
        self.editor_constraints = EditorConstraints(store)
        self._feeds = FeedStore(store)
        self._lines = LineStore(store.connection)
        self.touched: set[str] = set()
        self._unlooked: list[str] = []  # the stories that the last look was taken at
        self.capped = 0  # comparisons that a cap cut short: a hot bucket

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the transaction that is undone alone where it fails, with all that is remembered of it."""
        unindexed, touched = self.entries.unindexed, set(self.touched)
        try:
            with self._store.savepoint():
                yield
        except BaseException:
            self.entries.leave_unindexed(unindexed)
            self.touched = touched
            self._memory.forget()
            if self._store.connection.in_transaction:
                self.finder.recover()
            raise

    def place(self, arrival: Arrival, now: datetime) -> str:
        """Put a stored entry into the report whose text it carries, or into a report of its own in the story it tells; return the report."""
        entry_id = arrival.entry_id
        ruling = self.editor_constraints.for_entry(entry_id)
        copy = find_copy(arrival, self.copies, self._settings.copies, ruling.barred_reports)
        self.capped += copy.capped
        story_id = None if copy.report_id is None else self.stories.story_of_report(copy.report_id)
        if copy.report_id is not None and story_id is not None and ruling.allows(story_id):
            report_id, match = copy.report_id, copy.match
            self.finder.add_copy(report_id, arrival)
        else:
            report_id, story_id, match = self._open(replace(arrival, instalment=copy.instalment), ruling, now)
        self.entries.place([entry_id], report_id, story_id)
        self.copies.add(arrival, report_id)
        if match is not None:
            self.stories.add_match(match, report_id, story_id, now)
        self.touched.add(story_id)
        if self.finder.due():
            self._spared_look(now)
        return report_id

    def revise(self, entry_id: str, arrival: Arrival) -> None:
        """Follow an edit: new sketch and vector, the same report and story."""
        placement = self.entries.placement(entry_id)
        if placement is None:
            return
        report_id, story_id = placement
        series = find_copy(arrival, self.copies, self._settings.copies, ()).instalment
        self.copies.replace(arrival, report_id)
        self.finder.revise(report_id, replace(arrival, instalment=series))
        self.touched.add(story_id)

    def finish(self, now: datetime, *, look: bool = True) -> frozenset[str]:
        """Bring the rows of all touched stories up to date, after a second look; return those that live.

        An archive is read without that last look: how it was cut into files must not decide what stands together.
        """
        if look:
            self._spared_look(now)
        touched, self.touched = self.touched, set()
        living = frozenset(story for story in self.obey(touched, now) if self.stories.lives(story))
        self._refresh(living, now)
        return living

    def resume(self) -> None:
        """Take up what an earlier pass or an editor's verb left unsettled: :meth:`finish` looks at it too."""
        if self._judge is not None:
            self._catch_up(self._judge)
        left = self.stories.unsettled() - self.touched
        self.touched |= left
        for story in sorted(left):
            self.finder.rebuild(story)

    # --- what editors' verbs need ------------------------------------------------------------

    def settle(self, story_ids: Iterable[str], now: datetime) -> None:
        """Rebuild stories whose reports an editor moved, and their rows."""
        living = [story for story in sorted(self.obey(story_ids, now)) if self.stories.lives(story)]
        for story in living:
            self.finder.rebuild(story)
        self.stories.leave_unsettled(living)  # the next pass takes a second look, and the watches theirs
        self._refresh(living, now)

    def obey(self, story_ids: Iterable[str], now: datetime) -> set[str]:
        """Take what must not stand together out of these stories; return them and those that it opened.

        Every step of the machine asks first, so there is nothing to do but after an undo, where entries come back to
        what has come since, and where a story's vectors are past the window.
        """
        found = set(story_ids)
        for story_id in sorted(found):
            for leaving in self.editor_constraints.breaches(story_id):
                found.add(self.separate(story_id, self.with_copies(leaving), now))
        return found

    def separate(self, story_id: str, leaving: frozenset[str], now: datetime) -> str:
        """Take exactly these entries out of a story into one of their own; return its id."""
        made = mint("s", *sorted(leaving), "split", taken=self.stories.id_taken)
        self.stories.open_story(made, now, split_from=story_id)
        for report in sorted({self.entries.get(entry).report_id for entry in leaving}):
            inside = leaving & frozenset(self.entries.ids_of_report(report))
            self.move_report(self.report_of_own(inside, now), made)
        return made

    def with_copies(self, leaving: frozenset[str]) -> frozenset[str]:
        """Add the entries that came with the same text as one that leaves, where no decision names another of them."""
        named = self.editor_constraints.settlement()
        found = set(leaving)
        for report in sorted({self.entries.get(entry).report_id for entry in leaving}):
            copies = frozenset(self.entries.ids_of_report(report))
            if not any(named.names(entry) for entry in copies - leaving):
                found |= copies
        return frozenset(found)

    def report_of_own(self, entries: frozenset[str], now: datetime) -> str:
        """Return a report that holds exactly these entries of one report: theirs, or one made for them."""
        report = self.entries.get(min(entries)).report_id
        if frozenset(self.entries.ids_of_report(report)) == entries:
            return report
        return self.divide_report(report, sorted(entries), now)

    def move_report(self, report_id: str, story_id: str) -> None:
        """Put a report into another story, in every table."""
        self.finder.move(report_id, story_id)

    def divide_report(self, report_id: str, leaving: Sequence[str], now: datetime) -> str:
        """Take entries out of a report into one of their own, in the same story; return its id."""
        made = mint("r", *leaving, "divided", taken=self.stories.report_taken)
        story_id = self.stories.story_of_report(report_id)
        self.stories.open_report(made, story_id, now)
        for entry_id in leaving:
            self.join_report(entry_id, made, str(story_id), now)
        return made

    def join_report(self, entry_id: str, report_id: str, story_id: str, now: datetime) -> None:
        """Put one entry into a report, made where it is missing, with its sketch and its share in the vectors."""
        before = self.entries.placement(entry_id)
        if not self.stories.report_taken(report_id):
            self.stories.open_report(report_id, story_id, now)
        self.entries.place([entry_id], report_id, story_id)
        self.copies.move(entry_id, report_id)
        for touched in {report_id, *(before[:1] if before else ())}:
            self._revector(touched)
            self.stories.refresh_report(touched)

    def resketch(self, entry_ids: Sequence[str]) -> None:
        """Make the sketches of entries anew; where they stand stays."""
        for entry_id in entry_ids:
            try:
                with self.part():
                    entry = self.entries.get(entry_id)
                    self.copies.replace(self.arrival_of(entry, sketching=True), entry.report_id)
            except Exception as error:
                if is_of_the_database(error):
                    raise
                log.exception("entry %s could not be sketched anew", entry_id)

    def close(self, story_id: str, into: str, now: datetime, reason: str) -> None:
        """Remove an emptied story; its id leads to ``into``."""
        self.stories.close_story(story_id, into, now, reason)
        self.finder.close(story_id)

    # --- pieces ------------------------------------------------------------------------------

    def _catch_up(self, judge: Judge) -> None:
        """Give a meaning to reports that came before the encoder was switched on or changed, the newest first."""
        lacking = self._memory.meanings.lacking(LANGUAGES, CAUGHT_UP)
        known = [(self._memory.get(report_id), read_text(title, text)) for report_id, title, text in lacking]
        found = [(stored, text) for stored, text in known if stored is not None]
        meanings = judge.meanings([(text, stored.vector) for stored, text in found])
        for (stored, _), meaning in zip(found, meanings, strict=True):
            vector = replace(stored.vector, meaning=meaning)
            self._memory.replace(stored.report_id, stored.entry_id, vector, weights.VERSION)
            self.finder.rebuild(stored.story_id)

    def _revector(self, report_id: str) -> None:
        """Make a report's vector anew from the entries that stand in it now."""
        standing = self.entries.select("WHERE e.report_id = ? ORDER BY e.number", (report_id,))
        story_id = self.stories.story_of_report(report_id)
        if story_id is not None:
            self.finder.revector(report_id, story_id, [self.arrival_of(entry) for entry in standing])

    def arrival_of(self, entry: Entry, *, sketching: bool = False) -> Arrival:
        """Return a stored entry as it arrived."""
        feed = self._feeds.by_url(entry.feed_url)
        boilerplate = frozenset[int]() if feed is None else self._lines.repeated(feed.id, REPEATED)
        names = (entry.publisher, entry.feed)
        prepared = prepare_entry(entry.data, entry.language, names, None, boilerplate, sketching=sketching)
        return Arrival(
            entry_id=entry.id,
            feed=entry.feed_url,
            publisher=entry.publisher,
            document=prepared.told or prepared.document,
            sketch=prepared.sketch,
            time=entry.time,
            agency=entry.agency,
            dated=not entry.is_undated_stock,
        )

    def _refresh(self, story_ids: Collection[str], now: datetime) -> None:
        for story_id in sorted(story_ids):
            pinned = self.editor_constraints.pinned(story_id)
            if pinned != self.stories.pinned(story_id):
                self.stories.pin(story_id, pinned)
        for entry_id, error in refresh(story_ids, self.stories, self.entries, now):
            given = self.entries.get(entry_id).data
            self._faults.keep_of_entry(entry_id, fault_of("placing", f"story of {entry_id}", error, given), now)

    def _open(self, arrival: Arrival, ruling: Ruling, now: datetime) -> tuple[str, str, Match | None]:
        entry_id = arrival.entry_id
        report_id = mint("r", entry_id, taken=self.stories.report_taken)
        change = self.finder.place(
            report_id,
            arrival,
            new_id=lambda: mint("s", entry_id, taken=self.stories.id_taken),
            barred=ruling.barred_stories,
            forced=ruling.forced_story,
        )
        if not isinstance(change, Join):
            self.stories.open_story(change.story_id, now)
        self.stories.open_report(report_id, change.story_id, now)
        return report_id, change.story_id, change.match if isinstance(change, Join) else None

    def _spared_look(self, now: datetime) -> None:
        """Take the second look; where one story makes it fail, it is undone and taken at each story alone, so that the others have it."""
        if self._looked(now, None):
            return
        for story in self._unlooked:
            self._looked(now, story)

    def _looked(self, now: datetime, only: str | None) -> bool:
        try:
            with self.part():
                self._look(now, only)
        except Exception as error:
            if is_of_the_database(error):
                raise
            log.exception("a second look at %s failed", "the stories" if only is None else f"story {only}")
            for entry_id in self.entries.ids_of_story(only)[:1] if only else ():  # stands for the story in the report
                given = self.entries.get(entry_id).data
                self._faults.keep_of_entry(entry_id, fault_of("settling", entry_id, error, given), now)
            return False
        return True

    def _look(self, now: datetime, only: str | None) -> None:
        if not self._settings.stories.enabled:
            return

        def new_id(report_id: str, left: str) -> str:
            made = mint("s", report_id, left, "parted", taken=self.stories.id_taken)
            self.stories.open_story(made, now, split_from=left)
            return made

        if only is None:
            self._unlooked = self.finder.unlooked()
        changes = self.finder.second_look(
            now, self.editor_constraints.blocks, new_id=new_id, held=self.editor_constraints.holds, only=only
        )
        for change in changes:
            self._apply(change, now)

    def _apply(self, change: Merge | Move, now: datetime) -> None:
        """Follow what the finder did to its memory: the reports that it knows are moved already."""
        if isinstance(change, Move):
            self.stories.add_match(change.match, change.report_id, change.joined, now)
            self.touched.update((change.left, change.joined))
            return
        for report_id in self.stories.reports_of(change.gone):
            self.stories.move_report(report_id, change.kept)
        self.stories.close_story(change.gone, change.kept, now, "merged: one event")
        self.stories.add_match(change.match, None, change.kept, now)
        self.touched.add(change.kept)
