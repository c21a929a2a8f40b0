"""Explains a pair score: the features of two reports, and their log odds by themselves and within the graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aggregator.clustering.comparing import Comparison


@dataclass(frozen=True, slots=True)
class PairExplanation:
    """The features and scores of two reports."""

    features: Mapping[str, float]
    first: float  # log odds of the pair by itself
    second: float | None  # log odds within the graph; None where the pair has no edge
    bar: float  # log odds

    @property
    def odds(self) -> float:
        """The log odds within the graph; without an edge, those of the pair by itself."""
        return self.first if self.second is None else self.second

    @property
    def probability(self) -> float:
        """The probability that both reports are of one event."""
        return probability_of(self.odds)


def probability_of(odds: float) -> float:
    """Return the probability of log odds."""
    return float(1 / (1 + np.exp(-odds)))


def explain_pair(comparison: Comparison, one: int, two: int) -> PairExplanation:
    """Return the explanation of two places."""
    across = comparison.cross_language
    if across is not None and across.is_cross_language(one, two):
        features, first = across.compared(one, two)[0], across.odds(one, two)
    else:
        pair, other = np.array([one]), np.array([two])
        first = float(comparison.scorer.first(comparison.features(pair, other))[0])
        features = {name: float(values[0]) for name, values in comparison.evidence(pair, other).items()}
    return PairExplanation(features, first, comparison.odds_between(one, two), comparison.params.story_bar)
