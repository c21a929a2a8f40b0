"""The schedule of the daemon's jobs, robust against clock jumps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from aggregator.digest.time_zone import time_zone
from aggregator.settings import Settings

# Jobs never overlap, run late rather than not at all, and make up for what was missed once (APScheduler's own grace is a second).
_JOB = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
# How often is looked whether an edition is still to be made: after a stop, a change of its time, a mail that failed.
_LATE_DIGEST = timedelta(minutes=10)
# How often the window is kept beside the database, so that even a start after a power cut is quick.
_KEPT_EVERY = timedelta(minutes=10)
_SERIES = "digest at "  # begins the names of the jobs for digest.editions
RECLUSTER = "recluster"  # the job that ends when there is nothing left to do
_PRUNE_AT, _BACKUP_AT = time(3, 17), time(3, 47)


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


@dataclass(frozen=True, slots=True)
class Jobs:
    """What the daemon does again and again."""

    tick: Callable[[], None]
    deliver: Callable[[], None]
    digest: Callable[[], None]
    recluster: Callable[[], None]
    keep_window: Callable[[], None]
    prune: Callable[[], None]
    backup: Callable[[], None]


def scheduler(settings: Settings) -> BackgroundScheduler:
    """Return a scheduler without jobs, which is yet to be started."""
    return BackgroundScheduler(timezone=time_zone(settings.digest.timezone), job_defaults=_JOB)


def set_jobs(schedule: BackgroundScheduler, settings: Settings, jobs: Jobs) -> None:
    """Schedule the jobs in place of the present ones; the tick and a check for a late digest run at once."""
    zone, at = time_zone(settings.digest.timezone), settings.digest.time
    now = datetime.now(zone)  # noqa: TID251 - the scheduler's own clock
    often: tuple[tuple[str, Callable[[], None], float, dict[str, datetime]], ...] = (
        ("tick", jobs.tick, settings.run.tick, {"next_run_time": now}),
        ("alerts", jobs.deliver, settings.run.tick, {}),
        (RECLUSTER, jobs.recluster, settings.run.tick, {}),
        ("window", jobs.keep_window, int(_KEPT_EVERY.total_seconds()), {}),
        ("late digest", jobs.digest, int(_LATE_DIGEST.total_seconds()), {"next_run_time": now}),
    )
    for name, job, seconds, first in often:
        trigger = OneLateRun(IntervalTrigger(seconds=seconds, timezone=zone))
        schedule.add_job(job, trigger, id=name, replace_existing=True, **first)
    for job in schedule.get_jobs():
        if job.id.startswith(_SERIES):  # its series, or its time, may be no more
            job.remove()
    series = sorted({moment for one in settings.digest.editions.values() for moment in one.time})
    daily = (
        ("digest", jobs.digest, at),
        *((f"{_SERIES}{moment:%H:%M}", jobs.digest, moment) for moment in series),
        ("prune", jobs.prune, _PRUNE_AT),
        ("backup", jobs.backup, _BACKUP_AT),
    )
    for name, job, moment in daily:
        trigger = OneLateRun(CronTrigger(hour=moment.hour, minute=moment.minute, timezone=zone))
        schedule.add_job(job, trigger, id=name, replace_existing=True)


def run_soon(schedule: BackgroundScheduler, name: str, job: Callable[[], None], at: datetime | None = None) -> None:
    """Run a job once, now or ``at`` a time, also where it runs already: what that has read may be old.

    One that waits reads all that is new when its turn comes, so two at once are enough.
    """
    schedule.add_job(job, "date", run_date=at, id=name, replace_existing=True, max_instances=2)


def is_far_off(schedule: BackgroundScheduler, job: str, now: datetime, longest: timedelta) -> bool:
    """Return whether a job is due later than ever: the clock was ahead when it was scheduled, and went back since."""
    found = schedule.get_job(job)
    return found is not None and bool(found.next_run_time > now + longest)
