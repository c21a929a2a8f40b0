"""Placing entries: copies into reports, reports into stories, all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aggregator.clustering.identifiers import mint
from aggregator.clustering.reports import find_copy
from aggregator.clustering.stories import StoryFinder
from aggregator.model import Arrival, Join, Match, Merge, Split
from aggregator.pipeline.rulings import Rulings
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

    def place(self, row: EntryRow, arrival: Arrival, now: datetime) -> None:
        """Store a new entry in the report whose text it carries, or in a report of its own in the story it tells."""
        ruling = self.rulings.for_entry(row.id)
        copy = find_copy(arrival, self.copies, self._settings.copies, ruling.barred_reports)
        self.capped += copy.capped
        story_id = None if copy.report_id is None else self.stories.story_of_report(copy.report_id)
        if copy.report_id is not None and story_id is not None and ruling.allows(story_id):
            report_id, match = copy.report_id, copy.match
            self.finder.add_copy(report_id, arrival)
        else:
            report_id, story_id, match = self._open(row, arrival, ruling.barred_stories, ruling.forced_story, now)
        self.entries.add(row, now, report_id, story_id)
        self.copies.add(arrival, report_id)
        if match is not None:
            self.stories.add_match(match, report_id, story_id, now)
        self.touched.add(story_id)
