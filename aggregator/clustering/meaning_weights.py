"""The weights of meaning: what it adds to the score of words within a language, and a logistic model across languages.

The model across languages was learned by ``bench/train_meaning.py`` on the development set of ``tests/semantic`` and on pairs of
the labelled archives with their words left out of account. The weights within a language were set by hand on Google News
headlines and that development set, and hold for short reports only. They stand on top of the score of words: measure them anew
when its weights change. ``docs/decisions.md`` has the figures.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

from aggregator.clustering.meaning import NAMES

# Stored with every edge that meaning decided.
VERSION = "meaning-2"

# --- weights
WITHIN_BIAS = -1.2
WITHIN = {
    "words": 0.7,
    "mean": 5.0,
    "names missed": -0.3,
    "places missed": -1.0,
    "numbers missed": -4.0,
    "nothing shared": -1.0,
}
ACROSS_BIAS = -7.07
ACROSS = {
    "mean": 15.83,
    "names missed": -0.99,
    "places shared": 0.72,
    "places missed": -0.53,
    "numbers shared": 0.21,
    "numbers missed": -2.10,
    "nothing shared": -0.99,
    "log gap": -2.48,
    "alone": 1.47,
}
# --- end


def within(numbers: Sequence[float]) -> float:
    """Return log odds that a short report tells a story with reports in its language."""
    return WITHIN_BIAS + _sum(WITHIN, numbers)


def across(numbers: Sequence[float]) -> float:
    """Return log odds that a report tells a story of other languages."""
    return ACROSS_BIAS + _sum(ACROSS, numbers)


def _sum(table: dict[str, float], numbers: Sequence[float]) -> float:
    return math.fsum(map(operator.mul, (table.get(name, 0.0) for name in NAMES), numbers))
