"""Measure how much depends on the order of arrival: a day's entries shuffled within each hour, and one by one against one import.

    python bench/stability.py LABELLED.jsonl ... [--shuffles 2] [--first 2000]

The clustering gets the entries in the order drawn, against their dates: what no import and no pass does, for both
place in order of time; between two passes it happens. Prints, for each archive that bears dates, the BCubed F1 at
which the stories of two runs agree, and what each run reaches on the labels. Hours are those of the entries' dates.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aggregator.clustering.metrics import score
from aggregator.ingest.archive_order import load
from aggregator.ingest.archives import Importer
from aggregator.newsroom.publishers import families
from aggregator.parsing.archive import ArchiveEntry
from aggregator.settings import Settings
from aggregator.storage.database import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def shuffled_within_hours(entries: Sequence[ArchiveEntry], seed: int) -> list[ArchiveEntry]:
    """Return the entries with the order within each hour drawn by lot; the order of hours stays."""
    chance = random.Random(seed)
    drawn = [(one.data.published, chance.random(), one) for one in entries]

    def hour(time: datetime | None) -> datetime:
        return (time or datetime.max.replace(tzinfo=UTC)).replace(minute=0, second=0, microsecond=0)

    return [one for _, _, one in sorted(drawn, key=lambda pair: (hour(pair[0]), pair[1]))]


def stories(imports: Iterable[Sequence[ArchiveEntry]]) -> dict[str, str]:
    """Return line -> story after these imports, one after another."""
    with Store(None) as store:
        importer = Importer(store, Settings(), families(()), NOW)
        lines: dict[tuple[str, str], str] = {}
        for entries in imports:
            lines |= {(_feed(one), one.data.key): str(one.line) for one in entries}
            importer.record_places(entries, lambda done, total: None)
        rows = store.connection.execute(
            "SELECT feed.url, entry.key, entry.story_id FROM entry JOIN feed ON feed.id = entry.feed_id"
        )
        return {lines[url, key]: story for url, key, story in rows}


def _feed(entry: ArchiveEntry) -> str:
    return entry.origin.feed if entry.origin is not None else f"archive:{entry.source}"


def report_agreement(path: Path, shuffles: int, first: int) -> None:
    """Print the figures of one archive."""
    entries = [one for one in load(path)[0] if one.data.published is not None][:first]
    labels = {str(one.line): one.cluster for one in entries if one.cluster is not None}
    plain = stories([entries])
    print(f"{path.stem}: {len(entries)} dated entries, F1 on labels {score(labels, plain).bcubed_f1:.4f}")
    others = {f"shuffled within hours, seed {seed}": [shuffled_within_hours(entries, seed)] for seed in range(shuffles)}
    others["entry by entry"] = [[one] for one in entries]
    for name, imports in others.items():
        found = stories(imports)
        print(
            f"  {name:34} agreement {score(plain, found).bcubed_f1:.4f}, F1 on labels {score(labels, found).bcubed_f1:.4f}",
            flush=True,
        )


def main() -> None:
    """Measure."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("archives", nargs="+", type=Path)
    options.add_argument("--shuffles", type=int, default=2)
    options.add_argument("--first", type=int, default=10**9, help="take the first entries by date only")
    chosen = options.parse_args()
    for path in chosen.archives:
        report_agreement(path, chosen.shuffles, chosen.first)


if __name__ == "__main__":
    main()
