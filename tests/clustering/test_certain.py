"""Merges that are wrong for certain: floors on small samples of the streams beside the project."""

from __future__ import annotations

import pytest

from bench import certain, read_pairs
from bench.worlds import DATA, Item, cut, scattered, week
from tests.clustering.reports import group

pytestmark = [
    pytest.mark.labelled,
    pytest.mark.costly,
    pytest.mark.skipif(not (DATA / "streams").is_dir(), reason="needs the shared streams beside the project"),
]


def stories(items: list[Item]) -> list[list[Item]]:
    return certain.as_items(
        group((item.key, item.vector()) for item in items).stories, {item.key: item for item in items}
    )


@pytest.mark.parametrize(
    ("name", "first", "last", "headlines", "most"),
    [
        ("gnews-en-2025", "2025-10-01", "2025-12-31", False, 0.05),
        ("newsapi-de-2023", "2023-07-01", "2023-08-31", True, 0.04),
        ("newsapi-ru-2023", "2023-07-01", "2023-08-31", True, 0.05),
    ],
)
def test_scattered_days_stay_apart(name: str, first: str, last: str, headlines: bool, most: float) -> None:
    items = scattered(name, first, last, 1_200, headlines)
    assert certain.surely_wrong(stories(items)) <= most


@pytest.mark.parametrize("headlines", [False, True])
def test_weeks_of_two_years_stay_apart(headlines: bool) -> None:
    items = week(("newsapi-us-2023",), "2023-07-17", 4) + week(("gnews-en-2025",), "2025-11-10", 4)
    false, true = certain.mixed(stories(cut(items, 0) if headlines else items))
    assert false <= 0.05
    assert true >= 100


@pytest.mark.parametrize(("name", "first"), [("newsapi-us-2023", "2023-08-07"), ("gnews-en-2025", "2025-12-01")])
def test_pairs_of_one_story_tell_one_event_as_read_by_eye(name: str, first: str) -> None:
    found = read_pairs.together(week((name,), first), read_pairs.verdicts())
    assert found["one"] >= 28
    assert found["one"] >= 0.85 * sum(found.values())
