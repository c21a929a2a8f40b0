"""Scores pairs: computes the log odds that two reports are of one event, from pair features, by the shipped logistic models.

``models/pairs.json`` scores a pair by itself, ``models/graph.json`` with its context in the graph; ``bench/train_pairs.py`` makes
both. Two files correct the weights of the second one: ``models/articles.json`` for two articles, which share more by chance than two
ledes (``bench/train_articles.py``), and ``models/ledes.json`` for headlines and ledes, learned from pairs of real weeks that were
labelled by reading (``bench/train_ledes.py``). Each file names its training data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Floats
from aggregator.clustering.pair_context import Context
from aggregator.clustering.pair_features import PairFeatures

MODELS = Path(__file__).with_name("models")
# Bounds are pairs: an input is 0 up to the first and 1 from the second on.
RAREST = 9.5  # bound of rareness (natural log), because backgrounds of few texts are inconclusive beyond it
LONG = (np.log(40.0), np.log(160.0))  # words of the shorter report: from a lede to an article
ARTICLE = (np.log(60.0), np.log(160.0))  # words of the shorter report: how far both are articles
LEDE = (np.log(50.0), np.log(100.0))  # words of the shorter report: how far one is more than a headline or lede
# Rarity of shared words that are not names, and of names that only one report has, that is enough
PLAINLY, OTHER = 8.0, 5.0
ONE_NAME = 1.0  # rarity of the names in both titles from which on the titles share a name
OTHERS = (5.0, 7.0)  # rarity of the names that only one title has
NAMED = (16.0, 20.0)  # rarity of shared names that outweighs titles with different names
QUARTER_DAY = 6.0  # hours; from about there on the evidence of a gap grows with its logarithm
DAY_AND_MORE = 28.0  # hours; longer gaps count as these, and by the other input
FIGURES = (0.4, 0.7)  # share of numbers and dates in the shared rarity
DIGITS = 3  # decimals of log odds, so that the order of a sum does not matter


class Scorer(Protocol):
    """Computes log odds in two rounds: by the pair itself, then with its context in the graph."""

    def first(self, features: PairFeatures) -> Floats:
        """Return the log odds of pairs by themselves."""
        ...

    def known(self, features: PairFeatures, first: Floats) -> Floats:
        """Return the part of the second round's log odds that depends only on the pair itself."""
        ...

    def second(self, known: Floats, context: Context, words: Floats) -> Floats:
        """Return the log odds of pairs within the graph; ``words`` is the length of each pair's shorter report."""
        ...


@dataclass(frozen=True, slots=True)
class Logistic:
    """A linear model of named inputs."""

    bias: float
    weights: Mapping[str, float]

    def odds(self, inputs: Mapping[str, NDArray[np.floating]]) -> NDArray[np.float64]:
        """Return the log odds; raises KeyError where an input is missing."""
        total: NDArray[np.float64] = np.array(self.bias)
        for name, weight in self.weights.items():
            total = total + weight * inputs[name].astype(np.float64)
        return np.asarray(total)


def pair_inputs(features: PairFeatures) -> dict[str, NDArray[np.float64]]:
    """Return the inputs of the first model: features on scales that are linear in the log odds, and some products."""
    f = {name: values.astype(np.float64) for name, values in features._asdict().items()}
    shorter, longer = np.log1p(f["words_least"]), np.log1p(f["words_most"])
    told, told_titles = np.log1p(f["told"]), np.log1p(f["told_titles"])
    return {
        "cosine": f["cosine"],
        "title cosine": f["title_cosine"],
        "contained, least": f["contained_least"],
        "contained, most": f["contained_most"],
        "told": told,
        "told in titles": told_titles,
        "strongest term": f["strongest"],
        "second term": f["second"],
        "rarest term": np.minimum(f["rarest"], RAREST),
        "names": np.log1p(f["names"]),
        "names in titles": np.log1p(f["names_titles"]),
        "names unshared, least": np.log1p(f["unshared_least"]),
        "names unshared, most": np.log1p(f["unshared_most"]),
        "numbers differ": f["numbers_differ"],
        "ordinals differ": f["ordinals_differ"],
        "gap": np.log1p(f["gap"]),
        "hours": np.log1p(np.minimum(f["hours_apart"], DAY_AND_MORE) / QUARTER_DAY),
        "same publisher": f["same_publisher"],
        "same skeleton": f["same_skeleton"],
        "same mould": f["same_mould"],
        "slot": f["slot"],
        "title words": np.log1p(f["title_words_least"]),
        "words, least": shorter,
        "words, most": longer,
        "cosine by words": f["cosine"] * shorter,
        "title cosine by words": f["title_cosine"] * shorter,
        "told by words": told * shorter,
        "cosine squared": f["cosine"] ** 2,
        "cosine by strongest": f["cosine"] * f["strongest"],
        "told by cosine": told * f["cosine"],
        "one thing": (f["things"] <= 1).astype(np.float64),
        "names alone": f["two_texts"] * np.clip(1 - f["plain"] / PLAINLY, 0.0, 1.0),
        "one publisher, other names": np.maximum(
            f["same_publisher"] * np.clip(f["unshared_least"] / OTHER, 0.0, 1.0), f["form"]
        ),
        "titles name others": _titles_name_others(f),
        "texts": f["texts"],
        "two texts": f["two_texts"],
        "long texts": np.clip((shorter - LONG[0]) / (LONG[1] - LONG[0]), 0.0, 1.0),
        "same title": f["same_title"],
        "same title by texts": f["same_title"] * f["texts"],
        "moulded": f["moulded"],
        "told now": np.log1p(f["now"]),
        "told in titles now": np.log1p(f["now_titles"]),
        "strongest now": f["now_strongest"],
        "second now": f["now_second"],
        "plain now": np.log1p(f["now_plain"]),
        "plain": np.log1p(f["plain"]),
        "plain in titles": np.log1p(f["plain_titles"]),
        "terms": np.log1p(f["terms"]),
        "terms in titles": np.log1p(f["terms_titles"]),
        "third term": f["third"],
        "burst": np.log1p(f["burst"]),
        "burst, most": f["burst_most"],
        "burst, mean": f["burst_mean"],
        "sightings": f["seen_least"],
        "figures alone": np.clip((f["figures"] - FIGURES[0]) / (FIGURES[1] - FIGURES[0]), 0.0, 1.0),
        "series": _apart(features),
    }


