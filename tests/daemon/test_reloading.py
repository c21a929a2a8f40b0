"""A word to reload that comes while a reload runs is not lost."""

from __future__ import annotations

import threading

from aggregator.daemon.schedule import run_soon, scheduler
from aggregator.settings import Settings
from tests.daemon.running import wait_for


def test_a_job_that_is_asked_for_while_it_runs_runs_again() -> None:
    began, goes_on = threading.Semaphore(0), threading.Event()
    ran: list[int] = []

    def job() -> None:
        began.release()
        goes_on.wait(60)
        ran.append(1)

    schedule = scheduler(Settings())
    schedule.start()
    try:
        run_soon(schedule, "reload", job)
        assert began.acquire(timeout=60)
        run_soon(schedule, "reload", job)
        assert began.acquire(timeout=60)
        goes_on.set()
        wait_for(lambda: len(ran) == 2)
    finally:
        goes_on.set()
        schedule.shutdown()
