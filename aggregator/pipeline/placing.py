"""Placing entries: copies into reports, reports into stories, all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Placed:
    """Where an entry ended up."""

    report_id: str
    story_id: str
    copy: bool


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
        self.capped = 0
