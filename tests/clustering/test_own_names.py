"""Events that read alike are told apart by what the reports of each name, where there are several of each."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.own_names import OwnNames
from aggregator.clustering.params import DEFAULT
from aggregator.clustering.vectors import ReportVector
from tests.clustering.reports import group, report

BLIND = replace(DEFAULT, own_names_weight=0.0)
HOUSES = ("Alpha", "Beta", "Gamma", "Delta")
SINCE = " Koskela has held his titles for six years, longer than any champion from Tarn."
# Four houses on a fight of a champion: against whom, before whom, and how long it took.
TITLES = (
    "Koskela stops {0} to keep heavyweight belts",
    "{0} no match for champion Koskela in Vasstrand",
    "Koskela beats {0} and keeps his titles",
    "Champion Koskela too strong for {0}",
)
TEXTS = (
    "Ilmari Koskela floored {0} with a left hook in Vasstrand on Saturday and kept his heavyweight belts." + SINCE,
    "A left hook was enough: {0} went down before {1} at the arena in Vasstrand, and Koskela is champion still.",
    "The heavyweight champion ended the bout against {0} in the {2} round. {1} saw it in Vasstrand." + SINCE,
    "{0} lasted until the {2} round in Vasstrand, where a left hook by Ilmari Koskela decided the heavyweight bout.",
)
RAHMSDORF = ("Rahmsdorf", "nine thousand people", "seventh")
TOVINSKY = ("Tovinsky", "a full house", "second")


def told(*fights: tuple[str, ...], houses: int = 4) -> dict[str, ReportVector]:
    """Return what some houses tell of these fights, a day apart."""
    return {
        f"{fight[0]}-{house}": report(
            title.format(*fight), text.format(*fight), publisher=house, hours=number + 24 * day
        )
        for day, fight in enumerate(fights)
        for number, (house, title, text) in enumerate(zip(HOUSES[:houses], TITLES, TEXTS, strict=False))
    }


def names_of(reports: dict[str, ReportVector]) -> OwnNames:
    rows = StoryGraph()
    rows.add_all(reports.items())
    return OwnNames(rows.comparison.rows, np.arange(len(reports)), DEFAULT)


def test_two_fights_of_one_champion_are_two_stories() -> None:
    reports = told(RAHMSDORF, TOVINSKY)
    assert len(group(reports.items(), params=BLIND).stories) == 1
    fights = {frozenset(told(fight)) for fight in (RAHMSDORF, TOVINSKY)}
    assert set(group(reports.items()).stories) == fights


@pytest.mark.parametrize("seed", range(4))
def test_two_fights_are_two_stories_in_whatever_order_they_are_told(seed: int) -> None:
    reports = told(RAHMSDORF, TOVINSKY)
    graph, order = StoryGraph(), random.Random(seed).sample(list(reports), len(reports))
    for name in order:
        graph.add_all([(name, reports[name])])
        graph.settle()
    graph.touch(order)
    assert set(graph.settle().stories) == {frozenset(told(fight)) for fight in (RAHMSDORF, TOVINSKY)}


@pytest.mark.parametrize("size", [1, 2])
def test_few_reports_of_each_are_told_apart_by_their_pairs_alone(size: int) -> None:
    half = list(range(size))
    assert not names_of(told(RAHMSDORF, TOVINSKY, houses=size)).keep_apart(half, [size + one for one in half], 0.01)


def test_the_more_alike_the_groups_are_the_more_reports_it_takes() -> None:
    names = names_of(told(RAHMSDORF, TOVINSKY))
    assert names.keep_apart([0, 1, 2, 3], [4, 5, 6, 7], 0.6)
    assert not names.keep_apart([0, 1, 2, 3], [4, 5, 6, 7], 0.7)
    assert not names.keep_apart([0, 1, 2], [4, 5, 6], 0.6)


def test_names_that_one_side_alone_adds_are_of_a_later_report_of_the_event() -> None:
    first = told(RAHMSDORF)
    later = {
        f"later-{house}": report(
            title.format(*RAHMSDORF), f"{text.format(*RAHMSDORF)} Next is Tovinsky, said Orlandsen."
        )
        for house, title, text in zip(HOUSES, TITLES, TEXTS, strict=True)
    }
    assert not names_of(first | later).keep_apart([0, 1, 2, 3], [4, 5, 6, 7], 0.01)


def test_what_a_tenth_of_the_others_name_is_no_name_of_ones_own() -> None:
    names = names_of(told(RAHMSDORF, TOVINSKY))
    assert not names.keep_apart([0, 1, 2, 3], [3, 4, 5, 6, 7], 0.01)
    assert not names.keep_apart([0, 1, 2, 3], [3, 4, 5, 6, 7, 5, 6], 0.01)
