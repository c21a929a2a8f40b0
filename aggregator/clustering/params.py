"""The numbers of the stories stage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClusteringParams:
    """Thresholds on the score, and the window in seconds."""

    threshold: float = 0.45
    storyline: float = 0.25
    window: float = 7 * 86_400.0


DEFAULT = ClusteringParams()
