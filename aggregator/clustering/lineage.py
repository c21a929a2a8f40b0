"""Assigns ids to groups that were formed anew: an id follows its members, and an id that ended is never used again.

An id follows the largest part of its former group. A group that several ids follow keeps the oldest one; the others end in it. A
group that no id follows needs a new one, and records the id from which most of it came (its parent).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Lineage:
    """The ids of groups; ``ids`` and ``parents`` are in the order of the groups."""

    ids: tuple[str | None, ...]  # the id that a group keeps; None where it needs a new one
    parents: tuple[str | None, ...]  # for a group that needs a new id: the former id of most of its members
    ended: Mapping[str, int]  # id -> the group that it ends in


def assign_ids(
    groups: Sequence[frozenset[str]],
    before: Mapping[str, str],
    age: Callable[[str], Any],
    barred: Callable[[int, str], bool] = lambda group, old: False,
    anchors: Collection[str] = (),
) -> Lineage:
    """Return the ids of the disjoint ``groups``.

    ``before`` maps members to their former ids. ``age`` is the sort key of ids by age. ``barred`` returns whether a group, given by
    its place, must not get an id; an id that no group may get is neither kept nor ended. An id follows its ``anchors``, members
    that an editor fixed there, before it follows the largest part.
    """
    parts: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for place, group in enumerate(groups):
        for member in group:
            if member in before:
                parts[before[member]][place].append(member)
    claims: dict[int, list[str]] = defaultdict(list)
    for old, shares in parts.items():
        heirs = sorted(shares, key=lambda place: _claim(shares[place], anchors))
        heir = next((place for place in heirs if not barred(place, old)), None)
        if heir is not None:
            claims[heir].append(old)
    kept = {place: min(olds, key=age) for place, olds in claims.items()}
    ended = {old: place for place, olds in claims.items() for old in olds if old != kept[place]}
    return Lineage(
        ids=tuple(kept.get(place) for place in range(len(groups))),
        parents=tuple(
            None if place in kept else _most(before[member] for member in group if member in before)
            for place, group in enumerate(groups)
        ),
        ended=ended,
    )


def _claim(share: Sequence[str], anchors: Collection[str]) -> tuple[int, int, str]:
    """Return the sort key of the parts of a former group; the first part keeps the id."""
    return (-sum(member in anchors for member in share), -len(share), min(share))


def _most(olds: Any) -> str | None:
    """Return the id named most often, of several the first by name."""
    counts = Counter(olds)
    return min(counts, key=lambda old: (-counts[old], old), default=None)
