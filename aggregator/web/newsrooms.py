"""A pool of open newsrooms: each request thread uses one with its own connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from queue import Empty, LifoQueue
from threading import Lock
from time import monotonic
from typing import Any

from aggregator import Aggregator
from aggregator.desk.health import FeedHealthRow, Status
from aggregator.exceptions import LockedError

# Newsrooms open at once, and how long a request waits for one (seconds).
_MOST, _PATIENCE = 4, 20.0
# How long the health of feeds and the status are cached (seconds), because they take time for every feed.
_FRESH = 15.0


class Newsrooms:
    """A few open newsrooms of one database, opened when first needed."""

    def __init__(self, opened: Callable[[], Aggregator]) -> None:
        self._opened = opened
        self._free: LifoQueue[Aggregator] = LifoQueue()
        self._lock = Lock()
        self._closing = ExitStack()
        self._count = 0
        self._figures: dict[str, tuple[float, Any]] = {}

    @contextmanager
    def one(self) -> Iterator[Aggregator]:
        """Lend a newsroom to this thread; raises LockedError if all stay busy."""
        app = self._take()
        try:
            yield app
        finally:
            self._free.put(app)

    def close(self) -> None:
        """Close them all."""
        self._closing.close()

    def feed_health(self, app: Aggregator) -> list[FeedHealthRow]:
        """Return the health of each feed, at most some seconds old."""
        found: list[FeedHealthRow] = self._recent("health", app.feed_health)
        return found

    def status(self, app: Aggregator) -> Status:
        """Return the state of the newsroom, at most some seconds old."""
        found: Status = self._recent("status", app.status)
        return found

    def _recent(self, name: str, made: Callable[[], Any]) -> Any:
        now = monotonic()
        if name not in self._figures or now - self._figures[name][0] > _FRESH:
            self._figures[name] = (now, made())
        return self._figures[name][1]

    def _take(self) -> Aggregator:
        try:
            return self._free.get_nowait()
        except Empty:
            pass
        with self._lock:
            if self._count < _MOST:
                app = self._opened()
                self._closing.callback(app.close)
                self._count += 1
                return app
        try:
            return self._free.get(timeout=_PATIENCE)
        except Empty:
            raise LockedError("The page is busy with other requests; try again in a moment.") from None
