"""One pass over feeds: threads fetch, workers prepare, and results that come at the same time are saved with one commit.

The coordinator (the thread that calls ``run``) is the only one that touches the database. Threads and workers
hand their results over a queue; no outcome is reported before it is saved. Entries are placed in reports when the
pass has them all, or too many wait, in order of time: the order in which feeds answer decides nothing.

However a pass ends, it leaves nothing to the next one except the pauses between requests to hosts. A feed that was not saved
stays due.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, NamedTuple, Protocol

from aggregator.executor import failure_of
from aggregator.fetching.hosts import HostSchedule
from aggregator.ingest.placing_queue import MAX_WAITING
from aggregator.ingest.polls import Poll
from aggregator.ingest.preparation import PreparationJob
from aggregator.ingest.prepare import Preparation, Prepared
from aggregator.ingest.results import FetchedFeed, PreparedFeed, Result, Results
from aggregator.ingest.save import Saver
from aggregator.ingest.unchanged_answers import UnchangedAnswers
from aggregator.model import Feed, FeedOutcome, FeedState, FetchFailure, FetchOutcome, Response
from aggregator.settings import Settings
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.text.address import host_of

if TYPE_CHECKING:
    from aggregator.ingest.large_documents import SavedEdits

Progress = Callable[[FeedOutcome, int, int], None]
# Seconds that the coordinator sleeps at most before it checks for a stop.
_MAX_SLEEP = 0.5
# The results of 100 ms, at most 64, are saved with one commit. A commit takes as long as saving ten entries.
_BATCH_SECONDS, _BATCH = 0.1, 64
# Seconds between two settlings of stories while feeds are still under way.
_SETTLE_INTERVAL = 20.0
# Seconds in which feeds under way may end and be saved after a stop; then they are cancelled.
GRACE = 4.0
# A document with more entries is not saved any more after a stop; so many take a second or two.
SAVED_WHEN_STOPPING = 1_000
# Seconds after the last feed was started until those still under way count as hanging; fetching and reading one take less than 60.
LAST_FEEDS_TIME = 180.0
# Seconds that a pass waits for another writer before it fails.
WRITE_WAIT = 60.0


class FeedFetcher(Protocol):
    """A fetcher as a pass uses it; tests hand in one without sockets."""

    def fetch(
        self, feed: Feed, state: FeedState, now: datetime, other_feed: Callable[[str], str | None]
    ) -> FetchOutcome:
        """Fetch one feed, but not through a redirect to an address where ``other_feed`` names another. Never raises for a server's faults."""
        ...

    def refuse_waiting(self) -> None:
        """Let fetches that wait for their host fail as ``stopped`` without a request."""
        ...

    def cancel_all(self) -> None:
        """Let all fetches under way fail as ``stopped``."""
        ...

    def close_idle(self) -> None:
        """Close idle connections: the next request is minutes away."""
        ...


class _StoredTexts(NamedTuple):
    """The stored texts of a feed: key -> content hash of its entries, and the hashes of the lines that it repeats."""

    hashes: Mapping[str, str]
    boilerplate: frozenset[int]


