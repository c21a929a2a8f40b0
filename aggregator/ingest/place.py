"""Placement of entries in reports: a copy joins a report, a new text begins one. Stories are settled later, all at once.

Each step obeys the editors' decisions; see ``editor_constraints.py``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from aggregator.clustering.copies import find_copy
from aggregator.clustering.identifiers import mint
from aggregator.clustering.vectorize import vectorize, with_source
from aggregator.clustering.vectors import VERSION, ReportVector
from aggregator.ingest.editor_constraints import EditorConstraints
from aggregator.ingest.meanings import meanings_for
from aggregator.ingest.moves import Mover
from aggregator.ingest.prepare import prepare_entry
from aggregator.ingest.settle import Changed, Settler
from aggregator.ingest.window import Window
from aggregator.model import Arrival, Entry
from aggregator.parsing.archive import UNNAMED
from aggregator.settings import Settings
from aggregator.storage.boilerplate import LineStore
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore
from aggregator.storage.feeds import FeedStore
from aggregator.storage.matches import MatchStore
from aggregator.storage.members import entries_of, places_of, reports_of
from aggregator.storage.report_vectors import VectorRow, VectorStore
from aggregator.storage.sketches import SketchStore
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.storage.stories import StoryStore
from aggregator.storage.storylines import StorylineStore
from aggregator.text.boilerplate import REPEATED

MEANINGS_PER_TRANSACTION = 50  # reports a transaction
MEANINGS_PER_PASS = 500  # reports a pass that came before the sentence encoder was switched on
log = logging.getLogger("aggregator.placing")


class Placer:
    """Puts arriving entries where they belong, inside the caller's transactions.

    ``window`` is the graph of the process, where it lives longer than one placer.
    """

    def __init__(self, store: Store, settings: Settings, window: Window | None = None) -> None:
        self._store = store
        self._settings = settings
        self.entries = EntryStore(store)
        self.stories = StoryStore(store)
        self.matches = MatchStore(store)
        self.copies = SketchStore(store.connection, store.bands)
        self.vectors = VectorStore(store.connection)
        self.lines = StorylineStore(store)
        self.editor_constraints = EditorConstraints(store)
        self._window = window or Window(store, settings.stories)
        self._settler = Settler(store, self._window, self.editor_constraints)
        self._mover = Mover(store)
        self._meanings = meanings_for(settings.stories)
        self._feeds = FeedStore(store)
        self._lines = LineStore(store.connection)
        self._large: set[str] = set()  # stories whose rows are to be written once a verb is committed
        self._changed_lines: set[str] = set()  # storylines whose rows are to be updated
        self.capped = 0  # comparisons that a cap cut short: a hot bucket

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part of the transaction that is undone alone where it fails, with all that is remembered of it."""
        unindexed = self.entries.unindexed
        try:
            with self._store.savepoint():
                yield
        except BaseException:
            self.entries.restore_unindexed(unindexed)
            self._store.bands.forget()
            self.copies.forget()
            raise

    # --- arrivals --------------------------------------------------------------------------------

    def place(self, arrival: Arrival, now: datetime, vector: ReportVector | None = None) -> str:
        """Put a stored entry into the report that it is a copy of, or into a new one; return the report.

        ``vector`` is what a worker made of its text, without publisher and time.
        """
        entry_id = arrival.entry_id
        ruling = self.editor_constraints.for_entry(entry_id)
        copy = find_copy(arrival, self.copies, self._settings.copies, ruling.barred_reports)
        self.capped += copy.capped
        report_id, match, story_id = copy.report_id, copy.match, None
        if report_id is not None:
            story_id = self.stories.story_of_report(report_id)
            if self.editor_constraints.groups().is_named(entry_id) and (
                story_id is None or not ruling.allows(story_id)
            ):
                report_id, match, story_id = None, None, None
        is_new = report_id is None
        if report_id is None:
            report_id = mint("r", entry_id, taken=lambda one: not self.stories.begin_report(one, now))
            self.entries.begin_report(entry_id, report_id)
        else:
            self.entries.place([entry_id], report_id, story_id)
        self.copies.add(arrival, report_id)
        if match is not None:
            self.matches.add(match, report_id, story_id, now)
        if is_new:
            self._store_vector(report_id, arrival, _words(arrival), arrival.time.timestamp(), vector)
        else:
            self._update_vector(report_id, arrival, vector)
        return report_id

    def revise(self, entry_id: str, arrival: Arrival) -> None:
        """Update the sketch and vector of an edited entry; report and story stay."""
        placement = self.entries.placement(entry_id)
        if placement is None:
            return
        self.copies.replace(arrival, placement[0])
        self._revector(placement[0])

    def mark_relocated(self, entry_id: str) -> None:
        """Schedule the row of an entry's story for an update after its address changed."""
        placement = self.entries.placement(entry_id)
        if placement is not None:
            self.vectors.mark_unsettled([placement[0]])

    def finish(
        self,
        now: datetime,
        changed: Changed = lambda stories: None,
        keep_waiting: Callable[[], bool] = lambda: False,
    ) -> frozenset[str]:
        """Settle the stories of all changed reports; return the living stories that changed.

        Best called outside of a transaction: what others left unsettled is taken along, in transactions of its own.
        ``changed`` and ``keep_waiting`` are those of :meth:`Settler.settle`.
        """
        if not self._settings.stories.enabled:
            return frozenset()
        self._add_meanings(keep_waiting)
        return self._settler.settle(now, changed, keep_waiting)

    def compare_ahead(self) -> None:
        """Compare new reports with the window while others write or work, so that :meth:`finish` has less to do."""
        if self._settings.stories.enabled:
            self._window.compare_ahead()

    # --- what editors' verbs need ------------------------------------------------------------

    @contextmanager
    def moving(self, now: datetime) -> Iterator[None]:
        """One transaction for a verb, in which nothing of an earlier one is pending; after it, what it left to be written.

        A failure then does not undo the verb: what is left is noted, and the next verb or pass does it.
        """
        with self._mover.transaction(now):
            yield
        large, self._large = self._large, set()
        try:
            self._mover.finish(now)
            self._settler.refresh_large(large, now)
        except Exception as error:
            if not is_database_error(error):
                raise
            log.warning(
                "%s: the rows cannot be written now (%s); the next pass writes them", ", ".join(sorted(large)), error
            )

    def settle(self, story_ids: Iterable[str], now: datetime, *, suspects: Iterable[str] | None = None) -> None:
        """Update the rows of stories whose reports an editor moved, and schedule them for the next pass.

        The rows of large stories are left until the verb is committed; of one that was opened a first row is written.
        ``suspects`` are those that may hold what must not be together; by default all.
        """
        touched = {*story_ids}
        touched |= self.separate_violations(touched if suspects is None else suspects, now)
        self._mover.begin_following(sorted(touched), now)
        living = self.stories.existing(touched)
        self.vectors.mark_stories_unsettled(living)
        large = self._settler.set_large_aside(living, every=self._mover.is_pending())
        self._settler.refresh(self.stories.without_row(large), (), now)
        self._large |= large
        reports = [report for story in sorted(living - large) for report in self.stories.reports_of(story)]
        self._settler.refresh(living - large, reports, now)
        self._settler.apply_ties(sorted(living), now)
        lines, self._changed_lines = self._changed_lines, set()
        self.lines.refresh([line for line in lines if self.lines.exists(line)], now)

    def separate_violations(self, story_ids: Iterable[str], now: datetime) -> set[str]:
        """Move entries out of these stories that must not be together; return these stories and the new ones.

        Violations only occur after an undo, when entries return to a story that others joined since.
        """
        found = set(story_ids)
        for story_id in sorted(found):
            for leaving in self.editor_constraints.violations(story_id):
                found.add(self.separate(story_id, self.with_copies(leaving), now))
        return found

    def separate(
        self,
        story_id: str,
        leaving: frozenset[str],
        now: datetime,
        *,
        whole: Mapping[str, set[str]] | None = None,
        decision: int | None = None,
    ) -> str:
        """Move exactly these entries out of a story into a new one; return its id.

        ``whole`` is what stands in the reports of the story, where the caller knows it.
        """
        made = mint("s", *sorted(leaving), "split", taken=self.stories.id_taken)
        self.stories.open_story(made, now, split_from=story_id)
        self.put_in_storyline(made, self.lines.of_stories([story_id]).get(story_id))
        moving = [
            report if inside <= leaving else self.divide_report(report, sorted(inside & leaving), now)
            for report, inside in sorted((whole or self.members(self.reports_of(leaving))).items())
            if not inside.isdisjoint(leaving)
        ]
        self.move_reports(moving, made, decision)
        return made

    def with_copies(self, leaving: frozenset[str]) -> frozenset[str]:
        """Add the copies of leaving entries, where no decision names another entry of their report."""
        named = self.editor_constraints.groups()
        found = set(leaving)
        for copies in self.members(self.reports_of(leaving)).values():
            if not any(named.is_named(entry) for entry in copies - leaving):
                found |= copies
        return frozenset(found)

    def members(self, report_ids: Collection[str]) -> dict[str, set[str]]:
        """Return report -> its entries."""
        return entries_of(self._store.connection, report_ids)

    def places_of(self, entry_ids: Collection[str]) -> list[tuple[str, str, str | None]]:
        """Return entry, report and story of those of these entries that stand in a report."""
        return places_of(self._store.connection, entry_ids)

    def reports_of(self, entry_ids: Collection[str]) -> dict[str, set[str]]:
        """Return report -> those of these entries that stand in it."""
        return reports_of(self._store.connection, entry_ids)

    def report_of_own(self, entries: frozenset[str], now: datetime) -> str:
        """Return a report that holds exactly these entries of one report, made where there is none."""
        report = self.entries.get(min(entries)).report_id
        if frozenset(self.entries.ids_of_report(report)) == entries:
            return report
        return self.divide_report(report, sorted(entries), now)

    def move_reports(self, report_ids: Collection[str], story_id: str, decision: int | None = None) -> None:
        """Move reports to another story, until they are settled under the decisions then in force.

        A ``decision`` is the reason why their entries are there.
        """
        self._mover.move(report_ids, story_id, decision)
        self.vectors.mark_unsettled(sorted(report_ids))

    def divide_report(self, report_id: str, leaving: Sequence[str], now: datetime) -> str:
        """Move entries out of a report into a new one in the same story; return its id."""
        made = mint("r", *leaving, "divided", taken=self.stories.report_taken)
        story_id = self.stories.story_of_report(report_id)
        self.stories.open_report(made, story_id, now)
        for entry_id in leaving:
            self.join_report(entry_id, made, str(story_id), now)
        return made

    def join_report(self, entry_id: str, report_id: str, story_id: str, now: datetime) -> None:
        """Put one entry into a report, made where it is missing, with its sketch and its share in the vector."""
        before = self.entries.placement(entry_id)
        if not self.stories.report_taken(report_id):
            self.stories.open_report(report_id, story_id, now)
        self.entries.place([entry_id], report_id, story_id)
        self.copies.move(entry_id, report_id)
        reports = {report_id, *(before[:1] if before else ())}
        for touched in sorted(reports):
            self._revector(touched)
        self.stories.refresh_reports(reports)

    def put_in_storyline(self, story_id: str, storyline_id: str | None) -> None:
        """Put a story into a storyline, or out of all; :meth:`settle` writes the rows of both."""
        left = self.lines.of_stories([story_id]).get(story_id)
        self.lines.set(story_id, storyline_id)
        self._changed_lines.update(line for line in (left, storyline_id) if line is not None)

    def tie(self, story_ids: Iterable[str], now: datetime) -> None:
        """Tie stories as far as decisions allow; stories that they keep apart leave the storyline."""
        self._settler.tie(frozenset(story_ids), now)

    def close(self, story_id: str, into: str, reason: str) -> None:
        """End an emptied story; its id leads to ``into`` once its entries followed their reports."""
        self._mover.close(story_id, into, reason)
        self._changed_lines.update(self.lines.of_stories([story_id]).values())

    # --- recomputing vectors -----------------------------------------------------------------------

    def revector(self, report_ids: Iterable[str]) -> None:
        """Recompute the vectors of reports; a report whose text cannot be read has none."""
        for report_id in report_ids:
            try:
                with self.savepoint():
                    self._revector(report_id)
            except Exception as error:
                if is_database_error(error):
                    raise
                log.exception("report %s could not be read anew", report_id)
                self.vectors.drop(report_id)

    def arrival_of(self, entry: Entry, *, sketching: bool = False) -> Arrival:
        """Return a stored entry as it arrived."""
        feed_id = self._feeds.row_of(entry.feed_url)
        boilerplate = frozenset[int]() if feed_id is None else self._lines.repeated(feed_id, REPEATED)
        names = (entry.publisher, entry.feed)
        prepared = prepare_entry(entry.data, entry.language, names, None, boilerplate, sketching=sketching)
        return Arrival(
            entry_id=entry.id,
            feed=entry.feed_url,
            publisher=entry.publisher,
            document=prepared.compared or prepared.document,
            sketch=prepared.sketch,
            time=entry.time,
            agency=entry.agency,
            dated=not entry.is_undated_stock,
        )

    # --- parts of the steps ----------------------------------------------------------------------

    def _add_meanings(self, keep_waiting: Callable[[], bool]) -> None:
        """Add the meanings of reports that have none by the present encoder."""
        if self._meanings is None:
            return
        late = self.vectors.without_meaning(self._meanings.version, self._meanings.languages, MEANINGS_PER_PASS)
        for start in range(0, len(late), MEANINGS_PER_TRANSACTION):
            with self._store.transaction(keep_waiting):
                self.revector(late[start : start + MEANINGS_PER_TRANSACTION])

    def _revector(self, report_id: str) -> None:
        """Recompute a report's vector from its present entries; without any, delete it."""
        standing = self.entries.select("WHERE e.report_id = ? ORDER BY e.number", (report_id,))
        self.vectors.drop(report_id)
        for entry in standing:
            self._update_vector(report_id, self.arrival_of(entry))

    def _update_vector(self, report_id: str, arrival: Arrival, vector: ReportVector | None = None) -> None:
        """Replace a report's vector by that of this entry where the entry has the longer text; its time is that of the first entry.

        Which entry that is follows from the entries alone, not from the order in which they came.
        """
        words = _words(arrival)
        time = arrival.time.timestamp()
        old = self.vectors.get(report_id)
        if old is not None and old.vector is not None and old.version != VERSION:
            self._revector(report_id)  # made by an earlier release: all entries of the report are asked
            return
        if old is not None and old.vector is not None:
            speaker = self.entries.get(old.entry_id)
            if _rank(old.words, speaker.time, speaker.id) < _rank(words, arrival.time, arrival.entry_id):
                if time < old.time and arrival.dated:
                    self._store_vector(report_id, self.arrival_of(speaker), old.words, time)
                else:
                    self.vectors.mark_unsettled([report_id])
                return
            time = min(time, old.time)
        self._store_vector(report_id, arrival, words, time, vector)

    def _store_vector(
        self, report_id: str, arrival: Arrival, words: int, time: float, made: ReportVector | None = None
    ) -> None:
        document = arrival.document
        moment = datetime.fromtimestamp(time, UTC)
        # two entries that name no source are not of one publisher
        publisher = arrival.entry_id if arrival.publisher == UNNAMED else arrival.publisher
        if made is None:
            vector = vectorize(document, publisher, moment, arrival.dated, document.language)
        else:
            vector = with_source(made, publisher, moment, arrival.dated)
        meanings = (None, None) if self._meanings is None else self._meanings.of(document)
        row = VectorRow(
            report_id, arrival.entry_id, words, time, document.language, VERSION, vector.packed(), *meanings
        )
        self.vectors.put(row)


def _words(arrival: Arrival) -> int:
    return len(arrival.document.body.split()) + len(arrival.document.lede.split())


def _rank(words: int, time: datetime, entry_id: str) -> tuple[int, datetime, str]:
    """Return the sort key of a report's entries, the source of its vector first: length in doubling steps, time, id."""
    return (-words.bit_length(), time, entry_id)
