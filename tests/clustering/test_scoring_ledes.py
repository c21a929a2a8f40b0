"""Headlines and ledes of a stream are weighed by what reading bore out; others, and reports of a near-empty window, as before."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aggregator.clustering.graph import StoryGraph
from aggregator.clustering.pair_context import Context
from aggregator.clustering.pair_features import PairFeatures
from aggregator.clustering.params import DEFAULT
from aggregator.clustering.scoring import MODELS, LearnedScorer, Logistic, pair_inputs, read_model
from aggregator.clustering.vectors import ReportVector
from bench.train_ledes import BOUNDS, NAMES, READ
from bench.worlds import verdict_rows
from tests.clustering.reports import report

NOTHING = Logistic(0.0, {})
GRAPH, LEDES = Logistic(1.0, {"cosine": 2.0}), Logistic(-1.0, {"hours": -1.0})


def known(*, words: float = 30, hours: float = 6, streamed: float = 1, series: float = 0) -> float:
    """Return what the pair itself decides of its log odds."""
    one = np.ones(1, np.float32)
    none = 0 * one
    features = PairFeatures(*(one for _ in PairFeatures._fields))._replace(
        words_least=words * one,
        hours_apart=hours * one,
        streamed=streamed * one,
        series=series * one,
        bare=none,
        label=none,
    )
    scorer = LearnedScorer(NOTHING, GRAPH, NOTHING, LEDES)
    return float(scorer.known(features, scorer.first(features))[0])


def test_the_further_apart_two_headlines_are_the_less_they_tell_one_event_up_to_a_day() -> None:
    odds = [known(hours=hours) for hours in (0, 3, 12, 24, 28, 60)]
    assert odds == sorted(odds, reverse=True)
    assert odds[0] == pytest.approx(2.0)
    assert odds[-2] == odds[-1]  # beyond a day the gap counts that archives teach


@pytest.mark.parametrize("kind", [{"words": 120.0}, {"streamed": 0.0}, {"series": 1.0}])
def test_articles_reports_of_no_stream_and_series_are_weighed_as_before(kind: dict[str, float]) -> None:
    assert known(**kind) == pytest.approx(3.0)


def test_the_share_falls_with_the_words() -> None:
    odds = [known(words=words) for words in (5, 49, 70, 99, 400)]
    assert odds == sorted(odds)
    assert odds[0] == odds[1] < odds[2] < odds[3] == odds[4]


def test_no_likeness_speaks_against_two_ledes_and_no_gap_for_them() -> None:
    graph, added = (read_model(MODELS / f"{name}.json").weights for name in ("graph", "ledes"))
    for name in NAMES:
        low, high = BOUNDS.get(name, (None, None))
        total = graph.get(name, 0.0) + added[name]
        assert low is None or total >= low - 1e-4
        assert high is None or total <= high + 1e-4


def test_every_input_of_the_model_is_one_of_pairs_or_of_the_graph() -> None:
    one = np.ones(1, np.float32)
    every = {*pair_inputs(PairFeatures(*(one for _ in PairFeatures._fields))), *Context._fields}
    assert set(read_model(MODELS / "ledes.json").weights) <= every


def streamed(reports: dict[str, ReportVector]) -> float:
    """Return how far the pair a and b is of a stream."""
    graph = StoryGraph()
    graph.add_all(reports.items())
    graph.settle()
    place = graph.comparison.rows.place
    return float(graph.comparison.features(np.array([place["a"]]), np.array([place["b"]])).streamed[0])


def test_a_window_of_few_reports_hardly_counts_and_a_date_alone_never() -> None:
    """``streamed`` grows with the reports before the later one, and is 0 where no hour is told."""
    others = {f"f{n}": report(f"Matter {n} of another kind", publisher=f"p{n}", hours=n / 10) for n in range(60)}
    pair = {
        "a": report("Ferry aground off Esbjerg", publisher="x", hours=7),
        "b": report("Ferry runs aground", publisher="y", hours=8),
    }
    assert streamed(pair) == pytest.approx(1 / (1 + DEFAULT.stream_half))
    assert streamed(others | pair) > 0.4
    assert (
        streamed(others | pair | {"a": report("Ferry aground off Esbjerg", publisher="x", hours=-6)}) == 0
    )  # midnight


def test_each_pair_that_was_read_stands_for_a_number_of_pairs_and_has_a_verdict() -> None:
    rows = verdict_rows(READ)
    assert len(rows) == 3026
    assert {row[0] for row in rows} == {"one", "two", "unclear"}
    assert all(float(row[4]) >= 1 and len(row) == 7 for row in rows)
    forbidden = ("2023-07", "2023-08", "2025-10", "2025-11", "2025-12", "2025-06-22")
    assert not [row for row in rows if row[2].startswith(forbidden)]


def test_what_is_learned_is_kept_beside_what_is_shipped() -> None:
    told = json.loads((MODELS / "ledes.json").read_text("utf-8"))
    assert told["learned"]["weights"].keys() == set(NAMES)
    assert set(told["why"]) == {"bias", "two texts"}
