"""What a poll that brings nothing new writes and costs: passes in which every server answers "not modified".

    python -m bench.unchanged [FEEDS ...] [--asked N ...]

For each number of feeds passes over all of them are played without sockets, and passes over every tenth of them, each over
another tenth, and over every hundredth, so that each feed is asked every half an hour. All feeds are asked four times over,
so that what waits in the log is folded into the feeds' rows as often as it must be. Then small desks: two hours of a daemon's
passes, one each fifteen seconds, in each of which so many feeds are due as are ``--asked``. It prints the bytes a poll of the
write-ahead log and of the file of polls beside the database, the commits a pass, and the processor time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from aggregator import Aggregator, Settings
from aggregator.disk import LOG, POLLS
from aggregator.model import Feed, FeedOutcome, FeedState, FetchOutcome, NotModified
from aggregator.storage.database import Store
from aggregator.storage.waiting_polls import LINES_PER_FEED

START = datetime(2026, 1, 1, tzinfo=UTC)
ROUNDS = LINES_PER_FEED  # over all feeds: what waits of each is folded once
STEP = timedelta(seconds=15)  # between two passes of a small desk
STEPS = 96  # from a feed's poll to its next one: a desk of ten feeds a pass has fewer than a thousand, and so waits for no others
TWO_HOURS = 480  # steps: what waits for an hour enters the log once
WITHIN = 600.0  # seconds, of a daemon's pass


class Unmoved:
    """A fetcher to which every server says that nothing is new."""

    def fetch(
        self, feed: Feed, state: FeedState, now: datetime, other_feed: Callable[[str], str | None]
    ) -> FetchOutcome:
        """Answer as a server does that has nothing new."""
        return NotModified(feed.url, (), etag='"same"')

    def refuse_waiting(self) -> None:
        """Do nothing: nobody waits."""

    cancel_all = close_idle = refuse_waiting


class Written:
    """Counts the bytes that are appended to the files beside a database."""

    def __init__(self, store: Store, database: Path) -> None:
        store.connection.execute("PRAGMA wal_autocheckpoint = 0")
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._log, self._polls = Path(f"{database}{LOG}"), Path(f"{database}{POLLS}")
        self._before, self._lines = _size(self._polls), 0

    def look(self) -> None:
        """See what was appended to the file of polls, which is begun anew now and then."""
        size = _size(self._polls)
        self._lines += size - self._before if size >= self._before else size
        self._before = size

    @property
    def bytes(self) -> int:
        """All that was written."""
        return _size(self._log) + self._lines


def measured(count: int, database: Path, every: int = 1) -> dict[str, float]:
    """Poll so many feeds once, then every so manieth of them in turn, some times over: return what these passes wrote and cost a poll."""
    feeds = [Feed(f"https://house{n}.example/feed", interval=timedelta(hours=1)) for n in range(count)]
    now = [START]
    with Aggregator.open(Settings(), database, clock=lambda: now[0], feeds=feeds, fetcher=Unmoved()) as desk:
        desk.fetch(everything=True)

        def turn(number: int) -> list[FeedOutcome]:
            now[0] += timedelta(minutes=30) / every
            asked = [feed.url for feed in feeds[number % every :: every]]
            outcomes = desk.fetch(everything=True) if every == 1 else desk.fetch(asked)
            assert len(outcomes) == len(asked)
            return outcomes

        return _played(desk, database, turn, ROUNDS * every)


def small_desk(asked: int, database: Path, passes: int = TWO_HOURS) -> dict[str, float]:
    """Play a daemon's passes in which so many feeds are due: return what they wrote and cost a poll."""
    every = STEP * STEPS
    feeds = [Feed(f"https://house{n}.example/feed", interval=every) for n in range(asked * STEPS)]
    settings, now = Settings(), [START]
    settings = replace(settings, fetch=replace(settings.fetch, jitter=0.0))
    with Aggregator.open(settings, database, clock=lambda: now[0], feeds=feeds, fetcher=Unmoved()) as desk:
        for number in range(STEPS):  # from here on they come due in turn
            now[0] += STEP
            desk.fetch([feed.url for feed in feeds[number::STEPS]])

        def turn(_: int) -> list[FeedOutcome]:
            now[0] += STEP
            outcomes = desk.fetch(within=WITHIN)
            assert len(outcomes) == asked
            return outcomes

        return _played(desk, database, turn, passes)


def _played(
    desk: Aggregator, database: Path, turn: Callable[[int], list[FeedOutcome]], passes: int
) -> dict[str, float]:
    written, polls, spent = Written(desk.store, database), 0, 0.0
    commits: list[int] = []
    with patch.object(Store, "_run_end_callbacks", _counted(commits)):
        for number in range(passes):
            begin = time.process_time()
            polls += len(turn(number))
            spent += time.process_time() - begin
            written.look()
    return {"bytes": written.bytes / polls, "commits": sum(commits) / passes, "ms": spent / polls * 1_000}


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _counted(commits: list[int]) -> Callable[..., None]:
    original = Store._run_end_callbacks

    def counted(store: Store, *, kept: bool) -> None:
        commits.append(int(kept))
        original(store, kept=kept)

    return counted


def _told(desk: str, found: dict[str, float]) -> str:
    return (
        f"{desk}: {found['bytes']:.0f} bytes a poll, {found['commits']:.1f} commits a pass, {found['ms']:.2f} ms a poll"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("feeds", type=int, nargs="*", default=[400, 4_000])
    parser.add_argument("--asked", type=int, nargs="*", default=[1, 3, 10])
    options = parser.parse_args(arguments)
    for count in options.feeds:
        for every in (1, 10, 100):
            with tempfile.TemporaryDirectory(prefix="unchanged-") as folder:
                found = measured(count, Path(folder) / "desk.db", every)
            print(_told(f"{count} feeds, {count // every} a pass", found))
    for asked in options.asked:
        with tempfile.TemporaryDirectory(prefix="unchanged-") as folder:
            found = small_desk(asked, Path(folder) / "desk.db")
        print(_told(f"a small desk, {asked} due each {STEP.seconds} s", found))


if __name__ == "__main__":
    main()
