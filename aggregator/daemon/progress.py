"""Tracks the daemon's progress, so that systemd's watchdog and `health` detect a hang."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from aggregator.daemon.locking import NOTE_INTERVAL, DaemonState

# Seconds without progress after which systemd's watchdog is no longer notified. The longest single step is a backup or pruning.
STUCK: Final = 900.0
POLLING: Final = "a pass over the feeds"


class Progress:
    """Records due and ended jobs; ``publish`` gets the daemon's state after each change.

    ``moment`` returns seconds on a clock that does not jump, ``clock`` the product's time. Any thread may call it.
    """

    def __init__(
        self,
        moment: Callable[[], float],
        clock: Callable[[], datetime],
        publish: Callable[[DaemonState], None],
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
        self._published: tuple[float, DaemonState] | None = None

    def wanted(self, job: str) -> None:
        """Record that a job is due and waits from now on."""
        with self._lock:
            if job != POLLING:  # a pass is due every few seconds, so only its end counts
                self._wanted.setdefault(job, self._clock())
                self._publish_state()

    def moved(self) -> None:
        """Record progress: a feed was saved, an edition was made."""
        self._moved = self._moment()

    def ended(self, job: str, *, well: bool) -> None:
        """Record the end of a job. A failed job is no longer due; a failed pass does not count as a pass."""
        with self._lock:
            self._moved = self._moment()
            self._wanted.pop(job, None)
            if job == POLLING and well:
                self._passed = self._clock()
            self._publish_state()

    def is_alive(self) -> bool:
        """Return whether there was progress recently."""
        return self._moment() - self._moved < self._stuck

    def _publish_state(self) -> None:
        """Publish the state. If only another pass ended, this is done at intervals, so that an idle desk rarely writes."""
        state, moment = DaemonState(self._passed, tuple(self._wanted.items())), self._moment()
        if self._published is not None:
            when, last = self._published
            only_a_pass = state.waiting == last.waiting and last.passed is not None
            if only_a_pass and moment - when < NOTE_INTERVAL.total_seconds():
                return
        self._published = moment, state
        self._publish(state)
