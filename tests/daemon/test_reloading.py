"""Each word to read the settings anew is heard, whenever it comes."""

from __future__ import annotations

import threading

from aggregator.daemon.schedule import add_reload, scheduler
from aggregator.settings import Settings
from tests.daemon.running import DEADLINE, wait_for


def test_a_reload_that_is_asked_for_while_another_one_ends_is_not_lost() -> None:
    read, end = threading.Semaphore(0), threading.Event()

    def reread() -> None:
        read.release()
        end.wait(DEADLINE)  # the settings are read; the job has yet to end

    schedule = scheduler(Settings())
    schedule.start()
    try:
        for _ in range(3):
            add_reload(schedule, reread)
            assert read.acquire(timeout=DEADLINE)
            wait_for(lambda: schedule.get_job("reload") is None)  # handed out, and off the schedule
    finally:
        end.set()
        schedule.shutdown()
