"""A flood's reports are represented by the first of them: it is one story, whatever came when, and editors' word holds in it."""

from __future__ import annotations

import pickle
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.clustering.graph import GraphUpdate, StoryGraph
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.report_constraints import NO_CONSTRAINTS, ReportConstraints
from aggregator.clustering.vectors import ReportVector
from bench.cost import flood
from tests.clustering.events import OTHER_NEWS
from tests.clustering.reports import report
from tests.examples import examples

PARAMS = ClusteringParams(degree=24, neighbours=16, represented_from=12, representatives=8)
FLOOD = flood(120)
NEWS = [(f"n{n}", report(title, body, publisher=f"house {n}", hours=n)) for n, (title, body) in enumerate(OTHER_NEWS)]
ROWS = [*FLOOD, *NEWS]
NAMES = frozenset(name for name, _ in FLOOD)
Rows = list[tuple[str, ReportVector]]
Stories = set[frozenset[str]]


def streamed(
    rows: Rows, cuts: list[int], constraints: ReportConstraints = NO_CONSTRAINTS
) -> tuple[StoryGraph, Stories]:
    graph = StoryGraph(PARAMS)
    found: dict[str, frozenset[str]] = {}
    for start, end in pairwise([0, *sorted(set(cuts)), len(rows)]):
        graph.add_all(rows[start:end])
        follow(found, graph.settle(constraints))
    return graph, set(found.values())


def follow(found: dict[str, frozenset[str]], settled: GraphUpdate) -> None:
    for story in settled.stories:
        found.update(dict.fromkeys(story, story))


def represented(graph: StoryGraph) -> set[str]:
    return {graph.comparison.rows.ids[place] for place in graph.comparison.represented.places().tolist()}


@pytest.fixture(scope="module")
def at_once() -> tuple[Stories, set[str]]:
    graph, stories = streamed(ROWS, [])
    return stories, represented(graph)


def test_a_flood_is_one_story_and_others_stand_for_most_of_it(at_once: tuple[Stories, set[str]]) -> None:
    stories, aside = at_once
    assert NAMES in stories
    assert len(aside) >= 90
    assert aside <= NAMES


@settings(max_examples=examples(16))
@given(st.integers(0, 10**6), st.lists(st.integers(1, len(ROWS) - 1), max_size=8))
def test_the_order_of_a_flood_decides_nothing(at_once: tuple[Stories, set[str]], seed: int, cuts: list[int]) -> None:
    rows = list(ROWS)
    random.Random(seed).shuffle(rows)
    graph, stories = streamed(rows, cuts)
    assert (stories, represented(graph)) == at_once


@settings(max_examples=examples(16))
@given(st.integers(0, 10**6), st.lists(st.integers(1, len(ROWS) - 1), max_size=8), st.integers(0, len(ROWS)))
def test_what_is_compared_ahead_decides_nothing(
    at_once: tuple[Stories, set[str]], seed: int, cuts: list[int], leaving: int
) -> None:
    rows = list(ROWS)
    random.Random(seed).shuffle(rows)
    graph = StoryGraph(PARAMS)
    for start, end in pairwise([0, *sorted(set(cuts)), len(rows)]):
        graph.add_all(rows[start:end])
        graph.compare_ahead()
    graph.remove([name for name, _ in rows[:leaving]])
    graph.add_all(rows[:leaving])
    graph.compare_ahead()
    assert (set(graph.settle().stories), represented(graph)) == at_once


@pytest.mark.parametrize("gone", ["representatives", "represented", "both"])
def test_what_leaves_a_flood_is_as_if_it_had_never_been(gone: str) -> None:
    graph, _ = streamed(ROWS, [40, 80])
    aside = represented(graph)
    chosen = {"representatives": NAMES - aside, "represented": aside, "both": NAMES}[gone]
    leaving = set(sorted(chosen)[:: 2 if gone == "both" else 1][:20])
    found = {name: frozenset({name}) for name, _ in ROWS if name not in leaving}
    graph.remove(leaving)
    graph.touch(list(found))
    follow(found, graph.settle())
    left = [(name, vector) for name, vector in ROWS if name not in leaving]
    expected, stories = streamed(left, [])
    assert set(found.values()) == stories
    assert represented(graph) == represented(expected)


def test_a_flood_goes_on_from_a_kept_window(at_once: tuple[Stories, set[str]]) -> None:
    graph, _ = streamed(ROWS[:80], [30])
    again: StoryGraph = pickle.loads(pickle.dumps(graph))
    again.add_all(ROWS[80:])
    assert NAMES in again.settle().stories


def test_what_holds_a_represented_report_is_explained() -> None:
    graph = StoryGraph(PARAMS)
    graph.add_all(ROWS)
    settled = graph.settle()
    links = graph.links(settled.best)
    for name in sorted(represented(graph))[:5]:
        link, best = links[name], settled.best[name]
        assert best.other not in represented(graph)
        assert graph.explain(name, best.other).second == pytest.approx(best.odds)
        assert {"cosine", "density"} < set(link.features)
        assert link.features["shared"] > 0


def test_what_is_quiet_was_told_before_and_is_told_again_until_it_is_written() -> None:
    graph = StoryGraph(PARAMS)
    found: dict[str, frozenset[str]] = {}
    for start in range(0, 120, 20):
        graph.add_all(FLOOD[start : start + 20])
        settled = graph.settle()
        follow(found, settled)
        assert settled.unmoved.isdisjoint(name for name, _ in FLOOD[start : start + 20])
        assert all(name in settled.best for story in settled.stories for name in story - settled.unmoved)
        if start == 60:
            assert not settled.unmoved
        if start >= 60:
            graph.mark_written()
    assert len(settled.unmoved) >= 70


@settings(max_examples=examples(12))
@given(st.data())
def test_editors_decisions_bind_within_a_flood(data: st.DataObject) -> None:
    names = st.sampled_from([name for name, _ in ROWS])
    one, two, three, four = data.draw(st.lists(names, min_size=4, max_size=4, unique=True))
    constraints = ReportConstraints(
        together=(frozenset({one, two}),), apart=((frozenset({one, two}), frozenset({three})), (frozenset({four}), frozenset({three})))
    )  # fmt: skip
    rows = list(ROWS)
    random.Random(data.draw(st.integers(0, 99))).shuffle(rows)
    cuts = data.draw(st.lists(st.integers(1, len(ROWS) - 1), max_size=3))
    _, stories = streamed(rows, cuts, constraints)
    home = {name: story for story in stories for name in story}
    assert sorted(name for story in stories for name in story) == sorted(name for name, _ in ROWS)
    assert home[one] == home[two]
    assert home[one] != home[three] != home[four]


@pytest.mark.parametrize("told_before", [True, False])
def test_who_an_editor_parts_from_a_flood_leaves_it_whole(told_before: bool) -> None:
    """All that stay are named by the decision, and whoever leaves is yet in the story when it is asked who may stand there."""
    graph, _ = streamed(ROWS, [])
    leaving = frozenset(sorted(represented(graph), key=lambda name: graph.comparison.rows.place[name])[-2:])
    constraints = ReportConstraints((leaving,), ((NAMES - leaving, leaving),))
    if not told_before:
        graph, _ = streamed(ROWS, [60], constraints)
    graph.touch(NAMES)
    stories = graph.settle(constraints).stories
    assert NAMES - leaving in stories
    assert leaving in stories
