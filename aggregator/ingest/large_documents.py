"""Edits of large documents, saved in short transactions before the one that completes the document.

An edit costs milliseconds, since its report is compared anew, so all edits of a large document in one transaction would block
other writers for half a minute. A document's entries are matched to stored ones outside of any transaction. An interruption
loses nothing: the validators are stored with the last transaction, so the document is fetched again, and edits saved before
are known.
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

# Entries with another text than was stored under their key: fewer are recorded in less time than others are kept waiting.
LARGE = 20


@dataclass(slots=True)
class SavedEdits:
    """The part of a document that is saved already: ``edited`` maps ids to whether a reader would call the change an edit."""

    recognition: Recognition
    store: Store
    version: int  # of the database, when the document was recognised
    edited: dict[str, bool] = field(default_factory=dict)
    followed: set[int] = field(default_factory=set)  # numbers of entries whose facts were compared
    complete: bool = False  # whether nothing is left but what the document's own transaction does

    def holds(self) -> bool:
        """Return whether no other process wrote since."""
        return self.store.data_version() == self.version


def is_large(entries: Sequence[PreparedEntry]) -> bool:
    """Return whether a document is worth to be recorded in several transactions."""
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
    """Save the changes of stored entries, for as long as ``keep_going``; None where the feed has no stored entry yet.

    ``keep_waiting`` returns whether to go on waiting for another process that writes.
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
            edits.edited.pop(before.id, None)  # it will fail again with the rest, which reports it
        if monotonic() >= ends:
            return
