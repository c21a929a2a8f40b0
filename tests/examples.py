"""How many generated inputs a property plays: an eighth in an everyday run, all where ``EXAMPLES=all`` asks, as in CI."""

from __future__ import annotations

import os

EVERYDAY = 8  # an everyday run plays one in so many; it draws others each time


def examples(number: int) -> int:
    """Return how many of this number of generated inputs to play."""
    return number if os.environ.get("EXAMPLES") == "all" else -(-number // EVERYDAY)
