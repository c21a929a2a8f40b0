"""How the cost of an entry grows with the database: an import by tenths, with memory, file and the time of look-ups.

    python -m bench.growth [ENTRIES] [--plot FILE.png]

The stream is laid end to end: at each round its dates move on, and a seed puts other names and numbers in its texts.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from aggregator import Aggregator, Settings, StoryQuery
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


def measured(count: int, folder: Path) -> list[dict[str, float]]:
    """Import so many entries in ten parts; return the figures of each."""
    database, rest = folder / "grown.db", laid_end_to_end(count)
    found: list[dict[str, float]] = []
    now = [datetime(2025, 1, 1, tzinfo=UTC)]
    with Aggregator.open(Settings(), database, clock=lambda: now[0]) as desk:
        for tenth in range(1, 11):
            rows = list(islice(rest, count // 10))
            now[0] = datetime.fromisoformat(rows[-1]["date"]).astimezone(UTC)
            source = archive(folder, rows)
            begin = time.process_time()
            desk.import_archive(source)
            spent = time.process_time() - begin
            begin = time.process_time()
            desk.stories(StoryQuery(limit=50))
            listed = time.process_time() - begin
            begin = time.process_time()
            desk.prune()
            pruned = time.process_time() - begin
            entries = tenth * (count // 10)
            found.append(
                {
                    "entries": entries,
                    "ms an entry": spent / len(rows) * 1_000,
                    "memory MB": int(Path("/proc/self/statm").read_text().split()[1]) * 4_096 / 1e6,
                    "bytes an entry": database.stat().st_size / entries,
                    "stories ms": listed * 1_000,
                    "prune ms an entry": pruned / len(rows) * 1_000,
                }
            )
    return found


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entries", type=int, nargs="?", default=100_000)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="growth-") as folder:
        rows = measured(options.entries, Path(folder))
    for row in rows:
        print("  ".join(f"{name} {value:.2f}" for name, value in row.items()))
    if options.plot:
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(1, 3, figsize=(12, 3))
        for axis, name in zip(axes, ("ms an entry", "memory MB", "bytes an entry"), strict=True):
            axis.plot([row["entries"] for row in rows], [row[name] for row in rows])
            axis.set(title=name, xlabel="entries", ylim=(0, None))
        figure.savefig(options.plot, bbox_inches="tight")


if __name__ == "__main__":
    main()
