"""Explanations of a pair score: what two reports share, how rare that is, and what speaks against one event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aggregator.clustering.arrays import Places
from aggregator.clustering.comparing import Comparison


@dataclass(frozen=True, slots=True)
class SharedTerm:
    """A term that two reports share."""

    term: int  # hash
    seen: int  # reports before the later of the two, within the window, that have it as well
    rarity: float  # -ln of its share in the news of its language


@dataclass(frozen=True, slots=True)
class PairExplanation:
    """Two reports, side by side."""

    features: Mapping[str, float]
    shared: tuple[SharedTerm, ...]  # the most telling first
    before: int  # reports of the language before the later of the two, within the window
    first: float  # log odds of the pair by itself
    second: float | None  # within the graph; None where the pair is no edge of it
    bar: float  # log odds

    @property
    def odds(self) -> float:
        """The log odds within the graph, where the pair is an edge of it, else by itself."""
        return self.first if self.second is None else self.second

    @property
    def probability(self) -> float:
        """The probability that both tell one event."""
        return probability_of(self.odds)


def probability_of(odds: float) -> float:
    """Return the probability of log odds."""
    return float(1 / (1 + np.exp(-odds)))


def explain_pair(comparison: Comparison, one: int, two: int) -> PairExplanation:
    """Return what two places share."""
    across = comparison.cross_language
    if across is not None and across.is_cross_language(one, two):
        return PairExplanation(
            across.compared(one, two)[0],
            (),
            0,
            across.odds(one, two),
            comparison.odds_between(one, two),
            comparison.params.story_bar,
        )
    pair, other = np.array([one]), np.array([two])
    first = float(comparison.scorer.first(comparison.features(pair, other))[0])
    later = int(comparison.rows.later_and_earlier(pair, other)[0][0])
    return PairExplanation(
        {name: float(values[0]) for name, values in comparison.evidence(pair, other).items()},
        shared_terms(comparison, pair, other)[0],
        int(comparison.rows.reports.before[later]),
        first,
        comparison.odds_between(one, two),
        comparison.params.story_bar,
    )


def shared_terms(comparison: Comparison, first: Places, second: Places) -> list[tuple[SharedTerm, ...]]:
    """Return the terms that each pair of places shares, the rarest first."""
    rows = comparison.rows
    terms = rows.terms
    a, _, pair = rows.shared_terms(*rows.later_and_earlier(first, second))
    found: list[list[SharedTerm]] = [[] for _ in range(len(first))]
    for x, n in zip(a.tolist(), pair.tolist(), strict=True):
        found[n].append(SharedTerm(int(terms.term[x]), int(terms.seen[x]), round(float(terms.rareness[x]), 2)))
    return [tuple(sorted(one, key=lambda term: (-term.rarity, term.term))) for one in found]
