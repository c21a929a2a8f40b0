"""Recomputing sketches of an older scheme: sketches of two schemes are never compared, so copies would be missed."""

from __future__ import annotations

from collections.abc import Callable

from aggregator.clustering.sketch import VERSION
from aggregator.ingest.place import Placer
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.sketches import SketchStore

BATCH = 200  # entries a transaction


def outdated(store: Store) -> int:
    """Return the number of sketches of other versions."""
    return len(SketchStore(store.connection, store.bands).of_other_versions(VERSION))


def resketch(store: Store, settings: Settings, progress: Callable[[int, int], None]) -> int:
    """Recompute the sketches of other versions from the stored texts; reports stay. Return how many."""
    placer = Placer(store, settings)
    waiting = placer.copies.of_other_versions(VERSION)
    for start in range(0, len(waiting), BATCH):
        with store.transaction():
            placer.resketch(waiting[start : start + BATCH])
        progress(min(start + BATCH, len(waiting)), len(waiting))
    return len(waiting)
