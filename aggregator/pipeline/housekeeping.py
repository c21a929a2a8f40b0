"""Retention, backups, and editors' verbs as labels."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from aggregator.pipeline.reading import Reader
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.decisions import DecisionStore
from aggregator.storage.faults import FaultStore
from aggregator.storage.feeds import FeedStore
from aggregator.storage.report_vectors import VectorStore
from aggregator.storage.retention import drop_entries
from aggregator.storage.sketches import SketchStore
from aggregator.storage.watches import WatchStore

# The poll log serves health and the digest's header: a month of it is enough.
POLL_LOG = timedelta(days=31)


def prune(store: Store, settings: Settings, now: datetime) -> dict[str, int]:
    """Drop what is past the windows and the retention rule, in one transaction; return how many of each."""
    with store.transaction() as connection:
        FaultStore(store).prune(now - POLL_LOG)
        entries, stories = drop_entries(store, now - settings.retention.entries, now)
        return {
            "entries": entries,
            "stories": stories,
            "sketches": SketchStore(connection).prune(now - settings.copies.window),
            "vectors": VectorStore(connection).prune(now - 2 * settings.stories.window),
            "polls": FeedStore(store).prune_polls(now - POLL_LOG),
            "alerts": WatchStore(connection).prune(now - settings.retention.entries),
        }


def rotate_backups(store: Store, keep: int, now: datetime) -> Path | None:
    """Write a dated copy into the folder ``backups`` beside the database and keep the newest ``keep``."""
    if store.path is None or keep <= 0:
        return None
    folder = store.path.parent / "backups"
    target = folder / f"{store.path.stem}-{now:%Y%m%dT%H%M%SZ}.db"
    store.backup(target)
    for old in sorted(folder.glob(f"{store.path.stem}-*.db"))[:-keep]:
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
    for entry in reader.entries.iterate("ORDER BY e.number"):
        if entry.id in named:
            yield {
                "id": entry.id,
                "lang": entry.language,
                "date": entry.time,
                "source": entry.publisher,
                "url": entry.data.link,
                "title": entry.data.title,
                "body": texts[entry.id],
                "cluster": entry.story_id,
            }
