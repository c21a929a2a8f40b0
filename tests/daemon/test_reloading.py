"""Each word to read the settings anew is heard, whenever it comes."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from aggregator.daemon.schedule import scheduler
from aggregator.daemon.service import Daemon
from aggregator.settings import Settings
from tests.daemon.running import DEADLINE, wait_for
from tests.harness import Clock


def test_a_reload_that_is_asked_for_while_another_one_ends_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    read, end, schedule = threading.Semaphore(0), threading.Event(), scheduler(Settings())
    words = [signal.SIGHUP, signal.SIGHUP, signal.SIGHUP, signal.SIGTERM]

    def reread() -> None:
        read.release()
        end.wait(DEADLINE)  # the settings are read; the job has yet to end

    def word() -> signal.Signals:
        if len(words) < 4:  # the one before was heard: it is handed out, off the schedule, and has read
            assert read.acquire(timeout=DEADLINE)
            wait_for(lambda: schedule.get_job("reload") is None)
        return words.pop(0)

    daemon = Daemon(Path("unused.db"), Clock(), lambda: (Settings(), ()), lambda alert: None)
    monkeypatch.setattr(daemon, "_schedule", schedule, raising=False)
    monkeypatch.setattr(daemon, "_reread", reread)
    monkeypatch.setattr(daemon, "_next", word)
    schedule.start()
    try:
        assert daemon._wait() == signal.SIGTERM
    finally:
        end.set()
        schedule.shutdown()
