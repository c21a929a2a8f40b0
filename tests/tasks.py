"""Top-level functions that tests ship to workers."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aggregator.ingest.prepare import Preparation, Prepared, PreparedEntry
    from aggregator.model import EntryData, FetchFailure


def double(number: int) -> int:
    return 2 * number


def pid(_: object) -> int:
    return os.getpid()


def rest(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def misbehave(how: str) -> object:
    """Do what documents do to parsers."""
    return MISDEEDS[how]()


def _backtrack() -> object:
    import re

    return re.match(r"(a+)+$", "a" * 60 + "b")  # holds the GIL for years


def _raise() -> object:
    raise ValueError("bad value")


class LostWorker(BaseException):
    """Stands for the end of a process, where a worker is none of its own."""


def _lose() -> object:
    raise LostWorker("the worker was lost without a word")


def prepare_beside_poison(task: Preparation) -> Prepared | FetchFailure:
    """Prepare a document with a library that some entries kill: those whose titles begin with "Poison"."""
    from aggregator.ingest import prepare as preparing  # nothing that most workers of tests need

    whole = preparing.prepare_entry

    def prepare_entry(data: EntryData, *given: Any, **options: Any) -> PreparedEntry:
        if data.title.startswith("Poison"):
            misbehave(data.title.split()[1])
        return whole(data, *given, **options)

    preparing.prepare_entry = prepare_entry
    try:
        return preparing.prepare(task)
    finally:
        preparing.prepare_entry = whole


MISDEEDS: dict[str, Callable[[], object]] = {
    "well": lambda: "well",
    "sleep": lambda: time.sleep(600),
    "backtrack": _backtrack,
    "memory": lambda: bytearray(3_000_000_000),
    "raise": _raise,
    "lose": _lose,
    "exit": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "crash": lambda: ctypes.string_at(0),
    "unsendable": lambda: lambda: None,
    "print": lambda: print("not on stdout"),  # noqa: T201
}
