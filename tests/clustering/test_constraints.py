"""Editors' decisions, whatever they contradict and in whatever order entries come."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.clustering.constraints import (
    Constraint,
    ConstraintGroups,
    EntryConstraint,
    Placement,
    forbidden,
    merged,
    moved,
    resolve,
    split,
)
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.report_constraints import PlaceConstraints, ReportConstraints
from aggregator.clustering.represented import Represented

A, B, C, D = "ea", "eb", "ec", "ed"


def together(decision: int, left: str, right: str) -> Constraint:
    return Constraint(decision, "together", frozenset(left), frozenset(right))


def apart(decision: int, left: str, right: str) -> Constraint:
    return Constraint(decision, "apart", frozenset(left), frozenset(right))


def are_apart(made: ConstraintGroups, first: str, second: str) -> bool:
    """Tell whether two entries must never stand in one story."""
    return made.barrier({first}, {second}) is not None


def may_part(made: ConstraintGroups, staying: Iterable[str], leaving: Iterable[str]) -> bool:
    """Tell whether a story may be split so: no group is torn."""
    return not any(made.group(entry) & set(leaving) for entry in staying)


def obeys(made: ConstraintGroups, constraint: Constraint) -> bool:
    """Tell whether a constraint holds in full, or was overridden in part."""
    return all(
        right in made.group(left) if constraint.sign == "together" else are_apart(made, left, right)
        for left in constraint.left
        for right in constraint.right
        if left != right
    )


# --- one decision --------------------------------------------------------------------------------


def test_a_merge_binds_all_its_stories() -> None:
    made = resolve(merged(1, [{A, B}, {C}, {D}]))
    assert made.group(A) == {A, B, C, D}
    assert not may_part(made, [A, B], [C])


def test_a_split_keeps_both_parts_apart_and_the_leavers_together() -> None:
    made = resolve(split(1, {A, B}, {C, D}))
    assert are_apart(made, A, D)
    assert made.group(C) == {C, D}
    assert made.group(A) == {A}  # those that stay are the machine's
    assert made.barrier([A], [D, "other"]) == 1


def test_a_move_binds_to_the_target_and_keeps_from_the_source() -> None:
    made = resolve(moved(1, A, {A, B}, {C}))
    assert are_apart(made, A, B)
    assert are_apart(made, C, B)  # who is with the one is apart from whom the one is apart from
    assert made.group(A) == {A, C}


def test_a_move_of_the_last_entry_only_binds() -> None:
    assert [one.sign for one in moved(1, A, {A}, {C})] == ["together"]


def test_a_forbid_says_nothing_more() -> None:
    made = resolve(forbidden(1, {A, B}, {C}))
    assert made.group(A) == {A}
    assert made.barrier([A], [B]) is None
    assert made.barrier([A, "x"], ["y", C]) == 1


def test_who_is_named_nowhere_is_free() -> None:
    made = resolve(forbidden(1, {A}, {B}))
    assert made.entry_constraint("other", {A: Placement("r1", "s1")}) == EntryConstraint()
    assert made.group("other") == {"other"}
    assert not resolve([])
    assert resolve([]).barrier([A], [A]) is None


def test_the_barrier_is_the_newest_decision_between_two_stories() -> None:
    made = resolve([apart(3, "a", "b"), apart(5, "c", "b"), apart(7, "a", "x")])
    assert made.barrier("ac", "b") == 5
    assert made.barrier("a", "b") == 3
    assert made.barrier("b", "x") is None


def test_a_story_in_order_is_one_part() -> None:
    made = resolve([together(1, "a", "b"), apart(2, "a", "c")])
    assert made.divide(["a", "other", "b"]) == (frozenset("ab"),)
    assert made.divide(["other"]) == ()


def test_a_story_that_breaks_decisions_is_divided_between_groups_and_the_largest_stays() -> None:
    made = resolve([together(1, "b", "d"), apart(2, "a", "b"), apart(3, "c", "a")])
    assert made.divide(["a", "b", "c", "d"]) == (frozenset("bcd"), frozenset("a"))
    assert resolve([apart(1, "a", "b")]).divide(["b", "a"]) == (frozenset("b"), frozenset("a"))


# --- contradictions ------------------------------------------------------------------------------


def test_the_newer_of_two_wins() -> None:
    assert are_apart(resolve([together(1, "a", "b"), apart(2, "a", "b")]), "a", "b")
    assert resolve([apart(1, "a", "b"), together(2, "a", "b")]).group("a") == {"a", "b"}


def test_an_older_decision_loses_only_the_pairs_that_contradict() -> None:
    made = resolve([*merged(1, [{A, B}, {C}]), *split(2, {B, C}, {A})])
    assert made.group(B) == {B, C}
    assert made.group(A) == {A}


def test_what_follows_from_newer_decisions_counts_as_newer() -> None:
    made = resolve([apart(1, "a", "c"), together(2, "a", "b"), together(3, "b", "c")])
    assert made.group("a") == {"a", "b", "c"}
    assert not obeys(made, apart(1, "a", "c"))


def test_who_belonged_with_both_stays_with_the_one_that_stays() -> None:
    merge = merged(1, [{"e2", "e5"}, {"e3"}])
    assert resolve([*merge, *forbidden(2, {"e5"}, {"e2"})]).group("e3") == {"e3", "e5"}
    assert resolve([*merge, *forbidden(2, {"e2"}, {"e5"})]).group("e3") == {"e3", "e2"}


def test_what_a_forbid_parts_stays_parted_when_a_newer_decision_takes_away_the_reason() -> None:
    merge = merged(1, [{"a", "b"}, {"c"}])
    forbid = forbidden(2, {"a"}, {"b"}, merge)
    assert resolve([*merge, *forbid]).group("c") == {"a", "c"}
    later = split(3, {"a"}, {"c"})
    made = resolve([*merge, *forbid, *later])
    assert made.group("c") == {"c"}
    assert are_apart(made, "c", "b")


def test_undoing_a_decision_brings_back_what_it_overrode() -> None:
    constraints = [*merged(1, [{A, B}, {C}]), *split(2, {B, C}, {A})]
    assert resolve(one for one in constraints if one.decision != 2).group(A) == {A, B, C}


# --- rulings -------------------------------------------------------------------------------------


def test_an_entry_goes_where_its_group_is_and_not_where_its_rivals_are() -> None:
    made = resolve([together(1, "a", "b"), apart(2, "a", "c")])
    placed = {"b": Placement("r1", "s1"), "c": Placement("r2", "s2"), "d": Placement("r3", "s3")}
    ruling = made.entry_constraint("a", placed)
    assert ruling == EntryConstraint(frozenset({"r2"}), frozenset({"s2"}), "s1")
    assert ruling.allows("s1")
    assert not ruling.allows("s3")


def test_a_group_in_two_places_is_where_most_of_it_is_and_no_rival() -> None:
    made = resolve([together(1, "a", "bcde"), apart(1, "a", "x")])
    placed = {
        **dict.fromkeys("bc", Placement("r1", "s1")),
        "x": Placement("r1", "s1"),
        "d": Placement("r2", "s2"),
        "e": Placement("r3", "s3"),
    }
    assert made.entry_constraint("a", placed).forced_story == "s2"


# --- properties ----------------------------------------------------------------------------------

ENTRIES = [f"e{number}" for number in range(10)]
SIDES = st.frozensets(st.sampled_from(ENTRIES), min_size=1, max_size=4)


@st.composite
def verbs(draw: st.DrawFn) -> list[tuple[Constraint, ...]]:
    made: list[tuple[Constraint, ...]] = []
    for number in range(draw(st.integers(0, 8))):
        first, second = draw(SIDES), draw(SIDES)
        match draw(st.sampled_from(["merge", "split", "move", "forbid"])):
            case "merge":
                made.append(merged(number, [first, second - first] if second - first else [first]))
            case "split" if second - first:
                made.append(split(number, first, second - first))
            case "move":
                made.append(moved(number, min(first), first, second - first))
            case "forbid" if second - first:
                made.append(forbidden(number, first, second - first))
            case _:
                made.append(())
    return made


def flat(decisions: list[tuple[Constraint, ...]]) -> list[Constraint]:
    return [one for decision in decisions for one in decision]


def demands(made: ConstraintGroups) -> set[tuple[str, str, str]]:
    """Return all that a settlement demands of the entries, pair by pair."""
    return {
        (one, other, "apart" if are_apart(made, one, other) else "together")
        for one in ENTRIES
        for other in ENTRIES
        if one < other and (are_apart(made, one, other) or other in made.group(one))
    }


@given(verbs())
def test_no_pair_is_both(decisions: list[tuple[Constraint, ...]]) -> None:
    made = resolve(flat(decisions))
    for one in ENTRIES:
        for other in made.group(one):
            assert not are_apart(made, one, other)
            assert made.group(other) == made.group(one)


@given(verbs(), st.randoms(use_true_random=False))
def test_the_order_of_storage_decides_nothing(decisions: list[tuple[Constraint, ...]], chance: random.Random) -> None:
    constraints = flat(decisions)
    shuffled = constraints[:]
    chance.shuffle(shuffled)
    assert demands(resolve(shuffled)) == demands(resolve(constraints))


@given(verbs())
def test_the_last_verb_is_always_obeyed(decisions: list[tuple[Constraint, ...]]) -> None:
    made = resolve(flat(decisions))
    if decisions:
        assert all(obeys(made, one) for one in decisions[-1])


@given(verbs(), verbs())
def test_a_verb_about_others_changes_nothing(
    decisions: list[tuple[Constraint, ...]], later: list[tuple[Constraint, ...]]
) -> None:
    def renamed(entries: frozenset[str]) -> frozenset[str]:
        return frozenset("other " + entry for entry in entries)

    others = [Constraint(one.decision + 100, one.sign, renamed(one.left), renamed(one.right)) for one in flat(later)]
    assert demands(resolve([*flat(decisions), *others])) == demands(resolve(flat(decisions)))


@given(verbs())
def test_stories_are_judged_as_their_pairs_are(decisions: list[tuple[Constraint, ...]]) -> None:
    made = resolve(flat(decisions))
    left, right = ENTRIES[:5], ENTRIES[5:]
    rivals = any(are_apart(made, one, other) for one in left for other in right)
    assert (made.barrier(left, right) is not None) == rivals
    assert may_part(made, left, right) == (not any(other in made.group(one) for one in left for other in right))


@given(verbs())
def test_only_who_is_concerned_matters_to_a_ruling(decisions: list[tuple[Constraint, ...]]) -> None:
    made = resolve(flat(decisions))
    places = {entry: Placement("r" + entry, f"s{number % 3}") for number, entry in enumerate(ENTRIES)}
    for entry in ENTRIES:
        known = made.related_entries(entry)
        assert made.entry_constraint(entry, {one: places[one] for one in known}) == made.entry_constraint(entry, places)


@given(verbs(), st.permutations(ENTRIES))
def test_no_part_holds_rivals_and_no_group_is_torn(decisions: list[tuple[Constraint, ...]], story: list[str]) -> None:
    made = resolve(flat(decisions))
    parts = made.divide(story)
    for part in parts:
        assert all(made.group(entry) <= part for entry in part)
        assert not any(are_apart(made, one, other) for one in part for other in part)


@given(verbs(), st.randoms(use_true_random=False))
def test_a_machine_that_asks_never_breaks_a_decision(
    decisions: list[tuple[Constraint, ...]], chance: random.Random
) -> None:
    made = resolve(flat(decisions))
    stories: dict[str, list[str]] = {}
    place: dict[str, Placement] = {}
    arrivals = [*ENTRIES, "e10", "e11"]
    chance.shuffle(arrivals)
    for step, entry in enumerate(arrivals):
        ruling = made.entry_constraint(entry, place)
        choices = [story for story in sorted(stories) if ruling.allows(story)] + [f"s{step}"]
        story = ruling.forced_story or chance.choice(choices)
        stories.setdefault(story, []).append(entry)
        place[entry] = Placement("r" + entry, story)
        _second_look(made, stories, place, chance, f"split{step}")
    for one, other, demand in demands(made):
        assert (place[one].story_id == place[other].story_id) == (demand == "together")


def _second_look(
    made: ConstraintGroups,
    stories: dict[str, list[str]],
    place: dict[str, Placement],
    chance: random.Random,
    fresh: str,
) -> None:
    """Merge two stories, or split one, at random, where the decisions let it."""
    first, second = chance.choice(sorted(stories)), chance.choice(sorted(stories))
    members = stories[first]
    if first != second:
        if made.barrier(members, stories[second]) is not None:
            return
        second, moving = first, stories.pop(second)
    else:
        moving = [entry for entry in members if chance.random() < 0.5]
        staying = [entry for entry in members if entry not in moving]
        if not moving or not staying or not may_part(made, staying, moving):
            return
        stories[first] = staying
        second = fresh
    stories.setdefault(second, []).extend(moving)
    for entry in moving:
        place[entry] = Placement("r" + entry, second)


# --- stories of very many ------------------------------------------------------------------------


class Counted(dict[str, Any]):
    """A mapping that counts how often it is looked up."""

    looked_up = 0

    def __getitem__(self, key: str) -> Any:
        Counted.looked_up += 1
        return super().__getitem__(key)


def test_what_a_verb_on_a_large_story_costs_grows_with_its_entries_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = ConstraintGroups.__init__

    def counted(made: ConstraintGroups) -> None:
        begin(made)
        made._group, made._marks = Counted(), Counted()

    monkeypatch.setattr(ConstraintGroups, "__init__", counted)
    costs = []
    for size in (60, 600):
        entries = [f"e{number:04}" for number in range(size)]
        Counted.looked_up = 0
        staying, leaving = entries[: size // 2], entries[size // 2 :]
        made = resolve([*split(2, staying, leaving), *merged(1, [{"other"}, set(entries)])])
        assert set(made.divide(entries)) == {frozenset(leaving), frozenset(staying)}
        costs.append(Counted.looked_up / size)
    assert costs[1] < 1.5 * costs[0]


def test_reports_that_belong_together_are_told_once_each() -> None:
    params = ClusteringParams()
    names = [f"r{number}" for number in range(300)]
    place = {name: number for number, name in enumerate(names)}
    bound = PlaceConstraints(ReportConstraints((frozenset(names),)), place, Represented(params))
    assert sum(len(bound.neighbours(one)) for one in range(300)) < 3 * 300
    found, front = {7}, [7]
    while front:
        front = [other for one in front for other in bound.neighbours(one) if other not in found]
        found.update(front)
    assert found == set(range(300))
