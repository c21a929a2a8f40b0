"""Counts and lists in words: ``1 feed``, ``12 entries · 8 independent · 5 publishers``, ``A, B and C``."""

from __future__ import annotations

from collections.abc import Sequence


def amount(number: int, one: str, many: str = "") -> str:
    """Return a count with its noun; the plural is the singular with an s unless it is given."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def enumerated(parts: Sequence[str]) -> str:
    """Return parts as a list in a sentence."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def three_counts(entries: int, reports: int, publishers: int) -> str:
    """Return the three counts of a story in words: entries, independent reports, publishers."""
    return f"{amount(entries, 'entry', 'entries')} · {reports:,} independent · {amount(publishers, 'publisher')}"
