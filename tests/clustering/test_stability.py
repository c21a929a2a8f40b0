"""The order of arrival decides nothing, nor how entries are cut into imports, and ids are for good."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.desk.editing import Editor
from aggregator.ingest.rearrange import Rearranger
from aggregator.ingest.window import Window
from tests.clustering.arriving import Room, Text, one_by_one, room
from tests.clustering.events import BRIDGE_OPENS, FERRY, FLOOD_OF_REPORTS, HARBOUR_DAY, OTHER_NEWS, STRIKE
from tests.clustering.test_languages import told
from tests.examples import examples

EVENTS = (*FERRY, *BRIDGE_OPENS, *STRIKE)
REST = tuple(Text(f"rest{number}", title, body, hours=number) for number, (title, body) in enumerate(OTHER_NEWS))
DAY = sorted(
    (
        *EVENTS,
        *FLOOD_OF_REPORTS[:15],
        *HARBOUR_DAY,
        *REST,
        *(text for language in ("ar", "de", "pl", "zh") for text in told(language)),
    ),
    key=lambda text: (text.hours or 0.0, text.key),
)


Found = tuple[set[frozenset[str]], set[frozenset[str]]]


def found(made: Room) -> Found:
    """Return stories and storylines as sets of keys."""
    stories, lines = made.groups(), made.storylines()
    made.store.close()
    return stories, lines


@pytest.fixture(scope="module")
def at_once() -> Found:
    made = Room()
    made.take(*DAY)
    return found(made)


def test_the_day_holds_stories(at_once: Found) -> None:
    stories, _ = at_once
    assert sum(len(story) > 1 for story in stories) >= 6


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.costly) for seed in (1, 2))])
def test_entry_by_entry_in_any_order_gives_what_one_import_gives(seed: int, at_once: Found) -> None:
    texts = list(DAY)
    random.Random(seed).shuffle(texts)
    assert found(one_by_one(texts)) == at_once


@settings(max_examples=examples(8))
@given(st.permutations(DAY), st.lists(st.integers(1, len(DAY) - 1), max_size=6))
def test_wherever_shuffled_entries_are_cut_the_stories_are_the_same(
    at_once: Found, texts: list[Text], cuts: list[int]
) -> None:
    made = Room()
    edges = [0, *sorted(set(cuts)), len(DAY)]
    for start, end in pairwise(edges):
        made.take(*texts[start:end])
    assert found(made) == at_once


def test_one_process_or_many_and_settling_all_anew_give_the_same(at_once: Found) -> None:
    made = Room()
    window = Window(made.store, made.settings.stories)
    for start in range(0, len(DAY), 7):
        made.take(*DAY[start : start + 7], window=window)
    assert (made.groups(), made.storylines()) == at_once
    made.settle_anew()
    assert found(made) == at_once


def test_a_second_run_over_the_same_input_changes_nothing() -> None:
    made = Room()
    made.take(*DAY)
    made.settle_anew()
    before = made.places()
    tables = ("story", "report", "match", "story_redirect", "sketch", "report_vector", "storyline")
    rows = {table: made.store.connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables}
    made.take(*DAY)
    made.settle_anew()
    made.settle_anew()
    assert made.places() == before
    assert {
        table: made.store.connection.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables
    } == rows
    made.store.close()


def members(made: Room) -> dict[str, frozenset[str]]:
    """Return story -> its entries."""
    found: dict[str, set[str]] = {}
    for key, (_, story) in made.places().items():
        found.setdefault(story, set()).add(key)
    return {story: frozenset(keys) for story, keys in found.items()}


@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.too_slow])
@given(st.permutations(EVENTS + REST[:4] + FLOOD_OF_REPORTS[:6]), st.lists(st.integers(1, 5), min_size=4, max_size=12))
def test_ids_never_change_by_growth_and_merges_leave_redirects(texts: list[Text], sizes: list[int]) -> None:
    made = Room()
    stories = Rearranger(made.store, made.settings).stories
    reports: dict[str, str] = {}
    ever: dict[str, frozenset[str]] = {}
    waiting = list(texts)
    for size in sizes:
        before = members(made)
        made.take(*waiting[:size])
        del waiting[:size]
        made.settle_anew()
        after = members(made)
        for story, keys in before.items():
            homes = {place for place, there in after.items() if keys & there}
            assert stories.resolve(story) in after, "an id that was shown leads nowhere"
            if len(homes) == 1 and after[(home := homes.pop())] & frozenset().union(*before.values()) == keys:
                assert home == story, "a story that only grew has another id"
        for story, keys in after.items():
            assert story not in ever or ever[story] & keys or stories.split_from([story])[story], "an id was used again"
        ever |= after
        standing = {key: report for key, (report, _) in made.places().items()}
        assert {key: standing[key] for key in reports} == reports, "an entry changed its report by growth"
        reports = standing
    made.store.close()


def test_a_merge_keeps_the_older_id_and_the_other_leads_to_it() -> None:
    with room(*FERRY, *BRIDGE_OPENS) as made:
        old, young = made.story("ferry0"), made.story("bridge0")
        placer = Rearranger(made.store, made.settings)
        assert Editor(made.store, placer, "ann", made.now).merge([young, old]) in (old, young)
        kept = made.story("ferry0")
        assert {placer.stories.resolve(old), placer.stories.resolve(young)} == {kept}
        assert made.stories(text.key for text in (*FERRY, *BRIDGE_OPENS)) == 1
        made.take(*STRIKE)
        made.settle_anew()
        assert made.story("ferry0") == kept


def test_a_split_leaves_the_id_behind_and_records_its_lineage() -> None:
    with room(*FERRY) as made:
        story = made.story("ferry0")
        placer = Rearranger(made.store, made.settings)
        gone = Editor(made.store, placer, "ann", made.now).split(story, [made.id("ferry2")])
        assert made.story("ferry0") == made.story("ferry1") == story
        assert made.story("ferry2") == gone != story
        assert placer.stories.split_from([gone])[gone] == story
        made.take(*BRIDGE_OPENS, *STRIKE)
        made.settle_anew()
        assert made.story("ferry2") == gone
