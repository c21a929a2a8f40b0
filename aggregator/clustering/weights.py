"""The weights of the score: a logistic model over the numbers of ``likeness.py``.

Set by hand for a start; ``bench/train_stories.py`` replaces them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from aggregator.clustering.likeness import NAMES

VERSION = "hand-1"
BIAS = -3.2
WEIGHTS = {"centroid whole": 5.0, "best whole": 4.0, "best title": 2.0}
_PAIRS = tuple((NAMES.index(name), weight) for name, weight in WEIGHTS.items())


def score(numbers: Sequence[float]) -> float:
    """Return log odds that a report tells a story."""
    return BIAS + sum(weight * numbers[place] for place, weight in _PAIRS)


def probability(odds: float) -> float:
    """Return the probability that log odds stand for."""
    return 1.0 / (1.0 + math.exp(-max(min(odds, 30.0), -30.0)))


def log_odds(share: float) -> float:
    """Return the log odds of a probability."""
    kept = min(max(share, 1e-9), 1 - 1e-9)
    return math.log(kept / (1 - kept))
