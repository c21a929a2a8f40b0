"""Measure how long SIGTERM takes during each kind of work, and check that nothing is half done afterwards.

    python -m bench.stops [SITUATION…] [--entries NUMBER] [--rounds NUMBER]

Each situation is a process of its own, told to stop a little later in each round. Prints the shortest and the longest
seconds of the clock (other load lengthens them) and how the process ended; ends with 1 where one took longer than 10 s
by more than a busy machine explains, ended badly, or left a database that is not sound.
"""

from __future__ import annotations

import argparse
import contextlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.feed_server import document
from bench.material import archive, lines
from tests.daemon.running import Daemon, Newsroom, environment, wait_for
from tests.daemon.running import document as small
from tests.fetching.server import Server, Visit, answer

PROMISED = 10.0  # seconds
PATIENT = ("fetch.timeout=600", "fetch.read_timeout=600", "parse.deadline=600", "parse.max_entries=50000")
Stopped = tuple[float, int]  # seconds and exit code


@dataclass(frozen=True)
class Round:
    """One desk, how much is put on it, and how long after the beginning it is told to stop."""

    newsroom: Newsroom
    entries: int
    delay: float


def stopped(daemon: Daemon, delay: float) -> Stopped:
    """Tell a daemon to stop after a while; return how long it took and its exit code."""
    time.sleep(delay)
    began = time.monotonic()
    code = daemon.stop()
    return time.monotonic() - began, code


def at_rest(one: Round) -> Stopped:
    """Nothing is due."""
    one.newsroom.follow(one.newsroom.serve("/feed", "One"))
    with one.newsroom.daemon() as daemon:
        daemon.hear("feed: 1 new")
        return stopped(daemon, one.delay)


def dripping(one: Round) -> Stopped:
    """Forty feeds send a byte at a time."""

    def drips(visit: Visit) -> None:
        visit.drip(answer(small("x" * 100_000)), pause=0.2)

    one.newsroom.follow(*(one.newsroom.server.on(f"/feed{number}", drips) for number in range(40)))
    with one.newsroom.daemon(settings=[*PATIENT, "fetch.workers=8", "fetch.per_host=100"]) as daemon:
        wait_for(lambda: len(one.newsroom.server.paths()) == 8)
        return stopped(daemon, one.delay)


def silent(one: Round) -> Stopped:
    """A server takes the question and says nothing."""
    one.newsroom.follow(one.newsroom.server.on("/silent", Visit.hang))
    with one.newsroom.daemon(settings=PATIENT) as daemon:
        wait_for(lambda: one.newsroom.server.paths() == ["/silent"])
        return stopped(daemon, one.delay)


def large(one: Round) -> Stopped:
    """A document of thousands of entries is read and stored."""
    one.newsroom.server.on("/large", answer(document(1, one.entries)))
    one.newsroom.follow(one.newsroom.server.url("/large"))
    settings = [*PATIENT, "run.executor=processes", "stories.enabled=true"]
    with one.newsroom.daemon(settings=settings) as daemon:
        wait_for(lambda: one.newsroom.server.paths() == ["/large"])
        return stopped(daemon, 2 * one.delay)


def beside_import(one: Round) -> Stopped:
    """An import beside the daemon."""
    newsroom = one.newsroom
    newsroom.follow(newsroom.serve("/feed", "One"))
    with newsroom.daemon(settings=["stories.enabled=true"]) as daemon:
        daemon.hear("feed: 1 new")
        with importing(one):
            wait_for(lambda: newsroom.rows("SELECT count(*) > 1 FROM entry") == [(1,)])
            return stopped(daemon, one.delay)


def import_itself(one: Round) -> Stopped:
    """An import is told to stop."""
    with importing(one) as process:
        wait_for(one.newsroom.database.exists)
        wait_for(lambda: one.newsroom.rows("SELECT count(*) FROM sqlite_master WHERE name = 'entry'") == [(1,)])
        wait_for(lambda: one.newsroom.rows("SELECT count(*) > 1 FROM entry") == [(1,)])
        time.sleep(one.delay)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        return time.monotonic() - began + _waited(process), process.returncode


