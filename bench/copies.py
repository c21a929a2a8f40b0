"""Measure how well copies are found: the recall on labelled copies, and the labelled non-copies that end in one report.

python bench/copies.py LABELLED.jsonl PAIRS.jsonl
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path

from aggregator.ingest.archive_order import load
from aggregator.ingest.archives import Importer
from aggregator.newsroom.publishers import families
from aggregator.settings import Settings
from aggregator.storage.database import Store


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("labelled", type=Path)
    parser.add_argument("pairs", type=Path)
    parser.add_argument("--show", type=int, default=0, metavar="N", help="name N pairs of each mistake")
    options = parser.parse_args()
    entries, _ = load(options.labelled)
    started = time.perf_counter()
    with Store(None) as store:
        Importer(store, Settings(), families(()), datetime(2026, 1, 1, tzinfo=UTC)).record_places(
            entries, lambda done, total: None
        )
        report = dict(store.connection.execute("SELECT key, report_id FROM entry").fetchall())
    seconds = time.perf_counter() - started
    pairs = [json.loads(line) for line in options.pairs.open(encoding="utf-8")]
    together = {label: [pair for pair in pairs if pair["label"] == label] for label in ("pos", "neg")}
    missed = [pair for pair in together["pos"] if report[pair["a"]] != report[pair["b"]]]
    false = [pair for pair in together["neg"] if report[pair["a"]] == report[pair["b"]]]
    print(
        f"recall on copies       {1 - len(missed) / len(together['pos']):.4f}  ({len(missed)} of {len(together['pos'])} missed)"
    )
    print(f"non-copies together    {len(false) / len(together['neg']):.4f}  ({len(false)} of {len(together['neg'])})")
    print(f"reports                {len(set(report.values()))} of {len(report)} entries")
    print(f"milliseconds an entry  {1000 * seconds / len(entries):.2f}")
    for name, wrong in (("missed", missed), ("false", false)):
        for pair in wrong[: options.show]:
            print(name, json.dumps(pair))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
