"""Recomputing sketches of an older scheme: sketches of two schemes are never compared, so copies would be missed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from aggregator.clustering.sketch import VERSION
from aggregator.ingest.place import Placer
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.sketches import SketchStore
from aggregator.storage.sqlite_errors import is_database_error

BATCH = 200  # entries a transaction
log = logging.getLogger("aggregator.sketches")


def outdated(store: Store) -> int:
    """Return the number of sketches of other versions."""
    return len(SketchStore(store.connection, store.bands).of_other_versions(VERSION))


def resketch(store: Store, settings: Settings, progress: Callable[[int, int], None]) -> int:
    """Recompute the sketches of other versions from the stored texts; reports stay. Return how many."""
    placer = Placer(store, settings)
    waiting = placer.copies.of_other_versions(VERSION)
    for start in range(0, len(waiting), BATCH):
        with store.transaction():
            for entry_id in waiting[start : start + BATCH]:
                _resketch(placer, entry_id)
        progress(min(start + BATCH, len(waiting)), len(waiting))
    return len(waiting)


def _resketch(placer: Placer, entry_id: str) -> None:
    """Recompute the sketch of an entry; its report stays."""
    try:
        with placer.savepoint():
            entry = placer.entries.get(entry_id)
            placer.copies.replace(placer.arrival_of(entry, sketching=True), entry.report_id)
    except Exception as error:
        if is_database_error(error):
            raise
        log.exception("entry %s could not be sketched anew", entry_id)
