"""The weights of the score: a logistic model over the numbers of ``likeness.py``.

Provenance: learned by ``bench/train_stories.py`` on six public labelled archives (a stream of headlines of 2014, Google News
snapshots of 2024 and 2025, AllSides ledes of 2021, ECB+ look-alike events, BASIL and NewsWCL50 full texts), then moved by hand
on the same archives and on ``bench/lookalikes.py``, where what was learned joined entries that share a word or differ in a
number. The weights of the last group and of what recurs are judgement: labelled archives hold few look-alikes, a wire many.
What each number means stands beside its name in ``likeness.py``; ``docs/decisions.md`` has the figures, also on archives left out.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

from aggregator.clustering.likeness import NAMES

# Stored with every edge, so that an old explanation can be read under the weights it was made with.
VERSION = "logistic-3"

# --- weights
BIAS = 2.73
WEIGHTS = {
    "mean whole": 5.76,
    "mean title": 1.74,
    "short mean whole": -4.20,
    "log mean whole": 1.10,
    "log top three whole": 1.40,
    "shared": 1.38,
    "short shared": 1.84,
    "numbers shared": 0.12,
    "coherence": -5.41,
    "young": 5.70,
    "log gap": -2.60,
    "nameless": 1.10,
    "recurring": -8.00,
    "recurring story": -8.00,
    "core numbers missed": -0.76,
    "nothing telling shared": -12.00,
    "one plain word shared": -2.90,
    "one rare word shared": -0.80,
    "ledes": -1.40,
    "one word shared by texts": -4.50,
    "one phrase shared by texts": -3.00,
    "two plain phrases shared by texts": -2.00,
    "names shared": 0.00,
    "alike, names differ": -2.50,
    "alike, numbers differ": -1.00,
    "others in like titles": -6.00,
    "ordinals differ": -12.00,
}
# --- end
VALUES = tuple(WEIGHTS.get(name, 0.0) for name in NAMES)


def score(numbers: Sequence[float]) -> float:
    """Return log odds that a report tells a story."""
    return BIAS + math.fsum(map(operator.mul, VALUES, numbers))


def probability(odds: float) -> float:
    """Return the probability that log odds stand for."""
    return 1.0 / (1.0 + math.exp(-max(min(odds, 30.0), -30.0)))
