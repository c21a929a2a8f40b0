"""Measure the cost of a desk of many feeds at their learned intervals: share of a core, requests a minute, lateness.

    python -m bench.desk [FEEDS] [--minutes N] [--quiet]

The rate of each feed is random (half of them publish fewer than fifteen entries a week, a tenth more than a hundred); a first document
gives each feed its learned state. Then the daemon's ticks run under a controlled clock, with parsing, copies and stories, but
without sockets. Prints the processor time (less the time for inventing documents), the bytes written, how late feeds are polled after
they are due, and how late entries are stored after they were published. With ``--quiet`` no feed publishes any more.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from aggregator import Aggregator, Settings
from aggregator.fetching.politeness import DocumentRead, PollContext, after_response, interval
from aggregator.model import Feed, FeedState, FetchOutcome, NotModified, ParsedFeed, Response
from aggregator.storage.feeds import FeedStore
from bench.feed_server import SHARES, WORDS
from bench.unchanged import Written

START = datetime(2026, 1, 8, 9, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
MEDIAN, SPREAD = 15.0, 1.6  # entries a week: of a feed in the middle, and the deviation of their logarithms
CARRIED = 15  # entries of a document


class Press:
    """Feeds that publish at random, each at its own pace: a fetcher without sockets."""

    def __init__(self, count: int, seed: int = 1, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self.chance = random.Random(seed)
        self.feeds = [Feed(f"https://house{n}.example/feed", name=f"House {n}") for n in range(count)]
        self.pace = {feed.url: self.chance.lognormvariate(0, SPREAD) * MEDIAN for feed in self.feeds}
        self._carried: dict[str, list[tuple[int, datetime]]] = {}
        self._asked: dict[str, datetime] = {}
        self.spent = 0.0  # processor seconds of making up documents
        self.delays: list[float] = []  # seconds from an entry's publication to the poll that brings it

    def learned(self, settings: Settings) -> dict[str, FeedState]:
        """Return what the product learns of each feed from a first document, asked for lately."""
        states = {}
        for feed in self.feeds:
            step = WEEK / self.pace[feed.url]
            dates = [START - step * (number + self.chance.random()) for number in range(CARRIED)]
            tag = '"first"' if self.chance.random() < 0.8 else None  # a fifth has no validators
            answer = Response(feed.url, 200, (), b"", feed.url, etag=tag)
            read = DocumentRead(ParsedFeed(()), CARRIED, 0, dates, first=True)
            first = after_response(PollContext(feed, FeedState(feed.url), START, 0.0, settings.fetch), answer, read)
            ago = interval(feed, first, settings.fetch) * self.chance.random()
            self._asked[feed.url] = START - ago
            self._carried[feed.url] = []  # what came before stands in no database: it would be new
            due = (
                START - ago + interval(feed, first, settings.fetch) * (1 + settings.fetch.jitter * self.chance.random())
            )
            states[feed.url] = FeedState(
                feed.url,
                tag,
                content_hash="-",
                next_fetch=due,
                last_fetch=START - ago,
                last_ok=START - ago,
                last_new=START - ago,
                learned_interval=first.learned_interval,
                entries_per_week=first.entries_per_week,
            )
        return states

    def fetch(
        self, feed: Feed, state: FeedState, now: datetime, other_feed: Callable[[str], str | None]
    ) -> FetchOutcome:
        """Answer with what the feed published since it was asked last."""
        if self._quiet:
            return NotModified(feed.url, (), etag=state.etag)
        begin = time.thread_time()
        try:
            return self._answer(feed, state, now)
        finally:
            self.spent += time.thread_time() - begin

    def _answer(self, feed: Feed, state: FeedState, now: datetime) -> FetchOutcome:
        chance = random.Random(f"{feed.url} {now}")
        moment = self._asked[feed.url]
        carried = self._carried[feed.url]
        fresh: list[tuple[int, datetime]] = []
        while (moment := moment + WEEK / self.pace[feed.url] * chance.expovariate(1.0)) <= now:
            fresh.append(((carried[-1][0] + 1 if carried else 0) + len(fresh), moment))
        self._asked[feed.url] = now
        if not fresh:
            return NotModified(feed.url, (), etag=state.etag)
        self.delays += [(now - date).total_seconds() for _, date in fresh]
        self._carried[feed.url] = carried = [*carried, *fresh][-CARRIED:]
        body = f"<rss version='2.0'><channel><title>{feed.name}</title>{''.join(_entry(feed, *one) for one in carried)}</channel></rss>"
        return Response(feed.url, 200, (), body.encode(), hashlib.sha256(body.encode()).hexdigest(), etag=state.etag)

    def refuse_waiting(self) -> None:
        """Do nothing: nobody waits."""

    cancel_all = close_idle = refuse_waiting


def _entry(feed: Feed, number: int, date: datetime) -> str:
    chance = random.Random(f"{feed.url} {number}")
    title = " ".join(chance.choices(WORDS, cum_weights=SHARES, k=9)).capitalize()
    text = " ".join(chance.choices(WORDS, cum_weights=SHARES, k=25))
    return (
        f"<item><guid isPermaLink='false'>{number}</guid><title>{title}</title><link>{feed.url}/{number}</link>"
        f"<description>{text}</description><pubDate>{format_datetime(date)}</pubDate></item>"
    )


def measured(count: int, minutes: float, database: Path, warm: float = 1.0, *, quiet: bool = False) -> dict[str, float]:
    """Play the daemon's ticks for so many minutes, after ``warm`` others; return the figures."""
    settings, now, press = Settings(), [START], Press(count, quiet=quiet)
    states = press.learned(settings)
    with (
        ThreadPoolExecutor(1) as workers,
        Aggregator.open(settings, database, clock=lambda: now[0], feeds=press.feeds, fetcher=press, workers=workers) as desk,
    ):  # fmt: skip
        rows = FeedStore(desk.store)
        with desk.store.transaction():
            for row in rows.followed():
                rows.save_state(row.id, states[press.feeds[int(row.url.split("house")[1].split(".")[0])].url])
        _ticks(desk, settings, now, warm)
        written = Written(desk.store, database)
        press.spent, press.delays = 0.0, []
        late, polls, news, spent = _ticks(desk, settings, now, minutes, written.look)
        spent -= press.spent
        size = written.bytes
    return {
        "requests a minute": polls / minutes,
        "entries a minute": news / minutes,
        "share of a core": spent / (minutes * 60),
        "ms a request": spent / max(polls, 1) * 1_000,
        "bytes written a request": size / max(polls, 1),
        "feed late, median s": statistics.median(late),
        "feed late, worst s": max(late),
        "entry late, median min": statistics.median(press.delays or [0.0]) / 60,
    }


