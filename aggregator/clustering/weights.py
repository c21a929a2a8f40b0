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
BIAS = 3.47
WEIGHTS = {
    "mean whole": 9.36,
    "mean title": 1.07,
    "short mean whole": -7.46,
    "log mean whole": 1.17,
    "log top three whole": 0.81,
    "shared": 0.13,
    "short shared": 2.39,
    "numbers shared": 0.00,
    "coherence": -6.34,
    "young": 5.05,
    "log gap": -2.98,
    "nameless": 0.83,
    "recurring": -0.97,
    "core numbers missed": -0.57,
    "beyond one word": 0.00,
    "one common word": -1.00,
    "names shared": 0.00,
    "alike, names missed": 0.00,
    "alike, names added": 0.00,
    "alike, names differ": -1.87,
    "alike, numbers differ": -0.83,
    "ordinals differ": -7.00,
}
# --- end
VALUES = tuple(WEIGHTS.get(name, 0.0) for name in NAMES)


def score(numbers: Sequence[float]) -> float:
    """Return log odds that a report tells a story."""
    return BIAS + math.fsum(map(operator.mul, VALUES, numbers))


def probability(odds: float) -> float:
    """Return the probability that log odds stand for."""
    return 1.0 / (1.0 + math.exp(-max(min(odds, 30.0), -30.0)))
