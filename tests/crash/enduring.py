"""Passes without end in one process, against a server that fails at random, and what they use up."""

from __future__ import annotations

import gzip
import os
import random
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from statistics import median

from aggregator.app import Aggregator
from aggregator.settings import FetchSettings, ParseSettings, Settings
from aggregator.storage.integrity import faults
from tests.crash.program import PUBLISHERS, Program
from tests.fetching.server import Server, Visit, answer
from tests.harness import Clock

SETTINGS = Settings(
    fetch=FetchSettings(allow_private_networks=True, host_delay=0.0, per_host=6, timeout=1.0, read_timeout=0.3, gone_after=timedelta(days=366)),
    parse=ParseSettings(workers=2),
)  # fmt: skip
# How a server fails: what it answers in place of a feed's document.
FAILURES: tuple[Callable[[Visit, bytes], bytes | None], ...] = (
    lambda visit, body: answer(b"", status="500 Broken"),
    lambda visit, body: answer(b"", status="404 Not Found"),
    lambda visit, body: answer(b"", "Retry-After: 1", status="503 Busy"),
    lambda visit, body: answer(b"", f"Location: {visit.asked.path}", status="302 Found"),  # round and round
    lambda visit, body: answer(body[: len(body) // 2]),
    lambda visit, body: answer(body)[:-50],
    lambda visit, body: answer(gzip.compress(body)[:-9], "Content-Encoding: gzip"),
    lambda visit, body: answer(b"<!doctype html><html><head><title>Wait</title></head><body>Wait.</body></html>", kind="text/html"),
    lambda visit, body: b"no HTTP at all",
    lambda visit, body: b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 400 + b"\r\n",
    lambda visit, body: visit.hang(),
    lambda visit, body: visit.drip(answer(body), 0.01),
    lambda visit, body: None,
)  # fmt: skip


@dataclass(frozen=True)
class Usage:
    """What a process uses after a pass."""

    memory: float  # megabytes
    descriptors: int
    threads: int
    children: int
    log: float  # megabytes of the write-ahead log
    seconds: float  # of the pass, of this process's processor time


def endure(
    folder: Path, passes: int, seed: int, told: Callable[[int, Usage], object] = lambda number, usage: None
) -> list[Usage]:
    """Run so many passes, half of whose answers are failures; return what was used after each."""
    program, chance, clock = Program(steps=passes, events=1, seed=seed), random.Random(seed), Clock()
    found: list[Usage] = []
    step = 0

    def play(name: str) -> Callable[[Visit], bytes | None]:
        def answered(visit: Visit) -> bytes | None:
            body = program.body(name, step)
            return chance.choice(FAILURES)(visit, body) if chance.random() < 0.5 else answer(body)

        return answered

    with Server() as server:
        feeds = program.feeds(server.url("").rstrip("/"))
        for name in PUBLISHERS:
            server.on(f"/{name}", play(name))
        with Aggregator.open(SETTINGS, folder / "a.db", clock=clock, feeds=feeds) as app:
            for step, clock.now in enumerate(program.moments):
                started = time.process_time()
                app.fetch(everything=True)
                server.asked.clear()  # its memory is not what is measured
                found.append(_usage(folder / "a.db", time.process_time() - started))
                told(step, found[-1])
            assert faults(app.store.connection, app.store.path) == ()
    return found


def _usage(database: Path, seconds: float) -> Usage:
    mine = Path("/proc/self")
    children = 0
    for task in (mine / "task").iterdir():
        with suppress(OSError):  # a thread that ended meanwhile
            children += len((task / "children").read_text().split())
    log = database.with_name(f"{database.name}-wal")
    memory = int((mine / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    return Usage(
        memory / 1e6,
        len(list((mine / "fd").iterdir())),
        threading.active_count(),
        children,
        log.stat().st_size / 1e6 if log.exists() else 0.0,
        seconds,
    )


def growth(used: Sequence[Usage]) -> list[str]:
    """Return a sentence for each thing of which the last quarter of the passes used more than the second.

    The first quarter fills the window of stories; caches of words and addresses, bounded by their number, and SQLite's
    of pages fill for longer.
    """

    def late(of: Callable[[Usage], float]) -> float:
        return part(used, 0.75, 1, of)

    def early(of: Callable[[Usage], float]) -> float:
        return part(used, 0.25, 0.5, of)

    half = len(used) // 2
    limits: tuple[tuple[str, float, float], ...] = (
        ("memory (MB)", late(lambda one: one.memory), early(lambda one: one.memory) + (15 if len(used) < 500 else 25)),
        ("descriptors", late(lambda one: one.descriptors), early(lambda one: one.descriptors) + 4),
        ("seconds of a pass", late(lambda one: one.seconds), 3 * early(lambda one: one.seconds)),
        ("threads", max(one.threads for one in used[half:]), max(one.threads for one in used[:half]) + 4),
        ("children", max(one.children for one in used), SETTINGS.parse.workers + 2),  # and the server that forks them
        ("log (MB)", max(one.log for one in used), 70),
    )
    return [f"{name}: {found:.4g}, where {limit:.4g} is the most" for name, found, limit in limits if found > limit]


def part(usages: Sequence[Usage], first: float, last: float, of: Callable[[Usage], float]) -> float:
    """Return the median over a part of the passes, from one share of them to another."""
    return median(of(one) for one in usages[int(len(usages) * first) : int(len(usages) * last)])
