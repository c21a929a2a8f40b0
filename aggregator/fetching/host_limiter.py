"""The host limiter: it spaces requests to one host, also those that redirects lead to."""

from __future__ import annotations

import threading
import time

from aggregator.fetching.faults import FetchError

_RECHECK = 0.5  # seconds after which a waiting thread checks again, in case a notification was lost


class HostLimiter:
    """Allows ``per_host`` requests to a host at a time, with a pause of ``delay`` seconds after each.

    Any thread may wait in it. A pass already orders its feeds by host, so it waits here only for requests that
    redirects brought to the same host.
    """

    def __init__(self, per_host: int, delay: float) -> None:
        self._per_host = max(per_host, 1)
        self._delay = max(delay, 0.0)
        self._running: dict[str, int] = {}
        self._free_at: dict[str, float] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._refusals = 0  # calls of refuse_waiting

    def enter(self, host: str) -> None:
        """Wait for a turn; raises FetchError where the limiter is closed or waiting threads are refused."""
        with self._changed:
            refusals = self._refusals
            while True:
                now = time.monotonic()
                if refusals != self._refusals:
                    raise FetchError("stopped", "the fetch was called off before it began")
                if self._closed:
                    raise FetchError("connection", "the fetch was called off")
                pause = self._free_at.get(host, now) - now
                if self._running.get(host, 0) >= self._per_host:
                    pause = _RECHECK
                if pause <= 0:
                    break
                self._changed.wait(min(pause, _RECHECK))
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
        """Refuse the threads that are waiting now; later ones are allowed as usual."""
        with self._changed:
            self._refusals += 1
            self._changed.notify_all()

    def close(self) -> None:
        """Refuse the waiting threads and all later ones."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
