"""How like a report and a story are: the numbers that the score is made from.

All numbers are free of scale (cosines, shares, logarithms), so that they mean the same for headlines and full texts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from aggregator.clustering.features import RARE, Terms, Vector, dot, telling
from aggregator.clustering.views import Stored, StoryView
from aggregator.clustering.vocabulary import calendar_terms

NAMES = (
    "mean whole",  # mean cosine to the story's reports: title, lede and names together
    "mean title",
    "short mean whole",  # the same, where the entry is hardly more than a headline
    "log mean whole",
    "log top three whole",  # to the three nearest reports
    "shared",  # how much the nearest report shares, free of length: rare words count by the square of their rarity
    "short shared",
    "numbers shared",
    "coherence",  # how near the story's reports are to its middle
    "young",
    "log gap",
    "nameless",
    "recurring",
    "recurring story",  # share of its reports whose titles come again every day
    "core numbers missed",  # share of the numbers of most of the story's reports that this one, with others, lacks
    # Of a young story, for an old one is known by more than its nearest reports:
    "nothing telling shared",  # with the nearest reports: only words that stand in every other text
    "one plain word shared",
    "one rare word shared",
    "ledes",  # both sides are a few sentences: in a stream of all that is told, two of them share some words by chance
    "one word shared by texts",  # any one word, where both sides have more than a headline
    "one phrase shared by texts",  # of several words: "Donald Trump", "hip hop"
    "two plain phrases shared by texts",
    "names shared",  # share of the report's names that the story has
    # The likeness to the nearest report times what speaks against it: the same words of another place, of other people.
    "alike, names differ",  # both have names, and none in common
    "alike, numbers differ",
    "others in like titles",  # texts whose titles say the same of other names, and neither text has the other's
    "ordinals differ",  # in titles: the 12th and the 13th package
)


SOME_TEXT = 5  # words from which on an entry is more than a headline
LEDE = 60  # words up to which it is but a lede
TOLD_WORDS = 40  # words from which on a text names whom it is about
SAME_WORDS = 0.15  # cosine from which on two titles say the same, of whatever


def measure(vector: Vector, story: StoryView, near: Sequence[Stored]) -> tuple[float, ...]:
    """Return the numbers named in ``NAMES`` for a report and a story; ``near`` are members to compare one by one."""
    size = max(story.size, 1)
    dots = [dot(vector.whole, one.vector.whole) for one in near]
    nearest = sorted(dots, reverse=True)[:3] or [0.0]
    closest = sorted(zip(dots, near, strict=True), key=lambda pair: (-pair[0], pair[1].number))[:3]
    told = (vector, *(one.vector for _, one in closest))
    common = [telling(vector, one.vector) for _, one in closest]
    words = max((one for one, _ in common), key=len, default=[])
    phrases = max((one for _, one in common), key=len, default=[])
    are_texts = min(one.text_words for one in told) >= SOME_TEXT
    foreign = float(bool(closest) and all(_foreign(vector, one.vector) for _, one in closest))
    mass = max((value * one.vector.mass for value, one in zip(dots, near, strict=True)), default=0.0) * vector.mass
    shared = math.log1p(mass) / 8
    mean_whole = dot(vector.whole, story.whole.terms) / size
    short = 1.0 / (1.0 + vector.text_words / 20)
    seconds = story.gap(vector.time)
    alike = nearest[0]
    return (
        mean_whole,
        dot(vector.title, story.title.terms) / size,
        short * mean_whole,
        math.log(0.03 + max(mean_whole, 0.0)),
        math.log(0.03 + sum(nearest) / len(nearest)),
        shared,
        short * shared,
        _share(vector.numbers, story.numbers.terms),
        story.whole.norm / size,
        1.0 / size,
        0.0 if seconds is None else math.log1p(seconds / 3600) / 5,
        float(not vector.names or not story.named),
        float(vector.recurring),
        story.recurring / size,
        _missed(story.numbers.terms, vector.numbers) if vector.numbers and size > 1 else 0.0,
        float(not words) / size,
        float(len(words) == 1 and words[0] < RARE) / size,
        float(len(words) == 1 and words[0] >= RARE) / size,
        float(are_texts and max(one.text_words for one in told) < LEDE) / size,
        float(len(words) == 1 and are_texts) / size,
        float(len(words) > 1 and len(phrases) == 1 and are_texts) / size,
        float(len(phrases) == 2 and phrases[0] < RARE and are_texts) / size,
        _share(vector.names, story.names.terms),
        alike * _differ(vector.names, story.names.terms),
        alike * _differ(vector.numbers, story.numbers.terms),
        foreign,
        _differ(vector.ordinals, story.ordinals.terms),
    )


def similarities(vector: Vector, near: Sequence[Stored]) -> tuple[float, float]:
    """Return the cosine of titles and of texts to the nearest report, for people to read."""
    return (
        max((dot(vector.title, one.vector.title) for one in near), default=0.0),
        max((dot(vector.text, one.vector.text) for one in near), default=0.0),
    )


def _missed(sums: Terms, terms: Terms) -> float:
    """Return which share of a story's core terms a report lacks; 0 where the story has none."""
    bar = max(sums.values(), default=0.0) * 0.5
    core = {term: weight for term, weight in sums.items() if weight >= bar}
    whole = sum(core.values())
    return sum(weight for term, weight in core.items() if term not in terms) / whole if whole else 0.0


def _differ(terms: Terms, known: Terms) -> float:
    """Return 1 where both sides have terms and none in common."""
    return float(bool(terms) and bool(known) and not any(term in known for term in terms))


def _foreign(left: Vector, right: Vector) -> bool:
    """Tell whether two reports are about different names: the title of each has some, and the other has none of them."""
    if min(left.text_words, right.text_words) < TOLD_WORDS:
        return False
    return dot(left.title, right.title) > SAME_WORDS and _strange(left, right) and _strange(right, left)


def _strange(left: Vector, right: Vector) -> bool:
    dates = calendar_terms(left.language or "")
    names = [term for term in left.title if term in left.names and term not in dates]
    return bool(names) and not any(term in right.whole for term in names)


def _share(terms: Terms, known: Terms) -> float:
    whole = sum(terms.values())
    return sum(weight for term, weight in terms.items() if term in known) / whole if whole else 0.0
