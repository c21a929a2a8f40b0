"""Placing entries: copies into reports, reports into stories, all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from aggregator.clustering.identifiers import mint
from aggregator.clustering.reports import find_copy
from aggregator.clustering.stories import StoryFinder
from aggregator.model import Arrival, Document, Entry, Join, Match, Merge, Split
from aggregator.pipeline.rulings import Ruling, Rulings
from aggregator.pipeline.standing import refresh
from aggregator.settings import Settings
from aggregator.storage.clusters import ClusterStore
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryRow, EntryStore
from aggregator.storage.sketches import SketchStore
from aggregator.storage.stories import StoryStore


class Placer:
    """Puts arriving entries where they belong; one instance a pass, used inside transactions."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._settings = settings
        self.entries = EntryStore(store)
        self.stories = StoryStore(store)
        self.copies = SketchStore(store.connection)
        self.finder = StoryFinder(ClusterStore(store.connection), settings.stories)
        self.rulings = Rulings(store)
        self.touched: set[str] = set()
        self.capped = 0  # comparisons that a cap cut short: a hot bucket

    def place(self, row: EntryRow, arrival: Arrival, now: datetime) -> tuple[int, str]:
        """Store a new entry in the report whose text it carries, or in a report of its own in the story it tells; return its number and report."""
        ruling = self.rulings.for_entry(row.id)
        copy = find_copy(arrival, self.copies, self._settings.copies, ruling.barred_reports)
        self.capped += copy.capped
        story_id = None if copy.report_id is None else self.stories.story_of_report(copy.report_id)
        if copy.report_id is not None and story_id is not None and ruling.allows(story_id):
            report_id, match = copy.report_id, copy.match
            self.finder.add_copy(report_id, arrival)
        else:
            report_id, story_id, match = self._open(row.id, arrival, ruling, now)
        number = self.entries.add(row, now, report_id, story_id)
        self.copies.add(arrival, report_id)
        if match is not None:
            self.stories.add_match(match, report_id, story_id, now)
        self.touched.add(story_id)
        return number, report_id

    def revise(self, entry_id: str, arrival: Arrival) -> None:
        """Follow an edit: new sketch and vector, the same report and story."""
        placement = self.entries.placement(entry_id)
        if placement is None:
            return
        report_id, story_id = placement
        self.copies.replace(arrival, report_id)
        self.finder.revise(report_id, arrival)
        self.touched.add(story_id)

    def finish(self, now: datetime) -> frozenset[str]:
        """Take the second look and bring the rows of all touched stories up to date; return those that live."""
        for change in self.finder.second_look(now, self.rulings.blocks):
            self._apply(change, now)
        touched, self.touched = self.touched, set()
        living = frozenset(story for story in touched if self.stories.lives(story))
        refresh(living, self.stories, self.entries, now)
        return living

    # --- what editors' verbs need ------------------------------------------------------------

    def settle(self, story_ids: Iterable[str], now: datetime) -> None:
        """Rebuild stories whose reports an editor moved, and their rows."""
        living = [story for story in story_ids if self.stories.lives(story)]
        for story in living:
            self.finder.rebuild(story)
        self.rulings.forget()
        self.stories.leave_unsettled(living)  # the watches look at them with the next pass
        refresh(living, self.stories, self.entries, now)

    def move_report(self, report_id: str, story_id: str) -> None:
        """Put a report into another story, in every table."""
        self.stories.move_report(report_id, story_id)
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

    def close(self, story_id: str, into: str, now: datetime, reason: str) -> None:
        """Remove an emptied story; its id leads to ``into``."""
        self.stories.close_story(story_id, into, now, reason)
        self.finder.close(story_id)

    # --- pieces ------------------------------------------------------------------------------

    def _revector(self, report_id: str) -> None:
        """Make a report's vector anew from the entries that stand in it now."""
        standing = self.entries.select("WHERE e.report_id = ?", (report_id,))
        texts = self.entries.texts([entry.id for entry in standing])
        story_id = self.stories.story_of_report(report_id)
        if story_id is not None:
            self.finder.revector(report_id, story_id, [_arrival(entry, texts[entry.id]) for entry in standing])

    def _open(self, entry_id: str, arrival: Arrival, ruling: Ruling, now: datetime) -> tuple[str, str, Match | None]:
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

    def _apply(self, change: Merge | Split, now: datetime) -> None:
        if isinstance(change, Merge):
            for report_id in self.stories.reports_of(change.gone):
                self.stories.move_report(report_id, change.kept)
            self.stories.close_story(change.gone, change.kept, now, "merged: one event")
            self.stories.add_match(change.match, None, change.kept, now)
            self.touched.add(change.kept)
        else:
            self.stories.open_story(change.new_story_id, now, split_from=change.story_id)
            for report_id in change.report_ids:
                self.stories.move_report(report_id, change.new_story_id)
            self.stories.add_match(change.match, None, change.new_story_id, now)
            self.touched.update((change.story_id, change.new_story_id))


def _arrival(entry: Entry, text: str) -> Arrival:
    """Return a stored entry as the clustering sees it, without a sketch."""
    document = Document(entry.data.title, "", text, entry.language, entry.canonical_url, "")
    return Arrival(
        entry_id=entry.id,
        feed=entry.feed_url,
        publisher=entry.publisher,
        document=document,
        sketch=None,
        time=entry.time,
        agency=entry.agency,
        dated=entry.data.published is not None or not entry.backlog,
    )
