"""What two versions share: the passages are right, and no text costs more than the steps that are allowed."""

from __future__ import annotations

import time
from collections.abc import Callable
from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.newsroom import alignment
from aggregator.newsroom.alignment import STEPS, Effort, changes, matching_blocks

WORDS = st.lists(st.sampled_from("abcde"), max_size=40)


def rejoined(old: list[str], new: list[str], effort: Effort | None = None) -> tuple[list[str], list[str], list[str]]:
    """Return both sequences as the changes tell them, and what they share."""
    told: tuple[list[str], list[str], list[str]] = ([], [], [])
    for shared, a, b, c, d in changes(old, new, effort):
        told[0].extend(old[a:b])
        told[1].extend(new[c:d])
        if shared:
            assert old[a:b] == new[c:d]
            told[2].extend(old[a:b])
    return told


@given(WORDS, WORDS, st.integers(0, 3_000))
def test_changes_tell_both_versions_whatever_steps_are_left(old: list[str], new: list[str], left: int) -> None:
    effort = Effort(left)
    assert rejoined(old, new, effort)[:2] == (old, new)
    assert 0 <= effort.left <= left


@given(WORDS, WORDS)
def test_short_texts_are_compared_as_difflib_does(old: list[str], new: list[str]) -> None:
    expected = [tuple(match) for match in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks()]
    assert matching_blocks(old, new) == expected


@given(WORDS, WORDS)
def test_the_fewest_edits_share_the_most(old: list[str], new: list[str]) -> None:
    lengths = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for a, one in enumerate(old):
        for b, other in enumerate(new):
            lengths[a + 1][b + 1] = lengths[a][b] + 1 if one == other else max(lengths[a][b + 1], lengths[a + 1][b])
    blocks = list(alignment._by_edits(old, new, Effort()))
    assert sum(size for *_, size in blocks) == lengths[-1][-1]
    for a, b, size in blocks:
        assert old[a : a + size] == new[b : b + size]
    assert blocks == sorted(blocks)


HOSTILE: dict[str, Callable[[int], tuple[list[str], list[str]]]] = {
    "one word, other ends": lambda size: (["c", *"a" * size, "e"], ["b", *"a" * size, "d"]),
    "one word, another length": lambda size: (["a"] * size, ["a"] * (size // 2)),
    "every second word edited": lambda size: (
        [f"w{n}" for n in range(size)],
        [f"w{n}" if n % 2 else f"x{n}" for n in range(size)],
    ),
    "the words turned round": lambda size: ([f"w{n}" for n in range(size)], [f"w{n}" for n in range(size)][::-1]),
    "two words in turn": lambda size: (["a", "b"] * (size // 2), ["b", "a", "a"] * (size // 3)),
    "nothing shared": lambda size: (["a"] * size, ["b"] * size),
    "powers": lambda size: (["a"] * 300 + ["b"] * size, (["b"] * 20 + ["a"]) * (size // 21)),
}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_long_text_costs_no_more_than_the_steps_that_are_allowed(text: str) -> None:
    old, new = HOSTILE[text](100_000)
    effort = Effort()
    began = time.process_time()
    assert rejoined(old, new, effort)[:2] == (old, new)
    assert effort.left >= alignment.STORY_STEPS - STEPS
    assert time.process_time() - began < 20  # seconds; half of one is usual


def test_few_edits_of_a_long_text_are_found() -> None:
    old, new = HOSTILE["one word, other ends"](100_000)
    assert len(rejoined(old, new)[2]) == 100_000
