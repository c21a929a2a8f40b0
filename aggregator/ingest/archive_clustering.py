"""Clustering of archives from nothing, on a cluster or in this process. Texts are on disk; reports are compared in memory."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from datetime import datetime
from functools import partial
from pathlib import Path

from aggregator.clustering.blocks import ReportSet, block_edges
from aggregator.clustering.pair_search import BlockEdges
from aggregator.executor import failure_of, scattered
from aggregator.ingest.archive_order import OnDisk, lines_of, packed
from aggregator.ingest.archives import Importer, Progress, feed_address, start_workers
from aggregator.ingest.window import Window
from aggregator.model import Skip
from aggregator.newsroom.publishers import families
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.entries import EntryStore
from aggregator.storage.spilled import spilled

log = logging.getLogger("aggregator.archives")


def cluster_archives(
    paths: Sequence[Path],
    settings: Settings,
    now: datetime,
    progress: Progress,
    placed: Callable[[dict[str, object]], object],
    workers: Executor | None = None,
    lines: Callable[[Path], Iterator[bytes]] = lines_of,
) -> list[tuple[Path, Skip]]:
    """Cluster archives together in a scratch database; return the lines that were left out.

    ``placed`` is called with each entry and its place, file by file in order of date. ``workers`` clean, sketch and
    vectorise the entries and compare the reports; the result does not depend on them.
    """
    skips: list[tuple[Path, Skip]] = []
    if workers is not None:
        start_workers(workers, settings.parse.workers)
    with spilled() as kept, Store(None, spilling=True) as store:
        for number, path in enumerate(paths):
            left_out: list[Skip] = []
            kept.add(number, packed(path, lines, left_out))
            skips += [(path, skip) for skip in left_out]
        importer = Importer(store, settings, families(()), now)
        if workers is not None:
            window = Window(store, settings.stories, partial(_compared_on, workers))
            importer = Importer(store, settings, families(()), now, window, lambda: workers)
        importer.record(OnDisk(kept), progress)
        places = EntryStore(store)
        for one in map(pickle.loads, kept.by_group()):
            place = places.archive_place(feed_address(one), one.data.key)
            if place is not None:
                ids = {"report_id": place.report, "story_id": place.story, "storyline_id": place.storyline}
                placed({"id": one.data.key, **ids})
    return skips


def _compared_on(workers: Executor, reports: ReportSet, parts: Sequence[range]) -> Iterator[list[BlockEdges]]:
    """Compare the reports of a window on workers, block by block."""
    everywhere = scattered(workers, reports)
    futures = [(part, workers.submit(block_edges, everywhere, part)) for part in parts]
    return (_answer(future, reports, part) for part, future in futures)


def _answer(future: Future[list[BlockEdges]], reports: ReportSet, part: range) -> list[BlockEdges]:
    """Return a worker's result; where the worker was lost, compute the block here."""
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - whatever happened to the worker, this process has the reports
        log.warning("a worker gave no result (%s); its reports are compared here", failure_of(error).message)
        return block_edges(reports, part)
