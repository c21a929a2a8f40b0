"""The host limiter: spaces requests to one host, also to hosts that redirects lead to."""

from __future__ import annotations

import threading
import time

from aggregator.fetching.faults import FetchError

_LOOK = 0.5  # seconds between two looks of a waiting thread, should a notification be lost


class HostLimiter:
    """Lets ``per_host`` requests at a time through to a host, with a pause of ``delay`` seconds after each.

    Any thread may wait at it. A pass that hands out its feeds host by host never waits here, but for what redirects
    brought to that host meanwhile.
    """

    def __init__(self, per_host: int, delay: float) -> None:
        self._per_host = max(per_host, 1)
        self._delay = max(delay, 0.0)
        self._running: dict[str, int] = {}
        self._free_at: dict[str, float] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._refusing = 0  # how many times

    def enter(self, host: str) -> None:
        """Wait for a turn; raises FetchError where the limiter is closed or waiting threads are refused."""
        with self._changed:
            came = self._refusing
            while True:
                now = time.monotonic()
                if came != self._refusing:
                    raise FetchError("stopped", "the fetch was called off before it began")
                if self._closed:
                    raise FetchError("connection", "the fetch was called off")
                pause = self._free_at.get(host, now) - now
                if self._running.get(host, 0) >= self._per_host:
                    pause = _LOOK
                if pause <= 0:
                    break
                self._changed.wait(min(pause, _LOOK))
            self._running[host] = self._running.get(host, 0) + 1

    def leave(self, host: str) -> None:
        """Let the next request through, after the pause."""
        with self._changed:
            self._running[host] -= 1
            if not self._running[host]:
                del self._running[host]
            if self._delay:
                self._free_at[host] = time.monotonic() + self._delay
            self._changed.notify_all()

    def refuse_waiting(self) -> None:
        """Refuse the threads that wait now; later ones are let through as usual."""
        with self._changed:
            self._refusing += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Turn away the threads that wait, and all later ones."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
