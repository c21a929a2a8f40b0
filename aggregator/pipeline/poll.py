"""One pass over feeds: fetch in threads, prepare in workers, save what ends together with one commit.

The coordinator (the thread that calls ``run``) is the only one that touches the database. Threads and workers
hand their results over a queue; nobody is told of a feed before it is saved. Entries are placed in stories when the
pass has them all, in order of time: the order in which feeds answer decides nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from queue import Empty, SimpleQueue
from threading import Event
from typing import Protocol

from aggregator.executor import failure_of
from aggregator.fetching.hosts import HostSchedule
from aggregator.model import Feed, FeedOutcome, FeedState, FetchFailure, FetchOutcome, Response
from aggregator.pipeline.prepare import Preparation, Prepared, prepare
from aggregator.pipeline.recording import MAX_WAITING
from aggregator.pipeline.saving import Saver
from aggregator.settings import Settings
from aggregator.storage.feeds import StoredFeed
from aggregator.text.address import host_of

Progress = Callable[[FeedOutcome, int, int], None]
# How long the coordinator sleeps at most before it looks whether it was told to stop.
_PATIENCE = 0.5
# Results that are saved with one commit: those of 100 ms, at most 64. A commit costs as much as saving ten entries.
_MOMENT, _BATCH = 0.1, 64
_BEHIND = 20.0  # seconds after which what came meanwhile is settled in stories, though feeds have still to answer


class Fetching(Protocol):
    """What the pass needs of a fetcher; tests hand in one without sockets."""

    def fetch(self, feed: Feed, state: FeedState, now: datetime, twin: Callable[[str], str | None]) -> FetchOutcome:
        """Fetch one feed, but not through a redirect to where ``twin`` names another; never raises for a server's doings."""
        ...

    def release(self) -> None:
        """Close idle connections: the next request is minutes away."""
        ...


@dataclass(frozen=True, slots=True)
class Poll:
    """One feed to poll: what the desk asked for, and what is stored of it."""

    feed: Feed
    stored: StoredFeed

    @property
    def address(self) -> str:
        """Where the request goes: the address after a permanent move."""
        return self.stored.state.url or self.feed.url


@dataclass(frozen=True, slots=True)
class _Fetched:
    poll: Poll
    outcome: FetchOutcome


@dataclass(frozen=True, slots=True)
class _Prepared:
    poll: Poll
    response: Response
    result: Prepared | FetchFailure


