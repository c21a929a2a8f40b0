"""When the daemon's jobs are due, by a clock that may jump."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from apscheduler.triggers.base import BaseTrigger


class OneLateRun(BaseTrigger):  # type: ignore[misc]  # the library is untyped
    """Another trigger, of which all times that were missed are one.

    The library lists the times between the last run and now one by one before it makes them one: after a year, those of
    every five seconds.
    """

    __slots__ = ("_trigger",)

    def __init__(self, trigger: Any) -> None:
        self._trigger = trigger

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the first time after the last one, but none that has passed."""
        found: datetime | None = self._trigger.get_next_fire_time(previous_fire_time, now)
        if previous_fire_time is not None and found is not None and found <= now:
            found = self._trigger.get_next_fire_time(None, now + timedelta(microseconds=1))
        return found
