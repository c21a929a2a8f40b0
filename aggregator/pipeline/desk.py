"""The desk: one open newsroom, with its settings, its clock and its database. What the command line talks to."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import TYPE_CHECKING, Self

from aggregator.exceptions import NotFoundError
from aggregator.model import Entry, Feed, FeedOutcome, Revision, Story, Storyline, StoryQuery, StorySummary
from aggregator.newsroom.publishers import Families, families, publisher_of_feed
from aggregator.pipeline.equipment import Equipment
from aggregator.pipeline.reading import Reader, SearchHit, just_after
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.feeds import FeedStore

# Most commands look something up: what only polls, clusters, renders or sends is imported by the methods that do so.
if TYPE_CHECKING:
    from aggregator.digest.edition import Correction, Edition
    from aggregator.newsroom.novelty import Novelty
    from aggregator.newsroom.timeline import Punctuality, Timeline
    from aggregator.pipeline.alerting import Announce, Sent
    from aggregator.pipeline.archives import ImportOutcome
    from aggregator.pipeline.comparing import Outcome
    from aggregator.pipeline.explaining import Why
    from aggregator.pipeline.health import FeedHealthRow, Status
    from aggregator.pipeline.poll import Fetching
    from aggregator.pipeline.poll import Progress as PollProgress
    from aggregator.pipeline.reclustering import Progress, Reclustering
    from aggregator.pipeline.revisions import Edit, Retitled
    from aggregator.pipeline.storyline_verbs import StorylineEditor
    from aggregator.pipeline.verbs import Editor
    from aggregator.pipeline.watches import Watches
    from aggregator.pipeline.window import Window
    from aggregator.storage.decisions import Decision

Clock = Callable[[], datetime]

LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Desk:
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
        self._equipment = Equipment(settings, fetcher, workers)
        self._graph: Window | None = None

    @classmethod
    def open(
        cls,
        settings: Settings,
        database: Path | None,
        *,
        clock: Clock,
        feeds: Sequence[Feed] | None = None,
        fetcher: Fetching | None = None,
        workers: Executor | None = None,
    ) -> Self:
        """Open the database (None: a scratch one in memory) and, where ``feeds`` are given, follow just these."""
        store = Store(database)
        try:
            desk = cls(settings, store, clock, feeds or (), fetcher=fetcher, workers=workers)
            if feeds is not None:
                desk.follow(feeds)
        except BaseException:
            store.close()
            raise
        return desk

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers and close the database."""
        self._equipment.close()
        self.keep_window()
        self.store.close()

    # --- feeds -------------------------------------------------------------------------------

    def follow(self, feeds: Sequence[Feed]) -> None:
        """Follow just these feeds from now on; what is stored of others stays."""
        self.feeds = tuple(feeds)
        self.families = families(feeds)
        FeedStore(self.store).sync([(feed, publisher_of_feed(feed)) for feed in feeds], self.clock())

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
        progress: PollProgress = lambda outcome, done, total: None,
        placing: Callable[[int, int], None] = lambda done, total: None,
        stop: Event | None = None,
    ) -> list[FeedOutcome]:
        """Poll the feeds that are due, or those named, or all; return one outcome a feed.

        ``progress`` hears of each feed, ``placing`` then of how many of the new entries are placed in stories.
        Raises NotFoundError where a pattern names no feed. ``stop``, when set from elsewhere, ends the pass after the feeds in hand.
        """
        from aggregator.pipeline.prepare import warm_up

        rows, now, equipment = FeedStore(self.store), self.clock(), self._equipment
        if rows.last_poll() is None:
            equipment.make_ready(warm_up, len(self.feeds))  # documents are sure to come
        from aggregator.pipeline.placing import Placer
        from aggregator.pipeline.poll import PollPass
        from aggregator.pipeline.recording import Recorder
        from aggregator.pipeline.saving import Saver
        from aggregator.pipeline.subscriptions import Twins, named, neighbours, sort_out, subscriptions

        every = subscriptions(self.feeds, rows)
        wanted = named(every, patterns)
        polls, others = sort_out(wanted, rows.due_keys(now), everything=everything or bool(patterns), now=now)
        total = len(polls) + len(others)
        for done, outcome in enumerate(others, 1):
            progress(outcome, done, total)
        if not polls:
            return others
        placer = Placer(self.store, self.settings, self._window())
        saver = Saver(
            self.store,
            self.settings,
            placer,
            Recorder(self.store, self.settings, self.families, placer),
            random.random,
            lambda address: neighbours(address, every),
        )
        run = PollPass(
            self.settings,
            equipment.fetcher(len(self.feeds)),
            equipment.workers(),
            saver,
            self.clock,
            stop or Event(),
            equipment.schedule(),
            Twins(every),
        )
        return others + run.run(polls, lambda outcome, done, _: progress(outcome, done + len(others), total), placing)

    def keep_window(self) -> None:
        """Keep what was found out about the window, so that the next start need not find it out anew."""
        if self._graph is not None:
            self._graph.keep()

    def next_due(self) -> datetime | None:
        """Return when the next feed is due; None where none is."""
        return FeedStore(self.store).next_due()

    def resume(self, feed: Feed) -> None:
        """Poll a feed again at once: its failures, and that it was given up as gone, are forgotten."""
        from aggregator.pipeline.subscriptions import poll_again

        poll_again(self.store, feed)

    # --- reading -----------------------------------------------------------------------------

    def stories(self, query: StoryQuery) -> list[StorySummary]:
        """Return the stories that a query asks for."""
        return self._reader().find(query)

    def story(self, prefix: str) -> Story:
        """Return one story with its reports; the id may be shortened, and an id that was merged leads on."""
        return self._reader().story(prefix)

    def stories_by_storyline(self, query: StoryQuery) -> list[Storyline]:
        """Return the stories that a query asks for, those of one storyline together."""
        return self._reader().find_by_storyline(query)

    def storylines(self, since: datetime | None = None, limit: int | None = None) -> list[Storyline]:
        """Return the storylines seen since a time, those seen last first."""
        return self._reader().list_storylines(since, limit)

    def storyline(self, prefix: str) -> Storyline:
        """Return one storyline with its stories; the id may be shortened, and an id that was merged leads on."""
        return self._reader().storyline(prefix)

    def neighbours(self, story: Story) -> tuple[StorySummary, ...]:
        """Return the other stories of a story's storyline, the one seen last first."""
        line = story.summary.storyline
        found = self._reader().storyline(line.id).stories if line is not None else ()
        return tuple(one for one in found if one.id != story.summary.id)

    def why(self, story: str, entry: str | None = None) -> Why:
        """Explain why an entry (else the newest) stands in a story, or what kept it out."""
        from aggregator.pipeline.explaining import explain

        return explain(self._reader(), self.store, self.settings, story, entry, self._window())

    def entry(self, prefix: str) -> Entry:
        """Return one entry."""
        return self._reader().entry(prefix)

    def revisions(self, prefix: str) -> tuple[Revision, ...]:
        """Return an entry's earlier versions, oldest first."""
        reader = self._reader()
        return reader.entries.revisions(reader.entries.resolve(prefix))

    def text(self, entry_id: str) -> str:
        """Return an entry's plain text."""
        return self._reader().entries.texts([entry_id]).get(entry_id, "")

    def corrections(self, story: Story) -> tuple[Correction, ...]:
        """Return a story's corrections and withdrawals with the copies that still carry the old wording, oldest first."""
        from aggregator.digest.edition import Window
        from aggregator.pipeline.corrections import notices

        return notices(self._reader(), story, Window(LONG_AGO, just_after(self.clock())))

    def news_of(self, story: Story, since: datetime) -> Novelty:
        """Return the sentences, numbers and names that a story did not hold before ``since``."""
        from aggregator.pipeline.novelties import news_of

        return news_of(self._reader(), story, since)

    def edit(self, prefix: str, first: int | None = None, last: int | None = None) -> Edit:
        """Return what changed between two versions of an entry, numbered from 1; by default between the last two."""
        from aggregator.pipeline.revisions import entry_edit

        return entry_edit(self._reader(), prefix, first, last)

    def edits(self, story: Story, since: datetime | None = None) -> tuple[Edit, ...]:
        """Return what became of a story's entries since a time, else since their first text."""
        from aggregator.pipeline.revisions import story_edits

        return story_edits(self._reader(), story, since)

    def headlines(self, since: datetime | None = None, until: datetime | None = None) -> tuple[Retitled, ...]:
        """Return the headlines that got other words, oldest change first; by default up to now."""
        from aggregator.pipeline.revisions import headlines_between

        return headlines_between(self._reader(), since or LONG_AGO, until or just_after(self.clock()))

    def timeline(self, story: Story) -> Timeline:
        """Return who had a story when, with its edits and corrections."""
        from aggregator.pipeline.timeline import story_timeline

        return story_timeline(self._reader(), story, just_after(self.clock()))

    def punctuality(
        self, since: datetime | None = None, until: datetime | None = None, category: str | None = None
    ) -> tuple[Punctuality, ...]:
        """Return how often each publisher was first, and how late it was, over the stories of a window."""
        from aggregator.pipeline.timeline import publisher_lags

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
        from aggregator.pipeline.health import status

        return status(self.store, self.clock())

    def feed_health(self) -> list[FeedHealthRow]:
        """Return how each feed is."""
        from aggregator.pipeline.health import feed_health

        return feed_health(self.store, self.clock(), self.feeds)

    def faulty_entries(self) -> list[dict[str, object]]:
        """Return the entries that something of ours could not take, with what they held: for a report."""
        from aggregator.pipeline.health import faulty_entries

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
        from aggregator.digest.edition import Window
        from aggregator.pipeline import editions

        now = self.clock()
        if day is not None:
            window = editions.day_window(day, self.settings.digest, now)
        else:
            end = until if until is not None and until < now else just_after(now)
            window = Window(since or (until or now) - timedelta(days=1), end)
        return editions.make_edition(self.store, self.settings, window, now)

    # --- in and out --------------------------------------------------------------------------

    def import_archive(
        self, path: Path, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> ImportOutcome:
        """Read a JSON Lines archive into the database."""
        from aggregator.pipeline.archives import Importer

        return Importer(self.store, self.settings, self.families, self.clock(), self._window()).run(path, progress)

    def recluster(self, progress: Callable[[int, int], None] = lambda done, total: None) -> Outcome:
        """Cluster the reports of the window anew; return what changed."""
        return self._reclustering().run(self.clock(), progress)

    def recluster_step(self) -> Progress | Outcome | None:
        """Where the stories were found in a former way, do some of what clusters them anew.

        Return how far it is and, at its end, what it changed; None where nothing is to do.
        """
        if not self.settings.stories.enabled:
            return None
        run = self._reclustering()
        return (run.step(self.clock()) or run.outcome()) if run.is_due() else None

    def export(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[dict[str, object]]:
        """Yield entries as `export` writes them, in order of arrival."""
        from aggregator.pipeline.archives import export_line

        reader = self._reader()
        canonical = reader.stories.canonical_entries()
        storylines = reader.storylines.of_all_stories()
        for entry in reader.export(since, until):
            yield export_line(entry, entry.id in canonical, storylines.get(entry.story_id))

    def labels(self) -> Iterator[dict[str, object]]:
        """Yield the entries that editors' verbs in force put together or apart, labelled for `evaluate`."""
        from aggregator.pipeline.housekeeping import labels

        yield from labels(self._reader(), self.store)

    # --- keeping house -----------------------------------------------------------------------

    def prune(self) -> dict[str, int]:
        """Drop what is past the windows and the retention rule; return how many of each."""
        from aggregator.pipeline.housekeeping import prune

        return prune(self.store, self.settings, self.clock())

    def backup(self) -> Path | None:
        """Copy the database beside itself, keep the newest few copies; None where backups are off or there is no file."""
        from aggregator.pipeline.housekeeping import rotate_backups

        return rotate_backups(self.store, self.settings.retention.backups, self.clock())

    def reconfigure(self, settings: Settings, feeds: Sequence[Feed]) -> None:
        """Go on under other settings and feeds: open connections and workers are replaced at the next pass."""
        self._equipment.close()
        self._equipment, self.settings, self._graph = Equipment(settings), settings, None
        self.follow(feeds)

    # --- editors' verbs ----------------------------------------------------------------------

    def editor(self, by: str) -> Editor:
        """Return the verbs, given by ``by``."""
        from aggregator.pipeline.placing import Placer
        from aggregator.pipeline.verbs import Editor

        return Editor(self.store, Placer(self.store, self.settings, self._window()), by, self.clock())

    def storyline_editor(self, by: str) -> StorylineEditor:
        """Return the verbs on storylines, given by ``by``."""
        from aggregator.pipeline.placing import Placer
        from aggregator.pipeline.storyline_verbs import StorylineEditor

        return StorylineEditor(self.store, Placer(self.store, self.settings, self._window()), by, self.clock())

    def decisions(self, limit: int | None = None) -> list[Decision]:
        """Return editors' verbs, newest first, those taken back among them."""
        from aggregator.storage.decisions import DecisionStore

        return DecisionStore(self.store).log(limit)

    # --- watches -----------------------------------------------------------------------------

    def watches(self) -> Watches:
        """Return the saved queries that alert, and what is done with them."""
        from aggregator.pipeline.watches import Watches

        return Watches(self.store, self.settings, self.clock)

    def deliver(self, announce: Announce) -> Sent:
        """Deliver the alerts that are due now; ``announce`` takes those for stdout."""
        from aggregator.pipeline.alerting import Courier

        return Courier(self.store, self.settings, self.clock, announce).deliver()

    # --- pieces ------------------------------------------------------------------------------

    def _window(self) -> Window:
        """Return the graph of the reports in the window, which is read when it is first asked."""
        from aggregator.pipeline.window import Window

        if self._graph is None:
            self._graph = Window(self.store, self.settings.stories)
        return self._graph

    def _reclustering(self) -> Reclustering:
        from aggregator.pipeline.placing import Placer
        from aggregator.pipeline.reclustering import Reclustering

        return Reclustering(self.store, Placer(self.store, self.settings, self._window()))

    def _reader(self) -> Reader:
        return Reader(self.store, self.clock())
