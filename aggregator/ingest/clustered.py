"""Archives clustered from nothing, on a cluster or here: their texts lie on disk, their reports are compared in memory."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aggregator.clustering.blocks import Block, Whole, look_back
from aggregator.clustering.looking_back import LookedBack
from aggregator.executor import failure_of, shared
from aggregator.ingest.archives import Importer, Progress, feed_address, lines_of, opened
from aggregator.ingest.window import Window
from aggregator.model import Skip
from aggregator.newsroom.publishers import families
from aggregator.parsing.archive import ArchiveEntry, date_order, read
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore
from aggregator.storage.spilled import Order, Spilled, spilled

log = logging.getLogger("aggregator.archives")


class _OnDisk:
    """Entries in order of date; how many there are is known."""

    def __init__(self, kept: Spilled) -> None:
        self._kept = kept
        self._count = len(kept)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[ArchiveEntry]:
        return map(pickle.loads, self._kept.in_order())  # packed by this process

    def __contains__(self, one: object) -> bool:
        return any(one == other for other in self)


def cluster_archives(
    paths: Sequence[Path],
    settings: Settings,
    now: datetime,
    progress: Progress,
    placed: Callable[[dict[str, object]], object],
    workers: Executor | None = None,
    lines: Callable[[Path], Iterator[bytes]] = lines_of,
) -> list[tuple[Path, Skip]]:
    """Cluster archives from nothing, together and in a scratch database; return the lines left out.

    ``placed`` is told of each entry, file by file in order of date, where it stands. ``workers`` clean, sketch and
    vectorise the entries and compare the reports; the result is the same without.
    """
    skips: list[tuple[Path, Skip]] = []
    with spilled() as kept, Store(None, spilling=True) as store:
        for number, path in enumerate(paths):
            kept.add(number, _packed(path, lines, skips))
        importer = Importer(store, settings, families(()), now)
        if workers is not None:
            window = Window(store, settings.stories, partial(_compared_on, workers))
            importer = Importer(store, settings, families(()), now, window, lambda: workers)
        importer.record(_OnDisk(kept), progress)
        places = EntryStore(store)
        for one in map(pickle.loads, kept.by_group()):
            place = places.place_of_archive(feed_address(one), one.data.key)
            if place is not None:
                told = {"report_id": place.report, "story_id": place.story, "storyline_id": place.storyline}
                placed({"id": one.data.key, **told})
    return skips


def _packed(
    path: Path, lines: Callable[[Path], Iterator[bytes]], skips: list[tuple[Path, Skip]]
) -> Iterator[tuple[Order, bytes]]:
    with opened(path):
        for one in read(lines(path)):
            if isinstance(one, Skip):
                skips.append((path, one))
            else:
                undated, time, key, line = date_order(one)
                moment = time.astimezone(UTC).isoformat(timespec="microseconds")
                yield (int(undated), moment, key, line), pickle.dumps(one, pickle.HIGHEST_PROTOCOL)


def _compared_on(workers: Executor, whole: Whole, parts: Sequence[Block]) -> Iterator[list[LookedBack]]:
    """Have workers compare the reports of a window, block by block."""
    everywhere = shared(workers, whole)
    futures = [(part, workers.submit(look_back, everywhere, part)) for part in parts]
    return (_answer(future, whole, part) for part, future in futures)


def _answer(future: Future[list[LookedBack]], whole: Whole, part: Block) -> list[LookedBack]:
    """Return what a worker found; where it was lost, with all that it was sent, the block is compared here."""
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - whatever befell the worker, the reports are here
        log.warning("a worker gave no result (%s); its reports are compared here", failure_of(error).message)
        return look_back(whole, part)
