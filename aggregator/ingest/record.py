"""Storing a document's entries as new, edited or known, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta

from aggregator.clustering.identifiers import mint
from aggregator.ingest.large_documents import SavedEdits
from aggregator.ingest.place import Placer
from aggregator.ingest.placing_queue import PlacingQueue
from aggregator.ingest.prepare import PreparedEntry
from aggregator.ingest.recognise import Recogniser
from aggregator.ingest.record_values import (
    Origin,
    Recorded,
    WaitingEntry,
    arrival,
    believed_date,
    event_time,
    in_order,
    is_unchanged,
    lasting_time,
    stock_time,
)
from aggregator.ingest.story_rows import agency_evidence
from aggregator.model import LONG_AGO, EntryData
from aggregator.model.faults import EntryFault, fault_of
from aggregator.newsroom.publishers import Families, publisher_of, publisher_of_link
from aggregator.newsroom.revisions import compare
from aggregator.newsroom.wires import wire_of
from aggregator.settings import Settings
from aggregator.storage.boilerplate import LineStore
from aggregator.storage.database import Store
from aggregator.storage.entry_rows import EntryRow, KnownEntry, changed_facts, facts_of
from aggregator.storage.faults import FaultStore
from aggregator.storage.known_keys import stored_keys
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.text.address import host_of
from aggregator.text.boilerplate import REPEATED

# At a first fetch, entries older than this were there before the desk followed the feed: they are stored, not announced.
ANNOUNCED_FOR = timedelta(days=1)
# The prefix of the address of an archive's feed; the source follows, empty where a line names none.
ARCHIVE = "archive:"
# Data of an entry that names no source, as most do; its publisher is that of its feed.
WITHOUT_SOURCE = EntryData("")


class _TrialOverError(Exception):
    """Raised to undo a part that was recorded on trial."""


class Recorder:
    """Writes entries, and adds new ones to the queue of those to place; the caller holds the transaction."""

    def __init__(self, store: Store, settings: Settings, families: Families, placer: Placer) -> None:
        self._store = store
        self._settings = settings
        self._families = families
        self._placer = placer
        self._entries = placer.entries
        self._lines = LineStore(store.connection)
        self._faults = FaultStore(store)
        self.queue = PlacingQueue(store, settings, placer)
        self._absent: tuple[int, set[tuple[int, str]]] = (-1, set())  # unit number of the look-up; feed and key
        self._publishers: dict[tuple[str | bool | None, ...], str] = {}

    def boilerplate(self, feed_id: int) -> frozenset[int]:
        """Return the hashes of the lines that a feed is known to repeat."""
        return self._lines.repeated(feed_id, REPEATED)

    def record(
        self, origin: Origin, entries: Sequence[PreparedEntry], now: datetime, edits: SavedEdits | None = None
    ) -> Recorded:
        """Store the new and edited entries of a whole document, and note which of the others are still there.

        ``edits`` is the part of a large document that was saved before in short transactions. An entry that cannot be recorded
        is kept as a fault; the others are recorded without it.
        """
        faults: dict[str, EntryFault] = {}
        try:
            with self.savepoint():
                recorded = self._record(origin, entries, now, edits)
        except Exception as error:
            if is_database_error(error):
                raise
            faults = {entry.data.key: fault for entry in entries if (fault := self._fault_of(origin, entry, now))}
            if not faults:
                raise
            sound = [entry for entry in entries if entry.data.key not in faults]
            with self.savepoint():
                recorded = self._record(origin, sound, now)
        incomplete = (
            fault_of("preparing", entry.data.key, error, entry.data) for entry in entries for error in entry.faults[:1]
        )
        for fault in (*faults.values(), *incomplete):
            self._faults.add(origin.feed.id, fault, now)
        return replace(recorded, faults=(*faults.values(), *recorded.faults))

    def _fault_of(self, origin: Origin, entry: PreparedEntry, now: datetime) -> EntryFault | None:
        """Try to record one entry alone, undo that, and return what it raised."""
        try:
            with self.savepoint():
                self._record(origin, [entry], now)
                raise _TrialOverError
        except _TrialOverError:
            return None
        except Exception as error:
            if is_database_error(error):
                raise
            return fault_of("recording", entry.data.key, error, entry.data)

    def savepoint(self) -> AbstractContextManager[None]:
        """Open a savepoint; where its block fails, its records are undone in the database and in memory."""
        return self.queue.undone_with(self._placer.savepoint())

    def _record(
        self, origin: Origin, entries: Sequence[PreparedEntry], now: datetime, edits: SavedEdits | None = None
    ) -> Recorded:
        feed_id = origin.feed.id
        first = not origin.archive and not self._entries.has_any(feed_id)
        known = {} if first else self._known(origin, entries, edits)
        taken: dict[str, bool] = {} if edits is None else edits.edited
        updated = 0
        fresh, still = [], []
        followed: set[int] = set() if edits is None else set(edits.followed)
        for entry in in_order(entries):
            before = known.get(entry.data.key)
            if before is None:
                fresh.append(entry)
            elif before.id not in taken and is_unchanged(entry, before):
                if before.number not in followed:  # one entry under two names follows the earlier
                    self.follow(origin, entry, before, now)
                followed.add(before.number)
                still.append(before.number)
            else:
                is_edit = taken[before.id] if before.id in taken else self.revise(origin, entry, before, now)
                updated += is_edit
                still += [] if is_edit else [before.number]
        backlog = frozenset[str]() if origin.archive else self._backlog(origin, entries, now, first=first)
        self._add(origin, fresh, now, backlog)
        unplaced: list[EntryFault] = []
        if origin.archive:  # an archive is read in order of date, so no earlier entry is still to come
            unplaced = self.queue.place(now, len(fresh), just_stored=True)
        else:
            self._entries.mark_seen(still, now)
        return Recorded(len(fresh), updated, len(still), first, tuple(unplaced))

    def has_entries(self, feed_id: int) -> bool:
        """Return whether an entry of the feed is stored."""
        return self._entries.has_any(feed_id)

    def is_stored_as(self, entry: KnownEntry) -> bool:
        """Return whether an entry is still stored with the text and the number of revisions that were read."""
        return self._entries.contents([entry.id]) == {entry.id: (entry.content_hash, entry.revisions)}

    def recogniser(self, feed_id: int) -> Recogniser:
        """Return the recogniser for the documents of a feed."""
        return Recogniser(self._entries, feed_id)

    def _known(
        self, origin: Origin, entries: Sequence[PreparedEntry], edits: SavedEdits | None
    ) -> dict[str, KnownEntry]:
        recogniser = self.recogniser(origin.feed.id)
        if origin.archive:
            asked = [entry for entry in entries if not self._is_absent(origin.feed.id, entry.data.key)]
            return recogniser.known(asked) if asked else {}
        if edits is not None and edits.holds():
            return edits.recognition.known
        found = recogniser.recognise(entries)
        recogniser.store_keys(found)
        return found.known

    def prefetch_keys(self, keys: Sequence[tuple[int, str]]) -> None:
        """Look up which of the next entries (feed, key) are stored; valid until the transaction ends."""
        self._absent = (self._store.unit_number, set(keys) - stored_keys(self._store.connection, keys))

    def _is_absent(self, feed_id: int, key: str) -> bool:
        """Return whether an entry is known to be new; a second one under the same key is not."""
        unit_number, absent = self._absent
        if unit_number != self._store.unit_number or not self._store.is_single_unit or (feed_id, key) not in absent:
            return False
        absent.remove((feed_id, key))
        return True

    def _backlog(
        self, origin: Origin, entries: Sequence[PreparedEntry], now: datetime, *, first: bool
    ) -> frozenset[str]:
        """Return the keys of the backlog: entries older than any open story, and in the first document of a feed its stock.

        Undated entries are no stock of a feed that was empty before: they have come since.
        """
        if not first:
            long_ago = now - self._settings.stories.window
            dates = ((entry.data.key, believed_date(entry.data)) for entry in entries)
            return frozenset(key for key, date in dates if date is not None and date < long_ago)
        undated = now if origin.feed.state.last_ok is not None else LONG_AGO
        dated = {entry.data.key: believed_date(entry.data) or undated for entry in entries}
        newest = sorted(dated, key=lambda key: dated[key], reverse=True)[: self._settings.parse.announce]
        return frozenset(dated) - {key for key in newest if dated[key] >= now - ANNOUNCED_FOR}

    def _add(self, origin: Origin, entries: Sequence[PreparedEntry], now: datetime, backlog: frozenset[str]) -> None:
        if not entries:
            return
        if len(entries) == 1:
            [entry] = entries
            self._add_one(origin, entry, now, backlog=origin.archive or entry.data.key in backlog)
            return
        ids = self._ids(origin.feed.url, [entry.data.key for entry in entries])
        rows = [
            self._row(origin, entry, entry_id, now, backlog=origin.archive or entry.data.key in backlog)
            for entry, entry_id in zip(entries, ids, strict=True)
        ]
        for row, entry, number in zip(rows, entries, self._entries.add(rows, now), strict=True):
            self._queue(origin, entry, row, number)

    def _add_one(self, origin: Origin, entry: PreparedEntry, now: datetime, *, backlog: bool) -> None:
        """Store an entry under the first free id. That is nearly always the first one, so it is tried without a look-up."""
        url, key = origin.feed.url, entry.data.key
        row = self._row(origin, entry, mint("e", url, key), now, backlog=backlog)
        number = self._entries.add_one(row, now)
        if number is None:
            row = replace(row, id=self._ids(url, [key])[0])
            [number] = self._entries.add([row], now)
        self._queue(origin, entry, row, number)

    def _queue(self, origin: Origin, entry: PreparedEntry, row: EntryRow, number: int) -> None:
        if self._settings.stories.enabled:
            made = arrival(row, origin, entry)
            self.queue.add(WaitingEntry(made, origin.feed.id, number, entry.lines, entry.vector))

    def _ids(self, url: str, keys: Sequence[str]) -> list[str]:
        """Return an id for each key of a feed that no other entry has."""
        made = [mint("e", url, key) for key in keys]
        if len(set(made)) == len(made) and not self._entries.taken(made):
            return made
        made = []

        def taken(entry_id: str) -> bool:
            return entry_id in made or bool(self._entries.taken([entry_id]))

        for key in keys:
            made.append(mint("e", url, key, taken=taken))
        return made

    def revise(self, origin: Origin, entry: PreparedEntry, before: KnownEntry, now: datetime) -> bool:
        """Store a new text of a known entry; return whether the change is substantive, so that the old text is kept as a revision."""
        row = replace(self._row(origin, entry, before.id, now, backlog=False), time=lasting_time(entry.data, before))
        text = self._entries.texts([before.id])[before.id]
        change = compare((before.title, text), (row.data.title, row.text))
        self._entries.note_amendments(before, facts_of(entry.data), now)
        write = self._entries.revise if change.is_substantive else self._entries.retouch
        write(before, row, now)
        if before.id in self.queue:  # an earlier pass did not place it
            self._queue(origin, entry, row, before.number)
        else:
            self._placer.revise(before.id, arrival(row, origin, entry))
        return change.is_substantive

    def follow(self, origin: Origin, entry: PreparedEntry, before: KnownEntry, now: datetime) -> None:
        """Store a publisher's corrections of facts: address, date, byline, categories. They are no edits and make no revision."""
        if origin.archive:
            return
        if entry.document.canonical_url != before.canonical_url:
            self._relocate(entry, before)
        facts = facts_of(entry.data)
        if changed_facts(before.facts, facts):
            self._entries.amend(before, facts, lasting_time(entry.data, before), now)

    def _relocate(self, entry: PreparedEntry, before: KnownEntry) -> None:
        """Store an entry's new address; an entry without an address keeps its last one."""
        if entry.document.canonical_url is None:
            return
        self._entries.relocate(before.number, entry.data, entry.document.canonical_url)
        self._placer.mark_relocated(before.id)

    def _row(self, origin: Origin, entry: PreparedEntry, entry_id: str, now: datetime, *, backlog: bool) -> EntryRow:
        feed, data, made = origin.feed, entry.data, entry.document
        publisher = self._publisher_of(data, origin)
        if feed.url == ARCHIVE:  # the line names no source, but its address may name one
            publisher = publisher_of_link(data.link, self._families) or publisher
        wire = wire_of(entry.signed, publisher, agency_feed=feed.agency)
        return EntryRow(
            id=entry_id,
            feed_id=feed.id,
            data=data,
            publisher=publisher,
            agency=wire.agency if wire else origin.agency,
            language=made.language,
            category=feed.category,
            canonical_url=made.canonical_url,
            time=stock_time(entry, now, self._settings) if backlog and not origin.archive else event_time(entry, now),
            text=entry.text,
            content_hash=made.content_hash,
            correction=entry.notice.kind if entry.notice else None,
            evidence=agency_evidence(wire.form, wire.evidence) if wire else {},
            index_title=entry.index_title,
            index_text=entry.index_text,
            backlog=backlog,
        )

    def _publisher_of(self, data: EntryData, origin: Origin) -> str:
        feed = origin.feed
        if not (data.source_title or data.source_url):
            data = WITHOUT_SOURCE
        is_search = origin.search and feed.url not in self._families.not_aggregators
        believed = origin.archive or feed.url in self._families.aggregators or is_search
        key = (feed.publisher, data.source_title, data.source_url, believed or host_of(data.link or ""))
        if key not in self._publishers:
            self._publishers[key] = publisher_of(data, feed.publisher, self._families, believed=believed)
        return self._publishers[key]
