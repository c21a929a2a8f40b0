"""Saving the outcome of a poll: entries, links, validators and the next due time, all or nothing."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, partial
from hashlib import sha256
from threading import Event
from time import sleep
from typing import TYPE_CHECKING

from aggregator.fetching.http import safe_message
from aggregator.fetching.politeness import (
    DocumentRead,
    PollContext,
    after_duplicate,
    after_failure,
    after_not_modified,
    after_response,
    host_hold,
    is_outage,
)
from aggregator.fetching.wording import NO_ENTRY, NONE_LEFT, explain
from aggregator.ingest.large_documents import SavedEdits, save_edits
from aggregator.ingest.place import Placer
from aggregator.ingest.record import Recorder
from aggregator.ingest.record_values import Origin, Recorded
from aggregator.model import Feed, FeedOutcome, FeedState, FetchFailure, FetchOutcome, NotModified, Response
from aggregator.model.faults import EntryFault, described, fault_of
from aggregator.newsroom.publishers import has_form_of_search
from aggregator.storage.database import MAX_TRANSACTION, PAUSE, SavepointFailedError
from aggregator.storage.faults import FaultStore
from aggregator.storage.feeds import FeedStore
from aggregator.storage.renamed_publishers import RenamingStore
from aggregator.storage.report_vectors import VectorStore
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.text.masking import holds_secret

if TYPE_CHECKING:
    from aggregator.ingest.polls import Poll
    from aggregator.ingest.prepare import Prepared
    from aggregator.ingest.window import Window
    from aggregator.newsroom.publishers import Families
    from aggregator.settings import Settings
    from aggregator.storage.database import Store


log = logging.getLogger("aggregator.saving")
# Called with the changed stories and the time, in the transaction that settles them.
OnSettled = Callable[[frozenset[str], datetime], object]
KeepWaiting = Callable[[], bool]  # whether to go on waiting for another process that writes


def without_waiting() -> bool:
    """Return False: wait for another process that writes no longer than the busy timeout."""
    return False


# Entries that are placed in one transaction at most; usually its time is over before.
PLACED_PER_TRANSACTION = 250


class Saver:
    """The only writer of a pass. ``jitter`` returns a number in [0, 1); ``neighbours`` returns the rows of a host's feeds.

    With ``beside``, polls that brought nothing new are first written to a file beside the database, as in passes of the daemon.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        placer: Placer,
        recorder: Recorder,
        jitter: Callable[[], float],
        neighbours: Callable[[str], tuple[int, ...]],
        settled: OnSettled,
        *,
        beside: bool = False,
    ) -> None:
        self._store = store
        self._beside = beside
        self._settings = settings
        self._placer = placer
        self._recorder = recorder
        self._queue = recorder.queue
        self._jitter = jitter
        self._neighbours = neighbours
        self._feeds = FeedStore(store)
        self._faults = FaultStore(store)
        self._settled = settled
        self.held_hosts: dict[str, str] = {}  # feed -> an address whose host asked for a pause

    @contextmanager
    def batch(self, keep_waiting: KeepWaiting = without_waiting) -> Iterator[None]:
        """Save several feeds with one commit; each is still saved as a whole or not at all."""
        with self._store.transaction(keep_waiting):
            yield

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Save one feed of a batch: an error undoes only this feed."""
        with self._recorder.savepoint():
            yield

    def hashes(self, feed_id: int) -> Mapping[str, str]:
        """Return key -> content hash of the feed's entries that a document may still hold."""
        return self._placer.entries.hashes(feed_id, self._settings.parse.max_entries)

    def boilerplate(self, feed_id: int) -> frozenset[int]:
        """Return the hashes of the lines that the feed is known to repeat."""
        return self._recorder.boilerplate(feed_id)

    def save_unchanged(self, poll: Poll, outcome: FetchOutcome, now: datetime) -> FeedOutcome:
        """Save a poll that brought no new document: 304, the same bytes again, or a failure."""
        if isinstance(outcome, FetchFailure):
            return self._save_failure(poll, outcome, now)
        try:
            with self._store.savepoint():
                return self._save_success(poll, outcome, now)
        except Exception as error:
            if is_database_error(error):
                raise
            log.exception("%s: an answer could not be saved", poll.stored.shown)
            failure = FetchFailure("internal", f"the answer could not be saved: {described(error)}")
            return self._save_failure(poll, failure, now)

    def _save_success(self, poll: Poll, outcome: Response | NotModified, now: datetime) -> FeedOutcome:
        before = poll.stored.state
        if isinstance(outcome, NotModified):
            state = after_not_modified(self._context(poll, now), outcome)
        else:
            state = after_response(self._context(poll, now), outcome, None)
        if before.last_error in (NO_ENTRY, NONE_LEFT):  # the document that says so is still the last one
            state = replace(state, last_error=before.last_error)
        status = 304 if isinstance(outcome, NotModified) else outcome.status
        ended = FeedOutcome(
            poll.stored.shown, poll.stored.url, "not_modified", http_status=status, seconds=outcome.seconds
        )
        return self._close(poll, state, now, ended, beside=self._beside)

    def save_edits(
        self,
        poll: Poll,
        result: Prepared,
        now: datetime,
        keep_going: Callable[[], bool],
        keep_waiting: KeepWaiting = without_waiting,
    ) -> SavedEdits | None:
        """Save the edits of a large document in short transactions before the document; an error here does not fail it."""
        try:
            return save_edits(
                self._store, self._recorder, self._origin(poll, result), result.entries, now, keep_going, keep_waiting
            )
        except Exception as error:
            if is_database_error(error):
                raise
            log.exception("%s: a document is saved in one piece", poll.stored.shown)
            return None

    def save_document(
        self,
        poll: Poll,
        response: Response,
        result: Prepared | FetchFailure,
        now: datetime,
        edits: SavedEdits | None = None,
    ) -> FeedOutcome:
        """Save a document's entries and its feed's state, all or nothing; ``edits`` is the part that was saved before.

        Where that fails, save a failure of the feed; documents that were saved in the same batch stay.
        """
        if isinstance(result, FetchFailure):
            return self._save_failure(poll, result, now, response)
        try:
            return self._save_entries(poll, response, result, now, edits)
        except Exception as error:
            if is_database_error(error):
                raise
            log.exception("%s: a document could not be saved", poll.stored.shown)
            failure = FetchFailure("internal", f"what it holds could not be saved: {described(error)}")
            return self._save_failure(poll, failure, now, response)

    def _save_entries(
        self, poll: Poll, response: Response, result: Prepared, now: datetime, edits: SavedEdits | None
    ) -> FeedOutcome:
        with self._recorder.savepoint():
            counts = self._recorder.record(self._origin(poll, result), result.entries, now, edits)
            for skip in result.parsed.skips:
                if skip.given:
                    name = f"given {sha256(skip.given.encode('utf-8', 'replace')).hexdigest()[:12]}"
                    fault = fault_of("reading", name, skip.reason, skip.given)
                    self._faults.add(poll.stored.id, fault, now)
            self._feeds.save_title(poll.stored.id, result.parsed.title, result.parsed.language)
            read = DocumentRead(
                result.parsed,
                counts.new,
                counts.known + counts.updated,
                [entry.data.published for entry in result.entries if entry.data.published],
                counts.first,
                self._feeds.last_size(poll.stored.id),
            )
            state = after_response(self._context(poll, now), response, read)
            if result.entries:
                empty = None
            else:
                empty = NONE_LEFT if self._placer.entries.hashes(poll.stored.id, 1) else NO_ENTRY
                state = replace(state, last_error=empty)
            gap = state.possible_gaps > poll.stored.state.possible_gaps
            return self._close(poll, state, now, _ok(poll, response, result, counts, gap=gap, empty=empty))

    def _origin(self, poll: Poll, result: Prepared) -> Origin:
        """Return the origin of a document, with the present name of its publisher, which another process may have renamed meanwhile."""
        search = has_form_of_search(result.parsed.title, [entry.data for entry in result.entries])
        return Origin(RenamingStore(self._store.connection).refreshed(poll.stored), search=search)

    def skip_held(self, poll: Poll) -> FeedOutcome:
        """Return the outcome of a feed that was not polled because its host asked for a pause; its due time is stored already."""
        state = self._feeds.by_id(poll.stored.id).state
        note = "not asked: its host answered another feed with 'too many requests' or 'unavailable'"
        return FeedOutcome(poll.stored.shown, poll.stored.url, "skipped", next_fetch=state.next_fetch, note=note)

    def resume(self, now: datetime) -> int:
        """Queue the entries that an earlier pass did not place; return how many wait now."""
        self._queue.resume(now)
        return len(self._queue)

    def place(
        self,
        now: datetime,
        leave: int,
        stop: Event,
        progress: Callable[[int, int], None] = lambda done, total: None,
        keep_waiting: KeepWaiting = without_waiting,
    ) -> None:
        """Place entries in short transactions, the oldest first, until only ``leave`` of them wait or ``stop`` is set."""
        every = len(self._queue) - leave
        while (more := len(self._queue) - leave) > 0 and not stop.is_set():
            if more < every and self._store.path is not None:
                sleep(PAUSE)
            self._place_some(now, min(PLACED_PER_TRANSACTION, more), keep_waiting)
            progress(every + leave - len(self._queue), every)

    def _place_some(self, now: datetime, limit: int, keep_waiting: KeepWaiting) -> None:
        """Place entries in one short transaction; where one fails, place them again, each in a savepoint."""
        place = partial(self._queue.place, now, limit, seconds=MAX_TRANSACTION)
        try:
            with self._queue.single_unit(keep_waiting):
                place()
        except SavepointFailedError:
            with self._store.transaction(keep_waiting):
                place()

    def finish(self, now: datetime, stop: Event, keep_waiting: KeepWaiting = without_waiting) -> None:
        """Settle the reports in transactions of its own, and pass the changed stories to ``settled``.

        Reports that an earlier pass or an editor's verb left unsettled are settled as well. If ``stop`` is set, all this is left
        to the next pass.
        """
        if stop.is_set():
            return
        self._placer.finish(now, lambda stories: self._settled(stories, now), keep_waiting)

    def _save_failure(
        self, poll: Poll, failure: FetchFailure, now: datetime, response: Response | None = None
    ) -> FeedOutcome:
        if response is not None:  # a fetcher's failure names its address already
            failure = replace(failure, message=safe_message(failure.message, poll.feed, response.url))
        stored, before, context = poll.stored, poll.stored.state, self._context(poll, now)
        if failure.kind == "duplicate":
            state = after_duplicate(context, failure)
            twin = FeedOutcome(stored.shown, stored.url, "skipped", note=failure.message, seconds=failure.seconds)
            return self._close(poll, state, now, twin)
        outage = before.failures > 0 and is_outage(before, self._last_answer)
        state = after_failure(context, failure, outage=outage)
        hold = host_hold(poll.feed, state, failure, context.settings)
        if hold is not None:
            self.held_hosts[poll.feed.url] = address = failure.url or poll.address
            self._feeds.postpone_host(self._neighbours(address), hold)
        outcome = FeedOutcome(
            feed=stored.shown,
            url=stored.url,
            status="gone" if failure.kind == "gone" else "error",
            http_status=failure.status if response is None else response.status,
            error=failure.message,
            feeds=failure.feeds,
            seconds=failure.seconds if response is None else response.seconds,
        )
        return self._close(poll, state, now, outcome)

    def _context(self, poll: Poll, now: datetime) -> PollContext:
        return PollContext(poll.feed, poll.stored.state, now, self._jitter(), self._settings.fetch)

    @cached_property
    def _last_answer(self) -> datetime | None:
        """The time of the last answer of any feed, when it is first read in the pass."""
        return self._feeds.last_answer()

    def _close(
        self, poll: Poll, state: FeedState, now: datetime, outcome: FeedOutcome, *, beside: bool = False
    ) -> FeedOutcome:
        ended = replace(outcome, next_fetch=state.next_fetch, explanation=explain(poll.feed, outcome, state, now))
        before, after = _storable(poll.feed, poll.stored.state), _storable(poll.feed, state)
        with self._store.transaction():
            self._feeds.save_poll(poll.stored.id, now, before, after, ended, beside=beside)
        return ended


