"""The product as its users have it: commands over a feeds file and a database, a server to poll, a clock to move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cli.calling import Outcome
from tests.harness import CommandNewsroom

START = datetime(2026, 3, 10, 6, 0, tzinfo=UTC)  # a Tuesday
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class Newsroom(CommandNewsroom):
    """A folder with feeds.yaml and a database; times are counted from START, and polls come exactly when they are due."""

    last: Outcome | None = None

    def __post_init__(self) -> None:
        self.settings["fetch.jitter"] = 0

    def run(self, *arguments: str, at: timedelta = timedelta()) -> Outcome:
        """Run a command at a time."""
        self.last = self.call(*arguments, now=(START + at).isoformat())
        return self.last

    def pass_over(self, *arguments: str, at: timedelta = timedelta()) -> list[dict[str, Any]]:
        """Run ``fetch`` and return what it says of each feed."""
        outcome = self.run("fetch", *arguments, "--json", at=at)
        assert outcome.code in (0, 4), outcome
        rows: list[dict[str, Any]] = outcome.json()
        assert outcome.code == (4 if any(row["status"] == "error" for row in rows) else 0)
        return rows

    def poll(self, *arguments: str, at: timedelta = timedelta()) -> dict[str, Any]:
        """Run ``fetch`` over a single feed and return what it says of it."""
        (row,) = self.pass_over(*arguments, at=at)
        return row

    def health(self, at: timedelta = timedelta()) -> list[dict[str, Any]]:
        """Return what ``feeds health`` says of each feed."""
        rows: list[dict[str, Any]] = self.run("feeds", "health", "--json", at=at).ok().json()
        return rows

    def entries(self) -> list[dict[str, Any]]:
        """Return what ``export`` writes."""
        return self.run("export", at=3650 * DAY).ok().lines()


def due(row: Mapping[str, Any], at: timedelta = timedelta()) -> timedelta:
    """Return how long after ``at`` a feed is asked next."""
    assert row["next_fetch"] is not None, row
    return datetime.fromisoformat(row["next_fetch"]) - (START + at)
