"""The shipped models say what was learned, and why anything is shipped otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aggregator.clustering.scoring import MODELS, Logistic, read_model
from bench import model_files
from bench.model_files import Models

NAMES = ("pairs", "graph", "articles", "ledes")


def told(name: str, folder: Path = MODELS) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shipped_differs_from_what_was_learned_only_where_the_file_says_why(name: str) -> None:
    assert model_files.unexplained(told(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_reason_is_given_for_a_number_that_is_as_it_was_learned(name: str) -> None:
    reasons = dict(told(name)["why"])
    assert all(len(reason) > 20 for reason in reasons.values())
    reasons.pop(model_files.EVERY, None)
    assert set(reasons) <= set(model_files.differing(*model_files.of_file(told(name))))


@pytest.mark.parametrize("name", NAMES)
def test_each_model_names_the_command_that_makes_it(name: str) -> None:
    command = told(name)["made by"].split()
    assert command[:2] == ["python", "-m"]
    assert (Path(__file__).parents[2] / (command[2].replace(".", "/") + ".py")).exists()


MODEL = Logistic(-1.0, {"cosine": 2.0, "gap": -3.0})
MOVED = Logistic(-0.5, {"cosine": 2.0, "gap": -3.0})


def test_a_number_set_by_hand_without_a_word_is_found(tmp_path: Path) -> None:
    bare: dict[str, object] = {"why": {}}
    model_files.write(tmp_path, Models(MODEL, MOVED), Models(MODEL, MODEL), {"pairs": bare, "graph": bare})
    assert model_files.unexplained(told("pairs", tmp_path)) == []
    assert model_files.unexplained(told("graph", tmp_path)) == ["bias"]
    said: list[str] = []
    assert not model_files.compare(tmp_path, Models(MODEL, MODEL), said.append)
    assert any("bias: shipped -0.5, learned -1.0: NO WORD ON WHY" in line for line in said)


def test_what_is_written_is_read_and_a_note_moves_nothing_that_is_shipped(tmp_path: Path) -> None:
    why: dict[str, object] = {"why": {"bias": "moved"}}
    model_files.write(tmp_path, Models(MOVED, MOVED), Models(MODEL, MODEL), {"pairs": why, "graph": why})
    assert read_model(tmp_path / "pairs.json") == MOVED
    assert model_files.compare(tmp_path, Models(MODEL, MODEL), lambda line: None)
    other = Logistic(-1.0, {"cosine": 2.5, "gap": -3.0})
    assert not model_files.compare(tmp_path, Models(other, MODEL), lambda line: None)
    model_files.note(tmp_path, Models(other, MODEL))
    assert read_model(tmp_path / "pairs.json") == MOVED
    assert model_files.unexplained(told("pairs", tmp_path)) == ["cosine"]
    late: dict[str, object] = {"why": {"bias": "moved", model_files.EVERY: "learned last, and not shipped yet"}}
    model_files.write(tmp_path, Models(MOVED, MOVED), Models(other, MODEL), {"pairs": late, "graph": late})
    assert model_files.unexplained(told("pairs", tmp_path)) == []


def test_the_model_across_languages_says_that_no_command_makes_it() -> None:
    across = told("across")
    assert across["made by"].startswith("no command any more")
    assert all(across[field] for field in ("learned", "shipped", "why"))
    assert across["bias"] == round(-7.07 + 1.47, 2)