def _titles_name_others(f: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return how surely each of two titles has names that the other report does not have, while they share no name.

    It is 0 for headlines without texts, because one event can be named in many ways.
    """
    others = np.clip((f["unshared_least"] - OTHERS[0]) / (OTHERS[1] - OTHERS[0]), 0.0, 1.0)
    unnamed = np.clip((NAMED[1] - f["names"]) / (NAMED[1] - NAMED[0]), 0.0, 1.0)
    return f["two_texts"] * others * unnamed * np.clip(1 - f["names_titles"] / ONE_NAME, 0.0, 1.0)


def known_inputs(features: PairFeatures, first: Floats) -> dict[str, NDArray[np.float64]]:
    """Return the inputs of the second model that depend only on the pair itself."""
    inputs = pair_inputs(features)
    odds = first.astype(np.float64)
    return {**inputs, "first": odds, "first by words": odds * inputs["words, least"]}


def article_share(words: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return how far reports of this length are articles: 0 for headlines and ledes, 1 for whole texts."""
    return _share(words, ARTICLE)


def stream_share(features: PairFeatures) -> NDArray[np.float64]:
    """Return how far pairs are headlines or ledes of a stream: 0 for longer texts.

    It is also 0 for pairs that the design keeps apart, so that the learned correction does not bring them together.
    """
    return features.streamed * (1.0 - _share(features.words_least, LEDE)) * (1.0 - _apart(features))


def _apart(features: PairFeatures) -> NDArray[np.float64]:
    """Return how surely a pair is not of one event, whatever words are shared."""
    return np.maximum(np.maximum(features.series, features.bare), features.label).astype(np.float64)


def _share(words: NDArray[np.floating], bounds: tuple[float, float]) -> NDArray[np.float64]:
    """Return where the logarithm of words lies between two bounds, from 0 to 1."""
    return np.asarray(np.clip((np.log1p(words.astype(np.float64)) - bounds[0]) / (bounds[1] - bounds[0]), 0.0, 1.0))


class _ByLength:
    """A part of the second model, with an addition for articles."""

    def __init__(self, part: Logistic, articles: Logistic) -> None:
        self._part = part
        self._articles = articles

    def odds(self, inputs: Mapping[str, NDArray[np.floating]], words: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the part's log odds for pairs; ``words`` is the length of each pair's shorter report."""
        odds = self._part.odds(inputs)
        share = article_share(words)
        at = np.flatnonzero(share)
        if len(at):
            odds[at] += share[at] * self._articles.odds({name: inputs[name][at] for name in self._articles.weights})
        return odds


class LearnedScorer:
    """The shipped models."""

    def __init__(
        self, pairs: Logistic, graph: Logistic, articles: Logistic | None = None, ledes: Logistic | None = None
    ) -> None:
        self.pairs = pairs
        self.graph = graph
        self._ledes = ledes or Logistic(0.0, {})
        (own, around), (own_articles, around_articles) = map(_halves, (graph, articles or Logistic(0.0, {})))
        self._of_pair, self._of_graph = _ByLength(own, own_articles), _ByLength(around, around_articles)

    def first(self, features: PairFeatures) -> Floats:
        """Return the log odds of pairs by themselves."""
        return np.round(self.pairs.odds(pair_inputs(features)), DIGITS).astype(np.float32)

    def known(self, features: PairFeatures, first: Floats) -> Floats:
        """Return the part of the second round's log odds that depends only on the pair itself."""
        inputs = known_inputs(features, first)
        odds = self._of_pair.odds(inputs, features.words_least)
        return (odds + stream_share(features) * self._ledes.odds(inputs)).astype(np.float32)

    def second(self, known: Floats, context: Context, words: Floats) -> Floats:
        """Return the log odds of pairs within the graph; ``words`` is the length of each pair's shorter report."""
        return np.round(known + self._of_graph.odds(context._asdict(), words), DIGITS).astype(np.float32)


def _halves(model: Logistic) -> tuple[Logistic, Logistic]:
    """Return the part of a second model for the pair itself, with its bias, and the part for its context."""
    around = {name: weight for name, weight in model.weights.items() if name in Context._fields}
    own = {name: weight for name, weight in model.weights.items() if name not in around}
    return Logistic(model.bias, own), Logistic(0.0, around)


@lru_cache(maxsize=1)
def shipped_scorer() -> LearnedScorer:
    """Return the shipped models."""
    return LearnedScorer(*(read_model(MODELS / f"{name}.json") for name in ("pairs", "graph", "articles", "ledes")))


def read_model(path: Path) -> Logistic:
    """Return a model from its file; raises OSError and ValueError."""
    model = json.loads(path.read_text("utf-8"))
    return Logistic(float(model["bias"]), {str(name): float(value) for name, value in model["weights"].items()})