def digest(one: Round) -> Stopped:
    """The edition that is due is made of thousands of entries."""
    filled(one)
    one.newsroom.settings |= {"digest.time": "06:00", "stories.enabled": "true"}
    one.newsroom.follow(one.newsroom.serve("/feed", "One"))
    moment = one.newsroom.rows("SELECT date(max(first_seen), '+1 day') || 'T06:01:00Z' FROM entry")[0][0]
    with one.newsroom.daemon(now=str(moment)) as daemon:
        daemon.hear("following 1 feed")
        return stopped(daemon, one.delay)


def recluster(one: Round) -> Stopped:
    """The stories are found anew after an upgrade."""
    filled(one)
    outdated(one)
    one.newsroom.follow(one.newsroom.serve("/feed", "One"))
    with one.newsroom.daemon() as daemon:
        daemon.hear("following 1 feed")
        return stopped(daemon, 3 * one.delay)


def recluster_itself(one: Round) -> Stopped:
    """The command that finds the stories anew is told to stop."""
    filled(one)
    outdated(one)
    command = [sys.executable, "-m", "aggregator", *one.newsroom.arguments("recluster")]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=one.newsroom.folder, env=environment({}), stdout=quiet, stderr=quiet) as process:
        wait_for(lambda: one.newsroom.rows("SELECT count(*) FROM fact WHERE name = 'recluster'") == [(1,)])
        time.sleep(one.delay)
        began = time.monotonic()
        process.terminate()
        return time.monotonic() - began + _waited(process), process.returncode


def outdated(one: Round) -> None:
    """Have all vectors be of a former version."""
    with contextlib.closing(sqlite3.connect(one.newsroom.database)) as db, db:
        db.execute("UPDATE report_vector SET version = 'former'")
    one.newsroom.settings |= {"stories.enabled": "true"}


def filled(one: Round) -> None:
    """Import everything."""
    with importing(one) as process:
        assert process.wait() == 0


@contextmanager
def importing(one: Round) -> Iterator[subprocess.Popen[bytes]]:
    """Import so many lines in a process; ended at the latest where the context is left."""
    source = archive(one.newsroom.folder, lines(one.entries))
    if not one.newsroom.feeds_file.exists():
        one.newsroom.follow()
    one.newsroom.settings |= {"stories.enabled": "true"}
    command = [sys.executable, "-m", "aggregator", *one.newsroom.arguments("import", str(source))]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=one.newsroom.folder, env=environment({}), stdout=quiet, stderr=quiet)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _waited(process: subprocess.Popen[bytes]) -> float:
    began = time.monotonic()
    process.wait()
    return time.monotonic() - began


SITUATIONS: dict[str, Callable[[Round], Stopped]] = {
    "nothing": at_rest,
    "dripping": dripping,
    "silent": silent,
    "document": large,
    "beside-import": beside_import,
    "import": import_itself,
    "digest": digest,
    "recluster": recluster,
    "recluster-itself": recluster_itself,
}


def played(name: str, entries: int, delay: float) -> tuple[float, int, bool]:
    """Play one situation; return its seconds, its exit code, and whether the database is sound."""
    with tempfile.TemporaryDirectory(prefix="stops-") as folder, Server() as server:
        newsroom = Newsroom(Path(folder), server)
        seconds, code = SITUATIONS[name](Round(newsroom, entries, delay))
        return seconds, code, newsroom.call("db", "check").code == 0


def main() -> int:
    """Play and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("situations", nargs="*", metavar="SITUATION", help=", ".join(SITUATIONS))
    parser.add_argument("--entries", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if unknown := set(options.situations).difference(SITUATIONS):
        parser.error(f"no situation {', '.join(sorted(unknown))}; there are {', '.join(SITUATIONS)}")
    faults = 0
    for name in options.situations or SITUATIONS:
        found = [played(name, options.entries, 0.2 + number) for number in range(options.rounds)]
        seconds = [one for one, _, _ in found]
        codes = sorted({code for _, code, _ in found})
        sound = all(one for _, _, one in found)
        print(f"{name:14} {min(seconds):5.1f} to {max(seconds):5.1f} s, ended with {codes}, sound: {sound}", flush=True)
        faults += not sound or max(seconds) > 2 * PROMISED or not set(codes) <= {0, -signal.SIGTERM}
    return min(faults, 1)


if __name__ == "__main__":
    raise SystemExit(main())
