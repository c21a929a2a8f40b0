"""Recording a document's entries: which are new, which were edited, which are known, all in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aggregator.clustering.identifiers import mint
from aggregator.model import Arrival, Entry, EntryData
from aggregator.model.faults import EntryFault, fault_of
from aggregator.newsroom.agencies import agency_of_publisher
from aggregator.newsroom.identity import Identity, recognise_moved
from aggregator.newsroom.publishers import Families, publisher_of, publisher_of_link
from aggregator.newsroom.revisions import compare
from aggregator.newsroom.wires import Attribution
from aggregator.pipeline.placing import Placer
from aggregator.pipeline.prepare import PreparedEntry
from aggregator.pipeline.standing import agency_evidence
from aggregator.settings import Settings
from aggregator.storage.boilerplate import LineStore
from aggregator.storage.database import Store, is_of_the_database
from aggregator.storage.entry_rows import EntryRow, KnownEntry
from aggregator.storage.faults import FaultStore
from aggregator.storage.feeds import StoredFeed
from aggregator.storage.times import to_text
from aggregator.text.address import host_of
from aggregator.text.boilerplate import REPEATED

# On a first fetch, what is older than this stood there before the desk looked: it is stored, not announced.
ANNOUNCED_FOR = timedelta(days=1)
# Entries that wait for their place: as many as a desk's pass brings, a dozen megabytes. Over them, the oldest go first.
MAX_WAITING = 2_000
# What the address of an archive's feed begins with; the rest is the source, empty where a line names none.
ARCHIVE = "archive:"
# Most entries: all of a feed are its publisher's.
NAMING_NOBODY = EntryData("")


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many entries of a document were new, edited and known."""

    new: int = 0
    updated: int = 0
    known: int = 0
    revised: tuple[str, ...] = ()
    first: bool = False  # the feed had no entry before
    faults: tuple[EntryFault, ...] = ()  # of entries that could not be recorded, and are not; in an archive, placed


@dataclass(frozen=True, slots=True)
class Origin:
    """Where entries come from: the feed's row, whether it is an archive read back, and the agency known from there."""

    feed: StoredFeed
    archive: bool = False
    agency: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stored entry that is to be placed; ``lines`` of its text are counted for its feed's boilerplate."""

    arrival: Arrival
    feed_id: int = 0
    number: int = 0
    lines: frozenset[int] = frozenset()

    @property
    def turn(self) -> tuple[datetime, str]:
        """What orders those that wait: time, then id, so that the order in which feeds answered decides nothing."""
        return (self.arrival.time, self.arrival.entry_id)


class _UndoneError(Exception):
    """Ends a part that was but a trial."""