class PollPass:
    """A pass over some feeds; ``now`` gives the time by the product's clock.

    Feeds are started for ``within`` seconds; the others are left for the next pass.
    """

    def __init__(
        self,
        settings: Settings,
        fetcher: FeedFetcher,
        workers: Executor,
        saver: Saver,
        now: Callable[[], datetime],
        stop: Event,
        hosts: HostSchedule,
        other_feed: Callable[[Poll, str], str | None],
        within: float = math.inf,
    ) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._workers = workers
        self._saver = saver
        self._now = now
        self._stop = stop
        self._results = Results()
        self._hosts = hosts
        self._other_feed = other_feed
        self._within = within
        self._ends = math.inf  # when the last feed is handed out, on the clock of time.monotonic
        self._stopped: float | None = None  # when the stop was noticed
        self._waiting: dict[str, Poll] = {}
        self._held: list[str] = []  # feeds of hosts that asked for a pause
        self._settled = 0.0  # when entries were settled in stories last
        self._under_way: dict[str, Poll] = {}
        self._unchanged = UnchangedAnswers(saver, now)
        self._fault: Exception | None = None  # an error of placing; feeds are still polled after it
        self.abandoned = False  # whether work that did not end in time was abandoned

    def run(
        self, polls: Sequence[Poll], progress: Progress, placing: Callable[[int, int], None] = lambda done, total: None
    ) -> list[FeedOutcome]:
        """Poll these feeds; return one outcome a feed, in the order in which they ended.

        When ``stop`` is set, no further feed is started. Feeds under way are saved if they end within ``GRACE`` seconds; the
        others are left to the next pass.
        """
        self._settled = time.monotonic()
        self._hosts.clear(time.monotonic())
        self._waiting = {poll.feed.url: poll for poll in polls}
        self._ends = time.monotonic() + self._within
        for poll in polls:
            self._hosts.add(poll.feed.url, host_of(poll.address))
        threads = ThreadPoolExecutor(self._settings.fetch.workers, thread_name_prefix="fetch")
        try:
            self._place(lambda: self._saver.resume(self._now()))
            outcomes = self._poll(threads, len(polls), progress)
            self._fetcher.close_idle()
            self._place(lambda: self._saver.place(self._now(), 0, self._stop, placing, self._keep_waiting()))
            self._place(lambda: self._saver.finish(self._now(), self._stop, self._keep_waiting()))
        finally:
            self._shut_down(threads)
        if self._fault is not None:
            raise self._fault
        return outcomes

    def _poll(self, threads: Executor, total: int, progress: Progress) -> list[FeedOutcome]:
        outcomes: list[FeedOutcome] = []
        while self._is_unfinished():
            self._start_fetches(threads)
            for ended in (*self._save_results(threads, self._sleep()), *self._unchanged.save(self._keep_waiting())):
                outcomes.append(ended)
                progress(ended, len(outcomes), total)
            self._place(partial(self._place_meanwhile, threads))
        for ended in (*self._unchanged.save(self._keep_waiting(), last=True), *self._fail_hanging()):
            outcomes.append(ended)
            progress(ended, len(outcomes), total)
        return outcomes

    def _place_meanwhile(self, threads: Executor) -> None:
        """Place entries while feeds are under way: where too many wait, and all every ``_SETTLE_INTERVAL`` seconds."""
        behind = time.monotonic() - self._settled > _SETTLE_INTERVAL
        leave = 0 if behind else MAX_WAITING
        self._saver.place(
            self._now(), leave, self._stop, lambda done, total: self._keep_occupied(threads), self._keep_waiting()
        )
        if behind:
            self._saver.finish(self._now(), self._stop, self._keep_waiting())
            self._settled = time.monotonic()

    def _keep_occupied(self, threads: Executor) -> None:
        """Start further feeds while entries are placed: else the workers would run out of documents."""
        for result in self._results.take_handed_on():
            self._hosts.done(result.poll.feed.url, time.monotonic())
        self._start_fetches(threads)

    def _is_unfinished(self) -> bool:
        """Return whether the pass has feeds to start or to wait for."""
        now = time.monotonic()
        if self._stop.is_set():
            return bool(self._under_way) and self._has_time()
        if now >= self._ends:
            return bool(self._under_way) and now < self._ends + LAST_FEEDS_TIME
        return bool(self._waiting or self._under_way)

    def _has_time(self) -> bool:
        """Return whether there is time for feeds under way: always before the stop, then for ``GRACE`` seconds."""
        if not self._stop.is_set():
            return True
        if self._stopped is None:
            self._stopped = time.monotonic()
            self._fetcher.refuse_waiting()
        return time.monotonic() - self._stopped < GRACE

    def _fail_hanging(self) -> list[FeedOutcome]:
        """Return a failure for each feed that hangs; after a stop, feeds under way are left as they are."""
        if self._stop.is_set():
            return []
        hanging, self._under_way = self._under_way, {}
        self.abandoned |= bool(hanging)
        failure = FetchFailure("timeout", "fetching and reading it did not end; it was left, and is asked again")
        return [self._saver.save_unchanged(poll, failure, self._now()) for poll in hanging.values()]

    def _shut_down(self, threads: ThreadPoolExecutor) -> None:
        """End the pass, also after an error: clear its feeds from the schedule, and stop the threads."""
        in_hand, self._under_way, self._waiting = self._under_way, {}, {}
        self.abandoned |= bool(in_hand)
        self._hosts.clear(time.monotonic())
        if self.abandoned:
            self._fetcher.cancel_all()
        threads.shutdown(wait=not self.abandoned, cancel_futures=True)
        with suppress(Exception):  # an idle connection does no harm, and this error must not hide that of the pass
            self._fetcher.close_idle()

    def _place(self, step: Callable[[], object]) -> None:
        """Run a step of placing entries. After an error no further step is run; the error is raised at the end of the pass."""
        if self._fault is not None:
            return
        try:
            step()
        except Exception as error:
            if is_database_error(error):
                raise
            self._fault = error

    def _keep_waiting(self) -> Callable[[], bool]:
        until = time.monotonic() + WRITE_WAIT
        return lambda: not self._stop.is_set() and time.monotonic() < until

    def _skip_held(self) -> list[FeedOutcome]:
        """Return outcomes for the feeds whose host just asked for a pause."""
        held, self._held = self._held, []
        return [self._saver.skip_held(self._waiting.pop(url)) for url in held if url in self._waiting]

    def _free_slots(self) -> int:
        return self._settings.fetch.workers * 2 - len(self._under_way)

    def _start_fetches(self, threads: Executor) -> None:
        room = self._free_slots()
        if room <= 0 or not self._waiting or self._stop.is_set() or time.monotonic() >= self._ends:
            return
        for url in self._hosts.ready(time.monotonic(), room):
            self._under_way[url] = poll = self._waiting.pop(url)
            is_first = poll.stored.state.last_ok is None
            threads.submit(self._fetch, poll, self._stored_texts(poll) if is_first else None)

    def _sleep(self) -> float:
        if self._stop.is_set():
            return _MAX_SLEEP / 5
        if not self._waiting or self._free_slots() <= 0:
            return _MAX_SLEEP  # wait for a result: polling the hosts would take the writer's CPU
        wait = self._hosts.wait(time.monotonic())
        return _MAX_SLEEP if wait is None else min(_MAX_SLEEP, max(0.0, wait))

    def _fetch(self, poll: Poll, stored: _StoredTexts | None) -> None:
        """Fetch a feed in a thread. Given its ``stored`` texts, hand the document to a worker at once, so that none idles meanwhile."""
        outcome: FetchOutcome
        try:
            if self._stop.is_set() or poll.feed.url not in self._under_way:
                outcome = FetchFailure("stopped", "the fetch was called off before it began")
            else:
                outcome = self._fetcher.fetch(
                    poll.feed, poll.stored.state, self._now(), partial(self._other_feed, poll)
                )
        except Exception as error:  # noqa: BLE001 - an error in one feed must not fail the others
            outcome = _unexpected(error)
        fetched = FetchedFeed(poll, outcome)
        if stored is None or not isinstance(outcome, Response) or fetched.unchanged is not None:
            self._results.put(fetched)
            return
        self._results.put(replace(fetched, is_handed_on=True))
        try:
            self._hand_on(poll, outcome, stored)
        except Exception as error:  # noqa: BLE001 - as above, or the workers were stopped
            self._put_result(poll, outcome, _unexpected(error))

    def _save_results(self, threads: Executor, timeout: float) -> list[FeedOutcome]:
        """Save the results of a short time with one commit; return the outcomes, which are reported after it."""
        ended: list[FeedOutcome] = []
        large: list[PreparedFeed] = []
        result = self._results.next(timeout)
        if result is None:
            return ended
        until, taken = time.monotonic() + _BATCH_SECONDS, 0
        with self._saver.batch(self._keep_waiting()):
            while result is not None:
                taken += 1
                if isinstance(result, PreparedFeed) and result.is_large:
                    large.append(result)
                else:
                    ended += self._handle(result)
                if self._under_way and self._free_slots() >= self._settings.fetch.workers // 2:
                    self._start_fetches(threads)  # else free hosts would wait for the commit
                go_on = taken < _BATCH and bool(self._under_way) and not self._stop.is_set()
                result = self._results.next(max(0.0, until - time.monotonic())) if go_on else None
        for one in large:
            ended += self._handle(one)
        return ended

    def _handle(self, result: Result) -> list[FeedOutcome]:
        """Process a result; return the final outcome of its feed, if any, and those of feeds that now have to wait for its host."""
        poll = result.poll
        if isinstance(result, FetchedFeed):
            self._hosts.done(poll.feed.url, time.monotonic())
            if result.is_handed_on:
                return []
        left, edits = self._is_abandoned(result), None
        if not left and isinstance(result, PreparedFeed) and result.is_large:
            edits = self._save_edits(result)
            left = self._is_abandoned(result) or (edits is not None and not edits.complete)
        if left:
            del self._under_way[poll.feed.url]
            return []
        if isinstance(result, FetchedFeed) and (unchanged := result.unchanged) is not None:
            self._unchanged.add(poll, unchanged)
            del self._under_way[poll.feed.url]
            return []
        try:
            with self._saver.batch(self._keep_waiting()), self._saver.savepoint():
                outcome = self._saved(result, edits)
        except Exception as error:
            if is_database_error(error):
                raise
            failure = _unexpected(error)
            outcome = self._saver.save_unchanged(poll, failure, self._now())
        if outcome is None:
            return []
        del self._under_way[poll.feed.url]
        return [outcome, *self._skip_held()]

    def _save_edits(self, result: PreparedFeed) -> SavedEdits | None:
        if isinstance(result.result, FetchFailure):
            return None
        return self._saver.save_edits(result.poll, result.result, self._now(), self._has_time, self._keep_waiting())

    def _is_abandoned(self, result: Result) -> bool:
        """Return whether a result is not saved: its fetch was stopped, or the pass stops and the document is too long."""
        outcome = result.outcome if isinstance(result, FetchedFeed) else result.result
        if isinstance(outcome, FetchFailure):
            return outcome.kind == "stopped"
        return isinstance(outcome, Prepared) and len(outcome.entries) > SAVED_WHEN_STOPPING and self._stop.is_set()

    def _saved(self, result: Result, edits: SavedEdits | None) -> FeedOutcome | None:
        if isinstance(result, PreparedFeed):
            return self._saver.save_document(result.poll, result.response, result.result, self._now(), edits)
        outcome = result.outcome
        if isinstance(outcome, Response):
            self._hand_on(result.poll, outcome, self._stored_texts(result.poll))
            return None
        saved = self._saver.save_unchanged(result.poll, outcome, self._now())
        if result.poll.feed.url in self._saver.held_hosts:
            host = host_of(self._saver.held_hosts.pop(result.poll.feed.url))
            self._held += self._hosts.remove(host, lambda url: self._waiting[url].feed.host_backoff)
        return saved

    def _hand_on(self, poll: Poll, response: Response, stored: _StoredTexts) -> None:
        """Hand a document to a worker."""
        task = Preparation(
            body=response.body,
            url=response.url,
            headers=dict(response.headers),
            now=self._now(),
            limits=self._settings.parse,
            language=poll.feed.language,
            publisher_names=tuple(name for name in (poll.stored.publisher, poll.stored.name) if name),
            known=stored.hashes,
            bad_guids=poll.stored.state.bad_guids,
            boilerplate=stored.boilerplate,
            sketching=self._settings.stories.enabled,
        )
        PreparationJob(
            self._workers, task, partial(self._put_result, poll, response), keep_going=lambda: not self._stop.is_set()
        ).start()

    def _put_result(self, poll: Poll, response: Response, result: Prepared | FetchFailure) -> None:
        self._results.put(PreparedFeed(poll, response, result))

    def _stored_texts(self, poll: Poll) -> _StoredTexts:
        stored = poll.stored
        known = {} if stored.state.last_ok is None else self._saver.hashes(stored.id)
        return _StoredTexts(known, self._saver.boilerplate(stored.id))


def _unexpected(error: Exception) -> FetchFailure:
    return FetchFailure("internal", f"unexpected: {failure_of(error).message}")
