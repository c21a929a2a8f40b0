"""What the daemon gets done: the measure by which systemd and `health` judge it, for a thread that lives may hang."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from aggregator.daemon.locking import Account

# Seconds without any progress after which the watchdog hears nothing more. The longest single step is a backup or pruning.
STUCK: Final = 900.0
POLLING: Final = "a pass over the feeds"


class Progress:
    """Notes which jobs are wanted and which ended; ``publish`` hears the account after each change.

    ``moment`` is seconds on a clock that does not jump, ``clock`` the product's. Any thread may call.
    """

    def __init__(
        self,
        moment: Callable[[], float],
        clock: Callable[[], datetime],
        publish: Callable[[Account], None],
        tick: float,
    ) -> None:
        self._moment = moment
        self._clock = clock
        self._publish = publish
        self._stuck = max(STUCK, 2 * tick)
        self._lock = threading.Lock()
        self._moved = moment()
        self._wanted: dict[str, datetime] = {}
        self._passed: datetime | None = None

    def wanted(self, job: str) -> None:
        """Note that a job is due; it waits for its turn from now on."""
        with self._lock:
            if job != POLLING:  # told by its end: it is wanted every few seconds
                self._wanted.setdefault(job, self._clock())
                self._tell()

    def moved(self) -> None:
        """Note that something was got done: a feed saved, an edition made."""
        self._moved = self._moment()

    def ended(self, job: str, *, well: bool) -> None:
        """Note that a job ended; one that failed was tried all the same, but does not count as a pass."""
        with self._lock:
            self._moved = self._moment()
            self._wanted.pop(job, None)
            if job == POLLING and well:
                self._passed = self._clock()
            self._tell()

    def goes_on(self) -> bool:
        """Tell whether something was got done lately."""
        return self._moment() - self._moved < self._stuck

    def _tell(self) -> None:
        self._publish(Account(self._passed, tuple(self._wanted.items())))
