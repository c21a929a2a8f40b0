"""The order that chooses the canonical entry."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.clustering.canonical import choose, rank
from aggregator.model import Entry, EntryData

START = datetime(2026, 3, 9, 5, 0, tzinfo=UTC)
BASE = Entry(
    id="e1",
    data=EntryData(key="k", title="Bridge over the strait opens"),
    feed="Courier",
    publisher="Courier",
    language="en",
    canonical_url=None,
    agency=None,
    authority=50,
    category=None,
    first_seen=START,
    last_seen=START,
    time=START,
    text_length=1_200,
    report_id="r1",
    story_id="s1",
    revisions=0,
)
LIVE = EntryData(key="k", title="Bridge opening – live updates")
LATER = START + timedelta(hours=1)

# Each beats the next, though the next has every advantage below it in the order.
LADDER = (
    replace(BASE, id="pin", data=LIVE, authority=0, text_length=0, time=LATER),
    replace(BASE, id="own", from_agency_feed=True, authority=0, text_length=0, time=LATER),
    replace(BASE, id="weighty", authority=90, text_length=0, time=LATER),
    replace(BASE, id="full", text_length=3_000, time=LATER),
    replace(BASE, id="z-early"),
    replace(BASE, id="a-late", time=LATER),
    replace(BASE, id="b-late", time=LATER),
    replace(BASE, id="live", data=LIVE, from_agency_feed=True, authority=100, text_length=9_000),
)


@pytest.mark.parametrize("place", range(len(LADDER)))
def test_each_step_decides_before_the_next(place: int) -> None:
    assert choose(LADDER[place:][::-1], "pin") is LADDER[place]


def test_an_entry_published_by_its_agency_is_the_agencys_own() -> None:
    own = replace(BASE, id="z", agency="Wire One", publisher="wire one", time=LATER)
    assert choose([BASE, own], None) is own
    assert choose([BASE, replace(own, publisher="Courier B")], None) is BASE


def test_a_few_words_more_decide_nothing() -> None:
    longer = replace(BASE, id="e2", text_length=1_230, time=LATER)
    assert choose([longer, BASE], None) is BASE


def test_a_pin_on_an_entry_that_left_has_no_effect() -> None:
    assert choose([BASE], "gone") is BASE


ENTRIES = st.builds(
    replace,
    st.just(BASE),
    id=st.text("abcdef", min_size=1, max_size=4),
    data=st.sampled_from([BASE.data, LIVE]),
    agency=st.sampled_from([None, "Wire One"]),
    publisher=st.sampled_from(["Wire One", "Courier"]),
    from_agency_feed=st.booleans(),
    authority=st.integers(0, 100),
    text_length=st.integers(0, 6_000),
    time=st.integers(0, 5).map(lambda hours: START + timedelta(hours=hours)),
)
STORIES = st.lists(ENTRIES, min_size=1, max_size=8, unique_by=lambda entry: entry.id)


@settings(deadline=None)
@given(STORIES, st.randoms(use_true_random=False), st.none() | st.text("abcdef", min_size=1, max_size=2))
def test_the_order_of_arrival_decides_nothing(entries: list[Entry], chance: random.Random, pinned: str | None) -> None:
    shuffled = entries[:]
    chance.shuffle(shuffled)
    assert choose(shuffled, pinned) == choose(entries, pinned)


@settings(deadline=None)
@given(STORIES, ENTRIES)
def test_a_lesser_entry_never_changes_the_choice(entries: list[Entry], arriving: Entry) -> None:
    before = choose(entries, None)
    if arriving.id not in {entry.id for entry in entries} and rank(arriving, None) > rank(before, None):
        assert choose([*entries, arriving], None) is before


@settings(deadline=None)
@given(STORIES)
def test_removing_another_entry_never_changes_the_choice(entries: list[Entry]) -> None:
    chosen = choose(entries, None)
    for entry in entries:
        if entry is not chosen:
            assert choose([other for other in entries if other is not entry], None) is chosen


def test_comment_does_not_stand_for_the_event() -> None:
    comment = replace(
        BASE, id="e0", data=EntryData(key="c", title="Analysis: What the bridge tells of us"), authority=90
    )
    assert choose((comment, BASE), None) == BASE
