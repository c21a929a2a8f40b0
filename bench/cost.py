"""What a report costs the stories stage, by the size of the window: processor time, memory, start, and a flood.

    python -m bench.cost [1000 10000 100000]

Reports are the streams' own, laid into seven days. A flood is one event told by reports that differ in a few words.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from dataclasses import replace
from itertools import islice

from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.vectors import ReportVector
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
    words = [
        "rescue",
        "coast",
        "crew",
        "night",
        "storm",
        "harbour",
        "captain",
        "island",
        "police",
        "inquiry",
        "boats",
        "survivors",
        "minister",
        "hospital",
    ]
    made = []
    for n in range(count):
        more = " ".join(chance.sample(words, 5))
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


def main() -> None:
    """Measure and print."""
    for count in map(int, sys.argv[1:] or ["1000", "10000", "100000"]):
        begin = time.process_time()
        rows = window(count + 400)
        made = (time.process_time() - begin) / len(rows) * 1_000
        graph = StoryGraph()
        imported = passes(graph, rows[:count], 500)
        small = passes(graph, rows[count : count + 400], 10)
        again = StoryGraph()
        begin = time.process_time()
        again.load(rows[:count])
        start = time.process_time() - begin
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{count}: vectors {made:.2f} ms, import {imported:.2f} ms, passes of ten {small:.2f} ms, load {start:.2f} s, {most:.0f} MB"
        )
    for count in (2_000, 20_000):
        graph = StoryGraph()
        took = passes(graph, flood(count), 500)
        print(f"flood of {count}: {took:.2f} ms a report, capped lookups {graph.comparison.index.capped}")


if __name__ == "__main__":
    main()
