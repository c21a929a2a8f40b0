"""Ids by any unambiguous beginning; where it fits several, the several are named."""

from __future__ import annotations

import pytest

from tests.cli.calling import call, newsroom, story_ids


def _shortest(wanted: str, others: list[str]) -> str:
    return next(
        wanted[:length]
        for length in range(2, len(wanted) + 1)
        if not any(other.startswith(wanted[:length]) for other in others if other != wanted)
    )


def test_a_story_is_found_by_an_unambiguous_beginning() -> None:
    newsroom()
    ids = list(story_ids().values())
    assert ids
    for story in ids:
        short = _shortest(story, ids)
        assert call("story", "show", short, "--json").ok().json()["id"] == story
        assert call("story", "why", short, "--json").code == 0


def test_an_entry_is_found_by_an_unambiguous_beginning() -> None:
    newsroom()
    ids = [row["id"] for row in call("export").ok().lines()]
    assert ids
    for entry in ids:
        assert call("entry", "show", _shortest(entry, ids), "--json").ok().json()["id"] == entry


@pytest.mark.parametrize("command", [("story", "show", "s"), ("story", "why", "s"), ("entry", "show", "e")])
def test_an_ambiguous_beginning_names_what_it_fits(command: tuple[str, ...]) -> None:
    newsroom()
    outcome = call(*command)
    assert (outcome.code, outcome.out) == (3, "")
    assert "ambiguous" in outcome.err
    listed = story_ids().values() if command[0] == "story" else [row["id"] for row in call("export").ok().lines()]
    assert all(one in outcome.err for one in listed)


@pytest.mark.parametrize("wrong", ["", "%", "_", "*", "s' OR 1=1 --", "szzzzzzzzzz", "\x1b[31m", "S" * 5000])
@pytest.mark.parametrize("command", [("story", "show"), ("story", "why"), ("entry", "show"), ("entry", "revisions")])
def test_what_is_no_id_is_not_found(command: tuple[str, ...], wrong: str) -> None:
    newsroom()
    outcome = call(*command, wrong)
    assert (outcome.code, outcome.out) == (3, "")
    assert "\x1b" not in outcome.err


def test_an_entry_of_another_story_is_explained_not_refused() -> None:
    newsroom()
    ids = story_ids()
    storm = next(row["id"] for row in call("export").ok().lines() if row["key"] == "a3")
    why = call("story", "why", ids["Chiefs of defence meet on guarantees for Ukraine"], storm, "--json").ok().json()
    assert why["entry"] == storm
    assert why["sentence"]


def test_merged_ids_lead_on() -> None:
    newsroom()
    first, second = story_ids().values()
    kept = call("story", "merge", first, second, "--by", "desk").ok().out.strip()
    assert {call("story", "show", one, "--json").ok().json()["id"] for one in (first, second)} == {kept}
    gone = first if kept == second else second
    assert f"{gone} is a story" in call("entry", "show", gone).err


def test_an_id_of_another_kind_says_what_it_is() -> None:
    newsroom()
    row = next(row for row in call("export").ok().lines() if row["key"] == "a3")
    for wrong, told in (
        (
            row["id"],
            f"{row['id']} is an entry in story {row['story_id']}; `aggregator entry show {row['id']}` shows it",
        ),
        (row["report_id"], f"{row['report_id']} is a report: entries that carry one text in story {row['story_id']}"),
    ):
        outcome = call("story", "show", wrong)
        assert (outcome.code, outcome.out) == (3, "")
        assert told in outcome.err
    outcome = call("entry", "show", row["story_id"])
    assert f"is a story; `aggregator story show {row['story_id']}` shows it" in outcome.err
    assert "each is an entry" in call("story", "show", "e").err


def test_a_verb_says_what_came_of_it_and_gives_scripts_the_id() -> None:
    newsroom()
    first, second = story_ids().values()
    outcome = call("story", "merge", first, second, "--by", "desk").ok()
    assert outcome.out.strip() in (first, second)
    assert "desk merged" in outcome.err
    assert str(call("story", "show", first, "--json").ok().json()["title"]) in outcome.err
    assert call("story", "undo", "--by", "desk").ok().out.startswith("Undone: ")
    assert call("-q", "story", "merge", first, second).ok().err == ""
