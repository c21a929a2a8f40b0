"""Measure how long others wait for the database while work runs: two editors and a reader beside each kind of work.

    python -m bench.locks [ENTRIES] [--story REPORTS] [--only KIND ...]

A process fills a database and then works on it as named; kinds that end with "large story" work on a database of one story
of so many reports, verbs of a third editor one after the other. Two threads write a row again and again as an editor's verb
does, a third reads the newest stories; each waits as the product does. The worst and the median wait are printed, in
milliseconds of the clock: other load on the machine lengthens them. The longest that the work itself held the lock is in
processor time.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aggregator import Aggregator
from aggregator.desk.mailing import mail_edition
from aggregator.desk.maintenance import prune, rotate_backups
from aggregator.digest.values import Edition
from aggregator.exceptions import LockedError
from aggregator.ingest.archive_order import load
from aggregator.ingest.archives import Importer
from aggregator.ingest.resketch import resketch
from aggregator.model import Feed, FeedState, FetchOutcome, Response
from aggregator.newsroom.publishers import families
from aggregator.settings import MailSettings, Settings
from aggregator.storage.database import Store
from bench.floods import event
from bench.held_lock import holding
from bench.ingest import rss
from bench.mail_server import mail_server
from bench.material import archive, lines
from bench.verbs import verbs

NOW = datetime(2025, 6, 1, tzinfo=UTC)
PAUSE = 0.02  # seconds between two wishes of an editor or reader
CLUSTERING, RESKETCH, LARGE = "clustering anew", "sketching anew", "large story"
RECIPIENTS = 500  # of a mailed edition


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


def work(kind: str, database: Path, source: Path) -> None:
    """Do one kind of work on a database: what is measured, in a process of its own."""
    with holding() as held:
        _work(kind, database, source)
    _tell(kind, held)


def _tell(kind: str, held: list[float]) -> None:
    print(f"{kind:28} held the lock {len(held)} times, {max(held, default=0.0) * 1_000:.0f} ms at most", flush=True)


def _work(kind: str, database: Path, source: Path) -> None:
    settings = Settings()
    if kind in _OF_DESKS:
        with Aggregator.open(settings, database, clock=lambda: NOW) as desk:
            _OF_DESKS[kind](desk)
        return
    with Store(database) as store:
        importer = Importer(store, settings, families(()), NOW)
        entries, _ = load(source)
        half = len(entries) // 2
        works: dict[str, Callable[[], object]] = {
            "fill": lambda: importer.record(entries[:half], lambda done, total: None),
            "fill whole": lambda: importer.record(entries, lambda done, total: None),
            "import": lambda: importer.record(entries[half:], lambda done, total: None),
            "backup": lambda: rotate_backups(store, 1, NOW),
            CLUSTERING: lambda: _anew(store, settings),
            f"{CLUSTERING}, {LARGE}": lambda: _anew(store, settings),
            RESKETCH: lambda: resketch(store, settings, lambda done, total: None),
            "first fetch": lambda: _first_fetch(database, source),
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


def _verbs(desk: Aggregator) -> None:
    for name, verb in verbs(desk):
        with holding() as held:
            verb()
        _tell(f"  {name.strip()}", held)


def _edition(desk: Aggregator) -> Edition:
    return desk.edition(since=NOW - timedelta(days=60))


def _mail(desk: Aggregator) -> None:
    """Mail an edition to so many recipients, and then its next one."""
    with mail_server() as port:
        recipients = tuple(f"reader{number}@paper.example" for number in range(RECIPIENTS))
        mail = MailSettings("127.0.0.1", port, starttls=False, sender="desk@paper.example", recipients=recipients)
        for days in (59, 58):
            mail_edition(desk.store, desk.edition(since=NOW - timedelta(days=days)), mail)


_OF_DESKS: dict[str, Callable[[Aggregator], object]] = {"edition": _edition, "mail": _mail, f"verbs, {LARGE}": _verbs}


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


KINDS = ("import", "first fetch", CLUSTERING, RESKETCH, "edition", "mail", "backup", "prune")
OF_A_LARGE_STORY = (f"verbs, {LARGE}", f"{CLUSTERING}, {LARGE}")


def measured(kind: str, database: Path, source: Path) -> Waits:
    """Return the waits while one kind of work runs."""
    if kind == RESKETCH:
        with Store(database) as store, store.transaction() as db:
            db.execute("UPDATE sketch SET version = 'other'")
    with Waits(database) as waits:
        command = [sys.executable, "-m", "bench.locks", "--work", kind, str(database), str(source)]
        subprocess.run(command, check=True)
    return waits


def _print(kind: str, waits: Waits) -> None:
    for who, found in (("editors", waits.writing), ("reader", waits.reading)):
        if found:
            refused = f", {waits.refused} refused" if who == "editors" else ""
            worst, median = max(found) * 1_000, statistics.median(found) * 1_000
            print(
                f"{kind:28} {who:8} worst {worst:7.0f} ms, median {median:6.1f} ms, {len(found)} times{refused}",
                flush=True,
            )


def large_story(folder: Path, reports: int) -> Path:
    """Make a database of one story of so many reports."""
    work("fill whole", folder / "story.db", archive(folder, event(reports)))
    return folder / "story.db"


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--work"]:
        work(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entries", type=int, nargs="?", default=6_000)
    parser.add_argument("--story", type=int, default=20_000, help="reports of the large story")
    every = (*KINDS, *OF_A_LARGE_STORY)
    parser.add_argument("--only", nargs="*", choices=every, default=every, metavar="KIND", help=", ".join(every))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="locks-") as folder:
        if usual := [kind for kind in KINDS if kind in options.only]:
            database, source = Path(folder) / "desk.db", archive(Path(folder), lines(options.entries))
            work("fill", database, source)
            for kind in usual:
                _print(kind, measured(kind, database, source))
        if large := [kind for kind in OF_A_LARGE_STORY if kind in options.only]:
            database = large_story(Path(folder), options.story)
            for kind in large:
                _print(kind, measured(kind, database, Path(folder) / "archive.jsonl"))


if __name__ == "__main__":
    main()
