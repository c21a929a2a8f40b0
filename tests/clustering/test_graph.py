"""The stories of a window: found, whatever the order of arrivals; bound by editors; explained."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.clustering.graph import GraphUpdate, StoryGraph
from aggregator.clustering.params import DEFAULT
from aggregator.clustering.report_constraints import NO_CONSTRAINTS, ReportConstraints
from aggregator.clustering.vectors import ReportVector
from tests.clustering.reports import DESK, EVENTS, group, report
from tests.examples import examples

Rows = list[tuple[str, ReportVector]]


def streamed(passes: Iterable[Rows], constraints: ReportConstraints = NO_CONSTRAINTS) -> set[frozenset[str]]:
    """Return the stories after all passes, as one who applies each settlement would have them."""
    graph = StoryGraph()
    story: dict[str, frozenset[str]] = {}
    for part in passes:
        graph.add_all(part)
        applied(story, graph.settle(constraints))
    return set(story.values())


def applied(story: dict[str, frozenset[str]], settled: GraphUpdate) -> None:
    for found in settled.stories:
        story.update(dict.fromkeys(found, found))


def cut(rows: Rows, sizes: list[int]) -> Iterable[Rows]:
    rest = list(rows)
    for size in sizes:
        yield rest[:size]
        rest = rest[size:]
    yield rest


def test_reports_of_one_event_are_one_story() -> None:
    stories = {frozenset(one) for one in group(DESK.items()).stories}
    for event in EVENTS:
        assert frozenset(name for name in DESK if name.startswith(event)) in stories
    assert sum(len(story) == 1 for story in stories) == 3


@settings(max_examples=examples(40))
@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 4), max_size=6))
def test_no_order_and_no_cut_decides(chance: random.Random, sizes: list[int]) -> None:
    rows = list(DESK.items())
    chance.shuffle(rows)
    assert streamed(cut(rows, sizes)) == set(group(DESK.items()).stories)


def test_a_loaded_window_gives_the_stories_that_a_stream_gives() -> None:
    graph = StoryGraph()
    *stored, newest = DESK.items()
    graph.load(stored)
    graph.add_all([newest])
    story: dict[str, frozenset[str]] = {}
    applied(story, graph.settle())
    graph.touch(list(DESK))
    applied(story, graph.settle())
    assert set(story.values()) == set(group(DESK.items()).stories)


def test_a_report_that_is_gone_leaves_its_story() -> None:
    graph = StoryGraph()
    graph.add_all(DESK.items())
    graph.settle()
    graph.remove(["bank-1"])
    assert frozenset({"bank-2"}) in graph.settle().stories
    assert len(graph) == len(DESK) - 1


def test_a_report_that_is_rewritten_moves() -> None:
    graph = StoryGraph()
    graph.add_all(DESK.items())
    graph.settle()
    graph.add_all([("alone-1", DESK["bank-1"])])
    assert frozenset({"bank-1", "bank-2", "alone-1"}) in graph.settle().stories


@settings(max_examples=examples(40))
@given(
    st.lists(st.sets(st.sampled_from(sorted(DESK)), min_size=2, max_size=3), max_size=2),
    st.lists(st.tuples(st.sampled_from(sorted(DESK)), st.sampled_from(sorted(DESK))), max_size=3),
)
def test_stories_obey_any_decisions(together: list[set[str]], apart: list[tuple[str, str]]) -> None:
    bound: dict[str, set[str]] = {}
    for names in together:
        whole = set(names).union(*(bound.get(name, set()) for name in names))
        bound.update(dict.fromkeys(whole, whole))
    kept = [(a, b) for a, b in apart if a != b and b not in bound.get(a, ())]
    rivals = [(frozenset(bound.get(a, {a})), frozenset(bound.get(b, {b}))) for a, b in kept]
    groups = tuple({frozenset(whole) for whole in bound.values()})
    settled = group(DESK.items(), ReportConstraints(groups, tuple(rivals)))
    story = {name: found for found in settled.stories for name in found}
    assert set(story) == set(DESK)
    for bound_together in groups:
        assert len({story[name] for name in bound_together}) == 1
    for left, right in rivals:
        assert {story[name] for name in left}.isdisjoint({story[name] for name in right})


def test_each_report_of_a_story_names_its_strongest_edge() -> None:
    graph = StoryGraph()
    graph.add_all(DESK.items())
    settled = graph.settle()
    story = {name: found for found in settled.stories for name in found}
    for name, best in settled.best.items():
        assert best.other in story[name]
        assert 0 <= best.score <= 1
    assert {name for name in story if len(story[name]) > 1} == set(settled.best) == set(graph.links(settled.best))


def test_an_explanation_holds_for_both_orders() -> None:
    graph = StoryGraph()
    graph.add_all(DESK.items())
    graph.settle()
    assert graph.explain("ferry-1", "ferry-2") == graph.explain("ferry-2", "ferry-1")
    with pytest.raises(KeyError):
        graph.explain("ferry-1", "nobody")


def notices(kind: str, count: int) -> Rows:
    """Return notices of one house from one mould about different things."""
    names = [f"{a}{b}" for a in ("Bor", "Kel", "Mav", "Tur", "Zin", "Pas", "Lom", "Gre") for b in
             ("dan", "vik", "mer", "sol", "tek", "rup", "hal", "nes")]  # fmt: skip
    made = {
        "insolvency": "{} Ltd: notice of insolvency and appointment of a liquidator",
        "quake": "Magnitude 4.{} earthquake shakes the region of {}",
    }[kind]
    return [
        (
            f"{kind}-{n}",
            report(
                made.format(names[n]) if kind == "insolvency" else made.format(n % 10, names[n]),
                publisher="Gazette",
                hours=n / 4,
            ),
        )
        for n in range(count)
    ]


def test_a_window_that_was_only_loaded_explains_as_the_one_that_was_settled() -> None:
    settled, loaded = StoryGraph(), StoryGraph()
    settled.add_all(DESK.items())
    whole = settled.settle()
    loaded.load(DESK.items())
    loaded.bring_up_to_date()
    assert loaded.explain("ferry-1", "ferry-2") == settled.explain("ferry-1", "ferry-2")
    assert loaded.explain("ferry-1", "ferry-2").second is not None
    assert set(loaded.settle().stories) == set(whole.stories)


@pytest.mark.parametrize("kind", ["insolvency", "quake"])
def test_notices_from_one_mould_are_stories_of_their_own(kind: str) -> None:
    assert all(len(story) == 1 for story in group(notices(kind, 60)).stories)


# Forty reports that share a place, and ten each a person: under the place more stand than are looked at.
PERSONS, MATTERS = ("Koskela", "Halvorsen", "Reyes", "Petromorv"), ("tolls", "ferries", "oil", "chess", "ports")
HOUSES = ("harbour", "council", "chamber", "museum", "college", "market", "theatre")
CROWDED = [
    (
        f"crowd-{number}",
        report(
            f"{PERSONS[number % 4]} speaks in Vasstrand about {MATTERS[number % 5]}",
            f"The {HOUSES[number % 7]} of Vasstrand was full.",
            publisher=f"House {number % 9}",
            hours=number / 7,
        ),
    )
    for number in range(40)
]


def edges(passes: Iterable[Rows]) -> dict[frozenset[str], float]:
    """Return the odds of all edges where of each term a few reports are looked at."""
    graph = StoryGraph(replace(DEFAULT, postings=5))
    for part in passes:
        graph.add_all(part)
        graph.compare_ahead()
    graph.settle()
    names = {node: name for name, node in graph.comparison.rows.place.items()}
    stored = graph.comparison.graph
    return {
        frozenset((names[node], names[int(other)])): stored.odds_between(node, int(other)) or 0.0
        for node in names
        for other in stored.others(node)[1]
    }


@settings(max_examples=examples(40))
@given(st.lists(st.integers(0, 15), max_size=6))
def test_no_cut_decides_which_reports_of_a_frequent_term_are_looked_at(sizes: list[int]) -> None:
    assert edges(cut(CROWDED, sizes)) == edges([CROWDED])
