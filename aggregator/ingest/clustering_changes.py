"""Differences between two clusterings of the same entries: the merged and split stories, and a sentence that counts them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Change:
    """Stories that become one, or a story that becomes several."""

    change: Literal["merge", "split"]
    stories: list[str]
    entries: int
    title: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The changes, the largest first, with a sentence that sums them up."""

    changes: list[Change]
    sentence: str


def compare(
    before: Mapping[str, str],
    after: Mapping[str, str],
    titles: Mapping[str, str],
    *,
    times: tuple[str, str] = ("before", "after"),
) -> Outcome:
    """Return the changes between two clusterings (entry -> story) of the same entries; ``times`` are words for the two."""
    changes = [*_parted("split", before, after, titles), *_parted("merge", after, before, titles)]
    changes.sort(key=lambda one: (-one.entries, one.change, one.stories))
    merged = sum(one.change == "merge" for one in changes)
    sentence = (
        f"{len(before)} entries in {len(set(before.values()))} stories {times[0]}, {len(set(after.values()))} {times[1]}:"
        f" {merged} merges, {len(changes) - merged} splits."
    )
    return Outcome(changes, sentence)


def _parted(
    name: Literal["merge", "split"], left: Mapping[str, str], right: Mapping[str, str], titles: Mapping[str, str]
) -> list[Change]:
    """Return the groups of ``left`` whose entries ``right`` spreads over several groups."""
    parts: dict[str, Counter[str]] = defaultdict(Counter)
    example: dict[str, str] = {}
    for entry, group in left.items():
        parts[group][right[entry]] += 1
        example.setdefault(group, entry)
    return [
        Change(
            name,
            [group] if name == "split" else [story for story, _ in counts.most_common()],
            sum(counts.values()),
            titles[example[group]],
        )
        for group, counts in parts.items()
        if len(counts) > 1
    ]
