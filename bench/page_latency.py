"""Measure how long the desk's page and its commands take on a full database; rows are written directly, pages requested in this process.

    python -m bench.page_latency [--entries 10000 100000 1000000] [--asked 15] [--keep FOLDER]

A year of entries over 400 feeds: a fifth are copies, stories have one to thirty entries by a power law. For each size the
median and the slowest answer of each page is printed, in milliseconds of the clock and of the processor; then the same of
each command, with the start of its process. ``--keep`` leaves the databases in a folder and takes those that are there.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.testclient import TestClient

from aggregator import Aggregator, Settings
from aggregator.settings import WebSettings
from aggregator.storage.database import Store
from aggregator.storage.times import to_text
from aggregator.web.site import Access, site

FEEDS, SEED, YEAR = 400, 7, timedelta(days=365)
_AT_ONCE = 20_000
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LANGUAGES, CATEGORIES = ("en", "de", "fr", "pl", None), ("defence", "politics", "economy", None)


def build(path: Path, entries: int) -> None:
    """Write a database with a number of entries."""
    chance = random.Random(SEED)
    words = ["".join(chance.choices("etaoinsrhldcum", k=chance.randint(3, 9))) for _ in range(20_000)]
    invention = _Invention(chance, words, entries)
    with Store(path) as store:
        _follow(store.connection)
        number = story = 0
        while number < entries:
            # Several, because one transaction of a million rows would make the log huge
            with store.transaction() as db:
                db.execute("PRAGMA defer_foreign_keys = ON")
                number, story = _fill(db, number, story, min(number + _AT_ONCE, entries), invention)


def _follow(db: sqlite3.Connection) -> None:
    with db:
        db.executemany(
            "INSERT INTO feed (id, key, url, name, publisher, added, last_fetch, last_ok, next_fetch) VALUES (?,?,?,?,?,?,?,?,?)",
            [
                (
                    number,
                    f"k{number}",
                    f"https://outlet{number}.example/feed",
                    f"Outlet {number}",
                    f"Outlet {number}",
                    to_text(NOW - YEAR),
                    to_text(NOW),
                    to_text(NOW),
                    to_text(NOW),
                )
                for number in range(1, FEEDS + 1)
            ],
        )


@dataclass(frozen=True, slots=True)
class _Invention:
    """The source of invented rows: random numbers, words, and the number of entries in all."""

    chance: random.Random
    words: list[str]
    entries: int


def _fill(db: sqlite3.Connection, number: int, story: int, end: int, invention: _Invention) -> tuple[int, int]:
    """Write stories until there are ``end`` entries; return the numbers of the next entry and the last story."""
    chance, words, entries = invention.chance, invention.words, invention.entries
    while number < end:
        story += 1
        size = min(int(chance.paretovariate(1.1)), 30, entries - number)
        opened = NOW - YEAR + YEAR * (number / entries)
        title = " ".join(chance.choices(words, k=9)).capitalize()
        rows = list(_members(invention, story, number, size, opened, title))
        reports = sorted({row[-2] for row in rows})
        last = rows[-1][-3]
        db.execute(
            "INSERT INTO story (id, title, url, publisher, language, category, entries, reports, publishers, first_seen, last_seen,"
            " canonical_entry, opened, changed) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (f"s{story:09}", title, rows[0][5], rows[0][6], rows[0][7], rows[0][8], size, len(reports),
             len({row[6] for row in rows}), to_text(opened), last, rows[0][1], to_text(opened), last),
        )  # fmt: skip
        db.executemany(
            "INSERT INTO report (id, story_id, entries, first_seen, last_seen) VALUES (?,?,1,?,?)",
            [(report, f"s{story:09}", to_text(opened), last) for report in reports],
        )
        db.executemany(
            "INSERT INTO entry (number, id, feed_id, key, title, url, publisher, language, category, author, published, date_flag,"
            " first_seen, last_seen, summary, content, text, content_hash, time, report_id, story_id)"
            " VALUES (?,?,?,?,?,?,?,?,?,'',?,'ok',?,?,'','',?,'',?,?,?)",
            rows,
        )
        db.executemany(
            "INSERT INTO entry_fts (rowid, title, text) VALUES (?,?,?)", [(row[0], row[4], row[12]) for row in rows]
        )
        number += size
    return number, story


def _members(
    invention: _Invention, story: int, number: int, size: int, opened: datetime, title: str
) -> Iterator[tuple[int, str, int, str, str, str, str, str | None, str | None, str, str, str, str, str, str, str]]:
    chance, words = invention.chance, invention.words
    text, report = "", ""
    for place in range(size):
        if not text or chance.random() > 0.2:
            sentences = (" ".join(chance.choices(words, k=14)).capitalize() + "." for _ in range(5))
            text, report = " ".join(sentences), f"r{number + place:09}"
        feed = chance.randint(1, FEEDS)
        moment = to_text(opened + timedelta(minutes=7 * place))
        entry = f"e{number + place:09}"
        yield (
            number + place, entry, feed, entry, title, f"https://outlet{feed}.example/{entry}", f"Outlet {feed}",
            chance.choice(LANGUAGES), chance.choice(CATEGORIES), moment, moment, moment, text, moment, report, f"s{story:09}",
        )  # fmt: skip


def measure(path: Path, asked: int) -> None:
    """Ask for every page several times and print how long the answers took."""
    made = site(
        lambda: Aggregator.open(Settings(), path, clock=lambda: NOW),
        WebSettings(),
        Access("bench"),
        host="127.0.0.1",
        title="Bench",
    )
    with Aggregator.open(Settings(), path, clock=lambda: NOW) as app:
        app.edition()  # so that there is one to show
    word = _word(path)
    pages = {
        "/": "stories",
        "/?sort=publishers": "stories, most publishers",
        "/?since=24h&min_publishers=3": "stories of a day",
        f"/?match={word}": "stories that hold a word",
        "/?publisher=Outlet+7": "stories of a publisher",
        "/?page=20": "page 20 of the list",
        f"/story/{_largest(path)}": "a story of 30 entries",
        f"/search?q={word}": "search",
        "/feeds": "feeds",
        "/decisions": "decisions",
        "/editions": "editions",
        "/digest/latest": "digest",
        "/stories.atom": "stories.atom",
        "/stories.json": "stories.json",
        "/health": "health",
        "/metrics": "metrics",
    }
    with TestClient(made, base_url="http://127.0.0.1") as client:
        for address, name in pages.items():
            clock, work = _times(client, address, asked)
            print(f"  {name:28} {statistics.median(clock):8.1f} {max(clock):8.1f} {statistics.median(work):8.1f}")


def _times(client: TestClient, address: str, asked: int) -> tuple[list[float], list[float]]:
    """Request a page several times; return the milliseconds of each answer by the clock and of the processor."""
    clock, work = [], []
    for _ in range(asked):
        started, spent = time.perf_counter(), time.process_time()
        answer = client.get(address)
        clock.append((time.perf_counter() - started) * 1000)
        work.append((time.process_time() - spent) * 1000)
        if answer.status_code not in (200, 503):
            raise SystemExit(f"{address}: {answer.status_code}")
    return clock, work


def measure_commands(path: Path, asked: int) -> None:
    """Run commands on the database as a person does, each in a process of its own."""
    word = _word(path)
    commands = {
        "stories": ("stories",),
        "stories --sort publishers": ("stories", "--sort", "publishers"),
        "stories --since 24h": ("stories", "--since", "24h"),
        "search": ("search", word),
        "story show": ("story", "show", _largest(path)),
        "digest of a day, made": ("digest",),
        "digest, printed again": ("digest",),
        "status": ("status",),
    }
    environment = {**os.environ, "AGGREGATOR_DB": str(path), "AGGREGATOR_NOW": to_text(NOW) or ""}
    for name, arguments in commands.items():
        clock, work = [], []
        for _ in range(1 if name.endswith("made") else max(3, asked // 3)):
            started, spent = time.perf_counter(), _spent_by_children()
            subprocess.run(
                [sys.executable, "-m", "aggregator", *arguments],
                env=environment,
                cwd=path.parent,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            clock.append((time.perf_counter() - started) * 1000)
            work.append((_spent_by_children() - spent) * 1000)
        print(f"  {name:28} {statistics.median(clock):8.1f} {max(clock):8.1f} {statistics.median(work):8.1f}")


def _spent_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _word(path: Path) -> str:
    """Return a word that few entries hold."""
    with sqlite3.connect(path) as db:
        title: str = db.execute("SELECT title FROM story WHERE id = ?", (_largest(path),)).fetchone()[0]
    return title.split()[0]


def _largest(path: Path) -> str:
    with sqlite3.connect(path) as db:
        found: str = db.execute("SELECT id FROM story ORDER BY entries DESC, id LIMIT 1").fetchone()[0]
    return found


def main() -> None:
    """Build and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--asked", type=int, default=15)
    parser.add_argument("--keep", type=Path, help="a folder for the databases")
    options = parser.parse_args()
    for entries in options.entries:
        with TemporaryDirectory() as folder:
            path = (options.keep or Path(folder)) / f"{entries}.db"
            if not path.exists():
                build(path, entries)
            print(f"{entries:,} entries, {path.stat().st_size / 1e6:.0f} MB: milliseconds median, slowest, processor")
            measure(path, options.asked)
            with closing(sqlite3.connect(path)) as db, db:  # the edition is to be made
                db.execute("DELETE FROM edition")
            measure_commands(path, options.asked)


if __name__ == "__main__":
    main()
