"""Measure how much faster a first fetch is on two cores than on one, in wall time of whole processes.

    python -m bench.first_fetch [ENTRIES] [--feeds 240] [--words 600] [--rounds 3]

The entries stand in feeds on a loopback server, dealt in turn, so that each feed's lie between the others' in time. The program
runs ``fetch --all`` on one core and on two, in turn; the start of Python and of the workers counts. Figures are medians.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import AbstractContextManager
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from bench.material import lines
from bench.replay_week import loopback

OPTIONS = ("fetch.allow_private_networks=true", "fetch.per_host=32", "fetch.host_delay=0", "parse.workers=2")


def feed(rows: list[dict[str, Any]], name: str) -> str:
    """Return lines of an archive as a feed whose entries have dates and addresses."""
    items = "".join(
        f"<item><guid isPermaLink='false'>{row['id']}</guid><title>{escape(row['title'])}</title>"
        f"<link>https://{name}.example/{row['id']}</link><description>{escape(row.get('body') or '')}</description>"
        f"<pubDate>{format_datetime(datetime.fromisoformat(row['date']))}</pubDate></item>"
        for row in rows
    )
    return f'<rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


def folder_server(folder: Path) -> AbstractContextManager[str]:
    """Serve a folder on the loopback address; give its URL."""
    return loopback(partial(Quiet, directory=str(folder)))


def write_feeds(rows: list[dict[str, Any]], feeds: int, folder: Path) -> None:
    """Deal the entries to so many feeds in turn, and write these."""
    for number in range(feeds):
        (folder / f"{number}.xml").write_text(feed(rows[number::feeds], f"f{number}"), "utf-8")


def measured(folder: Path, url: str, feeds: int, cores: int) -> dict[str, float]:
    """Return seconds of a first fetch on so many cores: by the clock, and processor time of all processes."""
    (folder / "feeds.yaml").write_text(
        "feeds:\n" + "".join(f"  - url: {url}/{number}.xml\n    publisher: p{number}\n" for number in range(feeds))
    )
    for old in folder.glob("fetched.db*"):
        old.unlink()
    program = [
        sys.executable,
        "-m",
        "aggregator",
        "--feeds",
        str(folder / "feeds.yaml"),
        "--db",
        str(folder / "fetched.db"),
    ]
    program += [word for option in OPTIONS for word in ("--set", option)]
    allowed = set(sorted(os.sched_getaffinity(0))[:cores])
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [*program, "fetch", "--all"],
        check=True,
        capture_output=True,
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"clock": time.perf_counter() - began, "processor": spent}


def _rounds(folder: Path, feeds: int, rounds: int) -> dict[int, list[dict[str, float]]]:
    """Return number of cores -> the figures of each round; one core and two take turns."""
    found: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    with folder_server(folder / "feeds") as url:
        for _ in range(rounds):
            for cores, rows in found.items():
                rows.append(measured(folder, url, feeds, cores))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entries", type=int, nargs="?", default=6_000)
    parser.add_argument("--feeds", type=int, default=240)
    parser.add_argument("--words", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="first-fetch-") as name:
        folder = Path(name)
        (folder / "feeds").mkdir()
        write_feeds(lines(options.entries, options.words), options.feeds, folder / "feeds")
        found = _rounds(folder, options.feeds, options.rounds)
    clock = {cores: statistics.median(row["clock"] for row in rows) for cores, rows in found.items()}
    for cores, rows in found.items():
        spent = statistics.median(row["processor"] for row in rows)
        print(
            f"{cores} core(s): {clock[cores]:.2f} s by the clock, {clock[cores] / options.entries * 1_000:.2f} ms an entry;"
            f" processor {spent / options.entries * 1_000:.2f} ms an entry"
        )
    print(f"two cores: {clock[1] / clock[2]:.2f} times one")


if __name__ == "__main__":
    main()
