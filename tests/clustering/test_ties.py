"""Stories of one affair are tied by what is unusual in both; what is always in the news ties nothing."""

from __future__ import annotations

import random

from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.params import DEFAULT
from aggregator.clustering.ties import is_one_affair, shipped_model, ties
from bench.train_pairs import SIGNS
from bench.train_ties import INPUTS
from tests.clustering.reports import DESK, report

GROUNDED = {name: vector for name, vector in DESK.items() if name.startswith("ferry")}
SALVAGE = {
    "salvage-1": report(
        "Norbanka salvage: tugs wait for calm before towing ferry off the reef",
        "Salvage crews said the hull of the Norbanka is torn and that towing the ferry to a dock may take until Friday.",
        hours=30,
    ),
    "salvage-2": report(
        "Torn hull delays towing of ferry Norbanka",
        "Tugs will wait for calm seas before they tow the Norbanka to a dock, a salvage company said.",
        publisher="Delta",
        hours=33,
    ),
}
PHONES = {
    "phones-1": report(
        "Governor signs bill banning phones in schools",
        "The governor signed a bill on Monday that bans phones in classrooms; the Senate had passed the bill in March.",
        publisher="Beta",
        hours=4,
    ),
    "phones-2": report(
        "Schools phone ban becomes law as governor signs bill",
        "A bill that bans phones in schools was signed by the governor after the Senate passed it.",
        publisher="Gamma",
        hours=5,
    ),
}
WATER = {
    "water-1": report(
        "Senate passes water bill, sends it to governor's desk",
        "The Senate passed a bill on water rights on Tuesday and sent it to the governor, who is to sign the bill this week.",
        publisher="Delta",
        hours=9,
    ),
    "water-2": report(
        "Water rights bill goes to governor after Senate vote",
        "The Senate voted for a bill on water rights; the governor said she would sign it.",
        hours=10,
    ),
}
EVERY = {**DESK, **SALVAGE, **PHONES, **WATER}


def lines(graph: StoryGraph) -> list[set[str]]:
    """Return the storylines of all reports."""
    graph.touch(EVERY)
    return [{name for story in line for name in story} for line in graph.settle().storylines]


def test_what_is_unusual_in_both_ties_and_what_is_always_told_does_not() -> None:
    graph = StoryGraph()
    graph.add_all(EVERY.items())
    found = lines(graph)
    assert {*GROUNDED, *SALVAGE} in found
    assert not any(line & set(PHONES) for line in found)


def test_two_bills_would_be_tied_by_how_likely_their_reports_tell_one_event() -> None:
    graph = StoryGraph()
    graph.add_all(EVERY.items())
    graph.settle()
    place = graph.comparison.rows.place
    found = ties(
        graph.comparison, [[place[name] for name in story] for story in (PHONES, WATER)], DEFAULT.storyline_bar
    )
    assert found.odds[:3].mean() > DEFAULT.storyline_bar
    assert not is_one_affair(graph.comparison, found.best, DEFAULT.tie_bar).any()


def test_no_order_of_arrival_decides_what_is_tied() -> None:
    at_once = StoryGraph()
    at_once.add_all(EVERY.items())
    wanted = sorted(map(sorted, lines(at_once)))
    for seed in range(5):
        chance, names = random.Random(seed), list(EVERY)
        chance.shuffle(names)
        graph = StoryGraph()
        while names:
            cut = chance.randint(1, 6)
            graph.add_all((name, EVERY[name]) for name in names[:cut])
            names = names[cut:]
            graph.settle()
        assert sorted(map(sorted, lines(graph))) == wanted


def test_no_likeness_weighs_against_a_tie_and_no_conflict_for_one() -> None:
    weights = shipped_model().weights
    assert set(weights) == set(INPUTS)
    for name, weight in weights.items():
        low, high = SIGNS.get(name, (None, None))
        assert low is None or weight >= low, name
        assert high is None or weight <= high, name
