"""The queue of stored entries that wait to be placed in reports. The oldest are placed first, in whatever order feeds answered."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from time import monotonic

from aggregator.ingest.place import Placer
from aggregator.ingest.record_values import WaitingEntry
from aggregator.model import Entry
from aggregator.model.faults import EntryFault, fault_of
from aggregator.settings import Settings
from aggregator.storage.binding import parts
from aggregator.storage.boilerplate import LineStore
from aggregator.storage.database import Store
from aggregator.storage.faults import FaultStore
from aggregator.storage.renamed_publishers import RenamingStore
from aggregator.storage.sqlite_errors import is_database_error

log = logging.getLogger("aggregator.saving")
# Entries that wait at most; beyond that the oldest are placed. It is more than a pass over ten thousand feeds brings.
MAX_WAITING = 500
_READ_AT_ONCE = 50  # entries whose publishers one statement reads: about as many as a short transaction places


class PlacingQueue:
    """The entries of a pass or of an archive line that are stored and not yet placed."""

    def __init__(self, store: Store, settings: Settings, placer: Placer) -> None:
        self._store = store
        self._settings = settings
        self._placer = placer
        self._lines = LineStore(store.connection)
        self._faults = FaultStore(store)
        self._names = RenamingStore(store.connection)
        self._waiting: dict[str, WaitingEntry] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, entry_id: str) -> bool:
        return entry_id in self._waiting

    def add(self, entry: WaitingEntry) -> None:
        """Add an entry, or replace its text."""
        self._waiting[entry.arrival.entry_id] = entry

    def resume(self, now: datetime) -> None:
        """Add the stored entries that an earlier pass did not place, or that came while stories were switched off."""
        if not self._settings.stories.enabled:
            return
        left = self._faults.unplaceable()
        for entry in self._placer.entries.unplaced(now - self._settings.stories.window, MAX_WAITING):
            if entry.id not in left:
                self._add_stored(entry, now)

    @contextmanager
    def undone_with(self, part: AbstractContextManager[object]) -> Iterator[None]:
        """Run a part of a transaction; where it is undone, restore the queue."""
        waiting = dict(self._waiting)
        try:
            with part:
                yield
        except BaseException:
            self._waiting = waiting
            raise

    def single_unit(self, keep_waiting: Callable[[], bool]) -> AbstractContextManager[None]:
        """Open a transaction that is undone as a whole where a part of it fails. See :meth:`Store.single_unit`."""
        return self.undone_with(self._store.single_unit(keep_waiting))

    def place(
        self, now: datetime, limit: int, *, seconds: float = math.inf, just_stored: bool = False
    ) -> list[EntryFault]:
        """Place the oldest entries, at most ``limit``, until ``seconds`` are over; return the faults of those that cannot be placed.

        Such an entry stays stored, in no story, and is kept for a report. Those ``just_stored`` were stored in the same
        transaction.
        """
        ends = monotonic() + seconds
        chosen = sorted(self._waiting.values(), key=lambda waiting: waiting.sort_key)[:limit]
        unplaced: list[EntryFault] = []
        for some in parts(chosen, _READ_AT_ONCE):
            # another process may have renamed a publisher since the entry was stored, unless both are in one transaction
            present = {} if just_stored else self._names.publishers_of(one.arrival.entry_id for one in some)
            for waiting in some:
                entry_id = waiting.arrival.entry_id
                del self._waiting[entry_id]
                fault = self._place_one(waiting, present.get(entry_id, waiting.arrival.publisher), now)
                if fault is not None:
                    unplaced.append(fault)
                if monotonic() >= ends:
                    return unplaced
        return unplaced

    def _place_one(self, waiting: WaitingEntry, publisher: str, now: datetime) -> EntryFault | None:
        """Place an entry; where it cannot be placed, keep the fault and return it."""
        entry_id = waiting.arrival.entry_id
        try:
            with self._placer.savepoint():
                self._place(waiting, publisher, now)
        except Exception as error:
            if is_database_error(error):
                raise
            fault = fault_of("placing", entry_id, error, self._placer.entries.get(entry_id).data)
            self._faults.add_for_entry(entry_id, fault, now)
            log.warning("entry %s stays in no story: %s", entry_id, fault.error)
            return fault
        return None

    def _place(self, waiting: WaitingEntry, publisher: str, now: datetime) -> None:
        report_id = self._placer.place(replace(waiting.arrival, publisher=publisher), now, waiting.vector)
        if waiting.lines:
            self._lines.count(waiting.feed_id, waiting.lines, report_id, waiting.number)

    def _add_stored(self, entry: Entry, now: datetime) -> None:
        try:
            self.add(WaitingEntry(self._placer.arrival_of(entry, sketching=True)))
        except Exception as error:
            if is_database_error(error):
                raise
            with self._placer.savepoint():
                self._faults.add_for_entry(entry.id, fault_of("placing", entry.id, error, entry.data), now)
