"""The weights of the score: a logistic model over the numbers of ``likeness.py``.

Learned by ``bench/train_stories.py`` on six public labelled archives: a stream of headlines of 2014, Google News snapshots
of 2024 and 2025, AllSides ledes of 2021, ECB+ (look-alike events), BASIL and NewsWCL50 (full texts). What each number means
stands beside its name in ``likeness.py``. ``docs/decisions.md`` has the figures on archives left out.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

from aggregator.clustering.likeness import NAMES

# Stored with every edge, so that an old explanation can be read under the weights it was made with.
VERSION = "logistic-1"

# --- learned by bench/train_stories.py; not to be edited by hand
BIAS = 2.88
WEIGHTS = {
    "mean whole": 5.76,
    "mean title": 1.74,
    "short mean whole": -4.58,
    "log mean whole": 0.92,
    "log top three whole": 1.54,
    "shared": 1.38,
    "short shared": 1.67,
    "numbers shared": 0.12,
    "coherence": -5.41,
    "young": 4.88,
    "log gap": -2.90,
    "nameless": 1.10,
    "recurring": -1.02,
    "core numbers missed": -0.76,
}
# --- end
VALUES = tuple(WEIGHTS.get(name, 0.0) for name in NAMES)


def score(numbers: Sequence[float]) -> float:
    """Return log odds that a report tells a story."""
    return BIAS + math.fsum(map(operator.mul, VALUES, numbers))


def probability(odds: float) -> float:
    """Return the probability that log odds stand for."""
    return 1.0 / (1.0 + math.exp(-max(min(odds, 30.0), -30.0)))
