"""Alignment of two sequences of words or lines in bounded time.

``difflib`` gives the most readable result and is tried first. Its time grows with the square of a text and more: a word that
occurs n times in both costs n² steps, and each passage found has both sides searched anew. So its steps are counted in
advance. Over the budget, common ends are cut off and the fewest edits are searched for; over that budget too, the text counts as
replaced from its first difference to its last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import Match, SequenceMatcher
from itertools import accumulate, takewhile
from typing import Final

# Steps that one comparison may take (half a second), and that all comparisons of one story may take (two seconds).
STEPS: Final = 3_000_000
STORY_STEPS: Final = 12_000_000
# Removed and added words together; the search for the fewest edits gives up beyond it.
MAX_EDITS: Final = 400

Block = tuple[int, int, int]


@dataclass(slots=True)
class StepBudget:
    """A budget of counted steps for comparing texts, so that the same texts always give the same answer."""

    left: int = STORY_STEPS

    def spend(self, steps: int) -> bool:
        """Take so many steps; return False, and take none, where fewer are left."""
        if steps > self.left:
            return False
        self.left -= steps
        return True


def matching_blocks(old: Sequence[str], new: Sequence[str], budget: StepBudget | None = None) -> list[Block]:
    """Return the passages that two sequences share, as (place in old, place in new, length), in order.

    The last one is empty, at the ends of both texts, as with ``difflib``.
    """
    budget = StepBudget() if budget is None else budget
    steps = StepBudget(min(STEPS, budget.left))
    began = steps.left
    blocks = _by_difflib(old, new, steps) or list(_by_edits(old, new, steps))
    budget.left -= began - steps.left
    return blocks


def changes(
    old: Sequence[str], new: Sequence[str], budget: StepBudget | None = None
) -> Iterator[tuple[bool, int, int, int, int]]:
    """Yield shared and different passages in order: whether shared, start and end in both sequences."""
    left = right = 0
    for a, b, size in matching_blocks(old, new, budget):
        if left < a or right < b:
            yield False, left, a, right, b
        if size:
            yield True, a, a + size, b, b + size
        left, right = a + size, b + size


class _BoundedMatcher(SequenceMatcher[str]):
    """A matcher that gives up when its steps are spent.

    A search for the longest match in a range takes one step for each word, and one for each place of that word in the other
    sequence.
    """

    def __init__(self, old: Sequence[str], new: Sequence[str], steps: StepBudget) -> None:
        super().__init__(None, "", "", autojunk=False)
        self.steps = steps
        self.spent = not steps.spend(len(old) + len(new))
        if self.spent:
            return
        self.set_seqs(old, new)
        counts = (1 + len(self.b2j.get(word, ())) for word in old)  # type: ignore[attr-defined]
        self.cost = [0, *accumulate(counts)]

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        """Find the longest match, or none once the steps are spent."""
        end = len(self.cost) - 1 if ahi is None else ahi
        if self.spent or not self.steps.spend(self.cost[end] - self.cost[alo]):
            self.spent = True
            return Match(alo, blo, 0)
        return super().find_longest_match(alo, ahi, blo, bhi)


def _by_difflib(old: Sequence[str], new: Sequence[str], steps: StepBudget) -> list[Block] | None:
    """Return the passages that difflib finds; None where it would take more than half of the steps."""
    half = StepBudget(steps.left // 2)
    began = half.left
    matcher = _BoundedMatcher(old, new, half)
    found = None if matcher.spent else [tuple(match) for match in matcher.get_matching_blocks()]
    steps.left -= began - half.left
    return None if matcher.spent else found  # type: ignore[return-value]


def _by_edits(old: Sequence[str], new: Sequence[str], steps: StepBudget) -> Iterator[Block]:
    """Yield the shared passages of the fewest edits; only the common ends where the edits are too many."""
    shorter = min(len(old), len(new))
    head = _shared(old, new, shorter)
    tail = _shared(old[::-1], new[::-1], shorter - head)
    if head:
        yield 0, 0, head
    inside = _fewest_edits(old[head : len(old) - tail], new[head : len(new) - tail], steps)
    for a, b, size in inside:
        yield head + a, head + b, size
    if tail:
        yield len(old) - tail, len(new) - tail, tail
    yield len(old), len(new), 0


def _shared(one: Sequence[str], other: Sequence[str], most: int) -> int:
    pairs = zip(one[:most], other[:most], strict=True)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _fewest_edits(old: Sequence[str], new: Sequence[str], steps: StepBudget) -> list[Block]:
    """Return the shared passages by the greedy algorithm of E. W. Myers (1986); none where steps or edits run out."""
    reached = {1: 0}  # diagonal (place in old less place in new) -> the furthest place in old
    history: list[dict[int, int]] = []
    for edits in range(MAX_EDITS + 1):
        history.append(dict(reached))
        if not steps.spend(2 * len(reached) + 1):
            return []
        for diagonal in range(-edits, edits + 1, 2):
            down = _goes_down(reached, diagonal, edits)
            place = reached.get(diagonal + 1, 0) if down else reached[diagonal - 1] + 1
            further = _slide(old, new, place, place - diagonal)
            if not steps.spend(further - place + 1):
                return []
            reached[diagonal] = further
            if further >= len(old) and further - diagonal >= len(new):
                return _shared_passages(history, len(old), len(new))
    return []


def _goes_down(reached: Mapping[int, int], diagonal: int, edits: int) -> bool:
    """Return whether the path that reaches furthest on a diagonal comes from the diagonal above it."""
    if diagonal in (-edits, edits):
        return diagonal == -edits
    return reached.get(diagonal - 1, -1) < reached.get(diagonal + 1, -1)


def _slide(old: Sequence[str], new: Sequence[str], a: int, b: int) -> int:
    while a < len(old) and b < len(new) and old[a] == new[b]:
        a, b = a + 1, b + 1
    return a


def _shared_passages(history: Sequence[dict[int, int]], a: int, b: int) -> list[Block]:
    """Follow the path back from its end (a, b) and return the passages along its diagonals."""
    blocks: list[Block] = []
    for edits in range(len(history) - 1, -1, -1):
        reached, diagonal = history[edits], a - b
        down = _goes_down(reached, diagonal, edits)
        before = diagonal + 1 if down else diagonal - 1
        from_a = reached.get(before, 0) if edits else 0
        from_b = from_a - before if edits else 0
        start = (from_a if down else from_a + 1) if edits else 0
        if a > start:
            blocks.append((start, start - diagonal, a - start))
        a, b = from_a, from_b
    return blocks[::-1]
