"""Entries a second of `recluster --engine dask`, with no worker, one and two, over the same archive.

    python -m bench.cluster [ENTRIES] [--rounds N] [--workers N ...]

The numbers of workers take turns, for the machine's speed changes. Beside the clock stand the processor times of the coordinator and of
its workers: what 100 million entries need follows from these.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from aggregator.executor import open_executor
from aggregator.ingest.archive_clustering import cluster_archives
from aggregator.settings import Settings
from bench.material import archive, lines

NOW = datetime(2027, 1, 1, tzinfo=UTC)


def measured(source: Path, workers: int) -> dict[str, float]:
    """Cluster an archive; return the figures, in seconds."""
    with ExitStack() as opened:
        cluster = opened.enter_context(open_executor("dask", workers, 60.0, 1 << 30)) if workers else None
        for future in [cluster.submit(time.sleep, 0.1) for _ in range(workers)] if cluster else []:
            future.result()  # they are up
        clock, own = time.perf_counter(), time.process_time()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        placed: list[dict[str, object]] = []
        cluster_archives([source], Settings(), NOW, lambda done, total: None, placed.append, cluster)
        clock, own = time.perf_counter() - clock, time.process_time() - own
    after = resource.getrusage(resource.RUSAGE_CHILDREN)  # counted when they have ended
    theirs = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"entries": len(placed), "clock": clock, "coordinator": own, "workers": theirs}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entries", type=int, nargs="?", default=4_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="*", default=[0, 1, 2])
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="cluster-") as folder:
        source = archive(Path(folder), lines(options.entries))
        found: dict[int, list[dict[str, float]]] = {count: [] for count in options.workers}
        for _ in range(options.rounds):
            for count, rounds in found.items():
                rounds.append(measured(source, count))
    for count, rounds in found.items():
        middle = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        each = {name: middle[name] / middle["entries"] * 1_000 for name in ("clock", "coordinator", "workers")}
        print(
            f"{count} workers: {middle['entries'] / middle['clock']:.0f} entries a second;"
            f" coordinator {each['coordinator']:.2f} ms an entry, workers {each['workers']:.2f}"
        )


if __name__ == "__main__":
    main()
