"""Storylines tie stories without merging them; their ids are stable, and what editors name, tie and untie stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aggregator.exceptions import DecisionError, NotFoundError, UsageError
from aggregator.ingest.archives import export_line
from aggregator.ingest.former_ids import FormerIds
from aggregator.storage.integrity import faults
from aggregator.storage.retention import Retention
from aggregator.storage.sweeping import Sweeper
from tests.ingest.arrivals import Newsroom, Telling

DAM, BUDGET, CUP = Telling("dam"), Telling("budget"), Telling("cup")


@pytest.fixture
def room() -> Iterator[Newsroom]:
    made = Newsroom()
    yield made
    made.close()


def line_of(room: Newsroom, entry: str) -> str | None:
    mention = room.story(room.story_of(entry)).summary.storyline
    return None if mention is None else mention.id


def tie(room: Newsroom, *entries: str) -> str:
    return room.storyline_editor().tie([room.story_of(entry) for entry in entries])


def test_tied_stories_stay_stories_and_confirm_nothing(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    line = tie(room, dam, budget)
    assert room.story_of(dam) != room.story_of(budget)
    assert line_of(room, dam) == line_of(room, budget) == line
    assert room.story(room.story_of(dam)).summary.publishers == 1
    found = room.reader().storyline(line[:5])
    assert found.summary is not None
    assert (found.summary.stories, found.summary.entries, found.summary.publishers) == (2, 2, 1)
    assert {story.id for story in found.stories} == {room.story_of(dam), room.story_of(budget)}


def test_a_tie_holds_whatever_comes_and_what_joins_a_story_joins_its_storyline(room: Newsroom) -> None:
    dam, budget, cup = room.arrive(DAM, BUDGET, CUP)
    line = tie(room, dam, budget)
    later = room.arrive(*(Telling(event, 0, "Echo", 3) for event in ("dam", "cup")))
    room.look_again()
    room.restart()
    room.look_again()
    assert line_of(room, dam) == line_of(room, budget) == line_of(room, later[0]) == line
    assert line_of(room, cup) != line


def test_a_name_stays_through_merges_later_runs_and_until_it_is_taken_back(room: Newsroom) -> None:
    dam, budget, cup = room.arrive(DAM, BUDGET, CUP)
    line = tie(room, dam, budget)
    title = room.reader().storyline(line).summary.title  # type: ignore[union-attr]
    room.storyline_editor("eve").name(line, "The year of Hesk")
    tie(room, dam, cup)
    room.look_again()
    summary = room.reader().storyline(line).summary
    assert summary is not None
    assert (summary.title, summary.named_by, summary.stories) == ("The year of Hesk", "eve", 3)
    room.editor().undo()
    room.editor().undo()
    assert room.reader().storyline(line).summary.title == title  # type: ignore[union-attr]


def test_of_two_storylines_that_are_tied_the_older_keeps_its_id_and_the_other_leads_to_it(room: Newsroom) -> None:
    dam, budget, cup, orchard = room.arrive(DAM, BUDGET, CUP, Telling("orchard"))
    old, young = tie(room, dam, budget), tie(room, cup, orchard)
    kept = room.storyline_editor().tie([young, old])
    assert kept == old
    assert room.reader().storyline(young).summary.id == old  # type: ignore[union-attr]
    room.editor().undo()
    assert line_of(room, cup) == young
    assert line_of(room, dam) == old


def test_stories_that_are_tied_again_have_the_id_and_the_name_of_their_storyline(room: Newsroom) -> None:
    dam, budget, cup, orchard = room.arrive(DAM, BUDGET, CUP, Telling("orchard"))
    old, young = tie(room, dam, budget), tie(room, cup, orchard)
    room.storyline_editor("eve").name(young, "The cup of Hesk")
    room.storyline_editor().tie([young, old])
    for entry in (cup, orchard):
        room.storyline_editor().untie(room.story_of(entry))
    assert tie(room, cup, orchard) == young
    lines = {line.summary.id: line.summary for line in room.reader().list_storylines(None, None) if line.summary}
    assert {line: summary.named_by for line, summary in lines.items()} == {old: None, young: "eve"}
    assert lines[young].title == "The cup of Hesk"
    assert lines[old].title != "The cup of Hesk"
    room.look_again()
    assert (line_of(room, dam), line_of(room, cup)) == (old, young)


def test_a_storyline_that_ended_lives_again_where_its_stories_are_tied_again(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    line = tie(room, dam, budget)
    room.storyline_editor().untie(room.story_of(budget))
    assert tie(room, budget, dam) == line


def test_of_two_groups_that_are_tied_at_once_one_alone_gets_a_former_id(room: Newsroom) -> None:
    entries = room.arrive(DAM, BUDGET, CUP, Telling("orchard"))
    line = tie(room, *entries)
    for entry in entries[:3]:
        room.storyline_editor().untie(room.story_of(entry))
    one, two, three, four = (room.story_of(entry) for entry in entries)
    groups = [frozenset({one, two}), frozenset({three, four})]
    found = FormerIds(room.store).of_groups(groups)
    assert [[former.storyline_id for former in lines] for lines in found.values()] == [[line]]


def test_what_was_untied_stays_out_and_comes_back_by_undo(room: Newsroom) -> None:
    dam, budget, cup = room.arrive(DAM, BUDGET, CUP)
    line = tie(room, dam, budget, cup)
    room.storyline_editor().untie(room.story_of(cup))
    assert line_of(room, cup) is None
    room.arrive(Telling("cup", 1, "Echo", 4), Telling("dam", 1, "Echo", 5), Telling("orchard", 0, "Post", 5))
    room.look_again()
    assert line_of(room, dam) == line
    assert line_of(room, cup) != line
    room.editor().undo()
    assert line_of(room, cup) == line


def test_a_story_that_is_tied_again_drives_no_other_out(room: Newsroom) -> None:
    dam, budget, cup = room.arrive(DAM, BUDGET, CUP)
    line = tie(room, dam, budget, cup)
    room.storyline_editor().untie(room.story_of(budget))
    tie(room, dam, budget)
    assert line_of(room, dam) == line_of(room, budget) == line_of(room, cup) == line
    room.look_again()
    assert line_of(room, dam) == line_of(room, budget) == line_of(room, cup) == line
    room.editor().undo()
    assert line_of(room, dam) == line_of(room, cup) == line
    assert line_of(room, budget) is None


def test_a_storyline_of_one_story_ends_and_its_id_says_so(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    line = tie(room, dam, budget)
    room.storyline_editor().untie(room.story_of(budget))
    assert line_of(room, dam) is None
    with pytest.raises(NotFoundError, match="has ended"):
        room.reader().storyline(line)
    room.editor().undo()
    assert line_of(room, dam) == line_of(room, budget) == line


def test_verbs_that_ask_for_nothing_are_refused(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    with pytest.raises(DecisionError, match="two different"):
        tie(room, dam)
    with pytest.raises(DecisionError, match="no storyline"):
        room.storyline_editor().untie(room.story_of(dam))
    line = tie(room, dam, budget)
    with pytest.raises(DecisionError, match="tied already"):
        tie(room, dam, budget)
    for name in ("", "  ", "two\nlines", "x" * 200):
        with pytest.raises(UsageError, match="is no name"):
            room.storyline_editor().name(line, name)


def test_export_tells_the_storyline_and_null_where_a_story_stands_alone(room: Newsroom) -> None:
    dam, budget, cup = room.arrive(DAM, BUDGET, CUP)
    line = tie(room, dam, budget)
    lines = room.reader().storylines.of_all_stories()
    found = {entry.id: export_line(entry, False, lines.get(entry.story_id)) for entry in room.reader().export()}
    assert found[dam]["storyline_id"] == found[budget]["storyline_id"] == line
    assert found[cup]["storyline_id"] is None


def test_retention_ends_storylines_whose_stories_go(room: Newsroom) -> None:
    stories = [room.story_of(entry) for entry in room.arrive(DAM, BUDGET)]
    lines = room.placer().lines
    lines.open("l00000000000", room.now)
    for story in stories:
        lines.set(story, "l00000000000")
    lines.refresh(["l00000000000"], room.now)
    Retention(room.store, room.now.replace(year=2100), room.now).drop(Sweeper(room.store, None))
    assert room.store.connection.execute("SELECT count(*) FROM storyline").fetchone() == (0,)
    assert faults(room.store.connection, room.store.path) == ()
