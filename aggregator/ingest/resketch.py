"""Recomputing of sketches of an older scheme. Sketches of two schemes cannot be compared, so copies would be missed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic, sleep

from aggregator.clustering.sketch import VERSION
from aggregator.ingest.place import Placer
from aggregator.settings import Settings
from aggregator.storage.database import MAX_TRANSACTION, PAUSE, Store
from aggregator.storage.sketches import SketchStore
from aggregator.storage.sqlite_errors import is_database_error

log = logging.getLogger("aggregator.sketches")


def outdated(store: Store) -> int:
    """Return the number of sketches of other versions."""
    return len(SketchStore(store.connection, store.bands).of_other_versions(VERSION))


def resketch(store: Store, settings: Settings, progress: Callable[[int, int], None]) -> int:
    """Recompute the sketches of other versions from the stored texts, in short transactions; return how many. Reports stay."""
    placer = Placer(store, settings)
    waiting = placer.copies.of_other_versions(VERSION)
    rest, done = iter(waiting), 0
    while done < len(waiting):
        with store.transaction():
            ends = monotonic() + MAX_TRANSACTION
            for entry_id in rest:
                _resketch(placer, entry_id)
                done += 1
                if monotonic() >= ends:
                    break
        progress(done, len(waiting))
        if store.path is not None and done < len(waiting):
            sleep(PAUSE)
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