def _ticks(
    desk: Aggregator,
    settings: Settings,
    now: list[datetime],
    minutes: float,
    look: Callable[[], object] = lambda: None,
) -> tuple[list[float], int, int, float]:
    """Play ticks; return how late feeds were asked, in seconds, how many were, how many entries were new, and the processor time."""
    late, polls, news, spent = [0.0], 0, 0, 0.0
    rows = FeedStore(desk.store)
    for _ in range(int(minutes * 60 / settings.run.tick)):
        now[0] += timedelta(seconds=settings.run.tick)
        before = {row.url: row.state.next_fetch for row in rows.of_keys(rows.due_keys(now[0], WEEK))}
        begin = time.process_time()
        outcomes = desk.fetch(within=600.0)
        spent += time.process_time() - begin
        look()
        polls += len(outcomes)
        news += sum(one.new for one in outcomes)
        late += [(now[0] - due).total_seconds() for one in outcomes if (due := before.get(one.url)) is not None]
    return late, polls, news, spent


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("feeds", type=int, nargs="?", default=10_000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--quiet", action="store_true", help="no feed publishes any more")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="desk-") as folder:
        found = measured(options.feeds, options.minutes, Path(folder) / "desk.db", quiet=options.quiet)
    for name, value in found.items():
        print(f"{name:28} {value:.4g}")


if __name__ == "__main__":
    main()
