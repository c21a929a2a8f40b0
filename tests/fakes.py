"""Stand-ins at the seams: a fetcher without sockets, a clock that is set by hand, feeds written in a line."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

import pytest

from aggregator.app import Aggregator
from aggregator.model import Feed, FeedState, FetchFailure, FetchOutcome, NotModified, Response
from aggregator.settings import Settings
from aggregator.storage.database import Store

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

    def release(self) -> None:
        """Nothing is kept open."""

    def turn_away(self) -> None:
        """Nobody waits for a turn."""

    def call_off(self) -> None:
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


def leave_all_unsettled(store: Store) -> None:
    """Have every report settled anew, as after a crash between two transactions."""
    store.connection.execute("INSERT OR IGNORE INTO unsettled_report (report_id) SELECT report_id FROM report_vector")
