"""Show which tables grow without bound: a desk with a retention, over simulated days and over many passes of one hour.

    python -m bench.bounded [DAYS] [--houses N] [--passes N]

Houses publish every day: events that several of them tell, texts of an agency, lines that stand under every text, edits
and corrections, entries whose guid or date changes, one page that its feed carries on and edits at each pass, and failures. The
clock is driven; feeds are polled four times a day, an edition is made and the desk is pruned each day. Printed are the
rows of every table by day. What still grows once all windows are behind is named at the end, but for what the desk
itself made, which is kept.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from aggregator import Aggregator, Settings
from aggregator.model import Feed, FeedState, FetchFailure, FetchOutcome, NotModified, Response
from bench.feed_server import SHARES, WORDS

START = datetime(2026, 1, 1, 6, 0, tzinfo=UTC)
DAY = timedelta(days=1)
POLLS = 4  # a day and feed
EVENTS = 0.75  # a day and house
# What the desk made stays: its editions, its orders, and what it remembers of itself.
KEPT = frozenset({"edition", "decision", "decision_entry"})


def settings(retention: timedelta) -> Settings:
    """Return settings whose windows are short beside the retention."""
    made = Settings()
    return replace(
        made,
        retention=replace(made.retention, entries=retention),
        stories=replace(made.stories, window=retention / 3),
        copies=replace(made.copies, window=retention / 3),
        fetch=replace(made.fetch, host_delay=0.0),
    )


class Houses:
    """Feeds of made-up houses, which publish by the clock: a fetcher without sockets."""

    def __init__(self, count: int, clock: Callable[[], datetime]) -> None:
        self.feeds = [Feed(f"https://house{n}.example/feed", name=f"House {n}") for n in range(count)]
        self._clock = clock
        self._number = {feed.url: number for number, feed in enumerate(self.feeds)}
        self.turn = 0  # changes the page that is edited again and again

    def fetch(
        self, feed: Feed, state: FeedState, now: datetime, other_feed: Callable[[str], str | None]
    ) -> FetchOutcome:
        """Answer as the house does at this hour; one poll in fifty fails."""
        number = self._number[feed.url]
        if random.Random(f"{number} {now}").random() < 0.02:
            return FetchFailure("http", "503 Service Unavailable", status=503)
        body = self.document(number).encode()
        tag = hashlib.sha256(body).hexdigest()
        if tag == state.content_hash:
            return NotModified(feed.url, ())
        return Response(feed.url, 200, (), body, tag)

    def document(self, number: int) -> str:
        """Return what a house carries now: the texts of today and yesterday, and a page that it always carries."""
        now = self._clock()
        today = (now - START) // DAY
        texts = [text for day in (today, today - 1) if day >= 0 for text in self._texts(number, day, now)]
        page = (
            f"<item><guid>page</guid><title>Levels of the river</title><link>https://house{number}.example/river</link>"
            f"<description>{_sentence(f'river {number}', 12)} {_sentence(f'level {number} {self.turn}', 8)}</description></item>"
        )
        return (
            f"<rss version='2.0'><channel><title>House {number}</title>{page if not number else ''}"
            f"{''.join(texts)}</channel></rss>"
        )

    def _texts(self, number: int, day: int, now: datetime) -> Iterator[str]:
        for event in range(max(2, int(len(self.feeds) * EVENTS))):
            chance = random.Random(f"{day} {event} {number}")
            if chance.random() > 0.4:
                continue
            date = START + day * DAY + timedelta(minutes=chance.randrange(200))
            text = _sentence(f"{day} {event}", 14)  # in the words of the event
            own = _sentence(f"{day} {event} {number if chance.random() > 0.3 else 'agency'}", 30)
            late = now - date > DAY / 2
            if late and chance.random() < 0.2:
                own = f"{_sentence(f'late {day} {event} {number}', 10)} {own}"  # an edit
            title = " ".join(text.split()[:8])
            if late and chance.random() < 0.05:
                title = f"Correction: {title}"
            guid = f"{day}-{event}" if not (late and chance.random() < 0.1) else f"{day}-{event}-again"
            if late and chance.random() < 0.1:
                date += timedelta(minutes=10)
            yield (
                f"<item><guid isPermaLink='false'>{guid}</guid><title>{title}</title>"
                f"<link>https://house{number}.example/{day}/{event}</link><pubDate>{format_datetime(date)}</pubDate>"
                f"<description>&lt;p&gt;{text} {own}&lt;/p&gt;&lt;p&gt;Read more of House {number} in the paper of tomorrow."
                f"&lt;/p&gt;</description></item>"
            )

    def refuse_waiting(self) -> None:
        """Do nothing: nobody waits."""

    cancel_all = close_idle = refuse_waiting


def _sentence(seed: str, words: int) -> str:
    chance = random.Random(seed)
    names = [
        f"{word[:4].title()}{chance.choice(('berg', 'stad', 'holm', 'ov'))}" for word in chance.choices(WORDS, k=3)
    ]
    return f"{' '.join(names)} {' '.join(chance.choices(WORDS, cum_weights=SHARES, k=words))}.".capitalize()


def rows(desk: Aggregator) -> dict[str, int]:
    """Return how many rows each table has."""
    db = desk.store.connection
    names = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    wanted = [name for name in names if not name.startswith(("sqlite_", "_sqlite", "entry_fts_"))]
    return {name: int(db.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in wanted}


def days(count: int, houses: int, retention: timedelta, database: Path | None = None) -> Iterator[dict[str, int]]:
    """Play so many days; yield the rows of every table at the end of each."""
    now = [START]
    paper = Houses(houses, lambda: now[0])
    with Aggregator.open(settings(retention), database, clock=lambda: now[0], feeds=paper.feeds, fetcher=paper) as desk:
        for day in range(count):
            for poll in range(POLLS):
                now[0] = START + day * DAY + poll * DAY / POLLS
                paper.turn += 1
                desk.fetch(everything=True)
            desk.edition()
            desk.prune()
            yield rows(desk)


def passes(count: int, houses: int, database: Path | None = None) -> Iterator[dict[str, int]]:
    """Play so many passes in one hour; yield the rows of every table after each."""
    now = [START + DAY / 2]
    paper = Houses(houses, lambda: now[0])
    with Aggregator.open(settings(3 * DAY), database, clock=lambda: now[0], feeds=paper.feeds, fetcher=paper) as desk:
        for _ in range(count):
            now[0] += timedelta(hours=1) / count
            paper.turn += 1
            desk.fetch(everything=True)
            yield rows(desk)


def growing(found: list[dict[str, int]], settled: int) -> dict[str, tuple[int, int]]:
    """Return the tables that are larger in the last quarter than in the quarter before, of the days from ``settled`` on."""
    half = (len(found) - settled) // 2
    sides = found[settled : settled + half], found[settled + half :]
    most = {name: [max(day[name] for day in side) for side in sides] for name in found[-1] if name not in KEPT}
    return {name: (early, late) for name, (early, late) in most.items() if late > early * 1.1 + 10}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("days", type=int, nargs="?", default=60)
    parser.add_argument("--houses", type=int, default=12)
    parser.add_argument("--passes", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bounded-") as folder:
        found = []
        for day, counts in enumerate(days(options.days, options.houses, 9 * DAY, Path(folder) / "days.db"), 1):
            found.append(counts)
            if day % 5 == 0:
                _show(f"day {day}", counts)
        print("grows:", growing(found, min(33, options.days // 2)) or "nothing", flush=True)
        hour = list(passes(options.passes, options.houses, Path(folder) / "hour.db"))
        for number in range(0, options.passes, max(1, options.passes // 6)):
            _show(f"pass {number + 1}", hour[number])
        _show(f"pass {options.passes}", hour[-1])


def _show(what: str, counts: dict[str, int]) -> None:
    print(f"{what}: " + ", ".join(f"{name} {count}" for name, count in counts.items() if count), flush=True)


if __name__ == "__main__":
    main()
