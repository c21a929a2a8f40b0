"""What two reports share and what speaks against, in numbers that the score was made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from aggregator.clustering.comparing import Comparison


@dataclass(frozen=True, slots=True)
class PairExplanation:
    """Two reports, side by side."""

    features: Mapping[str, float]
    first: float  # log odds of the pair by itself
    second: float | None  # within the graph; None where the pair is no edge of it
    bar: float
    candidates: bool  # whether the pair was compared at all


def explained(comparison: Comparison, one: int, two: int) -> PairExplanation:
    """Return what two places share."""
    features = comparison.features(np.array([one]), np.array([two]))
    first = float(comparison.scorer.first(features)[0])
    edges, others = comparison.graph.others(one)
    at = np.flatnonzero(others == two)
    second = float(comparison.graph.final[edges[at[0]]]) if len(at) else None
    return PairExplanation(
        {name: float(values[0]) for name, values in features._asdict().items()},
        first,
        second,
        comparison.params.story_bar,
        bool(len(at)),
    )
