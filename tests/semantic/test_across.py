"""Edges between languages follow from the set of reports alone, and leave what is found within a language as it is.

These need no encoder: reports are given vectors that were made up.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.clustering import cross_language_pairs
from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.meaning import SCALE, SIZE, Meaning
from aggregator.clustering.vectors import ReportVector
from aggregator.ingest import saved_window
from aggregator.storage.database import Store
from tests.clustering.reports import DESK, report
from tests.examples import examples

Edges = dict[frozenset[str], float]
LANGUAGES = ("de", "fr", "ru")
WORDS = {"de": "Fähre vor {} auf Grund gelaufen", "fr": "Ferry échoué au large de {}", "ru": "Паром сел на мель у {}"}


def meaning(seed: int, event: int, nearness: float = 0.85, numbers: tuple[str, ...] | None = None) -> Meaning:
    """Return a meaning that lies so near to its event's."""
    core, other = (np.random.default_rng(n).normal(size=SIZE) for n in (event, 10_000 + seed))
    mixed = nearness * core / np.linalg.norm(core) + (1 - nearness**2) ** 0.5 * other / np.linalg.norm(other)
    vector = np.rint(mixed / np.linalg.norm(mixed) * SCALE).astype("<i2").tobytes()
    return Meaning(vector, numbers=(str(1_000 + event), "37") if numbers is None else numbers)


def made_up(count: int = 48, events: int = 4) -> dict[str, tuple[ReportVector, Meaning]]:
    """Return reports of a few events, so that each has more likely partners in other languages than are kept."""
    found = {}
    for n in range(count):
        language = LANGUAGES[n % 3]
        vector = report(
            WORDS[language].format(f"Vasstrand{n}"), publisher=f"House {n}", hours=n % 30, language=language
        )
        found[f"{language}-{n}"] = vector, meaning(n, n // 3 % events)
    return found


def edges(graph: StoryGraph) -> Edges:
    """Return the edges of a graph with their log odds, by the ids of their ends."""
    rows, scores = graph.comparison.rows, graph.comparison.graph
    ids = scores.incident([place for place in range(len(rows)) if rows.alive[place]])
    ends = zip(scores.first[ids].tolist(), scores.second[ids].tolist(), scores.final[ids].tolist(), strict=True)
    return {frozenset((rows.ids[one], rows.ids[two])): odds for one, two, odds in ends}


def told(reports: dict[str, tuple[ReportVector, Meaning]], passes: Iterable[list[str]]) -> StoryGraph:
    graph = StoryGraph(cross_language=True)
    for names in passes:
        graph.set_meanings({name: reports[name][1] for name in names})
        graph.add_all((name, reports[name][0]) for name in names)
        graph.settle()
    return graph


def stories(graph: StoryGraph) -> set[frozenset[str]]:
    graph.touch(list(graph.comparison.rows.place))
    return set(graph.settle().stories)


@settings(max_examples=examples(30), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.lists(st.integers(0, 20), max_size=5), st.integers(0, 12))
@pytest.mark.costly
def test_no_order_no_cut_and_nothing_that_went_decides(
    monkeypatch: pytest.MonkeyPatch, chance: random.Random, sizes: list[int], gone: int
) -> None:
    monkeypatch.setattr(cross_language_pairs, "NEAREST", 3)
    reports = made_up()
    names = list(reports)
    chance.shuffle(names)
    leaving, staying = names[:gone], sorted(names[gone:])
    cuts = sorted({0, *(size for size in sizes if size < len(names)), len(names)})
    graph = told(reports, [names[start:end] for start, end in pairwise(cuts)])
    if chance.random() < 0.5:
        again = chance.sample(staying, 5)
        graph.set_meanings({name: reports[name][1] for name in again})
        graph.add_all((name, reports[name][0]) for name in again)
    graph.remove(leaving)
    graph.settle()
    whole = told(reports, [staying])
    assert edges(graph) == edges(whole)
    assert len(edges(whole)) > 20
    assert stories(graph) == stories(whole)


def test_reports_of_one_event_in_different_languages_are_one_story() -> None:
    reports = {
        "de-1": (report(WORDS["de"].format("Vasstrand"), language="de"), meaning(1, 1)),
        "fr-1": (report(WORDS["fr"].format("Vasstrand"), language="fr", hours=2), meaning(2, 1)),
        "ru-1": (report(WORDS["ru"].format("Остреля"), language="ru", hours=3), meaning(3, 2)),
    }
    graph = told(reports, [list(reports)])
    assert stories(graph) == {frozenset({"de-1", "fr-1"}), frozenset({"ru-1"})}
    found = graph.explain("de-1", "fr-1")
    assert found.features["meaning"] > cross_language_pairs.NEAR
    assert found.second == pytest.approx(found.first)
    assert found.first > found.bar
    assert frozenset({"de-1", "ru-1"}) not in edges(graph)


def test_without_a_sign_in_common_nothing_joins() -> None:
    reports = {
        "de-1": (report("Ein Titel", language="de"), meaning(1, 1, 0.95, ("41",))),
        "fr-1": (report("Un titre", language="fr"), meaning(2, 1, 0.95, ("58",))),
    }
    assert stories(told(reports, [list(reports)])) == {frozenset({"de-1"}), frozenset({"fr-1"})}


def test_what_lies_between_languages_changes_no_edge_within_one() -> None:
    alone = StoryGraph()
    alone.add_all(DESK.items())
    alone.settle()
    graph = StoryGraph(cross_language=True)
    other = {f"de-{n}": report(f"Meldung {n}", language="de", hours=n, publisher=f"House {n}") for n in range(10)}
    graph.set_meanings({name: meaning(n, n % 3) for n, name in enumerate(DESK)})
    graph.set_meanings({name: meaning(100 + n, n % 3) for n, name in enumerate(other)})
    graph.add_all([*DESK.items(), *other.items()])
    graph.settle()
    found = edges(graph)
    assert {pair: odds for pair, odds in found.items() if pair <= set(DESK)} == edges(alone)
    assert any(not pair <= set(DESK) and not pair <= set(other) for pair in found)


def test_a_meaning_reads_back_as_it_was_written() -> None:
    written = Meaning(meaning(1, 1).vector, ("Izmir",), ("イズミル",), ("5.9",), {"TR": "Türkei"})
    assert Meaning.unpacked(written.packed()) == written
    with pytest.raises(ValueError, match="delimiter"):
        Meaning.unpacked(written.packed()[:-1])


def test_a_window_kept_in_a_file_goes_on_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_window, "MIN_REPORTS", 1)
    reports = made_up()
    first, later = list(reports)[:40], list(reports)[40:]
    with Store(tmp_path / "a.db") as store:
        saved_window.write(
            store, "these", saved_window.SavedWindow(told(reports, [first]), dict.fromkeys(first, 0.0), 1, None)
        )
        kept = saved_window.read(store, "these")
    assert kept is not None
    graph = kept.graph
    graph.set_meanings({name: reports[name][1] for name in later})
    graph.add_all((name, reports[name][0]) for name in later)
    graph.settle()
    assert edges(graph) == edges(told(reports, [list(reports)]))
