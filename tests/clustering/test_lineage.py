"""Ids follow their members: through growth, merges and splits, and never to two groups."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aggregator.clustering.lineage import assign_ids

MEMBERS = "abcdefghij"


def groups(*texts: str) -> list[frozenset[str]]:
    return [frozenset(text) for text in texts]


def test_growth_keeps_the_id() -> None:
    found = assign_ids(groups("abcd"), {"a": "s1", "b": "s1"}, str)
    assert found.ids == ("s1",)
    assert found.ended == {}


def test_a_merge_keeps_the_older_id_and_ends_the_other() -> None:
    found = assign_ids(groups("abcd"), {"a": "old", "b": "young", "c": "young"}, ["old", "young"].index)
    assert found.ids == ("old",)
    assert found.ended == {"young": 0}


def test_a_split_keeps_the_id_with_the_larger_part_and_remembers_it_in_the_other() -> None:
    found = assign_ids(groups("a", "bc"), dict.fromkeys("abc", "s1"), str)
    assert found.ids == (None, "s1")
    assert found.parents == ("s1", None)


def test_of_two_equal_parts_the_first_by_content_keeps_the_id_in_whatever_order_they_are_given() -> None:
    before = dict.fromkeys("abcd", "s1")
    assert assign_ids(groups("cd", "ab"), before, str).ids == (None, "s1")
    assert assign_ids(groups("ab", "cd"), before, str).ids == ("s1", None)


def test_the_id_stays_with_what_an_editor_fixed_in_it() -> None:
    assert assign_ids(groups("a", "bc"), dict.fromkeys("abc", "s1"), str, anchors="a").ids == ("s1", None)


def test_an_id_that_all_its_groups_are_barred_from_is_left_alone() -> None:
    found = assign_ids(groups("a", "bc"), dict.fromkeys("abc", "s1"), str, lambda place, old: True)
    assert found.ids == (None, None)
    assert found.ended == {}


@given(
    st.dictionaries(st.sampled_from(MEMBERS), st.sampled_from("xyz")),
    st.lists(st.integers(0, 3), min_size=10, max_size=10),
)
def test_no_id_is_borne_twice_and_none_is_lost(before: dict[str, str], places: list[int]) -> None:
    made = [
        frozenset(m for m, place in zip(MEMBERS, places, strict=True) if place == one) for one in sorted(set(places))
    ]
    found = assign_ids(made, before, str)
    borne = [old for old in found.ids if old is not None]
    assert len(borne) == len(set(borne))
    assert set(borne) | found.ended.keys() == set(before.values())
    assert set(borne).isdisjoint(found.ended)
    turned = assign_ids(made[::-1], before, str)
    assert turned.ids == found.ids[::-1]
