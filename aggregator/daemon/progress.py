"""The daemon's progress, by which systemd's watchdog and `health` detect a hang."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

from aggregator.daemon.locking import NOTE_INTERVAL, Account

# Seconds without progress after which the watchdog is not notified any more. The longest single step is a backup or pruning.
STUCK: Final = 900.0
POLLING: Final = "a pass over the feeds"


class Progress:
    """Notes which jobs are due and which ended; ``publish`` gets the account after each change.

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
        self._published: tuple[float, Account] | None = None

    def wanted(self, job: str) -> None:
        """Note that a job is due; it waits for its turn from now on."""
        with self._lock:
            if job != POLLING:  # a pass is due every few seconds: only its end counts
                self._wanted.setdefault(job, self._clock())
                self._publish_account()

    def moved(self) -> None:
        """Note that something was got done: a feed saved, an edition made."""
        self._moved = self._moment()

    def ended(self, job: str, *, well: bool) -> None:
        """Note the end of a job; a failed one is not due any more, and does not count as a pass."""
        with self._lock:
            self._moved = self._moment()
            self._wanted.pop(job, None)
            if job == POLLING and well:
                self._passed = self._clock()
            self._publish_account()

    def is_alive(self) -> bool:
        """Return whether something was got done lately."""
        return self._moment() - self._moved < self._stuck

    def _publish_account(self) -> None:
        """Publish the account; where only another pass ended, at intervals, so that an idle desk writes nothing."""
        account, moment = Account(self._passed, tuple(self._wanted.items())), self._moment()
        if self._published is not None:
            when, told = self._published
            only_a_pass = account.waiting == told.waiting and told.passed is not None
            if only_a_pass and moment - when < NOTE_INTERVAL.total_seconds():
                return
        self._published = moment, account
        self._publish(account)
