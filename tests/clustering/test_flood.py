"""A flood costs what each of its reports costs: work is counted, no clock is asked."""

from __future__ import annotations

import numpy as np
import pytest

from aggregator.clustering import comparing
from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.pair_features import pair_features
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.score_graph import ScoreGraph
from aggregator.clustering.vectors import ReportVector
from bench.cost import flood

SMALL = ClusteringParams(postings=60, degree=24, neighbours=16, largest_component=80)


@pytest.fixture(scope="module")
def reports() -> list[tuple[str, ReportVector]]:
    return flood(900)


def test_the_pairs_and_edges_looked_at_do_not_grow_with_a_flood(
    reports: list[tuple[str, ReportVector]], monkeypatch: pytest.MonkeyPatch
) -> None:
    scored, surrounded = [0], [0]
    features, context = pair_features, ScoreGraph.context

    def counted(rows, first, second, params):  # type: ignore[no-untyped-def]
        scored[-1] += len(first)
        return features(rows, first, second, params)

    def counted_context(graph, edges):  # type: ignore[no-untyped-def]
        surrounded[-1] += len(edges)
        return context(graph, edges)

    monkeypatch.setattr(comparing, "pair_features", counted)
    monkeypatch.setattr(ScoreGraph, "context", counted_context)
    graph = StoryGraph(SMALL)
    for start in range(0, len(reports), 100):
        graph.add_all(reports[start : start + 100])
        graph.settle()
        scored.append(0)
        surrounded.append(0)
    assert max(scored[3:-1]) <= 100 * SMALL.neighbours + 100 * SMALL.neighbours  # candidates, and one link for each
    assert max(surrounded[3:-1]) <= 2 * max(surrounded[2:4])
    assert max(surrounded) <= 100 * SMALL.neighbours + 4 * SMALL.postings * SMALL.degree


def test_a_flood_is_whole_and_every_report_is_in_one_story(reports: list[tuple[str, ReportVector]]) -> None:
    graph = StoryGraph(SMALL)
    graph.add_all(reports)
    stories = graph.settle().stories
    assert sorted(name for story in stories for name in story) == sorted(name for name, _ in reports)
    assert graph.comparison.index.capped  # the bounds were met


def test_what_left_gives_its_place_to_others(
    reports: list[tuple[str, ReportVector]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "_MIN_GONE", 50)
    kept, leaving = reports[300:450], reports[:300]
    once, often = StoryGraph(), StoryGraph()
    once.add_all(kept)
    expected = once.settle()
    for start in range(0, 300, 100):
        often.add_all(leaving[start : start + 100])
        often.settle()
    often.add_all(kept)
    often.settle()
    often.remove([name for name, _ in leaving])
    assert len(often.comparison.rows) == len(kept)
    often.touch([name for name, _ in kept])
    found = often.settle()
    assert sorted(map(sorted, found.stories)) == sorted(map(sorted, expected.stories))
    before, after = once.comparison, often.comparison
    assert edges(before) == edges(after)


def edges(one: comparing.Comparison) -> set[tuple[str, str, float]]:
    ids = one.rows.ids
    graph, found = one.graph, one.graph.incident(range(len(ids)))
    return {
        (*sorted((ids[a], ids[b])), round(float(odds), 3))
        for a, b, odds in zip(
            graph.first[found].tolist(), graph.second[found].tolist(), np.asarray(graph.final[found]), strict=True
        )
    }


def test_an_edge_that_only_its_other_end_keeps_is_scored_anew_with_its_surroundings() -> None:
    graph = ScoreGraph(2)
    graph.grow(6)
    rank = np.arange(6, dtype=np.uint32)

    def add(first: int, second: int, odds: float) -> None:
        none = np.zeros(1, np.float32)
        graph.add(np.array([first]), np.array([second]), np.array([odds], np.float32), none, rank)

    for other, odds in ((1, 1.0), (2, 2.0), (3, 3.0)):
        add(0, other, odds)
    assert {int(graph.first[edge]) + int(graph.second[edge]) for edge in graph.incident([0])} == {2, 3}
    assert 1 in graph.followers(0)[1]
    assert {int(graph.first[edge]) + int(graph.second[edge]) for edge in graph.touched([0])} == {1, 2, 3}
