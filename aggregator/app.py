"""The façade: one open newsroom with its settings, its clock and its database. The command line talks to it alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from datetime import UTC, date, datetime, timedelta
from math import inf
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Self

from aggregator.desk.reader import Reader, SearchHit, just_after
from aggregator.exceptions import NotFoundError
from aggregator.ingest.resources import Resources
from aggregator.model import Entry, Feed, FeedOutcome, Revision, Story, StoryQuery, StorySummary
from aggregator.newsroom.publishers import Families, families, publisher_of_feed
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.entry_rows import Amendment
from aggregator.storage.feeds import FeedStore

# Most commands look something up: what only polls, clusters, renders or sends is imported by the methods that do so.
if TYPE_CHECKING:
    from aggregator.desk.alerts import Announce, Sent
    from aggregator.desk.editing import Editor
    from aggregator.desk.explain import Why
    from aggregator.desk.health import FeedHealthRow, Status
    from aggregator.desk.revisions import Edit, Retitled
    from aggregator.desk.watches import Watcher, Watches
    from aggregator.digest.edition import Correction, Edition
    from aggregator.digest.subscription import Subscription
    from aggregator.ingest.archives import ImportOutcome
    from aggregator.ingest.poll import Fetching, Progress
    from aggregator.newsroom.novelty import Novelty
    from aggregator.newsroom.timeline import Punctuality, Timeline
    from aggregator.storage.decisions import Decision
    from aggregator.storage.editions import EditionLine

Clock = Callable[[], datetime]

DATABASE = "aggregator.db"
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Aggregator:
    """One open newsroom; use it as a context manager, from one thread."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        feeds: Sequence[Feed] = (),
        *,
        fetcher: Fetching | None = None,
        workers: Executor | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.feeds = tuple(feeds)
        self.families: Families = families(feeds)
        self._resources = Resources(settings, fetcher, workers)

    @classmethod
    def open(
        cls,
        settings: Settings | None = None,
        database: Path | str | None = DATABASE,
        *,
        clock: Clock | None = None,
        feeds: Sequence[Feed] | None = None,
        fetcher: Fetching | None = None,
        workers: Executor | None = None,
    ) -> Self:
        """Open a database, made where it is missing, and return the newsroom in it.

        ``settings`` are the defaults where none are given. ``database`` is a file, by default ``aggregator.db`` in the working
        folder; None means a scratch database in memory. ``clock`` returns an aware time, by default the system's. Where
        ``feeds`` are given, just these are followed; else the database keeps those that it knows.
        Raises StorageError or LockedError where the file cannot be opened.
        """
        store = Store(None if database is None else Path(database))
        try:
            app = cls(settings or Settings(), store, clock or _now, feeds or (), fetcher=fetcher, workers=workers)
            if feeds is not None:
                app.follow(feeds)
        except BaseException:
            store.close()
            raise
        return app

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers and close the database."""
        self._resources.close()
        self.store.close()

    # --- feeds -------------------------------------------------------------------------------

    def follow(self, feeds: Sequence[Feed]) -> None:
        """Follow just these feeds from now on; what is stored of others stays."""
        FeedStore(self.store).sync([(feed, publisher_of_feed(feed)) for feed in feeds], self.clock())
        self.feeds = tuple(feeds)
        self.families = families(feeds)

    def spread_overdue(self, over: timedelta = timedelta(minutes=5)) -> int:
        """Spread the feeds that came due long ago over the next minutes, after a long stop; return how many."""
        from aggregator.fetching.politeness import spread_overdue

        rows, now = FeedStore(self.store), self.clock()
        keys = rows.overdue(now - self.settings.fetch.min_interval)
        rows.reschedule(spread_overdue(keys, now, over))
        return len(keys)

    def fetch(
        self,
        patterns: Sequence[str] = (),
        *,
        everything: bool = False,
        progress: Progress = lambda outcome, done, total: None,
        placing: Callable[[int, int], None] = lambda done, total: None,
        stop: Event | None = None,
        within: float = inf,
    ) -> list[FeedOutcome]:
        """Poll the feeds that are due, or those named, or all; return one outcome a feed.

        ``progress`` hears of each feed, ``placing`` then of how many of the new entries are placed in stories.
        NotFoundError: a pattern names no feed. ``stop``, set from elsewhere, ends the pass within seconds; after ``within``
        seconds no further feed is asked. What is not asked or not saved then stays due.
        """
        from aggregator.ingest.prepare import warm_up

        if FeedStore(self.store).last_poll() is None:
            self._resources.make_ready(warm_up, len(self.feeds))  # documents are sure to come
        from aggregator.ingest.passes import PassOptions, run_pass

        options = PassOptions(patterns, everything, progress, placing, stop or Event(), within)
        return run_pass(
            self.store,
            self.settings,
            self.feeds,
            self.families,
            self._resources,
            self.clock,
            self._watcher().look,
            options,
        )

    def place_waiting(self, stop: Event | None = None) -> None:
        """Place what an earlier pass stored and did not come to place, and settle what it left unsettled; a pass does so too."""
        from aggregator.ingest.save import place_left

        place_left(self.store, self.settings, self.families, self.clock, stop or Event(), self._watcher().look)

    def next_due(self) -> datetime | None:
        """Return when the next feed is due; None where none is."""
        return FeedStore(self.store).next_due()

    def resume(self, feed: Feed) -> None:
        """Poll a feed again at once: its failures, and that it was given up as gone, are forgotten."""
        from aggregator.ingest.polls import poll_again

        poll_again(self.store, feed)

    # --- reading -----------------------------------------------------------------------------

    def stories(self, query: StoryQuery) -> list[StorySummary]:
        """Return the stories that a query asks for."""
        return self._reader().find(query)

    def story(self, prefix: str) -> Story:
        """Return one story with its reports; the id may be shortened, and an id that was merged leads on."""
        return self._reader().story(prefix)

    def why(self, story: str, entry: str | None = None) -> Why:
        """Explain why an entry (else the newest) stands in a story, or what kept it out."""
        from aggregator.desk.explain import explain

        return explain(self._reader(), self.store, self.settings, story, entry)

    def whys(self, story: Story) -> dict[str, Why]:
        """Explain for each entry of a story why it stands there."""
        from aggregator.desk.explain import explain_all

        return explain_all(self._reader(), story)

    def stamp(self) -> int:
        """Return a number that differs whenever another connection has changed the database."""
        number: int = self.store.connection.execute("PRAGMA data_version").fetchone()[0]
        return number

    def entry(self, prefix: str) -> Entry:
        """Return one entry."""
        return self._reader().entry(prefix)

    def revisions(self, prefix: str) -> tuple[Revision, ...]:
        """Return an entry's earlier versions, oldest first."""
        reader = self._reader()
        return reader.entries.revisions(reader.entries.resolve(prefix))

    def amendments(self, entry_id: str) -> list[Amendment]:
        """Return what the publisher of an entry corrected beside its words, oldest first."""
        return self._reader().entries.amendments(entry_id)

    def text(self, entry_id: str) -> str:
        """Return an entry's plain text."""
        return self._reader().entries.texts([entry_id]).get(entry_id, "")

    def corrections(self, story: Story) -> tuple[Correction, ...]:
        """Return a story's corrections and withdrawals with the copies that still carry the old wording, oldest first."""
        from aggregator.desk.corrections import notices
        from aggregator.digest.edition import Window

        return notices(self._reader(), story, Window(LONG_AGO, just_after(self.clock())))

    def news_of(self, story: Story, since: datetime) -> Novelty:
        """Return the sentences, numbers and names that a story did not hold before ``since``."""
        from aggregator.desk.novelty import news_of

        return news_of(self._reader(), story, since)

    def edit(self, prefix: str, first: int | None = None, last: int | None = None) -> Edit:
        """Return what changed between two versions of an entry, numbered from 1; by default between the last two."""
        from aggregator.desk.revisions import entry_edit

        return entry_edit(self._reader(), prefix, first, last)

    def edits(self, story: Story, since: datetime | None = None) -> tuple[Edit, ...]:
        """Return what became of a story's entries since a time, else since their first text."""
        from aggregator.desk.revisions import story_edits

        return story_edits(self._reader(), story, since)

    def headlines(self, since: datetime | None = None, until: datetime | None = None) -> tuple[Retitled, ...]:
        """Return the headlines that got other words, oldest change first; by default up to now."""
        from aggregator.desk.revisions import headlines_between

        return headlines_between(self._reader(), since or LONG_AGO, until or just_after(self.clock()))

    def timeline(self, story: Story) -> Timeline:
        """Return who had a story when, with its edits and corrections."""
        from aggregator.desk.timeline import story_timeline

        return story_timeline(self._reader(), story, just_after(self.clock()))

    def punctuality(
        self, since: datetime | None = None, until: datetime | None = None, category: str | None = None
    ) -> tuple[Punctuality, ...]:
        """Return how often each publisher was first, and how late it was, over the stories of a window."""
        from aggregator.desk.timeline import publisher_lags

        return publisher_lags(self._reader(), since, until, category)

    def last_read(self, edition: str | None = None) -> datetime:
        """Return when an edition closed: the one named, else the last one, else a day ago."""
        if edition is None:
            return self._reader().new_since()
        from aggregator.storage.editions import EditionStore

        kept = EditionStore(self.store).get(edition)
        if kept is None:
            raise NotFoundError(f"no edition {edition}; an edition's id stands in its header")
        return kept.until

    def search(self, text: str, limit: int = 20, since: datetime | None = None) -> list[SearchHit]:
        """Return the entries that hold all words of ``text``, best first."""
        return self._reader().search(text, limit, since)

    def status(self) -> Status:
        """Return what the newsroom holds and what it does next."""
        from aggregator.desk.health import status

        return status(self.store, self.clock())

    def faults(self, allowed: timedelta) -> list[str]:
        """Return what shows that no daemon gets on with this desk: what is longer ago than ``allowed``."""
        from aggregator.desk.health import faults

        return faults(self.store, self.settings, self.clock(), allowed)

    def oddities(self) -> list[str]:
        """Return what a person should know although nothing fails."""
        from aggregator.desk.health import oddities

        return oddities(self.store, self.clock())

    def feed_health(self) -> list[FeedHealthRow]:
        """Return how each feed is."""
        from aggregator.desk.health import feed_health

        return feed_health(self.store, self.clock(), self.feeds)

    def faulty_entries(self) -> list[dict[str, object]]:
        """Return the entries that something of ours could not take, with what they held: for a report."""
        from aggregator.desk.health import faulty_entries

        return faulty_entries(self.store)

    # --- editions ----------------------------------------------------------------------------

    def edition(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        day: date | None = None,
        title: str | None = None,
    ) -> Edition:
        """Return the edition of a day, or of a window (by default the 24 hours up to now); frozen when first made."""
        from aggregator.desk import editions
        from aggregator.digest.edition import Window

        now = self.clock()
        if day is not None:
            window = editions.day_window(day, self.settings.digest, now)
        else:
            end = until if until is not None and until < now else just_after(now)
            window = Window(since or (until or now) - timedelta(days=1), end)
        return editions.make_edition(self.store, self.settings, window, now)

    def editions(self, limit: int = 60) -> list[EditionLine]:
        """Return the frozen editions, newest first, without their contents."""
        from aggregator.storage.editions import EditionStore

        return EditionStore(self.store).listed(limit)

    def kept_edition(self, edition: str | None = None) -> Edition:
        """Return a frozen edition by its id, else the newest one; NotFoundError where there is none."""
        from aggregator.digest.frozen import from_json
        from aggregator.storage.editions import EditionStore

        kept = EditionStore(self.store).last() if edition is None else EditionStore(self.store).get(edition)
        if kept is None:
            named = "no edition yet" if edition is None else f"no edition {edition}"
            raise NotFoundError(f"{named}; `aggregator digest` makes one now, `aggregator run` at digest.time")
        return from_json(kept.body)

    def subscription(self, query: StoryQuery) -> Subscription:
        """Return the stories that a query asks for as a feed, the one changed last first."""
        from aggregator.desk.subscription import subscription

        return subscription(self._reader(), self.settings, query, self.clock())

    def publish_stories(self) -> list[Path]:
        """Write the feeds of stories and the list of editions into the folder of editions; return what changed."""
        from aggregator.desk.subscription import publish_stories

        return publish_stories(self)

    # --- in and out --------------------------------------------------------------------------

    def import_archive(
        self, path: Path, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> ImportOutcome:
        """Read a JSON Lines archive into the database."""
        from aggregator.ingest.archives import Importer

        return Importer(self.store, self.settings, self.families, self.clock()).run(path, progress)

    def export(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[dict[str, object]]:
        """Yield entries as `export` writes them, in order of arrival."""
        from aggregator.ingest.archives import export_line

        reader = self._reader()
        canonical = reader.stories.canonical_entries()
        for entry in reader.export(since, until):
            yield export_line(entry, entry.id in canonical)

    def labels(self) -> Iterator[dict[str, object]]:
        """Yield the entries that editors' verbs in force put together or apart, labelled for `evaluate`."""
        from aggregator.desk.maintenance import labels

        yield from labels(self._reader(), self.store)

    # --- keeping house -----------------------------------------------------------------------

    def prune(self, stop: Event | None = None) -> dict[str, int]:
        """Drop what is past the windows and the retention rule; return how many of each. ``stop`` ends it between two steps."""
        from aggregator.desk.maintenance import prune

        return prune(self.store, self.settings, self.clock(), stop)

    def backup(self) -> Path | None:
        """Copy the database beside itself, keep the newest few copies; None where backups are off or there is no file."""
        from aggregator.desk.maintenance import rotate_backups

        return rotate_backups(self.store, self.settings.retention.backups, self.clock())

    def reconfigure(self, settings: Settings, feeds: Sequence[Feed]) -> None:
        """Go on under other settings and feeds: open connections and workers are replaced at the next pass."""
        self.follow(feeds)  # first: where that fails, all stays as it was
        before, self._resources, self.settings = self._resources, Resources(settings), settings
        before.close()

    # --- editors' verbs ----------------------------------------------------------------------

    def editor(self, by: str) -> Editor:
        """Return the verbs, given by ``by``."""
        from aggregator.desk.editing import Editor
        from aggregator.ingest.place import Placer

        return Editor(self.store, Placer(self.store, self.settings), by, self.clock())

    def decisions(self, limit: int | None = None) -> list[Decision]:
        """Return editors' verbs, newest first, those taken back among them."""
        from aggregator.storage.decisions import DecisionStore

        return DecisionStore(self.store).log(limit)

    # --- watches -----------------------------------------------------------------------------

    def watches(self) -> Watches:
        """Return the saved queries that alert, and what is done with them."""
        from aggregator.desk.watches import Watches

        return Watches(self.store, self.settings, self.clock)

    def deliver(self, announce: Announce) -> Sent:
        """Deliver the alerts that are due now; ``announce`` takes those for stdout."""
        from aggregator.desk.alerts import AlertSender

        return AlertSender(self.store, self.settings, self.clock, announce).deliver()

    # --- pieces ------------------------------------------------------------------------------

    def _watcher(self) -> Watcher:
        from aggregator.desk.watches import Watcher

        return Watcher(self.store, self.settings)

    def _reader(self) -> Reader:
        return Reader(self.store, self.clock())


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the default of a caller who brings no clock
