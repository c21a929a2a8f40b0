"""Import and export of archives in JSON Lines."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path

from aggregator.executor import parallel_tasks
from aggregator.ingest.archive_lines import MIN_ENTRIES, Chunk, PreparedLine, prepare_line, prepared_by_workers
from aggregator.ingest.archive_order import ordered
from aggregator.ingest.garbage import seldom_collected
from aggregator.ingest.place import Placer
from aggregator.ingest.prepare import FeedText, PreparedEntry, prepare_entry, warm_up
from aggregator.ingest.record import ARCHIVE, Recorder
from aggregator.ingest.record_values import Origin, Recorded
from aggregator.ingest.window import Window
from aggregator.model import Entry, Skip
from aggregator.model.faults import EntryFault, fault_of
from aggregator.newsroom.publishers import Families
from aggregator.parsing.archive import UNNAMED, ArchiveEntry
from aggregator.settings import Settings
from aggregator.storage.database import MAX_TRANSACTION, PAUSE, SavepointFailedError, Store
from aggregator.storage.entries import EntryStore
from aggregator.storage.entry_rows import Place
from aggregator.storage.feeds import FeedStore, StoredFeed
from aggregator.storage.sqlite_errors import is_database_error

# Characters of an entry from which on it is prepared outside of the transaction: that takes 10 ms or more.
LONG = 20_000
_LARGE = 1_000_000  # bytes of an archive that surely holds more than MIN_ENTRIES lines
_MAX_PREFETCHED = 48  # lines whose keys are looked up together, at most
_COMPARE_EVERY = 512  # entries between two comparisons of new reports with the window
_LINES_PER_PAUSE = 100  # lines that are searched for unprepared ones between two transactions
_MEMORY_TRANSACTION = (
    1.0  # seconds; a database in memory keeps no process waiting, so this only paces the progress reports
)

Progress = Callable[[int, int], None]
Line = tuple[ArchiveEntry, PreparedLine | None]  # an entry, and its preparation by a worker


@dataclass(frozen=True, slots=True)
class UnreadableDates:
    """Entries of an archive that count as undated, by a date that cannot be read or lies before 1990: how many, the first line and what it says."""

    count: int
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """The result of an import; ``skips`` names lines that could not be used."""

    new: int
    updated: int
    known: int
    skips: tuple[Skip, ...]
    unreadable_dates: UnreadableDates | None = None


class Importer:
    """Reads archives into the database in short transactions, so that editors and polls get their turn meanwhile."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        families: Families,
        now: datetime,
        window: Window | None = None,
        workers: Callable[[], Executor] | None = None,
    ) -> None:
        """Import into ``store``; where ``workers`` are given, they prepare the lines of a large archive."""
        self._store = store
        self._settings = settings
        self._now = now
        self._workers = workers
        self._feeds = FeedStore(store)
        self._placer = Placer(store, settings, window)
        self._recorder = Recorder(store, settings, families, self._placer)
        self._sources: dict[str, StoredFeed] = {}
        self._next_lines = _MAX_PREFETCHED  # estimate of the lines that the next transaction records

    def run(self, path: Path, progress: Progress) -> ImportOutcome:
        """Import the archive at ``path``; entries that are known already change nothing."""
        self._start_workers(path)
        with seldom_collected(), ordered(path) as (entries, skips):
            done = self.record(entries, progress)
        return replace(done, skips=tuple(sorted((*skips, *done.skips), key=lambda skip: skip.position)))

    def _start_workers(self, path: Path) -> None:
        """Start workers while a large archive is read; errors are raised later, when a worker is used."""
        with suppress(Exception):
            if self._workers is not None and path.stat().st_size > _LARGE:
                start_workers(self._workers(), self._settings.parse.workers)

    def record_places(self, entries: Sequence[ArchiveEntry], progress: Progress) -> dict[str, Place]:
        """Import entries; return line number -> place, for scoring."""
        self.record(entries, progress)
        placed = EntryStore(self._store).archive_places()
        places = {str(one.line): placed.get((feed_address(one), one.data.key)) for one in entries}
        return {line: place for line, place in places.items() if place is not None}

    def record(self, entries: Collection[ArchiveEntry], progress: Progress) -> ImportOutcome:
        """Import entries in the given order, then settle their stories."""
        self._load_models(entries)
        others = self._placer.vectors.unsettled()
        new = updated = known = done = compared = 0
        skips: list[Skip] = []
        undated: UnreadableDates | None = None
        chunks, rest = self._prepared_by_workers(entries), deque[Line]()
        while done < len(entries):
            if not rest:
                rest.extend(next(chunks))  # outside of the transaction, so that no writer waits for a worker
            self._prepare_next(rest)
            recorded = self._record_batch(rest)
            self._next_lines = min(_MAX_PREFETCHED, len(recorded) + len(recorded) // 4 + 1)
            for one, counts in recorded:
                skips += [_skip_of(one, fault) for fault in counts.faults]
                new, updated, known = new + counts.new, updated + counts.updated, known + counts.known
                undated = _counted(undated, one)
                done += 1
            progress(done, len(entries))
            if done < len(entries) and self._store.path is not None:
                ahead = done - compared >= _COMPARE_EVERY
                compared = done if ahead else compared
                self._pause(rest, ahead=ahead)
        self._placer.finish_own(self._now, others)
        return ImportOutcome(new, updated, known, tuple(skips), undated)

    def _prepare_next(self, rest: deque[Line]) -> None:
        """Prepare the next entry outside of a transaction if it is long."""
        one, made = rest[0]
        if made is None and _is_long(one):
            rest[0] = one, self._prepare_line(one)

    def _pause(self, rest: deque[Line], *, ahead: bool) -> None:
        """Pause for other writers; meanwhile reports are compared ``ahead``, and unprepared lines prepared."""
        ends = time.monotonic() + PAUSE
        if ahead:
            self._placer.compare_ahead()
        for place, (one, made) in enumerate(list(islice(rest, _LINES_PER_PAUSE))):
            if time.monotonic() >= ends:
                return
            if made is None:
                rest[place] = one, self._prepare_line(one)
        time.sleep(max(0.0, ends - time.monotonic()))

    def _prepare_line(self, one: ArchiveEntry) -> PreparedLine | None:
        """Prepare a line ahead; None where that fails: recording prepares it again and reports the error."""
        boilerplate, stories = self._boilerplate_now(one), self._settings.stories.enabled
        with suppress(Exception):
            return PreparedLine(prepare_line(one, boilerplate, sketching=stories, vectoring=stories), boilerplate)
        return None

    def _record_line(self, one: ArchiveEntry, made: PreparedLine | None) -> Recorded:
        """Record one line; where that fails, return the fault, and leave the other lines as they are."""
        try:
            with self._placer.savepoint():
                origin = Origin(self._feed(one), archive=True, agency=one.origin.agency if one.origin else None)
                seen = (one.origin and one.origin.first_seen) or self._now
                return self._recorder.record(origin, [self._prepared(one, made, origin.feed.id)], min(seen, self._now))
        except Exception as error:
            if is_database_error(error):
                raise
            self._sources.pop(feed_address(one), None)  # its row may be undone
            return Recorded(faults=(fault_of("recording", one.data.key, error, one.data),))

    def _load_models(self, entries: Collection[ArchiveEntry]) -> None:
        """Load the models that the first entries need. It takes half a second, so it is done outside of a transaction."""
        warm_up()
        unknown = next((one for one in islice(entries, MIN_ENTRIES) if one.language is None), None)
        if unknown is not None:
            prepare_entry(unknown.data, FeedText(), sketching=False)

    def _record_batch(self, rest: deque[Line]) -> list[tuple[ArchiveEntry, Recorded]]:
        """Record some entries in one transaction; where one fails, record them again, each in a savepoint."""
        begun: list[Line] = []
        try:
            with self._store.single_unit():
                return list(self._record_lines(rest, begun))
        except SavepointFailedError:
            rest.extendleft(reversed(begun))
            for one, _ in begun:
                self._sources.pop(feed_address(one), None)  # its row is undone
        with self._store.transaction():
            return list(self._record_lines(rest, []))

    def _record_lines(self, rest: deque[Line], begun: list[Line]) -> Iterator[tuple[ArchiveEntry, Recorded]]:
        """Record entries until the time of a transaction is over, or the next entry is long and not prepared."""
        ends = time.monotonic() + (_MEMORY_TRANSACTION if self._store.path is None else MAX_TRANSACTION)
        self._prefetch_keys(rest)
        while rest:
            one, made = rest.popleft()
            begun.append((one, made))
            yield one, self._record_line(one, made)
            if time.monotonic() >= ends or (rest and rest[0][1] is None and _is_long(rest[0][0])):
                return

    def _prefetch_keys(self, rest: deque[Line]) -> None:
        """Look up the keys of the lines that this transaction may record: as many as in the last one, and some more."""
        coming = ((self._sources.get(feed_address(one)), one.data.key) for one, _ in islice(rest, self._next_lines))
        self._recorder.prefetch_keys([(feed.id, key) for feed, key in coming if feed is not None])

    def _feed(self, one: ArchiveEntry) -> StoredFeed:
        address = feed_address(one)
        if address not in self._sources:
            publisher = one.source or UNNAMED
            name = publisher if address.startswith(ARCHIVE) else None
            self._sources[address] = self._feeds.ensure(address, publisher, self._now, name=name)
        return self._sources[address]

    def _prepared_by_workers(self, entries: Collection[ArchiveEntry]) -> Iterator[Chunk]:
        workers = self._workers() if self._workers is not None and len(entries) >= MIN_ENTRIES else None
        return prepared_by_workers(
            entries,
            self._boilerplate_now,
            workers,
            1 if workers is None else parallel_tasks(workers, self._settings.parse.workers),
            sketching=self._settings.stories.enabled,
        )

    def _boilerplate_now(self, one: ArchiveEntry) -> frozenset[int]:
        """Return the present boilerplate of a line's feed, which this archive may name for the first time."""
        feed = self._sources.get(feed_address(one))
        number = feed.id if feed is not None else self._feeds.row_of(feed_address(one))
        return self._recorder.boilerplate(number) if number is not None else frozenset()

    def _prepared(self, one: ArchiveEntry, made: PreparedLine | None, feed_id: int) -> PreparedEntry:
        boilerplate = self._recorder.boilerplate(feed_id)
        if made is not None and made.fits(boilerplate):
            return made.entry
        return prepare_line(one, boilerplate, sketching=self._settings.stories.enabled)


def start_workers(workers: Executor, count: int) -> None:
    """Start ``count`` workers, each of which loads its modules for about a second, while an archive is read."""
    for _ in range(parallel_tasks(workers, count)):
        workers.submit(warm_up)


def _is_long(one: ArchiveEntry) -> bool:
    return len(one.data.content) + len(one.data.summary) > LONG


def _skip_of(one: ArchiveEntry, fault: EntryFault) -> Skip:
    what = "is stored, and stands in no story" if fault.step == "placing" else "cannot be stored"
    return Skip(one.line, f"line {one.line}: {what}: {fault.error}")


def _counted(undated: UnreadableDates | None, one: ArchiveEntry) -> UnreadableDates | None:
    """Return the unreadable dates with that of another entry; undated entries come in the order of the file."""
    if one.data.date_flag not in ("unreadable", "clamped"):
        return undated
    if undated is None:
        return UnreadableDates(1, one.line, one.data.published_text or "")
    return replace(undated, count=undated.count + 1)


def feed_address(one: ArchiveEntry) -> str:
    """Return the address of an entry's feed: its own where `export` wrote the line, else one for its publisher."""
    return one.origin.feed if one.origin else f"{ARCHIVE}{one.source}"


def export_line(entry: Entry, canonical: bool, storyline_id: str | None) -> dict[str, object]:
    """Return an entry as `export` writes it."""
    return {
        "id": entry.id,
        "key": entry.data.key,
        "feed": entry.feed_url,
        "url": entry.data.link,
        "canonical_url": entry.canonical_url,
        "publisher": entry.publisher,
        "agency": entry.agency,
        "lang": entry.language,
        "title": entry.data.title,
        "published": entry.data.published,
        "first_seen": entry.first_seen,
        "report_id": entry.report_id,
        "story_id": entry.story_id,
        "storyline_id": storyline_id,
        "canonical": canonical,
        "source": entry.publisher,
        "date": entry.time,
        "author": entry.data.author,
        "summary": entry.data.summary,
        "body": entry.data.content,
    }
