"""The session of a command: its global options, settings, database and clock, each resolved when first needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from aggregator.cli.times import parse_clock, parse_day, parse_moment
from aggregator.disk import is_file
from aggregator.exceptions import ConfigurationError, NotFoundError

if TYPE_CHECKING:
    from datetime import date

    from aggregator.app import Aggregator
    from aggregator.config.settings_files import Resolved
    from aggregator.model import Feed
    from aggregator.settings import Settings

DATABASE = "aggregator.db"
FEEDS = "feeds.yaml"


def clock_file(database: Path) -> Path:
    """Return the file beside a database that fixes its clock, so that a kept demonstration keeps its own time."""
    return database.with_suffix(".clock")


@dataclass
class Session:
    """One run of the command line."""

    database: Path | None
    feeds_option: Path | None
    config: Path | None
    assignments: tuple[str, ...]
    now_option: str | None
    verbose: int
    quiet: bool

    @cached_property
    def feeds_file(self) -> Path | None:
        """The feeds file in use: the option's, else ./feeds.yaml, else the user's; None if there is none."""
        if self.feeds_option is not None:
            return self.feeds_option
        for path in (Path(FEEDS), self.user_feeds):
            if is_file(path):
                return path
        return None

    @property
    def user_feeds(self) -> Path:
        """The path of the user's own feeds file."""
        from aggregator.config.settings_files import user_file

        return user_file().with_name(FEEDS)

    def needed_feeds_file(self) -> Path:
        """Return the feeds file; raises ConfigurationError with a hint at `init` if there is none."""
        path = self.feeds_file
        if path is None or not path.is_file():
            where = path or Path(FEEDS)
            if where.is_dir():
                raise ConfigurationError(f"{where}: is a folder, and a feeds file is wanted; name one with --feeds")
            raise ConfigurationError(
                f"{where}: no feeds file. `aggregator init` writes one to begin with, or name yours with --feeds;"
                " `aggregator demo` shows the whole chain without one."
            )
        return path

    def feeds(self) -> tuple[Feed, ...]:
        """Read the feeds that are followed."""
        from aggregator.config.feeds_file import read_feeds

        return read_feeds(self.needed_feeds_file(), os.environ)

    @cached_property
    def resolved(self) -> Resolved:
        """The settings, with the origin of each."""
        from aggregator.config.settings_files import FILE_NAME, resolve

        beside = (self.feeds_file.parent if self.feeds_file else Path()) / FILE_NAME
        return resolve(
            os.environ, project=self.config or beside, required=self.config is not None, assignments=self.assignments
        )

    def settings_with(self, assignments: Sequence[str]) -> Settings:
        """Return the settings in force with further assignments."""
        return replace(self, assignments=(*self.assignments, *assignments)).settings

    @property
    def settings(self) -> Settings:
        """The settings, without their origins."""
        return self.resolved.settings

    @property
    def stories_note(self) -> str:
        """A note for empty lists if stories are switched off; else an empty text."""
        return "" if self.settings.stories.enabled else "; stories are switched off: stories.enabled is false"

    @cached_property
    def database_file(self) -> Path:
        """The database: that of the option, else beside the feeds file in use."""
        if self.database is not None:
            return self.database
        return (self.feeds_file.parent if self.feeds_file else Path()) / DATABASE

    @cached_property
    def clock(self) -> Callable[[], datetime]:
        """The clock: real, or fixed by --now or by the demonstration's file beside its database."""
        moment = self.now_option
        if moment is None and self.database is not None and clock_file(self.database).is_file():
            moment = clock_file(self.database).read_text(encoding="utf-8", errors="replace").strip()
        if moment is None:
            return lambda: datetime.now(UTC)  # noqa: TID251 - the only source of the time
        fixed = parse_clock(moment)
        return lambda: fixed

    def zone(self) -> ZoneInfo:
        """Return the desk's time zone."""
        from aggregator.digest.time_zone import time_zone

        return time_zone(self.settings.digest.timezone)

    def moment(self, text: str | None) -> datetime | None:
        """Return the time of a time option."""
        return None if text is None else parse_moment(text, self.clock(), self.zone())

    def day(self, text: str) -> date:
        """Return the day of a day option."""
        return parse_day(text, self.clock(), self.zone())

    @contextmanager
    def open_existing(self, *, with_feeds: bool = False) -> Iterator[Aggregator]:
        """Open the existing database for commands that look something up or change stories.

        ``with_feeds`` updates the feeds table from the feeds file first. Other commands leave the table unchanged: the
        database named by --db need not belong to the feeds file in this folder, and a fault in that file must not matter.
        """
        self.needed_database()
        with self._opened(self.settings, self.feeds_if_any() if with_feeds else None) as app:
            yield app

    def needed_database(self) -> Path:
        """Return the database; raises NotFoundError with a hint how to create one."""
        if not self.database_file.exists():
            raise NotFoundError(f"{self.database_file}: no database yet{self._way_to_one()} name another with --db.")
        return self.database_file

    def _way_to_one(self) -> str:
        if self.feeds_file is not None and self.feeds_file.is_file():
            return ". `aggregator fetch` or `aggregator run` makes it;"
        return (
            ", and no feeds file: `aggregator init` writes one to begin with, `aggregator run` then makes the database;"
        )

    @contextmanager
    def open_or_create(self, *, with_feeds: bool) -> Iterator[Aggregator]:
        """Open the database, or create it; with ``with_feeds`` the feeds file must exist."""
        feeds = self.feeds() if with_feeds else self.feeds_if_any()
        settings = self.settings
        if feeds is not None:
            settings = replace(settings, fetch=replace(settings.fetch, subscribers=max(settings.fetch.subscribers, 1)))
        with self._opened(settings, feeds) as app:
            app.store.needs_writing()
            yield app

    @contextmanager
    def _opened(self, settings: Settings, feeds: tuple[Feed, ...] | None) -> Iterator[Aggregator]:
        from aggregator.app import Aggregator
        from aggregator.storage.sqlite_errors import explained

        with (
            explained(self.database_file),
            Aggregator.open(settings, self.database_file, clock=self.clock, feeds=feeds) as app,
        ):
            yield app

    def feeds_if_any(self) -> tuple[Feed, ...] | None:
        """Read the followed feeds; None if there is no feeds file and none was named."""
        path = self.feeds_file
        if path is None or not path.is_file():
            return None if self.feeds_option is None else self.feeds()
        return self.feeds()