class PollPass:
    """A pass over some feeds; ``now`` gives the time by the product's clock."""

    def __init__(
        self,
        settings: Settings,
        fetcher: Fetching,
        workers: Executor,
        saver: Saver,
        now: Callable[[], datetime],
        stop: Event,
        hosts: HostSchedule,
        twin: Callable[[Poll, str], str | None],
    ) -> None:
        self._settings = settings
        self._fetcher = fetcher
        self._workers = workers
        self._saver = saver
        self._now = now
        self._stop = stop
        self._results: SimpleQueue[_Fetched | _Prepared] = SimpleQueue()
        self._hosts = hosts
        self._twin = twin
        self._waiting: dict[str, Poll] = {}
        self._held: list[str] = []  # work of hosts that asked to be left alone
        self._under_way = 0
        self._settled = 0.0  # when entries were settled in stories last

    def run(
        self, polls: Sequence[Poll], progress: Progress, placing: Callable[[int, int], None] = lambda done, total: None
    ) -> list[FeedOutcome]:
        """Poll these feeds; return one outcome a feed, in the order in which they ended.

        When ``stop`` is set, feeds in hand are finished and saved, the others are left for the next pass.
        """
        outcomes: list[FeedOutcome] = []
        self._settled = time.monotonic()
        self._waiting = {poll.feed.url: poll for poll in polls}
        for poll in polls:
            self._hosts.add(poll.feed.url, host_of(poll.address))
        self._saver.resume(self._now())
        with ThreadPoolExecutor(self._settings.fetch.workers, thread_name_prefix="fetch") as threads:
            while self._waiting or self._under_way:
                self._hand_out(threads)
                if self._stop.is_set() and not self._under_way:
                    break
                for ended in self._take(threads, self._sleep()):
                    outcomes.append(ended)
                    progress(ended, len(outcomes), len(polls))
                self._place_meanwhile()
        self._fetcher.release()
        self._saver.place(self._now(), 0, self._stop, placing)
        self._saver.finish(self._now())
        return outcomes

    def _place_meanwhile(self) -> None:
        """Keep stories no further behind their entries than a slow feed may make them, and memory bounded."""
        behind = time.monotonic() - self._settled > _BEHIND
        self._saver.place(self._now(), 0 if behind else MAX_WAITING, self._stop)
        if behind:
            self._saver.finish(self._now())
            self._settled = time.monotonic()

    def _held_back(self) -> list[FeedOutcome]:
        """Return outcomes for the feeds whose host has just asked to be left alone."""
        held, self._held = self._held, []
        return [self._saver.leave_alone(self._waiting.pop(url)) for url in held if url in self._waiting]

    def _room(self) -> int:
        return self._settings.fetch.workers * 2 - self._under_way

    def _hand_out(self, threads: Executor) -> None:
        room = self._room()
        if room <= 0 or not self._waiting or self._stop.is_set():
            return
        for url in self._hosts.ready(time.monotonic(), room):
            self._under_way += 1
            threads.submit(self._fetch, self._waiting.pop(url))

    def _sleep(self) -> float:
        if not self._waiting or self._room() <= 0 or self._stop.is_set():
            return _PATIENCE  # only a result can help: to look at the hosts again and again would take the writer's processor
        wait = self._hosts.wait(time.monotonic())
        return _PATIENCE if wait is None else min(_PATIENCE, max(0.0, wait))

    def _fetch(self, poll: Poll) -> None:
        try:
            outcome = self._fetcher.fetch(poll.feed, poll.stored.state, self._now(), partial(self._twin, poll))
        except Exception as error:  # noqa: BLE001 - one feed's surprise is never the others' loss
            outcome = FetchFailure("internal", f"unexpected: {failure_of(error).message}")
        self._results.put(_Fetched(poll, outcome))

    def _take(self, threads: Executor, patience: float) -> list[FeedOutcome]:
        """Save what comes back within a moment with one commit; return the outcomes, which nobody hears of before."""
        ended: list[FeedOutcome] = []
        result = self._next(patience)
        if result is None:
            return ended
        until, taken = time.monotonic() + _MOMENT, 0
        with self._saver.batch():
            while result is not None:
                outcome, taken = self._handle(result), taken + 1
                if outcome is not None:
                    self._under_way -= 1
                    ended += [outcome, *self._held_back()]
                    if self._room() >= self._settings.fetch.workers // 2:
                        self._hand_out(threads)  # hosts with work to do wait for no commit
                go_on = taken < _BATCH and self._under_way > 0 and not self._stop.is_set()
                result = self._next(max(0.0, until - time.monotonic())) if go_on else None
        return ended

    def _next(self, patience: float) -> _Fetched | _Prepared | None:
        try:
            return self._results.get(timeout=patience) if patience > 0 else self._results.get_nowait()
        except Empty:
            return None

    def _handle(self, result: _Fetched | _Prepared) -> FeedOutcome | None:
        if isinstance(result, _Prepared):
            return self._saver.save_document(result.poll, result.response, result.result, self._now())
        self._hosts.done(result.poll.feed.url, time.monotonic())
        outcome = result.outcome
        if isinstance(outcome, Response) and outcome.content_hash != result.poll.stored.state.content_hash:
            self._prepare(result.poll, outcome)
            return None
        saved = self._saver.save_unchanged(result.poll, outcome, self._now())
        if result.poll.feed.url in self._saver.holds:
            host = host_of(self._saver.holds.pop(result.poll.feed.url))
            self._held += self._hosts.withdraw(host, lambda url: self._waiting[url].feed.host_backoff)
        return saved

    def _prepare(self, poll: Poll, response: Response) -> None:
        future = self._workers.submit(prepare, self._preparation(poll, response))
        future.add_done_callback(lambda done: self._results.put(_Prepared(poll, response, _result(done))))

    def _preparation(self, poll: Poll, response: Response) -> Preparation:
        stored = poll.stored
        return Preparation(
            body=response.body,
            url=response.url,
            headers=dict(response.headers),
            now=self._now(),
            limits=self._settings.parse,
            language=poll.feed.language,
            publisher_names=tuple(name for name in (stored.publisher, stored.name) if name),
            known={} if stored.state.last_ok is None else self._saver.hashes(stored.id),
            bad_guids=stored.state.bad_guids,
            boilerplate=self._saver.boilerplate(stored.id),
            sketching=self._settings.stories.enabled,
        )


def _result(future: Future[Prepared | FetchFailure]) -> Prepared | FetchFailure:
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - a worker that was killed, or a bug met by one document
        return FetchFailure("parse", f"could not be parsed: {failure_of(error).message}")
