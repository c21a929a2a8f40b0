"""Placement of entries in reports: a copy joins a report, a new text begins one. Stories are settled later, all at once.

Each step obeys the editors' decisions; see ``editor_constraints.py``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from aggregator.clustering.copies import find_copy
from aggregator.clustering.identifiers import mint
from aggregator.clustering.vectorize import vectorize, with_source
from aggregator.clustering.vectors import VERSION, ReportVector
from aggregator.ingest.editor_constraints import EditorConstraints
from aggregator.ingest.meanings import meanings_for
from aggregator.ingest.prepare import FeedText, prepare_entry
from aggregator.ingest.settle import Changed, Settler
from aggregator.ingest.window import Window
from aggregator.model import Arrival, Entry
from aggregator.parsing.archive import UNNAMED
from aggregator.settings import Settings
from aggregator.storage.binding import parts
from aggregator.storage.boilerplate import LineStore
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore
from aggregator.storage.matches import MatchStore
from aggregator.storage.report_vectors import VectorRow, VectorStore
from aggregator.storage.sketches import SketchStore
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.storage.stories import StoryStore
from aggregator.storage.storylines import StorylineStore
from aggregator.text.boilerplate import REPEATED

MEANINGS_PER_TRANSACTION = 50  # reports that get a meaning in one transaction
MEANINGS_PER_PASS = 500  # older reports that get a meaning in one pass, after the sentence encoder was switched on
log = logging.getLogger("aggregator.placing")


class Placer:
    """Places arriving entries in reports, inside the caller's transactions.

    ``window`` is the window of the process, if it is used for longer than one placer.
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
        self._meanings = meanings_for(settings.stories)
        self._boilerplate = LineStore(store.connection)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Open a savepoint; where its block fails, its writes are undone, and the caches of them are emptied."""
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
        """Put a stored entry into the report that it is a copy of, or into a new one; return the report's id.

        ``vector`` is the vector that a worker made of its text, without publisher and time.
        """
        entry_id = arrival.entry_id
        ruling = self.editor_constraints.for_entry(entry_id)
        copy = find_copy(arrival, self.copies, self._settings.copies, ruling.barred_reports)
        self._window.capped_copies += copy.capped
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
        self.copies.replace(arrival, placement.report_id)
        self._revector(placement.report_id)

    def mark_relocated(self, entry_id: str) -> None:
        """Schedule an update of the row of an entry's story after the entry's address changed."""
        placement = self.entries.placement(entry_id)
        if placement is not None:
            self.vectors.mark_unsettled([placement.report_id])

    def finish(
        self,
        now: datetime,
        changed: Changed = lambda stories: None,
        keep_waiting: Callable[[], bool] = lambda: False,
    ) -> frozenset[str]:
        """Settle the stories of all changed reports; return the living stories that changed.

        Reports that others left unsettled are settled as well. Called outside of a transaction, it writes in transactions of its
        own. ``changed`` and ``keep_waiting`` are those of :meth:`Settler.settle`.
        """
        if not self._settings.stories.enabled:
            return frozenset()
        self._add_meanings(keep_waiting)
        return self._settler.settle(now, changed, keep_waiting)

    def finish_own(self, now: datetime, others: Collection[str]) -> None:
        """Settle the stories of all changed reports; mark the ``others``, which were unsettled before, as unsettled again.

        So the next pass settles these once more and shows their stories to the watches.
        """
        self.finish(now)
        with self._store.transaction():
            # only those that have a vector: reports past the window would be settled again at each call
            self.vectors.mark_unsettled(self.vectors.vector_entries(others))

    def compare_ahead(self) -> None:
        """Compare new reports with the window now, so that :meth:`finish` has less to do."""
        if self._settings.stories.enabled:
            self._window.compare_ahead()

    # --- recomputing vectors -----------------------------------------------------------------------

    def revector(self, report_ids: Iterable[str]) -> None:
        """Recompute the vectors of reports; delete that of a report whose text cannot be read."""
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
        """Return a stored entry as an arrival."""
        boilerplate = self._boilerplate.repeated_in_feed_of(entry.id, REPEATED)
        feed = FeedText(entry.language, (entry.publisher, entry.feed), boilerplate)
        prepared = prepare_entry(entry.data, feed, sketching=sketching)
        return Arrival(
            entry_id=entry.id,
            feed=entry.feed_url,
            publisher=entry.publisher,
            document=prepared.compared or prepared.document,
            sketch=prepared.sketch,
            time=entry.time,
            dated=not entry.is_undated_stock,
        )

    # --- parts of the steps ----------------------------------------------------------------------

    def _add_meanings(self, keep_waiting: Callable[[], bool]) -> None:
        """Add the meanings of reports that have none by the present encoder."""
        if self._meanings is None:
            return
        late = self.vectors.without_meaning(self._meanings.version, self._meanings.languages, MEANINGS_PER_PASS)
        for some in parts(late, MEANINGS_PER_TRANSACTION):
            with self._store.transaction(keep_waiting):
                self.revector(some)

    def _revector(self, report_id: str) -> None:
        """Recompute a report's vector from its present entries; without any, delete it."""
        standing = self.entries.of_report(report_id)
        self.vectors.drop(report_id)
        for entry in standing:
            self._update_vector(report_id, self.arrival_of(entry))

    def _update_vector(self, report_id: str, arrival: Arrival, vector: ReportVector | None = None) -> None:
        """Replace a report's vector by that of this entry where the entry has the longer text; its time is that of the first entry.

        The result depends on the entries alone, not on the order in which they came.
        """
        words = _words(arrival)
        time = arrival.time.timestamp()
        old = self.vectors.get(report_id)
        if old is not None and old.vector is not None and old.version != VERSION:
            self._revector(report_id)  # made by an earlier release: it is recomputed from all entries of the report
            return
        if old is not None and old.vector is not None:
            source = self.entries.get(old.entry_id)
            if _rank(old.words, source.time, source.id) < _rank(words, arrival.time, arrival.entry_id):
                if time < old.time and arrival.dated:
                    self._store_vector(report_id, self.arrival_of(source), old.words, time)
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
        # entries of archives that name no source do not share a publisher: each gets one of its own
        publisher = arrival.entry_id if arrival.publisher == UNNAMED else arrival.publisher
        if made is None:
            vector = vectorize(document, publisher, moment, arrival.dated)
        else:
            vector = with_source(made, publisher, moment, arrival.dated)
        meanings = (None, None) if self._meanings is None else self._meanings.version_and_meaning(document)
        row = VectorRow(
            report_id, arrival.entry_id, words, time, document.language, VERSION, vector.packed(), *meanings
        )
        self.vectors.put(row)


def _words(arrival: Arrival) -> int:
    return len(arrival.document.body.split()) + len(arrival.document.lede.split())


def _rank(words: int, time: datetime, entry_id: str) -> tuple[int, datetime, str]:
    """Return the sort key of a report's entries, the source of its vector first: length in doubling steps, time, id."""
    return (-words.bit_length(), time, entry_id)
