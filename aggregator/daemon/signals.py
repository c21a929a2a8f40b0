"""Signals as values that the main thread waits for."""

from __future__ import annotations

import signal
import socket
from types import FrameType
from typing import Any, Final, Self

STOP: Final = frozenset({signal.SIGTERM, signal.SIGINT})
RELOAD: Final = signal.SIGHUP
WOKEN: Final = 0


class Signals:
    """While the context is open, signals end nothing; :meth:`wait` returns them one by one.

    A lock or a queue would not do: the kernel may hand a signal to any thread, and Python's handler then runs only when
    the main thread next executes something. A byte in a socket wakes it (signal.set_wakeup_fd), and is the number.
    """

    def __enter__(self) -> Self:
        self._ours, self._theirs = socket.socketpair()
        self._theirs.setblocking(False)
        self._descriptor = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        self._handlers: dict[int, Any] = {number: signal.signal(number, _ignore) for number in (*STOP, RELOAD)}
        return self

    def __exit__(self, *raised: object) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._descriptor)
        self._ours.close()
        self._theirs.close()

    def wait(self, seconds: float | None) -> int | None:
        """Return the number of the next signal, WOKEN after :meth:`wake`, None after a timeout."""
        self._ours.settimeout(seconds)
        try:
            return self._ours.recv(1)[0]
        except TimeoutError:
            return None

    def wake(self) -> None:
        """Wake the main thread from :meth:`wait`; thread-safe."""
        self._theirs.send(bytes([WOKEN]))


def _ignore(number: int, frame: FrameType | None) -> None:
    """Do nothing: the number is in the socket already."""
