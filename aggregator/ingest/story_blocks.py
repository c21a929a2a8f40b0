"""Blocks of groups of reports or stories that are written in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence


def is_stored(
    block: Sequence[frozenset[str]],
    stored: Mapping[str, str],
    sizes: Mapping[str, int],
    whole: Mapping[frozenset[str], int],
    waiting: Collection[str],
) -> bool:
    """Return whether a block is one group that is stored as a story already, without unsettled reports.

    ``stored`` maps reports to stories, ``sizes`` stories to their numbers of reports, ``whole`` groups to theirs.
    """
    [group, *others] = block
    stories = {stored.get(report) for report in group}
    if others or len(stories) > 1 or not group.isdisjoint(waiting):
        return False
    [story] = stories
    return story is not None and sizes.get(story) == whole[group]


def batches(blocks: Iterable[Sequence[frozenset[str]]], most: int) -> Iterator[list[Sequence[frozenset[str]]]]:
    """Yield blocks in batches; each ends with the block that brings it to ``most`` reports or stories."""
    batch: list[Sequence[frozenset[str]]] = []
    size = 0
    for block in blocks:
        batch.append(block)
        size += sum(map(len, block))
        if size >= most:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
