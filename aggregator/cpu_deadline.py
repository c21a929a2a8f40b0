"""Task deadlines that exclude time spent waiting for a CPU."""

from __future__ import annotations

import signal
import time
from multiprocessing.connection import Connection

# Seconds to wait for an answer before reading the kernel's statistics; most answers come sooner.
_SOON = 0.25
# A task is stopped after this many deadlines of wall time, however little of it it could run.
CLOCK_FACTOR = 6


def answers_within(channel: Connection, pid: int, deadline: float) -> bool:
    """Wait for a process's answer; return False after ``deadline`` seconds in which it could run, or six times that in wall time."""
    if channel.poll(min(_SOON, deadline)):
        return True
    begun, starved_before = time.monotonic() - min(_SOON, deadline), run_queue_wait(pid)
    left = deadline - min(_SOON, deadline)
    while not channel.poll(left):
        waited = time.monotonic() - begun
        used = waited - (run_queue_wait(pid) - starved_before)
        left = max(min(deadline - used, CLOCK_FACTOR * deadline - waited), 0.0)
        if left <= 0:
            return channel.poll(0)
    return True


def run_queue_wait(pid: int) -> float:
    """Return the seconds that a process was ready to run and waited for a CPU; 0 if the system does not report it."""
    try:
        with open(f"/proc/{pid}/schedstat", "rb") as statistics:  # noqa: PTH123
            return int(statistics.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def set_alarm(seconds: float) -> None:
    """Have the kernel end this process after some seconds of CPU time, or six times that in wall time; 0 cancels it."""
    for timer, ends, after in (
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, CLOCK_FACTOR * seconds),
    ):
        signal.signal(ends, signal.SIG_DFL)
        signal.setitimer(timer, after)
