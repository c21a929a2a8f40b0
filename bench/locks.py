"""How long others wait for the database while something runs: two editors and a reader against each kind of work.

    python -m bench.locks [ENTRIES]

A process fills a database and then works on it as named. Two threads write a row again and again as an editor's verb
does, a third reads the newest stories; each waits as the product does. The worst and the median wait are printed, in
milliseconds of the clock: other load on the machine lengthens them. The longest that the work itself held the lock is in
processor time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from aggregator import Aggregator
from aggregator.desk.maintenance import prune, rotate_backups
from aggregator.exceptions import LockedError
from aggregator.ingest.archive_order import load
from aggregator.ingest.archives import Importer
from aggregator.model import Feed, FeedState, FetchOutcome, Response
from aggregator.newsroom.publishers import families
from aggregator.settings import Settings
from aggregator.storage.database import Store
from bench.ingest import rss
from bench.material import archive, lines

NOW = datetime(2025, 6, 1, tzinfo=UTC)
PAUSE = 0.02  # seconds between two wishes of an editor or reader


class Waits:
    """The waits of two editors and a reader while a context is open."""

    def __init__(self, path: Path) -> None:
        self.writing: list[float] = []
        self.reading: list[float] = []
        self.refused = 0
        self._path, self._stop = path, threading.Event()
        self._threads = [threading.Thread(target=self._edit, args=(n,)) for n in range(2)]
        self._threads.append(threading.Thread(target=self._read))

    def __enter__(self) -> Waits:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _edit(self, number: int) -> None:
        with Store(self._path) as store:
            while not self._stop.wait(PAUSE):
                begin = time.perf_counter()
                try:
                    with store.transaction() as db:
                        db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (f"bench {number}", str(begin)))
                except LockedError:
                    self.refused += 1
                self.writing.append(time.perf_counter() - begin)

    def _read(self) -> None:
        with Store(self._path) as store:
            while not self._stop.wait(PAUSE):
                begin = time.perf_counter()
                store.connection.execute("SELECT * FROM story ORDER BY last_seen DESC LIMIT 30").fetchall()
                self.reading.append(time.perf_counter() - begin)


@contextmanager
def holding() -> Iterator[list[float]]:
    """Yield the processor seconds for which each transaction of this process holds the lock."""
    held: list[float] = []
    original = Store.transaction

    @contextmanager
    def timed(store: Store, waiting: Callable[[], bool] = lambda: False) -> Iterator[sqlite3.Connection]:
        inside, begin = store.connection.in_transaction, 0.0
        with original(store, waiting) as db:
            begin = time.process_time()
            yield db
        if not inside:
            held.append(time.process_time() - begin)

    with patch.object(Store, "transaction", timed):
        yield held


def work(kind: str, database: Path, source: Path) -> None:
    """Do one kind of work on a database: what is measured, in a process of its own."""
    with holding() as held:
        _work(kind, database, source)
    print(f"{kind:16} held the lock {len(held)} times, {max(held, default=0.0) * 1_000:.0f} ms at most", flush=True)


def _work(kind: str, database: Path, source: Path) -> None:
    settings = Settings()
    with Store(database) as store:
        importer = Importer(store, settings, families(()), NOW)
        entries, _ = load(source)
        half = len(entries) // 2
        works: dict[str, Callable[[], object]] = {
            "fill": lambda: importer.record(entries[:half], lambda done, total: None),
            "import": lambda: importer.record(entries[half:], lambda done, total: None),
            "backup": lambda: rotate_backups(store, 1, NOW),
            "clustering anew": lambda: _anew(store, settings),
            "first fetch": lambda: _first_fetch(database, source),
            "edition": lambda: _edition(database),
            "prune": lambda: prune(store, settings, NOW + timedelta(days=400)),
        }
        works[kind]()


def _anew(store: Store, settings: Settings) -> None:
    from aggregator.ingest.place import Placer
    from aggregator.ingest.recluster import Reclustering

    Reclustering(store, Placer(store, settings)).run(NOW, lambda done, total: None)


def _first_fetch(database: Path, source: Path) -> None:
    """Fetch the second half of the archive's lines once more, as feeds of fifty entries."""
    rows = [json.loads(line) for line in source.read_text("utf-8").splitlines()]
    rows = rows[len(rows) // 2 :]
    documents = {
        f"https://house{start}.example/feed": rss(rows[start : start + 50]).encode()
        for start in range(0, len(rows), 50)
    }
    feeds = [Feed(url) for url in documents]
    with Aggregator.open(Settings(), database, clock=lambda: NOW, feeds=feeds, fetcher=Serving(documents)) as desk:
        desk.fetch(everything=True)


def _edition(database: Path) -> None:
    with Aggregator.open(Settings(), database, clock=lambda: NOW) as desk:
        desk.edition(since=NOW - timedelta(days=60))


class Serving:
    """A fetcher of documents in memory."""

    def __init__(self, documents: dict[str, bytes]) -> None:
        self._documents = documents

    def fetch(
        self, feed: Feed, state: FeedState, now: datetime, other_feed: Callable[[str], str | None]
    ) -> FetchOutcome:
        """Return the document of a feed."""
        body = self._documents[feed.url]
        return Response(feed.url, 200, (), body, hashlib.sha256(body).hexdigest())

    def refuse_waiting(self) -> None:
        """Do nothing: nobody waits."""

    cancel_all = close_idle = refuse_waiting


KINDS = ("import", "first fetch", "clustering anew", "edition", "backup", "prune")


def measured(kind: str, database: Path, source: Path) -> Waits:
    """Return the waits while one kind of work runs."""
    with Waits(database) as waits:
        command = [sys.executable, "-m", "bench.locks", "--work", kind, str(database), str(source)]
        subprocess.run(command, check=True)
    return waits


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entries", type=int, nargs="?", default=6_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="locks-") as folder:
        database, source = Path(folder) / "desk.db", archive(Path(folder), lines(options.entries))
        work("fill", database, source)
        for kind in KINDS:
            waits = measured(kind, database, source)
            for who, found in (("editors", waits.writing), ("reader", waits.reading)):
                if found:
                    print(
                        f"{kind:16} {who:8} worst {max(found) * 1_000:7.0f} ms, median {statistics.median(found) * 1_000:6.1f} ms,"
                        f" {len(found)} times" + (f", {waits.refused} refused" if who == "editors" else "")
                    )


if __name__ == "__main__":
    main()
