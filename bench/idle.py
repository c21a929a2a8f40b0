"""Measure the cost of an idle daemon: many feeds, none of them due.

    python -m bench.idle [FEEDS] [--minutes N]

In its database every feed was polled recently and is due tomorrow. Prints the daemon's processor time and the bytes that it
wrote after its start.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from aggregator import Aggregator, Settings
from aggregator.daemon.locking import daemon_state
from aggregator.model import Feed
from bench.unchanged import Unmoved


def prepared(count: int, folder: Path) -> None:
    """Make a database and a feeds file in a folder."""
    feeds = [Feed(f"https://house{n}.example/feed", interval=timedelta(hours=24)) for n in range(count)]
    rows = "".join(f"- url: {feed.url}\n  interval: 24h\n" for feed in feeds)
    (folder / "feeds.yaml").write_text(f"feeds:\n{rows}", "utf-8")
    with Aggregator.open(Settings(), folder / "desk.db", feeds=feeds, fetcher=Unmoved()) as desk:
        desk.fetch(everything=True)


def measured(folder: Path, seconds: float, tick: float = 5.0, settling: float = 10.0) -> dict[str, float]:
    """Run a daemon for a while; return its processor time and the bytes it wrote, a second each.

    ``settling`` are the seconds after its first pass that are left out: what is done once, at the start, is over then.
    """
    database = folder / "desk.db"
    command = ("--db", str(database), "--feeds", str(folder / "feeds.yaml"), "--set", f"run.tick={tick}", "run")
    with subprocess.Popen([sys.executable, "-m", "aggregator", *command], stderr=subprocess.DEVNULL) as daemon:
        try:
            while daemon_state(database).passed is None and daemon.poll() is None:
                time.sleep(0.1)
            time.sleep(settling)
            before, begin = _used(daemon.pid), time.monotonic()
            time.sleep(seconds)
            after, passed = _used(daemon.pid), time.monotonic() - begin
        finally:
            daemon.terminate()
    return {name: (after[name] - before[name]) / passed for name in after}


def _used(pid: int) -> dict[str, float]:
    """Return the processor seconds and the written bytes of a process, from /proc."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    written = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return {"processor": sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"), "bytes": float(written["wchar"])}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("feeds", type=int, nargs="?", default=10_000)
    parser.add_argument("--minutes", type=float, default=4)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="idle-") as folder:
        prepared(options.feeds, Path(folder))
        used = measured(Path(folder), options.minutes * 60)
    print(
        f"{options.feeds} feeds, none due: {used['processor']:.2%} of a core, {used['bytes']:.1f} bytes written a second"
    )


if __name__ == "__main__":
    main()
