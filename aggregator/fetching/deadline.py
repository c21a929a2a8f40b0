"""The deadline of a fetch in progress, and the watchdog thread that closes overdue sockets."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aggregator.fetching.faults import FetchError
from aggregator.fetching.guard import AddressGuard
from aggregator.fetching.http1 import ResponseReader
from aggregator.fetching.resolver import Resolver


class FetchCall:
    """The state of one fetch, shared by its thread, its connections and the watchdog.

    ``deadline`` is on the clock of ``time.monotonic``, in seconds.
    """

    __slots__ = (
        "_lock",
        "_socket",
        "cancelled",
        "deadline",
        "expired",
        "guard",
        "host",
        "incoming",
        "needs_new_connection",
        "proxied",
        "resolver",
        "reused",
    )

    def __init__(self, deadline: float, guard: AddressGuard, resolver: Resolver, *, proxied: bool) -> None:
        self.deadline = deadline
        self.guard = guard
        self.resolver = resolver
        self.proxied = proxied  # connections go to the proxy that the desk named
        self.expired = False
        self.cancelled = False  # ended by us, not by a fault of the server
        self.needs_new_connection = False
        self.reused = False  # the last request went out on a kept connection
        self.incoming: ResponseReader | None = None
        self.host: str | None = None  # the host that the HostLimiter has let it through to
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def remaining(self) -> float:
        """Return the seconds left; raises FetchError where there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0 or self.expired:
            self.expired = True
            raise FetchError("timeout", "the fetch took too long")
        return left

    @contextmanager
    def stopped_clock(self) -> Iterator[None]:
        """Stop the deadline's clock inside the block: waiting for the host limiter is not the server's fault."""
        left = self.remaining()
        self.deadline = math.inf
        try:
            yield
        finally:
            self.deadline = time.monotonic() + left

    def attach(self, connection: socket.socket) -> None:
        """Set the socket that the watchdog shuts down at the deadline."""
        with self._lock:
            self._socket = connection
        if self.expired:
            _shut(connection)

    def detach(self) -> None:
        """Remove the socket from the watchdog, before it is kept for another fetch."""
        with self._lock:
            self._socket = None

    def expire(self) -> None:
        """End the fetch: a thread that reads from its socket wakes up."""
        with self._lock:
            self.expired = True
            if self._socket is not None:
                _shut(self._socket)


def _shut(connection: socket.socket) -> None:
    try:
        # The plain socket's method: a TLS socket's own method would discard the TLS session that another thread reads from.
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        pass  # closed already


class Watchdog:
    """One thread that ends overdue fetches; it checks them every tenth of a second while there are any.

    A socket's own timeout counts from the last byte, so a server that sends single bytes slowly never reaches it.
    """

    INTERVAL = 0.1  # seconds

    def __init__(self) -> None:
        self._calls: dict[int, FetchCall] = {}
        self._wake = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def watch(self, call: FetchCall) -> None:
        """Begin to watch a call."""
        self._calls[id(call)] = call
        if not self._wake.is_set():
            self._wake.set()
        if self._thread is None:
            self._start()

    def forget(self, call: FetchCall) -> None:
        """Stop watching a call."""
        self._calls.pop(id(call), None)

    def cancel_all(self) -> None:
        """End all calls in progress, so that a stop does not wait for the slowest server."""
        for call in list(self._calls.values()):
            call.cancelled = True
            call.expire()

    def close(self) -> None:
        """End the thread and all calls in progress."""
        self._closed.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        for call in list(self._calls.values()):
            call.expire()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="fetch-watchdog", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            if not self._calls:
                self._wake.clear()
                # Checked again: a call or the end may have come before the event was cleared.
                if not self._calls and not self._closed.is_set():
                    self._wake.wait()
                continue
            self._closed.wait(self.INTERVAL)
            now = time.monotonic()
            for call in list(self._calls.values()):
                if call.deadline <= now:
                    call.expire()


_current = threading.local()


def set_current(call: FetchCall | None) -> None:
    """Set the call that this thread's connections belong to."""
    _current.call = call


def current() -> FetchCall:
    """Return this thread's call."""
    call: FetchCall | None = getattr(_current, "call", None)
    if call is None:
        raise FetchError("internal", "a connection was asked for outside a fetch")
    return call
