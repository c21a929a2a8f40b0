"""Retention, backups, and labels made from editors' decisions."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Final

from aggregator.desk.reader import Reader
from aggregator.desk.rows import row_of
from aggregator.model import LONG_AGO
from aggregator.settings import Settings
from aggregator.storage.boilerplate import LineStore
from aggregator.storage.database import Store
from aggregator.storage.decisions import DecisionStore
from aggregator.storage.faults import FaultStore
from aggregator.storage.feeds import FeedStore
from aggregator.storage.report_vectors import VectorStore
from aggregator.storage.retention import Retention
from aggregator.storage.sketches import KEY_TABLES, WITHOUT_SKETCH, SketchStore
from aggregator.storage.sweeping import Sweeper
from aggregator.storage.times import to_text
from aggregator.storage.watches import WatchStore

# The poll log serves health and the digest's header, for which a month is enough.
POLL_LOG: Final = timedelta(days=31)
# A line that no text of the last three months contained is no longer boilerplate.
LINES: Final = timedelta(days=90)
# Rows deleted by one transaction, which takes well under a quarter of a second.
SKETCHES_AT_ONCE: Final = 500
VECTORS_AT_ONCE: Final = 150
LINES_AT_ONCE: Final = 2_000
ALERTS_AT_ONCE: Final = 200
VERSIONS_AT_ONCE: Final = 200
LABELLED: Final = "id lang=language date=time source=publisher url=data.link title=data.title"
_DIGIT: Final = "[0-9]"


def prune(store: Store, settings: Settings, now: datetime, stop: Event | None = None) -> dict[str, int]:
    """Delete rows older than the windows and the retention; return the number of each kind.

    It works in short transactions with pauses for other writers. ``stop``, when set, ends it after the running one; the
    next call continues.
    """
    db, sweeper = store.connection, Sweeper(store, stop)
    sketches, vectors, watches, polls = SketchStore(db, store.bands), VectorStore(db), WatchStore(db), FeedStore(store)
    before = _earlier(now, settings.retention.entries)
    with store.transaction():
        FaultStore(store).prune(now - POLL_LOG)
    retention = Retention(store, before, now)
    entries, stories = retention.drop(sweeper)
    dropped = {
        "entries": entries,
        "stories": stories,
        "versions": sweeper.drain(lambda: retention.forget_versions(VERSIONS_AT_ONCE)),
        "sketches": sweeper.drain(lambda: sketches.prune(_earlier(now, settings.copies.window), SKETCHES_AT_ONCE)),
        "vectors": sweeper.drain(lambda: vectors.prune(_earlier(now, 2 * settings.stories.window), VECTORS_AT_ONCE)),
        "polls": sweeper.drain(lambda: polls.prune_polls(now - POLL_LOG, LINES_AT_ONCE)),
        "alerts": sweeper.drain(lambda: watches.prune(before, ALERTS_AT_ONCE)),
    }
    # even if nothing was deleted, because each edit leaves the keys of the former text
    for table, key in KEY_TABLES.items():
        sweeper.sweep(table, key, WITHOUT_SKETCH)
    store.bands.forget()
    return {
        **dropped,
        "lines": _swept(sweeper, "line", ("feed_id", "hash"), LineStore(db).outdated(max(before, now - LINES))),
        "redirects": sweeper.sweep("story_redirect", ("old_id",), "story_id IS NULL AND at < ?", (to_text(before),))
        + sweeper.sweep("storyline_redirect", ("old_id",), "storyline_id IS NULL AND at < ?", (to_text(before),)),
    }


def _earlier(now: datetime, by: timedelta) -> datetime:
    """Return ``now`` less a duration, or the first possible time if that is out of the calendar's range."""
    try:
        return now - by
    except OverflowError:
        return LONG_AGO


def _swept(sweeper: Sweeper, table: str, key: Sequence[str], doomed: tuple[str, tuple[object, ...]] | None) -> int:
    return 0 if doomed is None else sweeper.sweep(table, key, *doomed)


def rotate_backups(store: Store, keep: int, now: datetime) -> Path | None:
    """Write a dated copy into the folder ``backups`` beside the database; keep the newest ``keep`` copies.

    Nothing else in the folder is touched, but what a backup left there that was killed. A copy dated later than now is of
    a clock that was wrong, and goes first.
    """
    if store.path is None or keep <= 0:
        return None
    folder, stem = store.path.parent / "backups", store.path.stem
    target = folder / f"{stem}-{now:%Y%m%dT%H%M%SZ}.db"
    store.backup(target, through_links=False)
    ours = f"{glob.escape(stem)}-{_DIGIT * 8}T{_DIGIT * 6}Z.db"
    dated = sorted(folder.glob(ours), key=lambda path: (path <= target, path))
    for old in (*dated[:-keep], *folder.glob(f"{ours}.partial*")):
        old.unlink(missing_ok=True)
    return target


def labels(reader: Reader, store: Store) -> Iterator[dict[str, object]]:
    """Yield entries that verbs in force name, with their story as ``cluster``: what `evaluate` reads."""
    named = {
        entry_id
        for decision in DecisionStore(store).active()
        for constraint in decision.constraints
        for entry_id in constraint.left | constraint.right
    }
    texts = reader.entries.texts(sorted(named))
    for entry in reader.entries.seen_between(None, None):
        if entry.id in named:
            yield {**row_of(entry, LABELLED), "body": texts[entry.id], "cluster": entry.story_id}
