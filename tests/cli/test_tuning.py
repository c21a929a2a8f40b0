"""``evaluate`` and ``replay``: the settings in force are what other settings are compared with."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest

from aggregator.ingest import sweep_plot as plotting
from tests.cli.calling import ARCHIVE, TALKS, call, newsroom, write_archive

# The second paper changed a few words: a copy, unless copies must be perfect.
RETOUCHED = (ARCHIVE[0], {**ARCHIVE[1], "body": TALKS.replace("June", "late July")}, ARCHIVE[2])
STRICT = ("copies.jaccard=1.0", "copies.containment=1.0", "stories.threshold=1")


@pytest.fixture
def labelled() -> Path:
    return write_archive(Path("labelled.jsonl"), *ARCHIVE)


def test_several_files_are_a_list(labelled: Path) -> None:
    second = write_archive(Path("second.jsonl"), *ARCHIVE[:2])
    rows = call("evaluate", labelled, second, "--json").ok().json()
    assert [(row["file"], row["items"]) for row in rows] == [("labelled.jsonl", 3), ("second.jsonl", 2)]
    table = call("evaluate", labelled, second).ok().out
    assert "1.0000" in table


def test_a_sweep_scores_each_value_and_is_drawn(labelled: Path) -> None:
    rows = call("evaluate", labelled, "--sweep", "copies.jaccard=0.5,0.9", "--plot", "sweep.svg", "--json").ok().json()
    assert [row["setting"] for row in rows] == ["copies.jaccard=0.5", "copies.jaccard=0.9"]
    assert Path("sweep.svg").read_text(encoding="utf-8").startswith("<svg")


def test_a_picture_as_png_needs_the_bench_extra_alone(labelled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if find_spec("matplotlib"):
        call("evaluate", labelled, "--plot", "sweep.png").ok()
        assert Path("sweep.png").read_bytes().startswith(b"\x89PNG")
        monkeypatch.setattr(plotting, "find_spec", lambda name: None)
    outcome = call("evaluate", labelled, "--plot", "none.png")
    assert (outcome.code, outcome.out) == (2, "")
    assert "aggregator[bench]" in outcome.err
    assert not Path("none.png").exists()


def test_a_picture_is_named_for_its_form(labelled: Path) -> None:
    outcome = call("evaluate", labelled, "--plot", "sweep.pdf")
    assert (outcome.code, outcome.out) == (2, "")
    assert ".svg or .png" in outcome.err


def test_predictions_are_written_under_the_archives_ids(labelled: Path) -> None:
    call("evaluate", labelled, "--predicted", "out.jsonl").ok()
    rows = [json.loads(line) for line in Path("out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [row["id"] for row in rows] == ["a1", "a2", "a3"]
    assert rows[0]["story_id"] == rows[1]["story_id"] != rows[2]["story_id"]


def test_an_archive_without_labels_is_no_test() -> None:
    bare = [{key: value for key, value in one.items() if key != "cluster"} for one in ARCHIVE]
    outcome = call("evaluate", write_archive(Path("bare.jsonl"), *bare))
    assert outcome.code == 2
    assert "cluster" in outcome.err


def test_replay_under_the_same_settings_changes_nothing() -> None:
    newsroom()
    before = call("export").ok().out
    assert call("replay", "--dry-run", "--json").ok().json() == []
    assert "3 entries in 2 stories today, 2 then: 0 merges, 0 splits." in call("replay", "--dry-run").ok().out
    assert call("export").ok().out == before


def test_replay_leaves_out_what_was_stored_and_not_placed_yet() -> None:
    """So a process that was killed between the two leaves it."""
    newsroom(*RETOUCHED)
    with closing(sqlite3.connect("aggregator.db")) as db, db:
        db.execute("UPDATE entry SET story_id = NULL, report_id = NULL WHERE url LIKE '%a2'")
    for tried in ((), tuple(part for setting in STRICT for part in ("--set", setting))):
        outcome = call("replay", "--dry-run", *tried).ok()
        assert "2 entries in 2 stories today, 2 then: 0 merges, 0 splits." in outcome.out


def test_replay_shows_what_other_settings_would_change() -> None:
    newsroom(*RETOUCHED)
    before = call("export").ok().out
    tried = [part for setting in STRICT for part in ("--set", setting)]
    assert [row["change"] for row in call("replay", "--dry-run", *tried, "--json").ok().json()] == ["split"]
    assert call("export").ok().out == before


def test_replay_without_stories_leaves_each_entry_by_itself() -> None:
    newsroom()
    outcome = call("replay", "--dry-run", "--set", "stories.enabled=false").ok()
    assert "3 entries in 2 stories today, 3 then: 0 merges, 1 splits." in outcome.out


def test_trials_start_from_the_settings_file() -> None:
    newsroom(*RETOUCHED)
    retouched = write_archive(Path("retouched.jsonl"), *RETOUCHED)
    assert call("evaluate", retouched, "--json").ok().json()["predicted_clusters"] == 2
    Path("aggregator.yaml").write_text(
        "copies: {jaccard: 1.0, containment: 1.0}\nstories: {threshold: 1}\n", encoding="utf-8"
    )
    assert call("evaluate", retouched, "--json").ok().json()["predicted_clusters"] == 3
    swept = call("evaluate", retouched, "--sweep", "copies.min_words=20,21", "--json").ok().json()
    assert [row["predicted_clusters"] for row in swept] == [3, 3]
    tried = call("replay", "--dry-run", "--set", "copies.min_words=21", "--json").ok().json()
    assert [row["change"] for row in tried] == ["split"]


def test_quiet_says_nothing_but_data_and_errors() -> None:
    archive = write_archive(Path("some.jsonl"), *ARCHIVE, "{")
    outcome = call("-q", "import", archive)
    assert outcome.code == 4
    assert outcome.out == ""
    assert outcome.err.splitlines() == [line for line in outcome.err.splitlines() if "some.jsonl:4:" in line]
