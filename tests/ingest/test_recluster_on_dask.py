"""Archives clustered on a Dask cluster: two worker processes with interpreters of their own find what one process finds."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.clustering import blocks
from aggregator.desk.parquet import lines_of_archive
from aggregator.executor import TaskError, TaskFailure, open_executor, parallel_tasks
from aggregator.ingest import archive_lines, archives
from aggregator.ingest.archive_clustering import cluster_archives
from aggregator.ingest.archive_order import lines_of, ordered
from aggregator.ingest.archives import Importer
from aggregator.model import Skip
from aggregator.newsroom.publishers import families
from aggregator.settings import Settings
from aggregator.storage.database import Store
from bench.cost import flood
from tests.cli.calling import ARCHIVE

NOW = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)
PLACES = ("Esbjerg", "Harwich", "Brussels", "Skagen", "Tallinn", "Ghent", "Ostend", "Calais")


def lines() -> list[dict[str, object]]:
    return [
        {**one, "id": f"{place}-{one['id']}", "title": f"{place}: {one['title']}", "body": f"In {place}. {one['body']}"}
        | {"date": (datetime(2026, 3, 10, tzinfo=UTC) + timedelta(minutes=7 * number)).isoformat()}
        for number, place in enumerate(PLACES)
        for one in ARCHIVE
    ]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "archive.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines()), encoding="utf-8")
    return path


def clustered(
    archive: Path, cluster: Executor | None = None, lines: Callable[[Path], Iterator[bytes]] = lines_of
) -> tuple[list[dict[str, object]], list[tuple[Path, Skip]]]:
    """Return where the entries of an archive stand, and the lines left out."""
    rows: list[dict[str, object]] = []
    skips = cluster_archives([archive], Settings(), NOW, lambda done, total: None, rows.append, cluster, lines)
    return rows, skips


def test_two_worker_processes_find_the_reports_and_stories_of_one(archive: Path, small: None) -> None:
    pytest.importorskip("distributed")
    alone, skips = clustered(archive)
    with open_executor("dask", 2, 60.0, 1_000_000_000) as cluster:
        pids = {future.result() for future in [cluster.submit(os.getpid) for _ in range(40)]}
        together, left_out = clustered(archive, cluster)
        assert parallel_tasks(cluster, 7) == 2  # its own workers, whatever the settings say of those here
    assert len(pids - {os.getpid()}) == 2
    assert (together, left_out) == (alone, skips)
    assert len({row["story_id"] for row in alone}) < len(alone)  # there was something to find


class Counting(Executor):
    """Has the clients' way to say how many tasks run at a time, and counts those that nobody has taken yet."""

    def __init__(self, threads: int) -> None:
        self._client = self
        self.threads = threads
        self.most = self.untaken = 0

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(map(str, range(self.threads)), 1)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Taken(self)
        future.set_result(fn(*args, **kwargs))
        self.untaken += 1
        self.most = max(self.most, self.untaken)
        return future


class Taken(Future[Any]):
    def __init__(self, owner: Counting) -> None:
        super().__init__()
        self._owner = owner

    def result(self, timeout: float | None = None) -> Any:
        self._owner.untaken -= 1
        return super().result(timeout)


@pytest.mark.parametrize("threads", [1, 3])
def test_as_many_tasks_are_in_hand_as_the_clusters_workers_take(archive: Path, small: None, threads: int) -> None:
    workers = Counting(threads)
    with ordered(archive) as (entries, _):
        count = len(entries)
        told = list(
            archive_lines.prepared_by_workers(
                entries, lambda one: frozenset(), workers, parallel_tasks(workers, 99), sketching=False
            )
        )
    assert sum(map(len, told)) == count
    assert workers.most == min(3 * threads, -(-count // 5))


class Losing(Executor):
    """Loses what it is given, at random turns: a worker that dies with its task."""

    def __init__(self) -> None:
        self.turn = 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.turn += 1
        if self.turn % 3:
            future.set_exception(TaskError(TaskFailure("died", "the worker died")))
        else:
            future.set_result(fn(*args, **kwargs))
        return future


def test_lost_workers_cost_time_and_nothing_else(archive: Path, small: None) -> None:
    workers = Losing()
    assert clustered(archive, workers) == clustered(archive)
    assert workers.turn > 5


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tasks, so that there are several."""
    monkeypatch.setattr(archive_lines, "MIN_ENTRIES", 1)
    monkeypatch.setattr(archives, "MIN_ENTRIES", 1)
    monkeypatch.setattr(archive_lines, "_ENTRIES_PER_TASK", 5)
    monkeypatch.setattr(blocks, "BLOCK", 7)


def test_a_cluster_whose_worker_is_killed_loses_no_entry_and_doubles_none(
    archive: Path, small: None, tmp_path: Path
) -> None:
    pytest.importorskip("distributed")
    with open_executor("dask", 2, 60.0, 1_000_000_000) as cluster, Store(tmp_path / "a.db") as store:
        pids = sorted({future.result() for future in [cluster.submit(os.getpid) for _ in range(40)]})

        def kill(done: int, total: int) -> None:
            if pids:
                os.kill(pids.pop(), signal.SIGKILL)

        importer = Importer(store, Settings(), families(()), NOW, workers=lambda: cluster)
        outcome = importer.run(archive, kill)
        keys = [key for (key,) in store.connection.execute("SELECT key FROM entry")]
        unplaced = store.connection.execute("SELECT count(*) FROM entry WHERE story_id IS NULL").fetchone()
    assert pids == []
    assert outcome.new == len(keys) == len(set(keys)) == len(lines())
    assert unplaced == (0,)


def test_blocks_have_the_edges_of_the_whole() -> None:
    from aggregator.clustering.graph import StoryGraph

    reports = flood(150)
    alone, spread = StoryGraph(), StoryGraph()
    alone.load(reports)
    spread.load(reports, lambda given, parts: [blocks.block_edges(given, part) for part in reversed(parts)][::-1])
    for graph in (alone, spread):
        graph.touch([name for name, _ in reports])
    assert alone.settle() == spread.settle()


def test_parquet_is_read_as_json_lines_are(archive: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pytest.importorskip("pyarrow").Table.from_pylist(lines())
    other = archive.with_suffix(".parquet")
    parquet.write_table(table, other)
    assert clustered(other, lines=lines_of_archive) == clustered(archive)
