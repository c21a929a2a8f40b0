"""Name resolution with a deadline, which the system's resolver lacks."""

from __future__ import annotations

import queue
import socket
import threading
from collections.abc import Callable

from aggregator.fetching.faults import FetchError

SocketAddress = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int]]
_Job = Callable[[], None]

THREADS = 32  # names resolved at once; as many as fetches by default, so that one that hangs delays no other


class Resolver:
    """Resolves host names in its own daemon threads, started when first needed."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._busy = 0

    def resolve(self, host: str, port: int, timeout: float) -> list[SocketAddress]:
        """Return the addresses of a host; raises FetchError where there are none or the deadline passes."""
        answers: queue.SimpleQueue[list[SocketAddress] | Exception] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                answers.put(_look_up(host, port))
            except Exception as error:  # noqa: BLE001 - handed to the caller's thread
                answers.put(error)

        self._submit(look_up)
        try:
            answer = answers.get(timeout=max(timeout, 0.001))
        except queue.Empty:
            raise FetchError("timeout", "the host name was not resolved in time") from None
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """Stop the threads; a thread that waits for a name server stops after its answer."""
        with self._lock:
            threads, self._threads = self._threads, []
        for _ in threads:
            self._jobs.put(None)

    def _submit(self, job: _Job) -> None:
        with self._lock:
            self._busy += 1
            if self._busy > len(self._threads) and len(self._threads) < THREADS:
                thread = threading.Thread(target=self._work, name="resolver", daemon=True)
                self._threads.append(thread)
                thread.start()
        self._jobs.put(job)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
            with self._lock:
                self._busy -= 1


def _look_up(host: str, port: int) -> list[SocketAddress]:
    """Call the system's resolver, which also reads numeric addresses in every spelling."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses: list[SocketAddress] = []
    for family, _, _, _, address in found:
        if family in (socket.AF_INET, socket.AF_INET6) and (family, address) not in addresses:
            addresses.append((family, address))  # type: ignore[arg-type]
    if not addresses:
        raise FetchError("connection", "the host name has no address")
    return addresses
