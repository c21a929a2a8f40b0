"""Two articles are weighed otherwise than two ledes; what is shorter than an article is weighed as ever."""

from __future__ import annotations

import numpy as np

from aggregator.clustering.pair_context import Context
from aggregator.clustering.pair_features import PairFeatures
from aggregator.clustering.scoring import MODELS, LearnedScorer, Logistic, article_share, read_model

PAIRS, GRAPH = Logistic(0.0, {"cosine": 1.0}), Logistic(1.0, {"cosine": 2.0, "common_sum": 1.0})
ARTICLES = Logistic(-1.0, {"cosine": -2.0, "common_sum": 3.0})
LENGTHS = np.array([8.0, 59.0, 98.0, 159.0, 900.0], np.float32)  # words; half way on the scale of logarithms lies 98


def second(scorer: LearnedScorer) -> list[float]:
    """Return the log odds of pairs of these lengths that share and surround the same."""
    ones = np.ones(len(LENGTHS), np.float32)
    features = PairFeatures(*(ones for _ in PairFeatures._fields))._replace(words_least=LENGTHS)
    known = scorer.known(features, scorer.first(features))
    found = scorer.second(known, Context(*(ones for _ in Context._fields)), LENGTHS)
    return [round(float(odds), 1) for odds in found]


def test_headlines_and_ledes_are_weighed_by_the_second_model_alone() -> None:
    assert second(LearnedScorer(PAIRS, GRAPH))[:2] == second(LearnedScorer(PAIRS, GRAPH, ARTICLES))[:2] == [4.0, 4.0]


def test_the_longer_the_shorter_text_the_more_counts_what_is_told_of_articles() -> None:
    assert second(LearnedScorer(PAIRS, GRAPH, Logistic(-1.0, {})))[2:] == [3.5, 3.0, 3.0]
    assert second(LearnedScorer(PAIRS, GRAPH, ARTICLES))[-1] == 4.0 - 1.0 - 2.0 + 3.0


def test_the_share_grows_with_the_words() -> None:
    share = article_share(LENGTHS)
    assert share.tolist() == sorted(share.tolist())
    assert share[[0, 1]].tolist() == [0.0, 0.0]
    assert share[-1] == 1.0


def test_what_design_decides_is_the_same_for_articles() -> None:
    told = read_model(MODELS / "articles.json").weights
    assert not {"series", "moulded", "same publisher", "one publisher, other names", "figures alone"} & set(told)
    assert set(told) <= set(read_model(MODELS / "graph.json").weights)


def test_no_likeness_speaks_against_two_articles() -> None:
    graph, told = (read_model(MODELS / f"{name}.json").weights for name in ("graph", "articles"))
    for name in (
        "cosine",
        "title cosine",
        "contained, least",
        "contained, most",
        "told now",
        "names",
        "texts",
        "common_sum",
    ):
        assert graph[name] + told[name] >= -1e-4
    for name in ("gap", "names unshared, least", "names unshared, most", "numbers differ", "sightings"):
        assert graph[name] + told[name] <= 1e-4
