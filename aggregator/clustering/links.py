"""The strongest edge of a report inside its story, which explains why the report is in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from aggregator.clustering.explanations import probability_of


@dataclass(frozen=True, slots=True)
class Link:
    """The evidence of the strongest edge of a report inside its story."""

    threshold: float  # probability of the bar
    features: Mapping[str, float]


class Best(NamedTuple):
    """The other end and the log odds of the strongest edge of a report inside its story."""

    other: str
    odds: float  # log odds

    @property
    def score(self) -> float:
        """The probability."""
        return probability_of(self.odds)
