"""Suggestions for misspelt keys."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(given: str, known: Iterable[str]) -> str | None:
    """Return the question whether the most similar known key was meant; None if no key is similar."""
    near = difflib.get_close_matches(given, sorted(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]!r}?" if near else None
