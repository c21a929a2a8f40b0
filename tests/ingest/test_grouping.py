"""``Aggregator.group``: a list of dicts in, stories out, nothing kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aggregator import Aggregator, UsageError

TEXT = "Dockers walked out at the port of Rotterdam on Tuesday over pay, the union FNV said in a statement to members."
STRIKE = {"id": "a", "title": "Strike closes the port", "body": TEXT, "source": "Ledger"}
COPY = {
    "id": "b",
    "title": "Port closed by strike",
    "body": TEXT,
    "source": "Times",
    "date": datetime(2026, 3, 10, tzinfo=UTC),
}
SNOW = {
    "id": "c",
    "title": "Snow shuts the Brenner pass",
    "body": "Heavy snow closed the road over the pass.",
    "lang": "en",
}


def keys(entries: list[Any]) -> list[list[str]]:
    stories = Aggregator.group(entries)
    return [sorted(entry.data.key for report in story.reports for entry in report.entries) for story in stories]


def test_copies_are_one_story_the_largest_first_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert keys([SNOW, STRIKE, COPY]) == [["a", "b"], ["c"]]
    assert list(tmp_path.iterdir()) == []


def test_an_entry_without_an_id_is_known_by_its_place_and_what_is_not_there_may_be_nan() -> None:
    nan = float("nan")
    entries = [{**STRIKE, "id": None}, {**COPY, "id": nan, "lang": nan, "url": None}]
    assert keys(entries) == [["0", "1"]]


def test_nothing_is_no_story() -> None:
    assert keys([]) == []


@pytest.mark.parametrize(
    ("entries", "expected"), [([STRIKE, {"id": "x"}], "entry 1: "), (["text"], "entry 0: a mapping is wanted")]
)
def test_what_cannot_be_used_is_named_by_its_place(entries: list[Any], expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        Aggregator.group(entries)
