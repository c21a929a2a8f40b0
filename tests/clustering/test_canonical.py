"""The order that chooses the canonical entry."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.clustering import canonical
from aggregator.clustering.canonical import choose, rank, versions
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


def alone(entry: Entry) -> Entry:
    """Return an entry as the only one of its house and of its report."""
    return replace(entry, publisher=f"House {entry.id}", report_id=f"r-{entry.id}")


# Each beats the next, though the next has every advantage below it in the order.
LADDER = tuple(
    map(
        alone,
        (
            replace(BASE, id="pin", data=LIVE, authority=0, text_length=0, time=LATER),
            replace(BASE, id="own", from_agency_feed=True, authority=0, text_length=0, time=LATER),
            replace(BASE, id="weighty", authority=90, text_length=0, time=LATER),
            replace(BASE, id="full", text_length=3_000, time=LATER),
            replace(BASE, id="z-early"),
            replace(BASE, id="a-late", time=LATER),
            replace(BASE, id="b-late", time=LATER),
            replace(BASE, id="live", data=LIVE, from_agency_feed=True, authority=100, text_length=9_000),
        ),
    )
)


@pytest.mark.parametrize("place", range(len(LADDER)))
def test_each_step_decides_before_the_next(place: int) -> None:
    assert choose(LADDER[place:][::-1], "pin") is LADDER[place]


def test_an_entry_published_by_its_agency_is_the_agencys_own() -> None:
    own = replace(BASE, id="z", agency="Wire One", publisher="wire one", time=LATER)
    assert choose([BASE, own], None) is own
    assert choose([BASE, replace(own, publisher="Courier B")], None) is BASE


def test_among_copies_of_one_text_the_earliest_stands_and_not_the_one_that_a_paper_padded() -> None:
    padded = replace(BASE, id="a", publisher="Ledger", text_length=2_300, time=LATER)
    assert choose([padded, BASE], None) is BASE
    assert choose([replace(padded, authority=90), BASE], None) is BASE
    own = replace(BASE, id="z", publisher="Wire One", agency="Wire One", time=LATER + timedelta(hours=2))
    assert choose([padded, BASE, own], None) is own


def test_a_teaser_that_came_first_does_not_stand_for_the_full_text() -> None:
    teaser = replace(BASE, id="t", publisher="Ledger", text_length=180, time=START - timedelta(hours=1))
    assert choose([teaser, BASE], None) is BASE


@pytest.mark.parametrize(
    ("report", "url", "title"),
    [
        ("r1", None, "Bridge over the strait opens to cars"),
        ("r2", "https://courier.example/2026/bridge", "Bridge opens, two hours late"),
        ("r2", None, "UPDATE 2-Bridge over the strait opens"),
    ],
)
def test_a_version_that_its_house_superseded_does_not_stand(report: str, url: str | None, title: str) -> None:
    first = replace(BASE, authority=90, canonical_url=url)
    later = replace(first, id="e2", report_id=report, time=LATER, data=EntryData(key="l", title=title))
    other = replace(BASE, id="e3", publisher="Star", report_id="r3", authority=10)
    assert choose([first, later, other], None) is later
    assert choose([first, replace(later, publisher="Star"), other], None) is first


def test_the_same_text_in_another_section_supersedes_nothing() -> None:
    section = replace(BASE, id="a", feed="Courier sea", time=LATER)
    assert choose([section, BASE], None) is BASE


def test_a_few_words_more_decide_nothing() -> None:
    longer = replace(BASE, id="e2", publisher="Ledger", report_id="r2", text_length=1_230, time=LATER)
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
# Each of a house and a report of its own, half of them an agency's: such entries are nothing to each other.
STRANGERS = ENTRIES.map(lambda entry: replace(alone(entry), agency=entry.agency and f"House {entry.id}"))
STRANGE_STORIES = st.lists(STRANGERS, min_size=1, max_size=8, unique_by=lambda entry: entry.id)
STORIES = st.lists(ENTRIES, min_size=1, max_size=8, unique_by=lambda entry: entry.id)


@given(STORIES, st.randoms(use_true_random=False), st.none() | st.text("abcdef", min_size=1, max_size=2))
def test_the_order_of_arrival_decides_nothing(entries: list[Entry], chance: random.Random, pinned: str | None) -> None:
    shuffled = entries[:]
    chance.shuffle(shuffled)
    assert choose(shuffled, pinned) == choose(entries, pinned)


@given(STRANGE_STORIES, STRANGERS)
def test_a_lesser_entry_never_changes_the_choice(entries: list[Entry], arriving: Entry) -> None:
    before = choose(entries, None)
    among = versions([*entries, arriving])
    if arriving.id not in {one.id for one in entries} and rank(arriving, None, among) > rank(before, None, among):
        assert choose([*entries, arriving], None) is before


@given(STRANGE_STORIES)
def test_removing_another_entry_never_changes_the_choice(entries: list[Entry]) -> None:
    chosen = choose(entries, None)
    for entry in entries:
        if entry is not chosen:
            assert choose([other for other in entries if other is not entry], None) is chosen


@pytest.mark.parametrize("path", ["news/live/c7rk2", "live/bridge#post-4", "world/live-updates/bridge", "liveticker"])
def test_a_page_that_runs_does_not_stand_for_the_event(path: str) -> None:
    post = replace(BASE, id="a", publisher="Ledger", report_id="r2", time=START - timedelta(hours=1))
    post = replace(post, data=replace(post.data, link=f"https://live.example/{path}"))
    assert choose([post, BASE], None) is BASE
    elsewhere = replace(post, data=replace(post.data, link="https://live.example/alive/2231"))
    assert choose([elsewhere, BASE], None) is elsewhere


def test_comment_does_not_stand_for_the_event() -> None:
    comment = replace(
        BASE, id="e0", data=EntryData(key="c", title="Analysis: What the bridge tells of us"), authority=90
    )
    assert choose((comment, BASE), None) == BASE


@given(STRANGE_STORIES, st.none() | st.text("abcdef", min_size=1, max_size=2))
def test_the_first_in_the_order_is_chosen(entries: list[Entry], pinned: str | None) -> None:
    among = versions(entries)
    assert choose(entries, pinned) is min(entries, key=lambda entry: rank(entry, pinned, among))


class Counted:
    """An entry that counts how often it is asked for anything."""

    asked = 0

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def __getattr__(self, name: str) -> Any:
        Counted.asked += 1
        return getattr(self._entry, name)


@pytest.mark.parametrize("one_report", [True, False])
def test_what_a_choice_costs_grows_with_the_story_alone(one_report: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Entry] = []
    monkeypatch.setattr(canonical, "is_recurring_title", read.append)
    asked = []
    for size in (50, 400):
        entries = [replace(BASE, id=f"e{number:03}", report_id="r" * (one_report or number)) for number in range(size)]
        Counted.asked = 0
        choose(cast("list[Entry]", [Counted(entry) for entry in entries]), None)
        asked.append(Counted.asked / size)
    assert asked[1] < 1.2 * asked[0]
    assert len(read) <= 4  # the titles of those that may come first alone
