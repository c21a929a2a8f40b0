"""Replay of stored entries under other settings, in a scratch database, and what would change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from aggregator.ingest.clustering_changes import Outcome, compare
from aggregator.ingest.place import Placer
from aggregator.ingest.prepare import FeedText, prepare_entry
from aggregator.ingest.record import Recorder
from aggregator.ingest.record_values import Origin
from aggregator.model import Entry, by_time
from aggregator.newsroom.publishers import Families
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore
from aggregator.storage.feeds import FeedStore
from aggregator.storage.scratch import copy_tables, story_of_entries

EPOCH = datetime.fromtimestamp(0, UTC)
BATCH = 500  # entries a transaction of the scratch database


def replay(
    store: Store,
    settings: Settings,
    families: Families,
    since: datetime | None,
    progress: Callable[[int, int], None],
) -> Outcome:
    """Cluster the entries first seen since a time (else all) anew; nothing is written to ``store``.

    Editors' verbs in force are obeyed: an entry has the same id in the scratch database.
    """
    entries = sorted(EntryStore(store).seen_between(since, None), key=by_time)
    found = cluster_anew(store, settings, families, entries, progress)
    # the entries that were stored last may have no story yet
    before = {entry.id: entry.story_id for entry in entries if entry.story_id}
    titles = {entry.id: entry.data.title for entry in entries}
    return compare(before, {entry: found[entry] for entry in before}, titles, times=("today", "then"))


def cluster_anew(
    store: Store,
    settings: Settings,
    families: Families,
    entries: Sequence[Entry],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, str]:
    """Return entry -> story for these entries, taken in this order; nothing is written to ``store``."""
    with Store(None) as scratch:
        copy_tables(store, scratch, ("feed", "decision", "decision_entry"))
        _record(scratch, settings, families, entries, progress)
        found = story_of_entries(scratch)
    return {entry.id: found.get(entry.id) or entry.id for entry in entries}


def _record(
    scratch: Store,
    settings: Settings,
    families: Families,
    entries: Sequence[Entry],
    progress: Callable[[int, int], None],
) -> None:
    feeds = FeedStore(scratch)
    placer = Placer(scratch, settings)
    recorder = Recorder(scratch, settings, families, placer)
    origins = {row.url: Origin(row, archive=True) for row in feeds.all()}
    for start in range(0, len(entries), BATCH):
        with scratch.transaction():
            for entry in entries[start : start + BATCH]:
                origin = origins[entry.feed_url]
                boilerplate = recorder.boilerplate(origin.feed.id)
                feed = FeedText(entry.language, (entry.publisher, entry.feed), boilerplate)
                prepared = prepare_entry(entry.data, feed, sketching=True)
                recorder.record(origin, [prepared], entry.first_seen)
        progress(min(start + BATCH, len(entries)), len(entries))
    placer.finish(entries[-1].time if entries else EPOCH)
