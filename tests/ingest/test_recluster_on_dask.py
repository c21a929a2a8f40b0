"""Archives clustered on a Dask cluster: two worker processes with interpreters of their own find what one process finds."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.clustering import blocks
from aggregator.desk.parquet import lines_of_archive
from aggregator.executor import open_executor
from aggregator.ingest import archives
from aggregator.ingest import lines as preparing
from aggregator.ingest.archives import cluster_archives
from aggregator.settings import Settings
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


def nothing(done: int, total: int) -> None:
    pass


def test_two_worker_processes_find_the_reports_and_stories_of_one(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    alone, skips = cluster_archives([archive], Settings(), NOW, nothing)
    monkeypatch.setattr(preparing, "LEAST", 1)
    monkeypatch.setattr(archives, "LEAST", 1)
    monkeypatch.setattr(preparing, "_TOGETHER", 5)
    monkeypatch.setattr(blocks, "BLOCK", 7)
    with open_executor("dask", 2, 60.0, 1_000_000_000) as cluster:
        pids = {future.result() for future in [cluster.submit(os.getpid) for _ in range(40)]}
        together, left_out = cluster_archives([archive], Settings(), NOW, nothing, cluster)
    assert len(pids - {os.getpid()}) == 2
    assert (together, left_out) == (alone, skips)
    assert len({row["story_id"] for row in alone}) < len(alone)  # there was something to find


def test_blocks_have_the_edges_of_the_whole() -> None:
    from aggregator.clustering.graph import StoryGraph

    reports = flood(150)
    alone, spread = StoryGraph(), StoryGraph()
    alone.load(reports)
    spread.load(reports, lambda whole, parts: [blocks.look_back(whole, part) for part in reversed(parts)][::-1])
    for graph in (alone, spread):
        graph.touch([name for name, _ in reports])
    assert alone.settle() == spread.settle()


def test_parquet_is_read_as_json_lines_are(archive: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pytest.importorskip("pyarrow").Table.from_pylist(lines())
    other = archive.with_suffix(".parquet")
    parquet.write_table(table, other)
    assert cluster_archives([other], Settings(), NOW, nothing, lines=lines_of_archive) == cluster_archives(
        [archive], Settings(), NOW, nothing
    )
