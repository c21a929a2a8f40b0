"""A module that is slow to load, for the workers' tests."""

from __future__ import annotations

import time

STARTED = time.monotonic()


def warm_up() -> None:
    """Take longer than a task may."""
    time.sleep(1.0)


def waited() -> float:
    """Return the seconds since this module was loaded."""
    return time.monotonic() - STARTED
