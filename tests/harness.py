"""What tests in all folders share: newsrooms at each seam, and stand-ins for the fetcher, the clock and the feeds.

Four newsrooms: :func:`open_desk` is the façade over a fetcher without sockets, :class:`StoredNewsroom` a store that
entries are imported into, :class:`CommandNewsroom` the command line over a folder. The daemon as a process and the
running demo stand in ``tests/daemon/running.py`` and ``tests/demo/playing.py``; they are made of these.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path
from typing import Any, Literal

import pytest

from aggregator.app import Aggregator
from aggregator.desk.reader import Reader
from aggregator.ingest.archives import Importer
from aggregator.ingest.rearrange import Rearranger
from aggregator.ingest.window import Window
from aggregator.model import Feed, FeedState, FetchFailure, FetchOutcome, NotModified, Response
from aggregator.newsroom.publishers import families
from aggregator.parsing.archive import ArchiveEntry
from aggregator.settings import Settings
from aggregator.storage.database import Store
from tests.cli.calling import Outcome, call

MORNING = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)


@dataclass
class Clock:
    """The time, moved by hand."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **duration: float) -> None:
        self.now += timedelta(**duration)


@dataclass
class FakeFetcher:
    """Answers from a dictionary: address -> body, or a failure."""

    answers: dict[str, bytes | FetchFailure] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)
    pause: float = 0.0  # seconds an answer takes

    def close_idle(self) -> None:
        """Nothing is kept open."""

    def refuse_waiting(self) -> None:
        """Nobody waits for a turn."""

    def cancel_all(self) -> None:
        """An answer takes its pause and no longer."""

    def fetch(self, feed: Feed, state: FeedState, now: datetime, other_feed: object = None) -> FetchOutcome:
        self.asked.append(feed.url)
        time.sleep(self.pause)
        answer = self.answers.get(feed.url, FetchFailure("http", "404 Not Found", status=404))
        if isinstance(answer, FetchFailure):
            return answer
        etag = f'"{hashlib.sha256(answer).hexdigest()[:16]}"'
        if state.etag == etag:
            return NotModified(feed.url, (), etag=etag)
        return Response(
            feed.url, 200, tuple(self.headers.items()), answer, hashlib.sha256(answer).hexdigest(), etag=etag
        )


@dataclass(frozen=True)
class Item:
    """One entry of a feed document, as a test writes it."""

    guid: str
    title: str
    text: str = ""
    published: datetime | None = MORNING
    link: str | None = None

    def xml(self) -> str:
        link = self.link if self.link is not None else f"https://example.org/{self.guid}"
        date = f"<pubDate>{format_datetime(self.published)}</pubDate>" if self.published else ""
        return (
            f"<item><guid isPermaLink='false'>{escape(self.guid)}</guid><title>{escape(self.title)}</title>"
            f"<link>{escape(link)}</link><description>{escape(self.text)}</description>{date}</item>"
        )


def rss(*items: Item, title: str = "A feed") -> bytes:
    """Return an RSS document with these entries."""
    body = "".join(item.xml() for item in items)
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>{title}</title>{body}</channel></rss>".encode()


@contextmanager
def open_desk(
    fetcher: FakeFetcher,
    clock: Clock,
    feeds: list[Feed],
    *,
    database: Path | None = None,
    settings: Settings | None = None,
) -> Iterator[Aggregator]:
    """Open a desk over a fake fetcher, with its work done in threads and no pause between two polls of a host."""
    given = settings or Settings()
    without_pause = replace(given, fetch=replace(given.fetch, host_delay=0.0))
    with (
        ThreadPoolExecutor(1) as workers,
        Aggregator.open(without_pause, database, clock=clock, feeds=feeds, fetcher=fetcher, workers=workers) as app,
    ):
        yield app


def forget_the_users_settings(monkeypatch: pytest.MonkeyPatch, room: Path) -> None:
    """Let a test run in a folder, away from the environment and the settings of whoever runs it."""
    for name in [name for name in os.environ if name.startswith("AGGREGATOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(room / "no-config"))
    monkeypatch.chdir(room)


# --- a store that entries are imported into ------------------------------------------------------


class StoredNewsroom:
    """A store, its settings and its clock; nothing is polled, entries come as archive lines."""

    def __init__(self, path: Path | None = None, settings: Settings | None = None, now: datetime = MORNING) -> None:
        self.path = path
        self.settings = settings or Settings()
        self.store = Store(path)
        self.now = now

    def close(self) -> None:
        self.store.close()

    def take_lines(self, lines: Sequence[ArchiveEntry], window: Window | None = None) -> None:
        """Import lines as one archive; a window that is handed in is that of a process that lives on."""
        Importer(self.store, self.settings, families(()), self.now, window).record_places(
            lines, lambda done, total: None
        )

    def placer(self) -> Rearranger:
        return Rearranger(self.store, self.settings)

    def reader(self) -> Reader:
        return Reader(self.store, self.now)

    def settle_anew(self) -> None:
        """Let another process settle every report anew, as after a crash between two transactions."""
        placer = self.placer()
        with self.store.transaction():
            leave_all_unsettled(self.store)
        placer.finish(self.now)

    def places_by(self, column: Literal["id", "key"]) -> dict[str, tuple[str, str]]:
        """Return the report and the story of each entry, by its id or its key."""
        rows = self.store.connection.execute(f"SELECT {column}, report_id, story_id FROM entry ORDER BY 1")
        return {name: (report, story) for name, report, story in rows}


def leave_all_unsettled(store: Store) -> None:
    """Have every report settled anew, as after a crash between two transactions."""
    store.connection.execute("INSERT OR IGNORE INTO unsettled_report (report_id) SELECT report_id FROM report_vector")


# --- the command line over a folder --------------------------------------------------------------


@dataclass
class CommandNewsroom:
    """A folder with a feeds file and a database, and the settings that every call is given."""

    folder: Path
    settings: dict[str, object] = field(
        default_factory=lambda: {
            "fetch.allow_private_networks": "true",
            "fetch.host_delay": 0,
            "run.executor": "threads",  # worker processes take longer to start than what is tested
        }
    )

    @property
    def database(self) -> Path:
        return self.folder / "aggregator.db"

    @property
    def feeds_file(self) -> Path:
        return self.folder / "feeds.yaml"

    def follow(self, *feeds: str | Mapping[str, object]) -> None:
        """Write the feeds file; a string is an address."""
        rows = [{"url": one} if isinstance(one, str) else dict(one) for one in feeds]
        self.feeds_file.write_text(json.dumps({"feeds": rows}), encoding="utf-8")  # JSON is YAML

    def arguments(self, *command: str, settings: Sequence[str] = ()) -> list[str]:
        """Return the arguments of a call."""
        given = [*(f"{key}={value}" for key, value in self.settings.items()), *settings]
        sets = [part for setting in given for part in ("--set", setting)]
        return ["--db", str(self.database), "--feeds", str(self.feeds_file), *sets, *command]

    def call(self, *command: str, now: str | None = None) -> Outcome:
        """Run a command in this process."""
        return call(*self.arguments(*command), now=now)

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        with closing(sqlite3.connect(self.database)) as db:
            return db.execute(query, values).fetchall()
