"""The façade: one open newsroom with its settings, its clock and its database."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from datetime import UTC, date, datetime, timedelta
from math import inf
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Self

from aggregator.desk.lookup import Clock, Lookup
from aggregator.exceptions import NotFoundError
from aggregator.ingest.renaming import follow_feeds, pending_renaming
from aggregator.ingest.resources import Resources
from aggregator.model import Feed, FeedOutcome, Story, StoryQuery
from aggregator.newsroom.publishers import Families, families
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.decisions import Decision, DecisionStore
from aggregator.storage.editions import EditionStore
from aggregator.storage.feeds import FeedStore

# Most commands only look something up, so modules for polling, clustering, rendering and sending are imported in the methods.
if TYPE_CHECKING:
    from aggregator.desk.alerts import Announce
    from aggregator.desk.editing import Editor
    from aggregator.desk.publish import Published
    from aggregator.desk.storyline_editing import StorylineEditor
    from aggregator.desk.watches import Watches
    from aggregator.digest.subscription import Subscription
    from aggregator.digest.values import Edition
    from aggregator.ingest.archives import ImportOutcome
    from aggregator.ingest.clustering_changes import Outcome
    from aggregator.ingest.poll import FeedFetcher, Progress
    from aggregator.ingest.recluster import Progress as Reclustered
    from aggregator.ingest.recluster import Reclustering
    from aggregator.ingest.save import PassContext
    from aggregator.newsroom.alerts import Sent
    from aggregator.storage.editions import EditionLine


DATABASE = "aggregator.db"


class Aggregator(Lookup):
    """One open newsroom. It is a context manager, and only one thread may use it."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        clock: Clock,
        feeds: Sequence[Feed] = (),
        *,
        fetcher: FeedFetcher | None = None,
        workers: Executor | None = None,
    ) -> None:
        super().__init__(settings, store, clock, feeds)
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
        fetcher: FeedFetcher | None = None,
        workers: Executor | None = None,
    ) -> Self:
        """Open a database, or create a new one, and return its newsroom.

        ``settings`` default to the shipped values. ``database`` is a file, by default ``aggregator.db`` in the working
        folder; None means a scratch database in memory. ``clock`` returns an aware time, by default the system's. If
        ``feeds`` are given, exactly these are followed; otherwise the database keeps following its own.
        Raises StorageError or LockedError if the file cannot be opened.
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

    def __exit__(self, *raised: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the workers and close the database."""
        self._resources.close()
        self.keep_window()
        self.store.close()

    # --- feeds -------------------------------------------------------------------------------

    def follow(self, feeds: Sequence[Feed]) -> None:
        """Follow exactly these feeds from now on; the stored entries of other feeds stay.

        If a feed has a new publisher or category, its stored entries are changed before the next pass.
        """
        known = families(feeds)
        follow_feeds(self.store, feeds, known, self.clock())
        self.feeds, self.families = tuple(feeds), known

    def spread_overdue(self, over: timedelta = timedelta(minutes=5)) -> int:
        """Spread feeds that are overdue after a long stop over the next minutes; return their number."""
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
        """Poll the feeds that are due, or those named, or all; return one outcome per feed.

        ``progress`` is called after each feed, ``placing`` with the number of new entries that are placed in stories.
        Raises NotFoundError if a pattern names no feed. ``stop``, set by another thread, ends the pass within seconds; after
        ``within`` seconds no further feed is polled. Feeds that were not polled or not saved stay due.
        """
        from aggregator.ingest.prepare import warm_up

        if within == inf:  # the daemon does it between its passes
            self.follow_publishers(stop)
        if FeedStore(self.store).last_poll() is None:
            self._resources.prepare_for(warm_up, len(self.feeds))  # a first fetch certainly brings documents
        from aggregator.ingest.passes import PassOptions, run_pass

        options = PassOptions(patterns, everything, progress, placing, stop or Event(), within)
        return run_pass(self._pass_context(), self.feeds, self._resources, options)

    def place_waiting(self, stop: Event | None = None) -> None:
        """Place and settle the entries that an earlier pass left; every pass does so too."""
        from aggregator.ingest.save import place_unplaced

        place_unplaced(self._pass_context(), stop or Event())

    def follow_publishers(self, stop: Event | None = None) -> int:
        """Change stored entries of feeds with a new publisher or category; return the number of entries."""
        followed = 0
        while (stop is None or not stop.is_set()) and (some := self.follow_publishers_step()) is not None:
            followed += some
        return followed

    def follow_publishers_step(self) -> int | None:
        """Do a step of :meth:`follow_publishers`, which takes a second or two; return None if there is nothing to do."""
        if pending_renaming(self.store, self.families) is None:
            return None
        from aggregator.ingest.place import Placer
        from aggregator.ingest.reattribution import Reattribution

        placer = Placer(self.store, self.settings, self._window())
        return Reattribution(self.store, placer, self.families).step(self.clock())

    def keep_window(self) -> None:
        """Save the window beside the database, so that the next start need not compare its reports again."""
        if self._graph is not None:
            self._graph.save()

    def capped_lookups(self) -> dict[str, int]:
        """Return the number of look-ups for ``copies`` and for ``stories`` that a limit cut short since the window was loaded."""
        return {} if self._graph is None else self._graph.capped_lookups()

    def next_due(self) -> datetime | None:
        """Return when the next feed is due; None if no feed will be."""
        return FeedStore(self.store).next_due()

    def resume(self, feed: Feed) -> None:
        """Make a feed due at once, and clear its failures and its state "gone"."""
        from aggregator.ingest.polls import poll_again

        poll_again(self.store, feed)

    # --- editions ----------------------------------------------------------------------------

    def edition(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        day: date | None = None,
        series: str = "",
    ) -> Edition:
        """Return the edition of a day, or of a window (by default the last 24 hours). It is stored when first made.

        ``series`` is one of ``digest.editions``: its filters apply, and without a day or a window its latest due edition is meant.
        """
        from aggregator.desk.edition_series import times
        from aggregator.desk.edition_windows import due_window
        from aggregator.desk.editions import day_window, given_window, make_edition

        now = self.clock()
        if day is not None:
            window = day_window(day, self.settings.digest, now)
        elif series and since is None and until is None:
            window = due_window(now, self.settings.digest, times(self.settings, series))
        else:
            window = given_window(self.store, since, until, now, series)
        return make_edition(self.store, self.settings, window, now, series)

    def editions(self, limit: int = 60) -> list[EditionLine]:
        """Return the stored editions, newest first, without their contents."""
        return EditionStore(self.store).listed(limit)

    def kept_edition(self, edition: str | None = None) -> Edition:
        """Return a stored edition by its id, or the newest one; raises NotFoundError if there is none."""
        from aggregator.digest.frozen import from_json

        kept = EditionStore(self.store).newest() if edition is None else EditionStore(self.store).get(edition)
        if kept is None:
            named = "no edition yet" if edition is None else f"no edition {edition}"
            raise NotFoundError(f"{named}; `aggregator digest` makes one now, `aggregator run` at digest.time")
        return from_json(kept.body)

    def subscription(self, query: StoryQuery) -> Subscription:
        """Return the stories of a query as a feed, the last changed story first."""
        from aggregator.desk.subscription import subscription

        return subscription(self._reader(), self.settings, query, self.clock())

    def publish_stories(self) -> list[Path]:
        """Write the feeds of stories and the list of editions into the folder of editions; return the changed files."""
        from aggregator.desk.subscription import publish_stories

        return publish_stories(self)

    def publish_due(self, announce: Announce | None = None) -> Published:
        """Write and mail the due editions, and deliver the due alerts; ``announce`` gets alerts for stdout, by default they are printed.

        A later call retries mails and alerts that fail now. Raises DeliveryError if the mail server accepts nothing.
        """
        from aggregator.desk.publish import Published, publish_due

        alerts = self.deliver(announce or _print)
        return Published(tuple(publish_due(self)), alerts)

    # --- in and out --------------------------------------------------------------------------

    @classmethod
    def group(
        cls, entries: Iterable[Mapping[str, Any]], settings: Settings | None = None, *, clock: Clock | None = None
    ) -> list[Story]:
        """Group entries given as mappings into stories, in memory; return the stories, the largest first.

        The mappings have the keys of a JSON Lines archive: ``title`` or ``body`` is required; ``id``, ``summary``, ``url``,
        ``source``, ``lang`` and ``date`` help. ``entry.data.key`` of a grouped entry is its ``id``, or else its index in
        ``entries``, from 0. Raises UsageError with the entries that cannot be used.
        """
        from aggregator.ingest.grouping import record_entries

        with cls.open(settings, None, clock=clock) as app:
            record_entries(app.store, app.settings, entries, app.clock())
            reader = app._reader()
            return reader.load([one.id for one in reader.find(StoryQuery(sort="entries", limit=None))])

    def import_archive(
        self, path: Path, progress: Callable[[int, int], None] = lambda done, total: None
    ) -> ImportOutcome:
        """Read a JSON Lines archive into the database."""
        from aggregator.ingest.archives import Importer

        self.follow_publishers()
        workers = self._resources.workers
        importer = Importer(self.store, self.settings, self.families, self.clock(), self._window(), workers)
        return importer.run(path, progress)

    def recluster(self, progress: Callable[[int, int], None] = lambda done, total: None) -> Outcome:
        """Cluster the reports of the window again; return the changes."""
        return self._reclustering().run(self.clock(), progress)

    def recluster_step(self) -> Reclustered | Outcome | None:
        """Do a step of reclustering if an update changed the clustering.

        Return the progress or, at the end, the changes; None if there is nothing to do.
        """
        if not self.settings.stories.enabled:
            return None
        run = self._reclustering()
        return (run.step(self.clock()) or run.outcome()) if run.is_due() else None

    def export(self, since: datetime | None = None, until: datetime | None = None) -> Iterator[dict[str, object]]:
        """Yield entries in order of arrival, in the form that `export` writes."""
        from aggregator.ingest.archives import export_line

        reader = self._reader()
        canonical = reader.stories.canonical_entries()
        storylines = reader.storylines.of_all_stories()
        for entry in reader.export(since, until):
            yield export_line(entry, entry.id in canonical, storylines.get(entry.story_id))

    def labels(self) -> Iterator[dict[str, object]]:
        """Yield the entries that editors' decisions in force put together or apart, with labels for `evaluate`."""
        from aggregator.desk.maintenance import labels

        yield from labels(self._reader(), self.store)

    # --- maintenance -----------------------------------------------------------------------------

    def prune(self, stop: Event | None = None) -> dict[str, int]:
        """Delete rows older than the windows and the retention; return the number of each kind. ``stop`` ends it between two steps."""
        from aggregator.desk.maintenance import prune

        return prune(self.store, self.settings, self.clock(), stop)

    def backup(self) -> Path | None:
        """Write a backup beside the database and keep the newest few; return None if backups are off or the database is in memory."""
        from aggregator.desk.maintenance import rotate_backups

        return rotate_backups(self.store, self.settings.retention.backups, self.clock())

    def reconfigure(self, settings: Settings, feeds: Sequence[Feed]) -> None:
        """Switch to other settings and feeds; connections and workers are replaced at the next pass."""
        self.follow(feeds)  # first, so that nothing has changed if it fails
        before, self._resources, self.settings, self._graph = self._resources, Resources(settings), settings, None
        before.close()

    # --- editors' verbs ----------------------------------------------------------------------

    def editor(self, by: str) -> Editor:
        """Return the editor's verbs on stories; ``by`` is the editor's name."""
        from aggregator.desk.editing import Editor
        from aggregator.ingest.rearrange import Rearranger

        return Editor(self.store, Rearranger(self.store, self.settings, self._window()), by, self.clock())

    def storyline_editor(self, by: str) -> StorylineEditor:
        """Return the editor's verbs on storylines; ``by`` is the editor's name."""
        from aggregator.desk.storyline_editing import StorylineEditor
        from aggregator.ingest.rearrange import Rearranger

        return StorylineEditor(self.store, Rearranger(self.store, self.settings, self._window()), by, self.clock())

    def decisions(self, limit: int | None = None) -> list[Decision]:
        """Return editors' verbs, newest first, including undone ones."""
        return DecisionStore(self.store).log(limit)

    # --- watches -----------------------------------------------------------------------------

    def watches(self) -> Watches:
        """Return the commands on watches."""
        from aggregator.desk.watches import Watches

        return Watches(self.store, self.settings, self.clock)

    def deliver(self, announce: Announce) -> Sent:
        """Deliver the due alerts; ``announce`` gets those for stdout."""
        from aggregator.newsroom.alerts import Sent
        from aggregator.storage.watches import Outbox

        if not Outbox(self.store.connection).due(self.clock()):  # as mostly: mail and webhooks need not be loaded
            return Sent()
        from aggregator.desk.alerts import AlertSender

        return AlertSender(self.store, self.settings, self.clock, announce).deliver()

    # --- parts of several methods ------------------------------------------------------------

    def _pass_context(self) -> PassContext:
        from aggregator.desk.watches import Watcher
        from aggregator.ingest.save import PassContext

        settled = Watcher(self.store, self.settings).check_stories
        return PassContext(self.store, self.settings, self.families, self.clock, settled, self._window())

    def _reclustering(self) -> Reclustering:
        from aggregator.ingest.place import Placer
        from aggregator.ingest.recluster import Reclustering

        return Reclustering(self.store, Placer(self.store, self.settings, self._window()))


def _print(alert: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(dict(alert), ensure_ascii=False) + "\n")


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the default for a caller without a clock
