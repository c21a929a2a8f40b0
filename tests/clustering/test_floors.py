"""Quality on labelled archives keeps above its floors, and the floors are never lowered unseen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench import floors

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "labelled"
IN_FORCE = floors.read()
# What the floors were when they were last set by hand: whoever lowers one says so in two places.
PINNED = {
    "allsides-dated": 0.915,
    "basil": 0.98,
    "ecbplus-train-dev": 0.865,
    "google-news": 0.611,
    "newswcl50": 0.99,
    "uci-headlines-2014": 0.72,
    "uci-headlines-2014, its first 1500 lines": 0.72,
}
SLOW = {"uci-headlines-2014", "allsides-dated", "ecbplus-train-dev"}


def labelled(name: str) -> Path:
    path = floors.file_of(FOLDER, name)
    if not path.exists():
        pytest.skip(f"the labelled archive {path.name} is not beside the project")
    return path


@pytest.mark.labelled
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in SLOW else pytest.mark.costly) for name in floors.SETS],
)
def test_stories_keep_above_their_floor(name: str) -> None:
    path = labelled(name)
    floor = IN_FORCE[name]
    assert floors.digest(path) == floor["sha256"], f"{path.name} is another file than the floor was measured on"
    assert floors.stories(FOLDER, name) >= floor["least_bcubed_f1"]


@pytest.mark.labelled
@pytest.mark.costly
@pytest.mark.timeout(600)
def test_copies_keep_above_their_floor() -> None:
    path, pairs = labelled(floors.COPIES), labelled(floors.PAIRS)
    floor = IN_FORCE[floors.COPIES]
    assert (floors.digest(path), floors.digest(pairs)) == (floor["sha256"], floor["pairs_sha256"])
    found = floors.copies(FOLDER)
    assert found.recall >= floor["least_recall"]
    assert found.together <= floor["most_together"]


def test_no_floor_is_lowered_unseen() -> None:
    for name, least in PINNED.items():
        assert IN_FORCE[name]["least_bcubed_f1"] >= least, f"the floor of {name} was lowered"
    assert IN_FORCE[floors.COPIES]["least_recall"] >= 0.97
    assert IN_FORCE[floors.COPIES]["most_together"] <= 0.01


def test_every_set_has_a_floor_and_a_pinned_file() -> None:
    assert set(IN_FORCE) == {*floors.SETS, floors.COPIES}
    assert set(PINNED) == set(floors.SETS)
    assert all(len(floor["sha256"]) == 64 for floor in IN_FORCE.values())


@pytest.mark.parametrize(
    ("found", "lower", "kept"), [(0.8, False, 0.8), (0.6, False, 0.7), (0.6, True, 0.6), (0.7, False, 0.7)]
)
def test_writing_raises_and_lowers_only_when_told_to(found: float, kept: float, *, lower: bool) -> None:
    old: dict[str, Any] = {
        "one": {"sha256": "a", "least_bcubed_f1": 0.7},
        "two": {"sha256": "c", "least_bcubed_f1": 0.5},
    }
    new = {"one": {"sha256": "b", "least_bcubed_f1": found}}
    merged = floors.raised(old, new, lower=lower)
    assert merged["one"] == {"sha256": "b", "least_bcubed_f1": kept}
    assert merged["two"] == old["two"]


def test_the_share_of_false_copies_is_a_ceiling() -> None:
    old = {floors.COPIES: {"least_recall": 0.97, "most_together": 0.01}}
    worse = {floors.COPIES: {"least_recall": 0.9, "most_together": 0.05}}
    assert floors.raised(old, worse, lower=False) == old
    assert json.loads(floors.FLOORS.read_text("utf-8")) == IN_FORCE
