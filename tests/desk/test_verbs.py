"""Editors' verbs one by one: what each does at once, what stays of it whatever comes, and what undo gives back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from aggregator.clustering.identifiers import mint
from aggregator.desk.explain import Explainer
from aggregator.exceptions import AmbiguousIdError, DecisionError, NotFoundError
from aggregator.ingest.window import Window
from aggregator.storage.decisions import DecisionStore
from tests.ingest.arrivals import Newsroom, Telling

DAM, DAM_2, DAM_3 = Telling("dam", 0), Telling("dam", 1, "Times", 1), Telling("dam", 2, "Post", 2)
BUDGET, BUDGET_2 = Telling("budget", 0, hours=0.5), Telling("budget", 1, "Times", 3)
CUP = Telling("cup", 0, hours=0.7)


@pytest.fixture
def room() -> Iterator[Newsroom]:
    room = Newsroom()
    yield room
    room.close()


def explainer(room: Newsroom) -> Explainer:
    return Explainer(room.reader(), room.store, room.settings, Window(room.store, room.settings.stories))


# --- merge ---------------------------------------------------------------------------------------


def test_merge_keeps_the_oldest_id_and_every_lookup_follows_the_others(room: Newsroom) -> None:
    [cup] = room.arrive(CUP)
    dam, budget = room.arrive(DAM, BUDGET)
    oldest, others = room.story_of(cup), [room.story_of(dam), room.story_of(budget)]
    assert room.editor().merge([others[0], others[1], oldest]) == oldest
    assert room.stories() == [oldest]
    assert room.members(oldest) == {cup, dam, budget}
    for other in others:
        assert room.story(other).summary.id == oldest
        assert room.story(other[:-2]).summary.id == oldest
        assert explainer(room).explain(other, dam).entry == dam
    assert set(room.story(oldest).merged_from) == set(others)
    assert room.story(oldest).summary.entries == 3


def test_of_stories_of_one_import_the_one_seen_first_is_the_oldest(room: Newsroom) -> None:
    budget, cup, dam = room.arrive(BUDGET, CUP, DAM)
    first = room.story_of(dam)
    assert room.editor().merge([room.story_of(budget), room.story_of(cup), first]) == first


def test_redirects_follow_through_two_merges(room: Newsroom) -> None:
    entries = [room.arrive(one)[0] for one in (DAM, BUDGET, CUP)]
    dam, budget, cup = (room.story_of(entry) for entry in entries)
    room.editor().merge([budget, cup])
    room.editor().merge([cup, dam])
    assert [room.story(one).summary.id for one in (dam, budget, cup)] == [dam] * 3
    assert set(room.story(dam).merged_from) == {budget, cup}


def test_what_arrives_after_a_merge_joins_the_one_story(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    kept = room.editor().merge([room.story_of(dam), room.story_of(budget)])
    arrived = room.arrive(Telling("dam", 0, "Echo", 2), DAM_2, Telling("budget", 0, "Echo", 2))
    assert {room.story_of(entry) for entry in arrived} == {kept}
    assert room.report_of(arrived[0]) == room.report_of(dam)


def test_a_merged_story_says_so_when_asked_why(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    kept = room.editor("ann").merge([room.story_of(dam), room.story_of(budget)])
    told = explainer(room).explain(kept, budget).sentence
    assert "by ann" in told
    room.editor().undo()
    again = explainer(room).explain(room.story_of(budget), budget).sentence
    assert "ann" not in again


# --- split ---------------------------------------------------------------------------------------


def test_split_gives_the_leavers_a_story_that_knows_where_it_came_from(room: Newsroom) -> None:
    dam, dam_2, dam_3 = room.arrive(DAM, DAM_2, DAM_3)
    story = room.story_of(dam)
    assert room.members(story) == {dam, dam_2, dam_3}
    made = room.editor().split(story, [dam_3, dam_2[:6]])
    assert room.members(story) == {dam}
    assert room.members(made) == {dam_2, dam_3}
    assert room.story(made).split_from == story
    assert (room.story(story).summary.entries, room.story(made).summary.reports) == (1, 2)


def test_split_can_take_a_copy_out_of_its_report(room: Newsroom) -> None:
    dam, copy = room.arrive(DAM, Telling("dam", 0, "Echo", 1))
    assert room.report_of(dam) == room.report_of(copy)
    made = room.editor().split(room.story_of(dam), [copy])
    assert room.report_of(dam) != room.report_of(copy)
    assert room.members(made) == {copy}
    assert room.story(made).summary.entries == room.story(room.story_of(dam)).summary.entries == 1


def test_the_machine_never_mends_a_split(room: Newsroom) -> None:
    dam, dam_2 = room.arrive(DAM, DAM_2)
    made = room.editor().split(room.story_of(dam), [dam_2])
    room.look_again()
    room.arrive(DAM_3, Telling("dam", 2, "Echo", 3), Telling("dam", 0, "Echo", 3), Telling("dam", 1, "Echo", 3))
    room.look_again()
    assert room.story_of(dam_2) == made != room.story_of(dam)


def test_a_split_of_what_was_merged_gives_it_its_id_again(room: Newsroom) -> None:
    dam, budget, budget_2, cup = room.arrive(DAM, BUDGET, BUDGET_2, CUP)
    story, former, other = room.story_of(dam), room.story_of(budget), room.story_of(cup)
    room.editor().merge([story, former, other])
    [late] = room.arrive(Telling("budget", 0, "Echo", 4))
    assert room.editor().split(story, [budget, budget_2, late]) == former
    assert room.members(former) == {budget, budget_2, late}
    assert room.story(former).split_from == story
    assert room.story(other).summary.id == story  # its entry did not leave
    room.look_again()
    room.restart()
    assert room.stories() == sorted([story, former])
    room.editor().undo()
    assert room.story(former).summary.id == story
    room.editor().undo()
    assert room.members(former) == {budget, budget_2, late}
    assert room.story(former).summary.id == former


def test_an_id_goes_with_the_larger_part_of_what_it_held(room: Newsroom) -> None:
    dam, one, two, three = room.arrive(DAM, BUDGET, BUDGET_2, Telling("budget", 2, "Post", 4))
    story, former = room.story_of(dam), room.story_of(one)
    assert room.members(former) == {one, two, three}
    room.editor().merge([story, former])
    made = room.editor().split(story, [one])
    assert made != former
    assert room.story(former).summary.id == story
    assert room.editor().split(story, [two, three]) == former


def test_ids_that_leave_together_lead_to_the_oldest_of_them(room: Newsroom) -> None:
    [dam] = room.arrive(DAM)
    [budget] = room.arrive(BUDGET)
    [cup] = room.arrive(CUP)
    story, older, younger = (room.story_of(entry) for entry in (dam, budget, cup))
    room.editor().merge([story, older, younger])
    assert room.editor().split(story, [cup, budget]) == older
    assert room.story(younger).summary.id == older


def test_an_entry_whose_story_ended_when_it_was_moved_leaves_under_its_id(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    story, former = room.story_of(dam), room.story_of(budget)
    room.editor().move(budget, story)
    assert room.story(former).summary.id == story
    room.editor().forbid(dam, budget)
    assert room.story_of(budget) == former


def test_what_the_clustering_joined_leaves_under_its_id(room: Newsroom) -> None:
    """No verb tells what the id held; it was made of the first of these entries."""
    budget, dam = room.arrive(BUDGET, DAM)
    kept = room.editor().merge([room.story_of(budget), room.story_of(dam)])
    [former] = room.story(kept).merged_from
    with room.store.transaction():
        room.store.connection.execute("DELETE FROM decision_entry")
        room.store.connection.execute("DELETE FROM decision")
    [leaving] = [entry for entry in (budget, dam) if mint("s", entry) == former]
    assert room.editor().split(kept, [leaving]) == former


def test_a_split_that_was_undone_and_is_made_again_has_the_same_id(room: Newsroom) -> None:
    dam, dam_2, dam_3 = room.arrive(DAM, DAM_2, DAM_3)
    story = room.story_of(dam)
    made = room.editor().split(story, [dam_2, dam_3])
    room.editor().undo()
    assert room.editor().split(story, [dam_3, dam_2]) == made


# --- move ----------------------------------------------------------------------------------------


def test_move_puts_an_entry_into_another_story_for_good(room: Newsroom) -> None:
    dam, dam_2, budget = room.arrive(DAM, DAM_2, BUDGET)
    source, target = room.story_of(dam), room.story_of(budget)
    assert room.editor().move(dam_2, target) == target
    room.arrive(DAM_3, BUDGET_2)
    room.look_again()
    assert room.story_of(dam_2) == target
    assert room.story_of(dam) == source


def test_moving_the_last_entry_closes_its_story(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    source, target = room.story_of(dam), room.story_of(budget)
    room.editor().move(dam, target)
    assert room.stories() == [target]
    assert room.story(source).summary.id == target


def test_a_moved_copy_leaves_its_report_behind(room: Newsroom) -> None:
    dam, copy, budget = room.arrive(DAM, Telling("dam", 0, "Echo", 1), BUDGET)
    room.editor().move(copy, room.story_of(budget))
    assert room.report_of(dam) != room.report_of(copy)
    later = room.arrive(Telling("dam", 0, "Post", 4), Telling("dam", 0, "Mail", 5))
    assert {room.report_of(entry) for entry in later} <= {room.report_of(dam), room.report_of(copy)}
    assert room.story_of(copy) == room.story_of(budget) != room.story_of(dam)


# --- pin -----------------------------------------------------------------------------------------


def test_a_pin_survives_arrivals_and_merges(room: Newsroom) -> None:
    dam, dam_2, budget = room.arrive(DAM, DAM_2, BUDGET)
    story = room.story_of(dam)
    other = dam_2 if room.story(story).summary.canonical_entry == dam else dam
    room.editor().pin(story, other)
    assert room.story(story).summary.canonical_entry == other
    room.arrive(DAM_3, Telling("dam", 0, "Echo", 3))
    assert room.story(story).summary.canonical_entry == other
    kept = room.editor().merge([story, room.story_of(budget)])
    assert room.story(kept).summary.canonical_entry == other


def test_a_pin_goes_where_its_story_goes(room: Newsroom) -> None:
    [cup] = room.arrive(CUP)
    dam, dam_2 = room.arrive(DAM, DAM_2)
    story = room.story_of(dam)
    other = dam_2 if room.story(story).summary.canonical_entry == dam else dam
    room.editor().pin(story, other)
    kept = room.editor().merge([story, room.story_of(cup)])
    assert kept == room.story_of(cup)
    assert room.story(kept).summary.canonical_entry == other


def test_of_two_pins_the_newer_rules_until_it_leaves_or_is_undone(room: Newsroom) -> None:
    dam, dam_2, dam_3 = room.arrive(DAM, DAM_2, DAM_3)
    story = room.story_of(dam)
    before = room.story(story).summary.canonical_entry
    room.editor().pin(story, dam_2)
    room.editor().pin(story, dam_3)
    assert room.story(story).summary.canonical_entry == dam_3
    made = room.editor().split(story, [dam_3])
    assert room.story(story).summary.canonical_entry == dam_2
    assert room.story(made).summary.canonical_entry == dam_3
    room.editor().undo()
    assert room.story(story).summary.canonical_entry == dam_3
    room.editor().undo()
    assert room.story(story).summary.canonical_entry == dam_2
    room.editor().undo()
    assert room.story(story).summary.canonical_entry == before


# --- forbid --------------------------------------------------------------------------------------


def test_forbid_keeps_two_stories_apart_whatever_comes(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    room.editor().forbid(room.story_of(dam), room.story_of(budget))
    room.arrive(*(Telling("relief", text, source, 2) for text in (0, 1) for source in ("Echo", "Post", "Mail")))
    room.arrive(DAM_2, BUDGET_2, DAM_3)
    room.look_again()
    assert room.story_of(dam) != room.story_of(budget)


def test_where_they_stand_together_the_second_leaves_with_its_copies(room: Newsroom) -> None:
    dam, dam_2, copy = room.arrive(DAM, DAM_2, Telling("dam", 1, "Echo", 2))
    story = room.story_of(dam)
    room.editor().forbid(dam, dam_2)
    assert room.members(story) == {dam}
    assert room.story_of(dam_2) == room.story_of(copy) != story
    assert room.story(room.story_of(dam_2)).split_from == story


def test_copies_that_come_later_bring_forbidden_stories_no_nearer(room: Newsroom) -> None:
    dam, dam_2 = room.arrive(DAM, DAM_2)
    room.editor().forbid(dam, dam_2)
    stories = {room.story_of(dam), room.story_of(dam_2)}
    for number, source in enumerate(("Echo", "Post", "Mail")):
        room.arrive(*(Telling("dam", text, source, number + 2) for text in (0, 1, 2)))
        room.look_again()
    assert {room.story_of(dam), room.story_of(dam_2)} == stories
    assert room.story_of(room.id_of(Telling("dam", 0, "Mail"))) == room.story_of(dam)
    assert room.story_of(room.id_of(Telling("dam", 1, "Mail"))) == room.story_of(dam_2)


def test_copies_of_one_text_can_be_forbidden(room: Newsroom) -> None:
    dam, copy = room.arrive(DAM, Telling("dam", 0, "Echo", 1))
    room.editor().forbid(dam, copy)
    later = room.arrive(Telling("dam", 0, "Post", 2), Telling("dam", 0, "Mail", 3))
    room.look_again()
    assert room.story_of(dam) != room.story_of(copy)
    assert {room.report_of(entry) for entry in later} <= {room.report_of(dam), room.report_of(copy)}


def test_who_was_merged_with_the_second_leaves_with_it(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    story = room.editor().merge([room.story_of(dam), room.story_of(budget)])
    [dam_2] = room.arrive(DAM_2)
    assert room.story_of(dam_2) == story
    room.editor().forbid(dam_2, dam)
    assert room.story_of(dam) == room.story_of(budget) != story
    assert room.members(story) == {dam_2}


def test_a_later_merge_overrides_a_forbid_and_its_undo_brings_it_back(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    room.editor().forbid(room.story_of(dam), room.story_of(budget))
    kept = room.editor().merge([room.story_of(dam), room.story_of(budget)])
    room.look_again()
    assert room.members(kept) == {dam, budget}
    room.editor().undo()
    room.arrive(*(Telling("relief", text, source, 2) for text in (0, 1) for source in ("Echo", "Post")))
    room.look_again()
    assert room.story_of(dam) != room.story_of(budget)


def test_who_asks_why_not_is_told_the_editors_word(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    room.editor("ann").forbid(room.story_of(dam), room.story_of(budget))
    told = explainer(room).explain(room.story_of(budget), dam).sentence
    assert told.startswith("Not in this story by an editor's word: ann forbade")


# --- what the machine asks -----------------------------------------------------------------------


def test_what_editors_placed_stays_whatever_the_machine_would_do(room: Newsroom) -> None:
    dam, dam_2, budget, cup = room.arrive(DAM, DAM_2, BUDGET, CUP)
    room.editor().move(dam, room.story_of(budget))
    room.look_again()
    assert room.story_of(dam) == room.story_of(budget) != room.story_of(dam_2)
    room.editor().split(room.story_of(dam), [budget])
    room.look_again()
    assert len({room.story_of(entry) for entry in (dam, dam_2, budget, cup)}) >= 3
    assert room.story_of(dam) != room.story_of(budget)


def test_a_pass_under_way_hears_what_an_editor_says_meanwhile(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    editor_constraints = room.placer().editor_constraints
    stories = room.story_of(dam), room.story_of(budget)
    assert editor_constraints.between([dam], [budget]) is None
    room.editor().forbid(*stories)
    assert editor_constraints.between([dam], [budget]) is not None
    room.editor().undo()
    assert editor_constraints.between([dam], [budget]) is None


def test_a_story_that_breaks_a_decision_all_the_same_is_taken_apart(room: Newsroom) -> None:
    """It can come to this where an undo brings entries back to what has come since."""
    dam, dam_2, copy = room.arrive(DAM, DAM_2, Telling("dam", 1, "Echo", 2))
    story = room.story_of(dam)
    room.editor().forbid(dam, dam_2)
    placer = room.placer()
    with room.store.transaction():
        placer.move_reports([room.report_of(dam_2)], story)
        placer.settle([story], room.now)
    assert room.members(story) == {dam}
    assert room.story_of(dam_2) == room.story_of(copy) != story


def test_an_older_word_that_a_split_brings_back_into_force_holds_at_once(room: Newsroom) -> None:
    """A merge bound two entries that were kept apart through a third; the third leaves."""
    [third] = room.arrive(DAM)
    room.now += timedelta(hours=2)
    one, other = room.arrive(BUDGET, CUP)
    room.editor().forbid(one, other)
    merged = room.editor().merge([room.story_of(entry) for entry in (third, one, other)])
    assert room.members(merged) == {third, one, other}
    room.editor().split(merged, [third])
    assert len({room.story_of(entry) for entry in (third, one, other)}) == 3


# --- undo ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["merge", "split", "split a copy", "move", "move the last", "pin", "forbid", "part"])
def test_undo_at_once_leaves_no_trace_but_in_the_log(room: Newsroom, verb: str) -> None:
    cup, cup_2 = room.arrive(CUP, Telling("cup", 1, "Times", 1))
    dam, copy, dam_2, budget = room.arrive(DAM, Telling("dam", 0, "Echo", 1), DAM_2, BUDGET)
    gone, kept = room.story_of(budget), room.story_of(cup)
    room.editor().merge([kept, gone])
    room.editor().split(kept, [cup_2])  # an id with a redirect and one with a lineage
    assert room.story(gone).summary.id == kept
    before = room.dump()
    editor, story, other = room.editor(), room.story_of(dam), room.story_of(budget)
    match verb:
        case "merge":
            editor.merge([story, other, kept])
        case "split":
            editor.split(story, [dam_2])
        case "split a copy":
            editor.split(story, [copy, dam_2])
        case "move":
            editor.move(copy, other)
        case "move the last":
            editor.move(budget, story)
        case "pin":
            editor.pin(story, copy)
        case "forbid":
            editor.forbid(story, other)
        case _:
            editor.forbid(dam, copy)
    assert room.dump() != before or verb == "forbid"
    room.editor("bob").undo()
    after = room.dump()
    ids = {row["old_id"] for row in before["story_redirect"]}  # type: ignore[index]
    made = [row for row in after["story_redirect"] if row["old_id"] not in ids]  # type: ignore[index]
    after["story_redirect"] = [row for row in after["story_redirect"] if row not in made]
    assert after == before
    assert len(made) == (1 if verb in ("split", "split a copy", "part") else 0)  # an id once shown leads somewhere
    assert all(row["story_id"] == story for row in made)  # type: ignore[index]


def test_undoing_a_merge_gives_back_the_redirects_of_both(room: Newsroom) -> None:
    entries = [room.arrive(one)[0] for one in (DAM, CUP, BUDGET)]
    dam, cup, budget = (room.story_of(entry) for entry in entries)
    room.editor().merge([cup, budget])
    room.editor().merge([dam, cup])
    assert room.story(budget).summary.id == dam
    room.editor().undo()
    assert room.story(budget).summary.id == cup
    assert room.story(cup).merged_from == (budget,)
    assert room.story(dam).merged_from == ()


def test_later_arrivals_stay_when_a_verb_is_undone(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    story, other = room.story_of(dam), room.story_of(budget)
    kept = room.editor().merge([story, other])
    copy, late = room.arrive(Telling("budget", 0, "Echo", 2), DAM_2)
    assert room.story_of(copy) == room.story_of(late) == kept
    room.editor().undo()
    assert room.members(other) == {budget, copy}  # a copy goes with its text
    assert room.members(story) == {dam, late}


def test_copies_that_came_after_a_split_go_back_with_their_text(room: Newsroom) -> None:
    dam, copy = room.arrive(DAM, Telling("dam", 0, "Echo", 1))
    story, report = room.story_of(dam), room.report_of(dam)
    made = room.editor().split(story, [copy])
    late = room.arrive(*(Telling("dam", 0, source, 2) for source in ("Post", "Mail", "Star")))
    room.editor().undo()
    assert {room.report_of(entry) for entry in (dam, copy, *late)} == {report}
    assert room.story(made).summary.id == story


def test_a_story_made_by_a_split_lives_on_with_what_came_since(room: Newsroom) -> None:
    dam, budget, cup = room.arrive(DAM, BUDGET, CUP)
    story = room.editor().merge([room.story_of(one) for one in (dam, budget, cup)])
    made = room.editor().split(story, [budget])
    [late] = room.arrive(BUDGET_2)
    assert room.story_of(late) == made
    room.editor().undo()
    assert room.members(story) == {dam, budget, cup}
    assert room.members(made) == {late}


def test_undo_takes_back_one_verb_after_the_other(room: Newsroom) -> None:
    dam, budget, cup = room.arrive(DAM, BUDGET, CUP)
    before = room.places()
    story = room.editor().merge([room.story_of(dam), room.story_of(budget)])
    room.editor().move(cup, story)
    assert room.editor().undo().kind == "move"
    assert room.editor().undo().kind == "merge"
    assert room.places() == before
    with pytest.raises(DecisionError, match="no verb to undo"):
        room.editor().undo()


# --- the log -------------------------------------------------------------------------------------


def test_the_log_tells_who_did_what_and_when_and_who_took_it_back(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    story = room.story_of(dam)
    room.editor("ann").pin(story, dam)
    pinned_at = room.now
    room.editor("bob").forbid(dam, budget)
    forbidden_at = room.now
    room.editor("eve").undo()
    newest, oldest = DecisionStore(room.store).log()
    assert (oldest.kind, oldest.by, oldest.at, oldest.undone_at) == ("pin", "ann", pinned_at, None)
    assert (newest.kind, newest.by, newest.at) == ("forbid", "bob", forbidden_at)
    assert (newest.undone_by, newest.undone_at) == ("eve", room.now)
    assert newest.sentence == f"bob forbade {dam} and {budget} to be one story."
    assert len(DecisionStore(room.store).log(limit=1)) == 1


def test_the_log_names_what_was_forbidden_by_whole_ids_as_prefixes_become_ambiguous(room: Newsroom) -> None:
    dam, budget = room.arrive(DAM, BUDGET)
    story = room.story_of(dam)
    room.editor("bob").forbid(story[:6], budget[:6])
    [told] = DecisionStore(room.store).log()
    assert (told.sentence, told.arguments) == (f"bob forbade {story} and {budget} to be one story.", (story, budget))


# --- what cannot be meant ------------------------------------------------------------------------


def test_an_unknown_or_ambiguous_id_is_named(room: Newsroom) -> None:
    dam, *_ = room.arrive(DAM, BUDGET, CUP)
    story = room.story_of(dam)
    for give in (
        lambda: room.editor().merge([story, "s000"]),
        lambda: room.editor().split("s000", [dam]),
        lambda: room.editor().move("e000", story),
        lambda: room.editor().pin(story, "e000"),
        lambda: room.editor().forbid(dam, "s000"),
    ):
        with pytest.raises(NotFoundError, match=r"no (story|entry) '[se]000'"):
            give()
    with pytest.raises(AmbiguousIdError, match="Give more letters"):
        room.editor().merge(["s", story])
    assert not DecisionStore(room.store).log()


def test_a_verb_that_cannot_be_meant_changes_nothing(room: Newsroom) -> None:
    dam, dam_2, budget = room.arrive(DAM, DAM_2, BUDGET)
    story, other = room.story_of(dam), room.story_of(budget)
    before = room.dump()
    for give, told in (
        (lambda: room.editor().merge([story, story]), "two different stories"),
        (lambda: room.editor().split(story, [budget]), f"{budget}: not in story {story}"),
        (lambda: room.editor().split(story, [dam, dam_2]), "all entries"),
        (lambda: room.editor().split(story, []), "at least one entry"),
        (lambda: room.editor().move(dam, story), "already"),
        (lambda: room.editor().pin(other, dam), f"{dam}: not in story {other}"),
        (lambda: room.editor().forbid(story, story), "the same"),
        (lambda: room.editor().forbid(story, dam), "the same"),
        (lambda: room.editor().undo(), "no verb to undo"),
    ):
        with pytest.raises(DecisionError, match=told):
            give()
    assert room.dump() == before
    assert not DecisionStore(room.store).log()
