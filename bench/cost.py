"""Measure the cost of a report in the stories stage by the size of the window: processor time, memory, start, and a flood.

    python -m bench.cost [1000 10000 100000] [--flood 600]

Reports come from the streams, with dates within seven days. A flood is one event in reports that differ in a few words.
Memory is that of the process less its memory before the first report; another process makes the reports.
"""

from __future__ import annotations

import argparse
import pickle
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.vectors import ReportVector
from bench.material import WORDS
from bench.memory import megabytes
from bench.worlds import DATA, DAY, START, Item, rows_of

Rows = list[tuple[str, ReportVector]]


def window(count: int) -> Rows:
    """Return reports of the streams in the order of their days, laid into a week."""
    items = [
        Item(f"{path.stem}:{n}", row["title"], row.get("body") or "", row["lang"], row.get("source") or "", None, "")
        for path in sorted((DATA / "streams").glob("*.jsonl.xz"))
        for n, row in enumerate(rows_of(path))
    ]
    random.Random(1).shuffle(items)
    step = 7 * DAY / count
    return [(item.key, replace(item, time=START + n * step).vector()) for n, item in enumerate(islice(items, count))]


def flood(count: int) -> Rows:
    """Return reports of one event."""
    chance = random.Random(2)
    made = []
    for n in range(count):
        more = " ".join(chance.sample(WORDS[:14], 5))
        item = Item(f"f{n}", f"Ferry Norbanka sinks off Vasstrand: {more}", f"The ferry Norbanka sank off Vasstrand. {more}",
                    "en", f"house {n % 500}", START + n * 2 * DAY / count, "")  # fmt: skip
        made.append((item.key, item.vector()))
    return made


def passes(graph: StoryGraph, rows: Rows, size: int) -> float:
    """Return the processor time of one report, in milliseconds, when so many come at once."""
    begin = time.process_time()
    for start in range(0, len(rows), size):
        graph.add_all(rows[start : start + size])
        graph.settle()
    return (time.process_time() - begin) / len(rows) * 1_000


def told_apart(count: int) -> Iterator[Rows]:
    """Yield reports of the streams five hundred at a time, made in another process: nothing of it counts as ours."""
    code = (
        "import pickle, sys; from bench.cost import window; rows = window(int(sys.argv[1]));"
        "[pickle.dump([(key, one.packed()) for key, one in rows[n : n + 500]], sys.stdout.buffer)"
        " for n in range(0, len(rows), 500)]"
    )
    command = [sys.executable, "-c", code, str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as made:
        assert made.stdout is not None
        left = count
        while left > 0:
            part = pickle.load(made.stdout)
            left -= len(part)
            yield [(key, ReportVector.unpacked(vector)) for key, vector in part]


def cost(count: int) -> dict[str, float]:
    """Return what a report costs in a window of so many, in milliseconds of processor time, and what the window takes."""
    graph, before = StoryGraph(), megabytes()
    spent, small, last = 0.0, 0.0, 0
    for part in told_apart(count + 500):
        begin = time.process_time()
        if len(graph) < count:
            graph.add_all(part)
            graph.settle()
            spent += time.process_time() - begin
        else:
            for start in range(0, len(part), 10):
                graph.add_all(part[start : start + 10])
                graph.settle()
            small, last = time.process_time() - begin, len(part)
    memory = megabytes() - before
    kept = pickle.dumps(graph, pickle.HIGHEST_PROTOCOL)
    del graph
    begin = time.process_time()
    pickle.loads(kept)
    ready = time.process_time() - begin
    return {
        "import ms": spent / count * 1_000,
        "passes of ten ms": small / max(1, last) * 1_000,
        "MB": memory,
        "ready after s": ready,
        "kept MB": len(kept) / 1e6,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("counts", type=int, nargs="*", default=[1_000, 10_000, 100_000])
    parser.add_argument("--flood", type=int, nargs="*", default=[600])
    options = parser.parse_args()
    for count in options.counts:
        print(f"{count}: " + ", ".join(f"{name} {value:.2f}" for name, value in cost(count).items()), flush=True)
    for count in options.flood:
        for size in (500, 10):
            graph = StoryGraph()
            took = passes(graph, flood(count), size)
            print(
                f"flood of {count} in passes of {size}: {took:.2f} ms a report, capped lookups {graph.comparison.index.capped}",
                flush=True,
            )


if __name__ == "__main__":
    main()
