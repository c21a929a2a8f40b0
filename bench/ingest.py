"""Measure the cost of an entry from the archive's line to its story, by stage and on one core or two, beside named baselines.

    python -m bench.ingest [ENTRIES] [--words 600] [--rounds 3]

Entries are headline and lede, or texts of --words words. Figures are medians over the rounds, in milliseconds of
processor time an entry, of all processes. The baselines do a part of the work on the same entries: feedparser reads them
as RSS, datasketch and rensa make a signature of each, an in-memory MinHashLSH finds candidates.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch
from xml.sax.saxutils import escape

from aggregator.ingest.archives import Importer
from aggregator.ingest.resources import Resources
from aggregator.newsroom.publishers import families
from aggregator.settings import Settings
from aggregator.storage.database import Store
from bench.material import archive, lines

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STAGES = {
    "clean and sketch; vectorise what is made ahead": "aggregator.ingest.archives.prepare_line",
    "store, find copies, vectorise": "aggregator.ingest.record.Recorder.record",
    "compare, score, part": "aggregator.ingest.settle.Settler._plan",
    "write stories and links": "aggregator.ingest.settle.Settler._write",
}


def stages(path: Path, folder: Path) -> dict[str, float]:
    """Return the processor seconds of each stage of an import in one process."""
    spent: dict[str, float] = defaultdict(float)
    with ExitStack() as stack:
        for name, target in STAGES.items():
            original = _found(target)

            def timed(*given: Any, _name: str = name, _original: Callable[..., Any] = original, **named: Any) -> Any:
                begin = time.process_time()
                try:
                    return _original(*given, **named)
                finally:
                    spent[_name] += time.process_time() - begin

            stack.enter_context(patch(target, timed))
        begin = time.process_time()
        _imported(path, folder / "stages.db", None)
        whole = time.process_time() - begin
    return {**spent, "rest: read, date order, commits": whole - sum(spent.values())}


def _found(target: str) -> Callable[..., Any]:
    module, *names = target.split(".")
    found: Any = __import__(module)
    for name in names:
        found = getattr(found, name)
    made: Callable[..., Any] = found
    return made


def whole(path: Path, folder: Path, *, workers: bool, cores: int) -> dict[str, float]:
    """Return the processor time of the coordinator and of workers, and the clock's, of an import on so many cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:cores]))
    try:
        own, children, clock = time.process_time(), _children(), time.perf_counter()
        with ExitStack() as stack:
            resources = Resources(Settings())
            stack.callback(resources.close)
            size = _imported(path, folder / f"whole-{workers}-{cores}.db", resources if workers else None)
            clock = time.perf_counter() - clock
        return {"own": time.process_time() - own, "workers": _children() - children, "clock": clock, "file": size}
    finally:
        os.sched_setaffinity(0, before)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _imported(path: Path, database: Path, resources: Resources | None) -> int:
    for old in database.parent.glob(database.name + "*"):
        old.unlink()
    with Store(database) as store:
        workers = None if resources is None else resources.workers
        Importer(store, Settings(), families(()), NOW, workers=workers).run(path, lambda done, total: None)
    return database.stat().st_size


def baselines(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return the processor seconds of others' libraries for a part of the work on these entries."""
    import feedparser  # type: ignore[import-untyped]
    from datasketch import MinHash, MinHashLSH

    texts = [f"{row['title']} {row.get('body') or ''}".lower().split() for row in rows]
    shingles = [{" ".join(text[n : n + 5]) for n in range(max(1, len(text) - 4))} for text in texts]
    found: dict[str, float] = {}

    def measured(name: str, work: Callable[[], Any]) -> Any:
        begin = time.process_time()
        made = work()
        found[name] = time.process_time() - begin
        return made

    feeds = [rss(rows[start : start + 50]) for start in range(0, len(rows), 50)]
    measured("feedparser alone: read as RSS", lambda: [feedparser.parse(feed) for feed in feeds])
    signatures = measured("datasketch used naively: a signature", lambda: [_naive(MinHash, one) for one in shingles])
    index = MinHashLSH(threshold=0.5, num_perm=128)

    def looked_up() -> None:
        for number, signature in enumerate(signatures):
            index.query(signature)
            index.insert(str(number), signature)

    measured("in-memory MinHashLSH: query and insert", looked_up)
    try:
        from rensa import RMinHash  # type: ignore[import-not-found,import-untyped,unused-ignore]
    except ImportError:
        return found

    def with_rensa() -> None:
        for one in shingles:
            made = RMinHash(num_perm=128, seed=1)
            made.update(list(one))
            made.digest()

    measured("rensa: a signature", with_rensa)
    return found


def _naive(kind: Any, shingles: set[str]) -> Any:
    made = kind(num_perm=128)
    for one in shingles:
        made.update(one.encode())
    return made


def rss(rows: list[dict[str, Any]]) -> str:
    """Return lines of an archive as a feed."""
    items = "".join(
        f"<item><guid>{row['id']}</guid><title>{escape(row['title'])}</title>"
        f"<description>{escape(row.get('body') or '')}</description></item>"
        for row in rows
    )
    return f'<rss version="2.0"><channel><title>Measured</title>{items}</channel></rss>'


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entries", type=int, nargs="?", default=6_000)
    parser.add_argument("--words", type=int, default=0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows = lines(options.entries, options.words)
    count = len(rows)

    def print_figure(name: str, seconds: list[float]) -> None:
        print(f"{name:46} {statistics.median(seconds) / count * 1_000:8.3f} ms an entry")

    with tempfile.TemporaryDirectory(prefix="ingest-") as folder:
        path = archive(Path(folder), rows)
        rounds = [stages(path, Path(folder)) for _ in range(options.rounds)]
        for name in rounds[0]:
            print_figure(name, [one[name] for one in rounds])
        print_figure("all, one process", [sum(one.values()) for one in rounds])
        for cores in (1, 2):
            found = [whole(path, Path(folder), workers=True, cores=cores) for _ in range(options.rounds)]
            for kind in ("own", "workers", "clock"):
                print_figure(f"with workers, {cores} core(s): {kind}", [one[kind] for one in found])
        print(f"{'file':46} {found[0]['file'] / count:8.0f} bytes an entry")
    for name, seconds in baselines(rows).items():
        print_figure(name, [seconds])


if __name__ == "__main__":
    main()
