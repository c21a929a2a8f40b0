"""Feeds a second beside lemon24/reader, on one loopback server: a first fetch, an unchanged pass, memory.

    python bench/polling.py --reader-python PATH [--feeds 200] [--entries 50]

``--reader-python`` is the interpreter of an environment that has reader installed; without it only our figures
are printed. Each side has its own process and its own database file; the two run in turn, so that a noisy
machine is noisy for both. Figures are medians; the ratio is ours to reader's (10 workers), on the clock and by
the processor time of all processes, which other load disturbs less.

Ours runs with ``fetch.per_host`` 32 and ``fetch.host_delay`` 0, because all feeds lie on one host here. Its memory is
the proportional set size of all processes together (what they share counts once), taken after each pass and twice a
second in between; reader is one process, and its figure is its largest resident set.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

OURS = """
import json, sys, threading, time, os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from aggregator.model import Feed
from aggregator.ingest import place as placing
from aggregator.ingest import poll
from aggregator.ingest import record as recording
from aggregator.ingest import save as saving  # before the clock starts, as reader's modules are
from aggregator.app import Desk
from aggregator.settings import FetchSettings, Settings, StorySettings

def total_memory():
    pages = 0
    for pid in [os.getpid(), *(int(name) for name in children())]:
        try:
            pages += sum(int(line.split()[1]) for line in open(f"/proc/{pid}/smaps_rollup") if line.startswith("Pss:"))
        except OSError:
            pass
    return pages / 1024

def children():
    found = []
    for task in Path("/proc/self/task").iterdir():  # a process belongs to the thread that started it
        try:
            found += (task / "children").read_text().split()
        except OSError:
            pass  # the thread has just ended
    return found

def processor():
    ticks = 0
    for pid in [os.getpid(), *children()]:
        fields = open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")

peak = [0.0]

def watch():
    while True:
        time.sleep(0.5)  # a look costs milliseconds, which reader does not pay
        peak[0] = max(peak[0], total_memory())

threading.Thread(target=watch, daemon=True).start()
base, feeds, folder, stories = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4] == "on"
settings = replace(
    Settings(),
    fetch=FetchSettings(allow_private_networks=True, per_host=32, host_delay=0.0),
    stories=replace(StorySettings(), enabled=stories),
)
now = datetime(2026, 3, 10, 23, tzinfo=UTC)
listed = [Feed(f"{base}/{n}.xml") for n in range(feeds)]
with Desk.open(settings, Path(folder) / "ours.db", clock=lambda: now, feeds=listed) as desk:
    seconds, work, memory = [], [], 0
    for _ in range(2):
        started, before = time.perf_counter(), processor()
        outcomes = desk.fetch(everything=True)
        seconds.append(time.perf_counter() - started)
        work.append(max(processor() - before, 0.01))
        memory = max(memory, peak[0], total_memory())
        assert all(o.status in ("ok", "not_modified") for o in outcomes), outcomes[0]
    entries = desk.store.connection.execute("SELECT count(*) FROM entry").fetchone()[0]
print(json.dumps({
    "first": feeds / seconds[0], "unchanged": feeds / seconds[1], "first_cpu": feeds / work[0],
    "unchanged_cpu": feeds / work[1], "memory": memory, "entries": entries,
}))
"""

READER = """
import json, sys, time, resource
from reader import make_reader
base, feeds, folder, workers = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
reader = make_reader(folder + "/reader.db")
for n in range(feeds):
    reader.add_feed(f"{base}/{n}.xml")
seconds, work = [], []
for _ in range(2):
    started, before = time.perf_counter(), time.process_time()
    for result in reader.update_feeds_iter(workers=workers, scheduled=False):
        if isinstance(result.value, Exception):
            raise result.value
    seconds.append(time.perf_counter() - started)
    work.append(max(time.process_time() - before, 0.01))
entries = reader.get_entry_counts().total
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({
    "first": feeds / seconds[0], "unchanged": feeds / seconds[1], "first_cpu": feeds / work[0],
    "unchanged_cpu": feeds / work[1], "memory": memory, "entries": entries,
}))
"""


Side = tuple[str, str, str]  # interpreter, script, its last argument


def _sides(reader_python: Path | None, *, without_clustering: bool) -> dict[str, Side]:
    """Return the programs that are compared, by name."""
    sides: dict[str, Side] = {"ours": (sys.executable, OURS, "off")}
    if not without_clustering:
        sides["ours, clustering"] = (sys.executable, OURS, "on")
    if reader_python:
        sides["reader, default"] = (str(reader_python), READER, "1")
        sides["reader, 10 workers"] = (str(reader_python), READER, "10")
    return sides


def _played(side: Side, base: str, feeds: int) -> subprocess.CompletedProcess[str]:
    """Run a side once, in a scratch folder."""
    python, script, argument = side
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(
            [python, "-c", script, base, str(feeds), folder, argument],
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )


def main() -> int:
    """Run the sides in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reader-python", type=Path)
    parser.add_argument("--feeds", type=int, default=200)
    parser.add_argument("--entries", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-clustering", action="store_true", help="leave out the side that clusters")
    options = parser.parse_args()
    sides = _sides(options.reader_python, without_clustering=options.without_clustering)
    server = Path(__file__).with_name("feed_server.py")
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in sides}
    with subprocess.Popen(
        [sys.executable, str(server), str(options.feeds), str(options.entries)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as serving:
        assert serving.stdout is not None
        base = serving.stdout.readline().strip()
        for number in range(options.rounds):
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
            for name, side in sides.items():
                done = _played(side, base, options.feeds)
                if done.returncode:
                    print(done.stderr[-2000:], file=sys.stderr)
                    return 1
                figures[name].append(json.loads(done.stdout.splitlines()[-1]))
        serving.terminate()
    _print(figures, options.feeds, options.entries)
    return 0


COLUMNS = {
    "first": "first/s",
    "unchanged": "unchanged/s",
    "first_cpu": "first/CPU s",
    "unchanged_cpu": "unchanged/CPU s",
    "memory": "MB",
    "entries": "entries",
}


def _print(figures: dict[str, list[dict[str, float]]], feeds: int, entries: int) -> None:
    print(f"{feeds} feeds x {entries} entries, medians of {len(next(iter(figures.values())))} rounds")
    print(f"{'':22}" + "".join(f"{title:>17}" for title in COLUMNS.values()))
    middle = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]} for name, runs in figures.items()
    }
    for name, row in middle.items():
        print(f"{name:22}" + "".join(f"{row[key]:17.0f}" for key in COLUMNS))
    base = middle.get("reader, 10 workers")
    if base:
        for name in sorted(name for name in middle if name.startswith("ours")):
            ratios = ", ".join(f"{COLUMNS[key]} {middle[name][key] / base[key]:.2f}" for key in list(COLUMNS)[:4])
            print(f"{name} to reader: {ratios}")


if __name__ == "__main__":
    raise SystemExit(main())
