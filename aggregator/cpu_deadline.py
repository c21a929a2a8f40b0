"""How long a worker is waited for: by what it could do with its time, not by the clock of a busy machine alone."""

from __future__ import annotations

import signal
import time
from multiprocessing.connection import Connection

# Seconds for an answer before the kernel is asked how long the process waited for a processor: most come sooner.
_SOON = 0.25
# Deadlines on the clock after which a task is stopped however little of them it could run.
CLOCK_FACTOR = 6


def answers_within(channel: Connection, pid: int, deadline: float) -> bool:
    """Wait for a process's answer; False once it had ``deadline`` seconds in which it could run, or six times that passed."""
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
    """Return for how many seconds a process was ready to run and others had the processors; 0 where nobody tells."""
    try:
        with open(f"/proc/{pid}/schedstat", "rb") as told:  # noqa: PTH123
            return int(told.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


def set_alarm(seconds: float) -> None:
    """Let the kernel end this process once it ran for some seconds, or six times that passed; 0 takes it back."""
    for timer, ends, after in (
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, CLOCK_FACTOR * seconds),
    ):
        signal.signal(ends, signal.SIG_DFL)
        signal.setitimer(timer, after)
