"""Delivers signals as values that the main thread waits for."""

from __future__ import annotations

import signal
import socket
from types import FrameType
from typing import Any, Final, Self

STOP: Final = frozenset({signal.SIGTERM, signal.SIGINT})
RELOAD: Final = signal.SIGHUP
WOKEN: Final = 0


class Signals:
    """While the context is open, signals do not end the process; :meth:`wait` returns them one by one.

    A lock or a queue would not work: the kernel may deliver a signal to any thread, and Python runs the handler only when
    the main thread next executes code. Therefore Python writes the signal's number into a socket (signal.set_wakeup_fd),
    which wakes the main thread.
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
    """Do nothing: the socket already has the signal's number."""
