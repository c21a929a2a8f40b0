"""Shortening an edition to the size that mail programs show; what is left out is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from aggregator.digest.values import Edition, EditionSection


def fitting(edition: Edition, most: int, rendered: Callable[[Edition], str]) -> str:
    """Return ``edition`` as ``rendered`` writes it, in at most ``most`` bytes of UTF-8.

    The folded sections give up their last stories first, all alike; then notes on feeds go, then the last stories of the
    named sections, and the corrections at the very end. Each section says how many it left out.
    """
    text = rendered(edition)
    for count, shortened in _stages(edition):
        if _size(text) <= most:
            return text
        text = rendered(shortened(0))
        if _size(text) <= most:
            return _longest(count, most, lambda keep, made=shortened: rendered(made(keep)), text)  # type: ignore[misc]
    return text


def _stages(edition: Edition) -> list[tuple[int, Callable[[int], Edition]]]:
    """Return the steps of shortening, in order: a list's length, and a function that returns the edition with its first few members."""
    folded = max((len(section.stories) for section in edition.sections if section.folded), default=0)
    named = sum(len(section.stories) for section in edition.sections if not section.folded)
    bare = _folded_to(edition, 0)
    unnoted = _noted_to(bare, 0)
    empty = _named_to(unnoted, 0)
    return [
        (folded, partial(_folded_to, edition)),
        (len(edition.health.notes), partial(_noted_to, bare)),
        (named, partial(_named_to, unnoted)),
        (len(edition.corrections), lambda keep: replace(empty, corrections=empty.corrections[:keep])),
    ]


def _longest(count: int, most: int, made: Callable[[int], str], text: str) -> str:
    """Return the longest text of at most ``most`` bytes that ``made`` returns; ``text`` is its result for 0."""
    low, high = 0, count  # low fits; high does not
    while high - low > 1:
        middle = (low + high) // 2
        tried = made(middle)
        if _size(tried) <= most:
            low, text = middle, tried
        else:
            high = middle
    return text


def _folded_to(edition: Edition, keep: int) -> Edition:
    return replace(edition, sections=tuple(_cut(one, keep) if one.folded else one for one in edition.sections))


def _noted_to(edition: Edition, keep: int) -> Edition:
    return replace(edition, health=replace(edition.health, notes=edition.health.notes[:keep]))


def _named_to(edition: Edition, keep: int) -> Edition:
    sections = []
    for section in edition.sections:
        if section.folded:
            sections.append(section)
            continue
        sections.append(_cut(section, keep))
        keep = max(0, keep - len(section.stories))
    return replace(edition, sections=tuple(sections))


def _cut(section: EditionSection, keep: int) -> EditionSection:
    dropped = max(0, len(section.stories) - keep)
    return replace(section, stories=section.stories[:keep], more=section.more + dropped)


def _size(text: str) -> int:
    return len(text.encode("utf-8"))
