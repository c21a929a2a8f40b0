"""What a poll that brings nothing new writes and costs: passes in which every server answers "not modified".

    python -m bench.unchanged [FEEDS ...]

For each number of feeds passes over all of them are played without sockets, and passes over every tenth of them, each over
another tenth, and over every hundredth, so that each feed is asked every half an hour. All feeds are asked four times over,
so that what waits in the log is folded into the feeds' rows as often as it must be. It prints the bytes of the write-ahead
log a poll, the commits a pass, and the processor time.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from aggregator import Aggregator, Settings
from aggregator.model import Feed, FeedState, FetchOutcome, NotModified
from aggregator.storage.database import Store
from aggregator.storage.waiting_polls import EACH

START = datetime(2026, 1, 1, tzinfo=UTC)
ROUNDS = EACH  # over all feeds: what waits of each is folded once


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


def measured(count: int, database: Path, every: int = 1) -> dict[str, float]:
    """Poll so many feeds once, then every so manieth of them in turn, some times over: return what these passes wrote and cost a poll."""
    feeds = [Feed(f"https://house{n}.example/feed", interval=timedelta(hours=1)) for n in range(count)]
    now = [START]
    with Aggregator.open(Settings(), database, clock=lambda: now[0], feeds=feeds, fetcher=Unmoved()) as desk:
        desk.fetch(everything=True)
        store = desk.store
        store.connection.execute("PRAGMA wal_autocheckpoint = 0")
        store.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        commits: list[int] = []
        polls, passes, spent = 0, ROUNDS * every, 0.0
        with patch.object(Store, "_run_end_callbacks", _counted(commits)):
            for number in range(passes):
                now[0] += timedelta(minutes=30) / every
                asked = [feed.url for feed in feeds[number % every :: every]]
                begin = time.process_time()
                outcomes = desk.fetch(everything=True) if every == 1 else desk.fetch(asked)
                spent += time.process_time() - begin
                assert len(outcomes) == len(asked)
                polls += len(asked)
        written = Path(f"{database}-wal").stat().st_size
    return {"bytes": written / polls, "commits": sum(commits) / passes, "ms": spent / polls * 1_000}


def _counted(commits: list[int]) -> Callable[..., None]:
    original = Store._run_end_callbacks

    def counted(store: Store, *, kept: bool) -> None:
        commits.append(int(kept))
        original(store, kept=kept)

    return counted


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("feeds", type=int, nargs="*", default=[400, 4_000])
    options = parser.parse_args(arguments)
    for count in options.feeds:
        for every in (1, 10, 100):
            with tempfile.TemporaryDirectory(prefix="unchanged-") as folder:
                found = measured(count, Path(folder) / "desk.db", every)
            print(
                f"{count} feeds, {count // every} a pass: {found['bytes']:.0f} bytes a poll,"
                f" {found['commits']:.1f} commits a pass, {found['ms']:.2f} ms a poll"
            )


if __name__ == "__main__":
    main()