class Recorder:
    """Writes entries, and places them when the pass has them all; the caller holds the transaction."""

    def __init__(self, store: Store, settings: Settings, families: Families, placer: Placer) -> None:
        self._settings = settings
        self._families = families
        self._placer = placer
        self._entries = placer.entries
        self._lines = LineStore(store.connection)
        self._faults = FaultStore(store)
        self._waiting: dict[str, Waiting] = {}
        self._unplaced: list[EntryFault] = []  # what could not be placed while a document was recorded
        self._publishers: dict[tuple[str | bool | None, ...], str] = {}

    def boilerplate(self, feed_id: int) -> frozenset[int]:
        """Return the lines that a feed is known to repeat."""
        return self._lines.repeated(feed_id, REPEATED)

    def record(self, origin: Origin, entries: Sequence[PreparedEntry], now: datetime) -> Recorded:
        """Store what is new or edited among ``entries`` (a whole document), and note what is still there.

        An entry that cannot be recorded costs itself: it is kept for a report, and the others are recorded without it.
        """
        faults: dict[str, EntryFault] = {}
        self._unplaced = []
        try:
            with self.part():
                recorded = self._record(origin, entries, now)
        except Exception as error:
            if is_of_the_database(error):
                raise
            faults = {entry.data.key: fault for entry in entries if (fault := self._fault_of(origin, entry, now))}
            if not faults:
                raise
            sound = [entry for entry in entries if entry.data.key not in faults]
            self._unplaced = []
            with self.part():
                recorded = self._record(origin, sound, now)
        incomplete = (
            fault_of("preparing", entry.data.key, error, entry.data) for entry in entries for error in entry.faults[:1]
        )
        for fault in (*faults.values(), *incomplete):
            self._faults.keep(origin.feed.id, fault, now)
        return replace(recorded, faults=(*faults.values(), *self._unplaced))

    def _fault_of(self, origin: Origin, entry: PreparedEntry, now: datetime) -> EntryFault | None:
        """Try to record one entry alone, undo that, and return what it raised."""
        try:
            with self.part():
                self._record(origin, [entry], now)
                raise _UndoneError
        except _UndoneError:
            return None
        except Exception as error:
            if is_of_the_database(error):
                raise
            return fault_of("recording", entry.data.key, error, entry.data)

    @contextmanager
    def part(self) -> Iterator[None]:
        """Undo what is recorded inside the block where it fails, in the database and in memory."""
        waiting = dict(self._waiting)
        try:
            with self._placer.part():
                yield
        except BaseException:
            self._waiting = waiting
            raise

    def _record(self, origin: Origin, entries: Sequence[PreparedEntry], now: datetime) -> Recorded:
        feed_id = origin.feed.id
        empty = not self._entries.has_any(feed_id)
        known = {} if empty else self._entries.known(feed_id, [entry.data.key for entry in entries])
        first = empty and not origin.archive
        if not first and not origin.archive:
            known = {**known, **self._moved(feed_id, entries, known)}
        backlog = self._backlog(entries, now) if first else frozenset()
        updated = 0
        fresh, revised, still = [], [], []
        for entry in in_order(entries):
            before = known.get(entry.data.key)
            if before is None:
                fresh.append(entry)
            elif entry.unchanged or before.content_hash == entry.document.content_hash:
                still.append(before.number)
                if entry.document.canonical_url != before.canonical_url and not origin.archive:
                    self._relocate(entry, before)
            else:
                is_edit = self._revise(origin, entry, before, now)
                revised.append(before.id)
                updated += is_edit
                still += [] if is_edit else [before.number]
        self._add(origin, fresh, now, backlog)
        if origin.archive:
            self.place(now, len(fresh))  # an archive is read in order of date: nothing is to come that happened before
        else:
            self._entries.seen(still, now)
        return Recorded(len(fresh), updated, len(still), tuple(revised), first)

    # --- placing what is stored -----------------------------------------------------------------

    @property
    def waiting(self) -> int:
        """How many entries wait for their place."""
        return len(self._waiting)

    def place(self, now: datetime, limit: int) -> list[str]:
        """Place the oldest entries that wait, at most ``limit``; return their ids.

        One that cannot be placed stays stored, in no story, and is kept for a report.
        """
        chosen = sorted(self._waiting.values(), key=lambda waiting: waiting.turn)[:limit]
        placed = []
        for waiting in chosen:
            entry_id = waiting.arrival.entry_id
            del self._waiting[entry_id]
            try:
                with self._placer.part():
                    self._place(waiting, now)
            except Exception as error:
                if is_of_the_database(error):
                    raise
                fault = fault_of("placing", entry_id, error, self._entries.get(entry_id).data)
                self._faults.keep_of_entry(entry_id, fault, now)
                self._unplaced.append(fault)
            else:
                placed.append(entry_id)
        return placed

    def _place(self, waiting: Waiting, now: datetime) -> None:
        report_id = self._placer.place(waiting.arrival, now)
        if waiting.lines:
            self._lines.count(waiting.feed_id, waiting.lines, report_id, waiting.number)

    def resume(self, now: datetime) -> None:
        """Take up entries that an earlier pass stored and did not come to place, or that came while stories were off."""
        if self._settings.stories.enabled:
            left = self._faults.unplaceable()
            for entry in self._entries.unplaced(now - self._settings.stories.window, MAX_WAITING):
                if entry.id not in left:
                    self._wait_again(entry, now)

    def _wait_again(self, entry: Entry, now: datetime) -> None:
        try:
            self._waiting[entry.id] = Waiting(self._placer.arrival_of(entry, sketching=True))
        except Exception as error:
            if is_of_the_database(error):
                raise
            with self._placer.part():
                self._faults.keep_of_entry(entry.id, fault_of("placing", entry.id, error, entry.data), now)

    def _moved(
        self, feed_id: int, entries: Sequence[PreparedEntry], known: Mapping[str, KnownEntry]
    ) -> dict[str, KnownEntry]:
        arriving = [entry for entry in entries if entry.data.key not in known]
        if not arriving:
            return {}
        recent = {entry.id: entry for entry in self._entries.recent(feed_id)}
        present = {entry.data.key for entry in entries} | {entry.key for entry in known.values()}
        found = recognise_moved(
            [
                Identity(e.data.key, e.data.key, e.data.title, e.document.canonical_url, e.document.content_hash)
                for e in arriving
            ],
            [Identity(e.id, e.key, e.title, e.canonical_url, e.content_hash) for e in recent.values()],
            present,
        )
        for key, entry_id in found.items():
            self._entries.rename_key(feed_id, key, entry_id)
        return {key: recent[entry_id] for key, entry_id in found.items()}

    def _backlog(self, entries: Sequence[PreparedEntry], now: datetime) -> frozenset[str]:
        newest = sorted(entries, key=lambda entry: entry.data.published or now, reverse=True)
        announced = {
            entry.data.key
            for entry in newest[: self._settings.parse.announce]
            if (entry.data.published or now) >= now - ANNOUNCED_FOR
        }
        return frozenset(entry.data.key for entry in entries) - announced

    def _add(self, origin: Origin, entries: Sequence[PreparedEntry], now: datetime, backlog: frozenset[str]) -> None:
        if not entries:
            return
        ids = self._ids(origin.feed.url, [entry.data.key for entry in entries])
        rows = [
            self._row(origin, entry, entry_id, now, backlog=origin.archive or entry.data.key in backlog)
            for entry, entry_id in zip(entries, ids, strict=True)
        ]
        numbers = self._entries.add(rows, now)
        if self._settings.stories.enabled:
            for row, entry, number in zip(rows, entries, numbers, strict=True):
                self._waiting[row.id] = Waiting(arrival(row, origin, entry), origin.feed.id, number, entry.lines)

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

    def _revise(self, origin: Origin, entry: PreparedEntry, before: KnownEntry, now: datetime) -> bool:
        """Take in another text of a known entry; tell whether a reader would call that an edit, which is kept as a revision."""
        row = self._row(origin, entry, before.id, now, backlog=False)
        text = self._entries.texts([before.id])[before.id]
        change = compare((before.title, text), (row.data.title, row.text), row.language)
        write = self._entries.revise if change.is_substantive else self._entries.retouch
        write(before, row, now)
        if before.id in self._waiting:  # left by an earlier pass
            self._waiting[before.id] = Waiting(arrival(row, origin, entry), origin.feed.id, before.number, entry.lines)
        else:
            self._placer.revise(before.id, arrival(row, origin, entry))
        return change.is_substantive

    def _relocate(self, entry: PreparedEntry, before: KnownEntry) -> None:
        """Follow an entry to its new address; one without an address keeps the last that it had."""
        if entry.document.canonical_url is None:
            return
        self._entries.relocate(before.number, entry.data, entry.document.canonical_url)
        self._placer.relocated(before.id)

    def _row(self, origin: Origin, entry: PreparedEntry, entry_id: str, now: datetime, *, backlog: bool) -> EntryRow:
        feed, data, made = origin.feed, entry.data, entry.document
        publisher = self._publisher_of(data, origin)
        if feed.url == ARCHIVE:  # the line named no source: its address may
            publisher = publisher_of_link(data.link, self._families) or publisher
        wire = _wire(entry, feed, publisher)
        return EntryRow(
            id=entry_id,
            feed_id=feed.id,
            data=data,
            publisher=publisher,
            agency=wire.agency if wire else origin.agency,
            language=made.language,
            category=feed.category,
            canonical_url=made.canonical_url,
            time=event_time(entry, now),
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
            data = NAMING_NOBODY
        believed = origin.archive or feed.url in self._families.speaking_for_others
        key = (feed.publisher, data.source_title, data.source_url, believed or host_of(data.link or ""))
        if key not in self._publishers:
            self._publishers[key] = publisher_of(data, feed.publisher, self._families, believed=believed)
        return self._publishers[key]


def _wire(entry: PreparedEntry, feed: StoredFeed, publisher: str) -> Attribution | None:
    """Return the agency behind an entry: what it signs, or who publishes it."""
    signed = entry.signed
    own = agency_of_publisher(publisher) or (publisher if feed.agency else None)
    if own is not None and (signed is None or signed.agency == own):
        return Attribution(own, "feed", publisher)
    return signed


def is_left(store: Store, settings: Settings, now: datetime) -> bool:
    """Tell whether an earlier pass left entries that are to be placed, or stories that are to be settled."""
    if not settings.stories.enabled:
        return False
    since = to_text(now - settings.stories.window)
    found = store.connection.execute(
        "SELECT EXISTS (SELECT 1 FROM entry WHERE report_id IS NULL AND time >= ?) OR EXISTS (SELECT 1 FROM unsettled_report)",
        (since,),
    ).fetchone()
    return bool(found[0])


def in_order(entries: Sequence[PreparedEntry]) -> list[PreparedEntry]:
    """Return a document's entries oldest first, so that the order in which a publisher lists them decides nothing."""

    def key(entry: PreparedEntry) -> tuple[bool, str, str]:
        published = entry.data.published
        return (published is None, published.isoformat() if published else "", entry.data.key)

    return sorted(entries, key=key)


def event_time(entry: PreparedEntry, now: datetime) -> datetime:
    """Return when an entry happened for the clustering: its date where it can be believed, else now."""
    data = entry.data
    if data.published is None or data.date_flag in ("clamped", "unreadable", "missing"):
        return now
    return min(data.published, now)


def arrival(row: EntryRow, origin: Origin, entry: PreparedEntry) -> Arrival:
    """Return the entry as the clustering sees it."""
    return Arrival(
        entry_id=row.id,
        feed=origin.feed.url,
        publisher=row.publisher,
        document=entry.told or entry.document,
        sketch=entry.sketch,
        time=row.time,
        agency=row.agency,
        dated=entry.data.published is not None or not origin.archive,
    )
