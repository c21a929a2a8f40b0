"""An archive is taken in order of date, and where it is large it is not held in memory."""

from __future__ import annotations

import json
import random
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.exceptions import NotFoundError
from aggregator.ingest.archive_order import load, ordered

DAY = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    zones = ("+00:00", "+05:30", "-08:00")
    lines = [
        json.dumps(
            {
                "id": f"e{number % 90}",
                "title": f"Quay {number}",
                "source": "harbour.example",
                "date": (DAY + timedelta(minutes=number // 3)).isoformat()[:-6] + zones[number % 3]
                if number % 7
                else "",
            }
        )
        for number in range(100)
    ]
    lines[40:40] = ["{not json", ""]
    random.Random(3).shuffle(lines)
    path = tmp_path / "archive.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_entries_come_from_disk_as_they_do_from_memory(archive: Path) -> None:
    entries, skips = load(archive)
    assert len(entries) == 100
    assert len(skips) == 1
    for large in (0, 1_000_000):
        with ordered(archive, large) as (found, left_out):
            assert list(found) == entries
            assert len(found) == 100
            assert tuple(left_out) == skips


def test_a_large_archive_is_not_held_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(400):
            line = {
                "id": f"e{number}",
                "title": f"Quay {number}",
                "body": f"{number} " * 5_000,
                "date": DAY.isoformat(),
            }
            print(json.dumps(line), file=file)
    tracemalloc.start()
    try:
        with ordered(path, 1_000_000) as (entries, _):
            assert sum(1 for _ in entries) == 400
        assert tracemalloc.get_traced_memory()[1] < path.stat().st_size / 4
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("large", [0, 1_000_000])
def test_an_archive_that_is_not_there_is_named(tmp_path: Path, large: int) -> None:
    with pytest.raises(NotFoundError, match=r"gone\.jsonl: no such file"), ordered(tmp_path / "gone.jsonl", large):
        pass
