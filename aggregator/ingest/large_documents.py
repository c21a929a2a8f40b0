"""Edits of large documents, saved in short transactions before the one that completes the document.

Each edit takes milliseconds, because its report is compared anew. In one transaction, the edits of a large document would block
other writers for half a minute. A document's entries are matched to stored ones outside of any transaction. An interruption
loses nothing: the validators are stored with the last transaction, so the document is fetched again, and the edits that were
saved before are known.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic, sleep
from typing import TYPE_CHECKING

from aggregator.ingest.record_values import Origin, in_order, is_unchanged
from aggregator.storage.database import MAX_TRANSACTION, PAUSE
from aggregator.storage.sqlite_errors import is_database_error

if TYPE_CHECKING:
    from aggregator.ingest.prepare import PreparedEntry
    from aggregator.ingest.recognise import Recognition
    from aggregator.ingest.record import Recorder
    from aggregator.storage.database import Store
    from aggregator.storage.entry_rows import KnownEntry

# Entries with a new text from which on a document is large. Up to so many are recorded within the time of one transaction.
LARGE = 20


@dataclass(slots=True)
class SavedEdits:
    """The part of a document that is saved already; ``edited`` maps entry ids to whether the change was substantive."""

    recognition: Recognition
    store: Store
    version: int  # of the database, when the document was recognised
    edited: dict[str, bool] = field(default_factory=dict)
    followed: set[int] = field(default_factory=set)  # numbers of entries whose facts were compared
    complete: bool = False  # whether all edits are saved, so that only the document's own transaction is left

    def holds(self) -> bool:
        """Return whether no other process has written since the document was recognised."""
        return self.store.data_version() == self.version


def is_large(entries: Sequence[PreparedEntry]) -> bool:
    """Return whether a document is so large that it is recorded in several transactions."""
    return sum(not entry.unchanged for entry in entries) > LARGE


def save_edits(
    store: Store,
    recorder: Recorder,
    origin: Origin,
    entries: Sequence[PreparedEntry],
    now: datetime,
    keep_going: Callable[[], bool],
    keep_waiting: Callable[[], bool],
) -> SavedEdits | None:
    """Save changes of stored entries while ``keep_going()``; return what was saved.

    Return None where the feed has no stored entry yet, or another process wrote meanwhile. ``keep_waiting`` returns whether to
    go on waiting for another process that writes.
    """
    recogniser = recorder.recogniser(origin.feed.id)
    with store.snapshot():
        if not recorder.has_entries(origin.feed.id):
            return None
        edits = SavedEdits(recogniser.recognise(entries), store, store.data_version())
    with store.transaction(keep_waiting):
        if not edits.holds():
            return None
        recogniser.store_keys(edits.recognition)
    known = edits.recognition.known
    rest = deque((entry, known[entry.data.key]) for entry in in_order(entries) if entry.data.key in known)
    while rest and keep_going():
        with store.transaction(keep_waiting):
            _save_some(recorder, origin, rest, edits, now)
        if rest:
            sleep(PAUSE)
    edits.complete = not rest
    return edits


def _save_some(
    recorder: Recorder, origin: Origin, rest: deque[tuple[PreparedEntry, KnownEntry]], edits: SavedEdits, now: datetime
) -> None:
    """Save edits for as long as one transaction may last."""
    alone = edits.holds()
    ends = monotonic() + MAX_TRANSACTION
    while rest:
        entry, before = rest.popleft()
        if before.id in edits.edited or before.number in edits.followed:
            continue  # one entry under two names
        if not alone and not recorder.is_stored_as(before):
            continue  # another process wrote it meanwhile: it is handled with the rest of the document
        try:
            with recorder.savepoint():
                if is_unchanged(entry, before):
                    recorder.follow(origin, entry, before, now)
                    edits.followed.add(before.number)
                else:
                    edits.edited[before.id] = recorder.revise(origin, entry, before, now)
        except Exception as error:
            if is_database_error(error):
                raise
            edits.edited.pop(before.id, None)  # it fails again when the document is recorded, and is reported then
        if monotonic() >= ends:
            return
