"""Measure the cost of a changed document by the number of stored entries of its feed.

    python -m bench.large_feed [STORED ...]

A feed of fifty entries is fetched, as many rows as named are put beside them, seen before, and a document comes in which
five entries are new. Told is the median over five such documents, in milliseconds of processor time, workers left out.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator import Aggregator, Settings
from aggregator.model import Feed
from bench.ingest import rss
from bench.locks import Serving
from bench.material import lines

START = datetime(2025, 6, 1, tzinfo=UTC)
ENTRIES, FRESH, ROUNDS = 50, 5, 5
URL = "https://house.example/feed"


def measured(stored: int, database: Path) -> float:
    """Return the milliseconds of a changed poll of a feed with so many entries."""
    rows = lines(ENTRIES + FRESH * ROUNDS)
    documents: dict[str, bytes] = {}
    now = [START]
    with Aggregator.open(
        Settings(), database, clock=lambda: now[0], feeds=[Feed(URL)], fetcher=Serving(documents)
    ) as desk:

        def poll(number: int) -> float:
            documents[URL] = rss(rows[FRESH * number : FRESH * number + ENTRIES]).encode()
            begin = time.process_time()
            desk.fetch(everything=True)
            now[0] += timedelta(hours=1)
            return (time.process_time() - begin) * 1_000

        poll(0)
        _store(desk, stored)
        return statistics.median(poll(number) for number in range(1, ROUNDS + 1))


def _store(desk: Aggregator, count: int) -> None:
    """Put so many entries beside those of the feed, as if they had come long ago."""
    seen = (START - timedelta(days=90)).isoformat()[:19] + "Z"
    columns = [row[1] for row in desk.store.connection.execute("PRAGMA table_info(entry)")]
    changed = {
        "number": "1000000 + n.value",
        "id": "'e' || n.value",
        "key": "'k' || n.value",
        "last_seen": f"'{seen}'",
        "first_seen": f"'{seen}'",
        "content_hash": "hex(n.value)",
        "time": f"'{seen}'",
    }
    values = ", ".join(changed.get(name, f"e.{name}") for name in columns)
    with desk.store.transaction() as db:
        db.execute(
            f"INSERT INTO entry ({', '.join(columns)}) SELECT {values} FROM"
            " (WITH RECURSIVE counted (value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM counted WHERE value < ?)"
            " SELECT value FROM counted WHERE ? > 0) n, (SELECT * FROM entry ORDER BY number LIMIT 1) e",
            (count, count),
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stored", type=int, nargs="*", default=[0, 50_000])
    for stored in parser.parse_args().stored:
        with tempfile.TemporaryDirectory(prefix="large-feed-") as folder:
            print(
                f"{stored + ENTRIES} entries stored: {measured(stored, Path(folder) / 'desk.db'):.1f} ms a changed poll"
            )


if __name__ == "__main__":
    main()
