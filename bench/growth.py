"""Measure how the cost of an entry grows with the database: an import by tenths, with memory, file size and the time of look-ups.

    python -m bench.growth [ENTRIES] [--lanes LANES] [--folder FOLDER] [--plot FILE.png]

The stream is repeated: in each round its dates move on, and a seed puts other names and numbers into its texts.
LANES of it run in parallel, each with its own names: a million entries in 18 lanes are a year. A line is printed after each
tenth; "peak" is the highest memory since the process began. At the end are the time from a restart to the stories of a
new entry, and a hash of all stories and canonical entries, which does not change if a change affects only speed. With --folder
the database and the figures are kept there, and an interrupted run continues with its current tenth.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import re
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from heapq import merge
from importlib.util import find_spec
from itertools import count as numbers
from itertools import islice
from multiprocessing import get_context
from operator import itemgetter
from pathlib import Path
from typing import Any

from aggregator import Aggregator, Settings, StoryQuery
from aggregator.storage.database import Store
from bench.material import archive, lines
from bench.memory import megabytes

ROUND = 38_000
_NAMED = re.compile(r"\b(?:[A-Z][a-z]{3,}|\d+)\b")


def laid_end_to_end(count: int, lanes: int = 1) -> Iterator[dict[str, Any]]:
    """Yield so many lines in order of date, from lanes side by side, each of rounds one after another."""
    rows = lines(min(-(-count // lanes), ROUND))
    return islice(merge(*(_lane(rows, lane, lanes) for lane in range(lanes)), key=itemgetter("date")), count)


def _lane(rows: list[dict[str, Any]], lane: int, lanes: int) -> Iterator[dict[str, Any]]:
    first, last = (datetime.fromisoformat(rows[place]["date"]) for place in (0, -1))
    for number in numbers():
        seed = number * lanes + lane
        for row in rows:
            date = (datetime.fromisoformat(row["date"]) + number * ((last - first) + timedelta(hours=1))).astimezone(
                UTC
            )
            changed = {} if not seed else {key: _renamed(row.get(key) or "", seed) for key in ("title", "body")}
            yield {**row, **changed, "id": f"{seed}-{row['id']}", "date": date.isoformat(), "url": ""}


def _renamed(text: str, seed: int) -> str:
    return _NAMED.sub(lambda match: _other(match[0], seed), text)


@lru_cache(maxsize=1 << 17)
def _other(word: str, seed: int) -> str:
    chance = random.Random(f"{seed} {word}")
    if word.isdigit():
        return str(chance.randrange(10 ** len(word)))
    return "".join(chance.choices("bdfgklmnprstvz", k=2)).title() + "".join(chance.choices("aeioun", k=4))


def write_slices(count: int, lanes: int, folder: Path) -> None:
    """Write the archives, which of a million entries in a year hold three days each."""
    rest, slices = laid_end_to_end(count, lanes), slices_of(count)
    for number in range(10 * slices):
        archive(folder, list(islice(rest, count // (10 * slices)))).rename(folder / f"archive-{number}.jsonl")


def slices_of(count: int) -> int:
    """Return how many archives a tenth has: after each is pruned, as the daemon does every day."""
    return min(12, max(1, count // 10 // 2_000))


def measured(count: int, folder: Path, lanes: int = 1) -> Iterator[dict[str, float]]:
    """Import so many entries in ten parts; yield the figures of each, those first that lie in the folder already."""
    database, figures, part = folder / "grown.db", folder / "figures.jsonl", count // 10
    done = [json.loads(line) for line in figures.read_text().splitlines()] if figures.exists() else []
    yield from done
    slices = slices_of(count)
    if not (folder / f"archive-{10 * slices - 1}.jsonl").exists():
        # In a process of its own, so that the memory that is measured is the product's.
        writer = get_context("spawn").Process(target=write_slices, args=(count, lanes, folder))
        writer.start()
        writer.join()
    now = [datetime(2025, 1, 1, tzinfo=UTC)]
    with Aggregator.open(Settings(), database, clock=lambda: now[0]) as desk:
        for tenth in range(len(done) + 1, 11):
            spent = pruned = clock = 0.0
            for number in range((tenth - 1) * slices, tenth * slices):
                source = folder / f"archive-{number}.jsonl"
                now[0] = datetime.fromisoformat(_last(source)["date"]).astimezone(UTC)
                begin = time.monotonic()
                spent += _seconds(partial(desk.import_archive, source))
                clock += time.monotonic() - begin
                pruned += _seconds(desk.prune)
            listed = _seconds(lambda: desk.stories(StoryQuery(limit=50)))
            searched = _seconds(lambda: desk.search("president"))
            entries = tenth * part
            figure = {
                "entries": entries,
                "ms an entry": spent / part * 1_000,
                "by the clock": clock / part * 1_000,
                "memory MB": megabytes(),
                "peak MB": megabytes(most=True),
                "bytes an entry": database.stat().st_size / entries,
                "stories ms": listed * 1_000,
                "search ms": searched * 1_000,
                "prune ms an entry": pruned / part * 1_000,
            }
            desk.keep_window()
            with figures.open("a", encoding="utf-8") as file:
                print(json.dumps(figure), file=file)
            yield figure


def _last(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return dict(json.loads(deque(file, maxlen=1)[0]))


def _seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def restarted(folder: Path) -> float:
    """Return the seconds of processor time from the opening of a grown database until a new entry stands in a story."""
    late = {**lines(1)[0], "id": "late", "title": "A late report of what happened"}
    source = archive(folder, [late])

    def start() -> None:
        with Aggregator.open(Settings(), folder / "grown.db") as desk:
            desk.import_archive(source)

    return _seconds(start)


def fingerprint(database: Path) -> str:
    """Return a hash of all stories with their canonical entries and reports."""
    with Store(database) as store:
        rows = store.connection.execute(
            "SELECT s.id, s.canonical_entry, s.title, r.id FROM story s JOIN report r ON r.story_id = s.id ORDER BY s.id, r.id"
        )
        return hashlib.sha256("".join(map(repr, rows)).encode()).hexdigest()[:16]


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entries", type=int, nargs="?", default=100_000)
    parser.add_argument("--lanes", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    if options.plot and find_spec("matplotlib") is None:
        parser.error("--plot needs matplotlib: pip install 'aggregator[bench]'")
    with tempfile.TemporaryDirectory(prefix="growth-") as scratch:
        folder, rows = options.folder or Path(scratch), []
        folder.mkdir(parents=True, exist_ok=True)
        for row in measured(options.entries, folder, options.lanes):
            rows.append(row)
            print("  ".join(f"{name} {value:.2f}" for name, value in row.items()), flush=True)
        print(f"stories {fingerprint(folder / 'grown.db')}, restart {restarted(folder):.2f} s")
    if options.plot:
        _draw(rows, options.plot)


def _draw(rows: list[dict[str, float]], path: Path) -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3))
    for axis, name in zip(axes, ("ms an entry", "memory MB", "bytes an entry"), strict=True):
        axis.plot([row["entries"] for row in rows], [row[name] for row in rows])
        axis.set(title=name, xlabel="entries", ylim=(0, None))
    figure.savefig(path, bbox_inches="tight")


if __name__ == "__main__":
    main()
