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

# A job never overlaps itself, runs late rather than not at all, and runs once for all missed times.
_JOB = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
# How often the daemon checks for a late edition: after a stop, a change of its time, or a failed mail.
_LATE_DIGEST = timedelta(minutes=10)
# How often the window is saved beside the database, so that a start after a power failure is quick.
_KEPT_EVERY = timedelta(minutes=10)
_SERIES = "digest at "  # begins the names of the jobs for digest.editions
RECLUSTER = "recluster"  # the job that ends when there is nothing left to do
_PRUNE_AT, _BACKUP_AT = time(3, 17), time(3, 47)


class OneLateRun(BaseTrigger):  # type: ignore[misc]  # the library is untyped
    """Wraps a trigger so that all missed times count as one.

    The library lists every time between the last run and now before it merges them: after a year, one for every five seconds.
    """

    __slots__ = ("_trigger",)

    def __init__(self, trigger: Any) -> None:
        self._trigger = trigger

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """Return the first time after the last run that is not in the past."""
        found: datetime | None = self._trigger.get_next_fire_time(previous_fire_time, now)
        if previous_fire_time is not None and found is not None and found <= now:
            found = self._trigger.get_next_fire_time(None, now + timedelta(microseconds=1))
        return found


@dataclass(frozen=True, slots=True)
class Jobs:
    """The daemon's recurring jobs."""

    tick: Callable[[], None]
    deliver: Callable[[], None]
    digest: Callable[[], None]
    recluster: Callable[[], None]
    keep_window: Callable[[], None]
    prune: Callable[[], None]
    backup: Callable[[], None]


def scheduler(settings: Settings) -> BackgroundScheduler:
    """Return a scheduler without jobs that has not been started."""
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
        if job.id.startswith(_SERIES):  # its series, or its time, may no longer exist
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
    """Run a job once, now or ``at`` a time, even if it is running, because the running one may have read old data.

    At most two run at once: the second waits for its turn and then reads everything new.
    """
    schedule.add_job(job, "date", run_date=at, id=name, replace_existing=True, max_instances=2)


def is_far_off(schedule: BackgroundScheduler, job: str, now: datetime, longest: timedelta) -> bool:
    """Return whether a job is due too far in the future, because the clock went back after it was scheduled."""
    found = schedule.get_job(job)
    return found is not None and bool(found.next_run_time > now + longest)
