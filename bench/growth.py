"""How the cost of an entry grows with the database: an import by tenths, with memory, file and the time of look-ups.

    python -m bench.growth [ENTRIES] [--plot FILE.png]

The stream is laid end to end: at each round its dates move on, and a seed puts other names and numbers in its texts. Each
tenth is told when it is done. At the end stand the time from a restart to the stories of a new entry, and a hash of all
stories and canonical entries: it stays the same where a change is of speed alone.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from aggregator import Aggregator, Settings, StoryQuery
from aggregator.storage.database import Store
from bench.material import archive, lines

ROUND = 38_000
_NAMED = re.compile(r"\b(?:[A-Z][a-z]{3,}|\d+)\b")


def laid_end_to_end(count: int) -> Iterator[dict[str, Any]]:
    """Yield so many lines, round by round."""
    rows = lines(min(count, ROUND))
    first, last = (datetime.fromisoformat(rows[place]["date"]) for place in (0, -1))
    for number in range(-(-count // len(rows))):
        moved = number * ((last - first) + timedelta(hours=1))
        for row in islice(rows, count - number * len(rows)):
            date = (datetime.fromisoformat(row["date"]) + moved).isoformat()
            changed = {} if not number else {key: _renamed(row.get(key) or "", number) for key in ("title", "body")}
            yield {**row, **changed, "id": f"{number}-{row['id']}", "date": date, "url": ""}


def _renamed(text: str, seed: int) -> str:
    def other(match: re.Match[str]) -> str:
        chance = random.Random(f"{seed} {match[0]}")
        if match[0].isdigit():
            return str(chance.randrange(10 ** len(match[0])))
        return "".join(chance.choices("bdfgklmnprstvz", k=2)).title() + "".join(chance.choices("aeioun", k=4))

    return _NAMED.sub(other, text)


def measured(count: int, folder: Path) -> Iterator[dict[str, float]]:
    """Import so many entries in ten parts; yield the figures of each."""
    database, rest = folder / "grown.db", laid_end_to_end(count)
    now = [datetime(2025, 1, 1, tzinfo=UTC)]
    with Aggregator.open(Settings(), database, clock=lambda: now[0]) as desk:
        for tenth in range(1, 11):
            rows = list(islice(rest, count // 10))
            now[0] = datetime.fromisoformat(rows[-1]["date"]).astimezone(UTC)
            source = archive(folder, rows)
            spent = _seconds(partial(desk.import_archive, source))
            listed = _seconds(lambda: desk.stories(StoryQuery(limit=50)))
            searched = _seconds(lambda: desk.search("president"))
            pruned = _seconds(desk.prune)
            entries = tenth * (count // 10)
            yield {
                "entries": entries,
                "ms an entry": spent / len(rows) * 1_000,
                "memory MB": int(Path("/proc/self/statm").read_text().split()[1]) * 4_096 / 1e6,
                "bytes an entry": database.stat().st_size / entries,
                "stories ms": listed * 1_000,
                "search ms": searched * 1_000,
                "prune ms an entry": pruned / len(rows) * 1_000,
            }
        desk.keep_window()


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
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="growth-") as folder:
        rows = []
        for row in measured(options.entries, Path(folder)):
            rows.append(row)
            print("  ".join(f"{name} {value:.2f}" for name, value in row.items()), flush=True)
        print(f"stories {fingerprint(Path(folder) / 'grown.db')}, restart {restarted(Path(folder)):.2f} s")
    if options.plot:
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(1, 3, figsize=(12, 3))
        for axis, name in zip(axes, ("ms an entry", "memory MB", "bytes an entry"), strict=True):
            axis.plot([row["entries"] for row in rows], [row[name] for row in rows])
            axis.set(title=name, xlabel="entries", ylim=(0, None))
        figure.savefig(options.plot, bbox_inches="tight")


if __name__ == "__main__":
    main()
