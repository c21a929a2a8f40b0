"""The resources of passes, opened when first needed: fetcher, workers, host schedule."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import ExitStack
from typing import TYPE_CHECKING

from aggregator.settings import Settings

if TYPE_CHECKING:
    from aggregator.fetching.hosts import HostSchedule
    from aggregator.ingest.poll import FeedFetcher


class Resources:
    """The resources of all passes under the same settings; so the pause between requests holds across passes.

    A fetcher and workers that are passed in are used instead of new ones, and stay open at :meth:`close`.
    """

    def __init__(self, settings: Settings, fetcher: FeedFetcher | None = None, workers: Executor | None = None) -> None:
        self._settings = settings
        self._stack = ExitStack()
        self._fetcher = fetcher
        self._workers = workers
        self._handed_in = workers is not None
        self._schedule: HostSchedule | None = None

    def close(self) -> None:
        """Stop the workers and close all connections."""
        self._stack.close()

    def fetcher(self, feeds: int) -> FeedFetcher:
        """Return the fetcher; ``feeds`` is the number of feeds to keep connections for."""
        if self._fetcher is None:
            from aggregator.fetching.http import Fetcher

            self._fetcher = self._stack.enter_context(Fetcher(self._settings.fetch, feeds=feeds))
        return self._fetcher

    def workers(self) -> Executor:
        """Return the executor that prepares documents."""
        if self._workers is None:
            from aggregator.executor import open_executor

            parse, run = self._settings.parse, self._settings.run
            self._workers = self._stack.enter_context(
                open_executor(run.executor, parse.workers, parse.deadline, parse.memory, run.dask_address)
            )
        return self._workers

    def abandon(self) -> None:
        """Drop workers that are stuck in a document; others are started when needed."""
        if self._workers is None or self._handed_in:
            return
        workers, self._workers = self._workers, None
        workers.shutdown(wait=False, cancel_futures=True)

    def prepare_for(self, task: Callable[[], None], feeds: int) -> None:
        """Start the workers for ``feeds`` documents, and run ``task`` meanwhile."""
        for _ in range(min(feeds, self._settings.parse.workers)):
            self.workers().submit(task)

    def schedule(self) -> HostSchedule:
        """Return the schedule that spaces the requests to each host."""
        if self._schedule is None:
            from aggregator.fetching.hosts import HostSchedule

            self._schedule = HostSchedule(self._settings.fetch.per_host, self._settings.fetch.host_delay)
        return self._schedule