@dataclass(frozen=True, slots=True)
class PassContext:
    """The values that the passes of one process share; ``settled`` is called with the stories that a pass changed."""

    store: Store
    settings: Settings
    families: Families
    clock: Callable[[], datetime]
    settled: OnSettled
    window: Window


def open_saver(context: PassContext, neighbours: Callable[[str], tuple[int, ...]], *, beside: bool = False) -> Saver:
    """Return the saver of one pass; ``beside`` as in Saver."""
    store, settings = context.store, context.settings
    placer = Placer(store, settings, context.window)
    recorder = Recorder(store, settings, context.families, placer)
    return Saver(store, settings, placer, recorder, random.random, neighbours, context.settled, beside=beside)


def place_unplaced(context: PassContext, stop: Event) -> None:
    """Place the entries and settle the reports that an earlier pass left."""
    now, stories = context.clock, context.settings.stories
    is_left = stories.enabled and VectorStore(context.store.connection).is_work_left(now() - stories.window)
    if stop.is_set() or not is_left:
        return
    saver = open_saver(context, lambda address: ())
    while not stop.is_set() and saver.resume(now()):
        saver.place(now(), 0, stop)
    saver.finish(now(), stop)


def _storable(feed: Feed, state: FeedState) -> FeedState:
    """Return a state without an address that holds a secret; the address in feeds.yaml is used instead."""
    return replace(state, url="") if holds_secret(state.url, feed) else state


def _ok(
    poll: Poll, response: Response, result: Prepared, counts: Recorded, *, gap: bool, empty: str | None
) -> FeedOutcome:
    return FeedOutcome(
        feed=poll.stored.shown,
        url=poll.stored.url,
        status="ok",
        http_status=response.status,
        new=counts.new,
        updated=counts.updated,
        known=counts.known,
        skipped=len(result.parsed.skips) + len(counts.faults),
        note=_note(result, counts.faults, gap=gap, empty=empty),
        gap=gap,
        seconds=response.seconds,
    )


def _note(result: Prepared, faults: Sequence[EntryFault], *, gap: bool, empty: str | None) -> str | None:
    notes = [empty] if empty else []
    if gap:
        notes.append(
            "none of the entries of the last poll is left: some may have been missed, so it is asked more often"
        )
    if result.parsed.ill_formed:
        notes.append(f"ill-formed: {result.parsed.ill_formed}")
    if result.parsed.bad_guids:
        notes.append("bad guids: one stands for several entries")
    notes.extend(f"entry {skip.position} left out: {skip.reason}" for skip in result.parsed.skips[:3])
    notes.extend(f"entry {fault.entry} could not be stored: {fault.error}" for fault in faults[:3])
    return "; ".join(notes) or None
