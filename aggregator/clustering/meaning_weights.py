"""The weights of meaning: two logistic models over the numbers of ``meaning.py``.

Learned by ``bench/train_meaning.py``: the one within a language on the labelled archives that the weights of words were
learned on, and on the development set of ``tests/semantic``; the one across languages on that set, and on pairs of the archives
with their words left out of account. They stand on top of the score of words: learn them anew when its weights change.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

from aggregator.clustering.meaning import NAMES

# Stored with every edge that meaning decided.
VERSION = "meaning-1"

# --- learned by bench/train_meaning.py; not to be edited by hand
WITHIN_BIAS = -3.61
WITHIN = {
    "words": 0.59,
    "mean": 6.57,
    "names shared": 0.20,
    "names missed": -0.37,
    "places shared": 0.22,
    "places missed": -0.54,
    "numbers shared": 0.18,
    "numbers missed": -0.82,
    "nothing shared": -0.31,
    "log gap": -0.20,
    "alone": 0.78,
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
    """Return log odds that a report tells a story with reports in its language."""
    return WITHIN_BIAS + _sum(WITHIN, numbers)


def across(numbers: Sequence[float]) -> float:
    """Return log odds that a report tells a story of other languages."""
    return ACROSS_BIAS + _sum(ACROSS, numbers)


def _sum(table: dict[str, float], numbers: Sequence[float]) -> float:
    return math.fsum(map(operator.mul, (table.get(name, 0.0) for name in NAMES), numbers))
