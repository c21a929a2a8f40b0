"""What the daemon gets done, by which it is judged; and its jobs' times where the clock jumps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.job import Job
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from hypothesis import given
from hypothesis import strategies as st

from aggregator.daemon.locking import NOTE_INTERVAL, DaemonLock, DaemonState, daemon_state, holder
from aggregator.daemon.progress import POLLING, STUCK, Progress
from aggregator.daemon.schedule import OneLateRun

NOW = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Time:
    """Seconds that a test sets, and the product's clock beside them."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def moment(self) -> float:
        return self.seconds

    def clock(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)


def test_the_watchdog_hears_of_progress_and_not_of_a_living_thread() -> None:
    time, told = Time(), list[DaemonState]()
    progress = Progress(time.moment, time.clock, told.append, tick=5)
    time.seconds = STUCK - 1
    assert progress.is_alive()
    time.seconds = STUCK + 1
    assert not progress.is_alive()  # no pass ended, none saved a feed
    progress.moved()
    assert progress.is_alive()
    time.seconds += STUCK + 1
    progress.wanted("the digest")
    assert not progress.is_alive()  # that a job is due is no progress
    progress.ended(POLLING, well=False)
    assert progress.is_alive()  # what fails is tried again: a restart would do no more


def test_the_account_tells_the_last_pass_that_ended_well_and_the_jobs_that_wait() -> None:
    time, told = Time(), list[DaemonState]()
    progress = Progress(time.moment, time.clock, told.append, tick=5)
    progress.ended(POLLING, well=True)
    time.seconds = 60
    progress.wanted("the digest")
    progress.ended(POLLING, well=False)
    time.seconds = 90
    progress.wanted("the digest")
    assert told[-1] == DaemonState(NOW, (("the digest", NOW + timedelta(seconds=60)),))
    progress.ended("the digest", well=False)
    assert told[-1] == DaemonState(NOW)


def test_a_desk_that_has_nothing_to_do_writes_its_account_now_and_then() -> None:
    time, told = Time(), list[DaemonState]()
    progress = Progress(time.moment, time.clock, told.append, tick=5)
    every = NOTE_INTERVAL.total_seconds()
    for second in range(0, int(2.5 * every), 5):
        time.seconds = float(second)
        progress.ended(POLLING, well=True)
    assert [state.passed for state in told] == [NOW, NOW + NOTE_INTERVAL, NOW + 2 * NOTE_INTERVAL]
    progress.wanted("the digest")
    assert told[-1].waiting  # what waits is told at once
    progress.ended("the digest", well=True)
    assert not told[-1].waiting
    silent = DaemonState(NOW).faults
    assert not silent(NOW + 2 * NOTE_INTERVAL, timedelta(seconds=1))  # it may be as old without a fault
    assert silent(NOW + 2.1 * NOTE_INTERVAL, timedelta(seconds=1))


def test_health_reads_the_account_beside_the_lock(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    assert daemon_state(database) == DaemonState()
    with DaemonLock(database) as lock:
        assert daemon_state(database) == DaemonState()
        lock.note(DaemonState(NOW, (("the digest", NOW), ("pruning", NOW + HOUR))))
        assert holder(database) is not None
        found = daemon_state(database)
        assert found == DaemonState(NOW, (("the digest", NOW), ("pruning", NOW + HOUR)))
        assert found.faults(NOW + HOUR, HOUR) == []
        later = found.faults(NOW + 1.5 * HOUR, HOUR)
        assert [fault.partition(" since")[0] for fault in later] == [
            "no pass over the feeds has ended well", "the digest is due"
        ]  # fmt: skip
        lock.note(DaemonState(NOW + HOUR))
        assert daemon_state(database) == DaemonState(NOW + HOUR)
    assert daemon_state(database) == DaemonState()


def listed(trigger: OneLateRun, due: datetime, now: datetime) -> list[datetime]:
    """Return the runs that the scheduler makes one of."""
    job = Job(BackgroundScheduler(timezone=UTC), trigger=trigger, func=print, args=(), kwargs={}, next_run_time=due)
    times: list[datetime] = job._get_run_times(now)
    return times


@pytest.mark.parametrize(
    "trigger", [IntervalTrigger(seconds=5, start_date=NOW, timezone=UTC), CronTrigger(hour=6, timezone=UTC)]
)
@given(jump=st.timedeltas(timedelta(0), timedelta(days=800)))
def test_whatever_the_clock_jumps_a_job_runs_late_once_and_next_time_as_ever(
    trigger: IntervalTrigger, jump: timedelta
) -> None:
    late = OneLateRun(trigger)
    assert listed(late, NOW, NOW + jump) == [NOW]
    following = late.get_next_fire_time(NOW, NOW + jump)
    assert following is not None
    assert NOW + jump < following <= NOW + jump + timedelta(days=1)
    assert late.get_next_fire_time(None, NOW) == trigger.get_next_fire_time(None, NOW)
