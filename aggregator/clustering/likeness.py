"""How like a report and a story are: a story's running sums, and the numbers that the score is made from.

All numbers are free of scale (cosines, shares, logarithms), so that they mean the same for headlines and full texts.
"""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from aggregator.clustering.features import KEY_TERMS, RARE, Terms, Vector, dot, telling
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


SOME_TEXT = 10  # words from which on an entry is more than a headline
LEDE = 60  # words up to which it is but a lede
TOLD_WORDS = 40  # words from which on a text names whom it is about
SAME_WORDS = 0.15  # cosine from which on two titles say the same, of whatever


@dataclass(frozen=True, slots=True)
class Stored:
    """A report in the memory: its number in order of arrival, its story, its vector."""

    number: int
    report_id: str
    entry_id: str
    story_id: str
    vector: Vector


@dataclass(slots=True)
class Sum:
    """A sum of vectors with its length, kept up as members come and go."""

    terms: dict[str, float] = field(default_factory=dict)
    norm: float = 0.0

    def add(self, terms: Terms, sign: float = 1.0) -> None:
        """Add a vector, or take one away."""
        sums = self.terms
        square = self.norm * self.norm
        for term, weight in terms.items():
            old = sums.get(term, 0.0)
            new = old + sign * weight
            square += new * new - old * old
            if abs(new) < 1e-9:
                sums.pop(term, None)
            else:
                sums[term] = new
        self.norm = math.sqrt(max(square, 0.0))

    def cosine(self, terms: Terms, norm: float = 1.0) -> float:
        """Return the cosine to a vector of length ``norm``."""
        return dot(terms, self.terms) / (self.norm * norm) if self.norm and norm else 0.0


class StoryView:
    """A story as the comparison sees it: its newest reports and their sums."""

    def __init__(self, story_id: str, members: Sequence[Stored]) -> None:
        self.id = story_id
        self.members: dict[str, Stored] = {}
        self.title, self.whole, self.names, self.numbers, self.ordinals = Sum(), Sum(), Sum(), Sum(), Sum()
        self.named, self.recurring = 0, 0.0
        self._times: list[float] = []
        self._languages: Counter[str | None] = Counter()
        self._parts: dict[str | None, StoryView] = {}
        for member in members:
            self.add(member)

    @property
    def first(self) -> int:
        """The number of its oldest report: what the order of stories goes by."""
        return min((member.number for member in self.members.values()), default=0)

    def add(self, member: Stored) -> None:
        """Take a report in."""
        self.members[member.report_id] = member
        self._sum(member.vector, 1)
        if member.vector.language in self._parts:
            self._parts[member.vector.language].add(member)
        if member.vector.time is not None:
            insort(self._times, member.vector.time)

    def remove(self, report_id: str) -> None:
        """Let a report go."""
        member = self.members.pop(report_id, None)
        if member is not None:
            self._sum(member.vector, -1)
            if member.vector.language in self._parts:
                self._parts[member.vector.language].remove(report_id)
            if member.vector.time is not None:
                self._times.pop(bisect_left(self._times, member.vector.time))

    def gap(self, time: float | None) -> float | None:
        """Return the seconds to the nearest dated report; None where either side bears no date."""
        if time is None or not self._times:
            return None
        place = bisect_left(self._times, time)
        return min(abs(time - other) for other in self._times[max(place - 1, 0) : place + 1])

    def apart(self, other: StoryView) -> float | None:
        """Return the seconds between the nearest reports of two stories; None where one of them bears no date."""
        return min((gap for time in other._times if (gap := self.gap(time)) is not None), default=None)

    def foremost_names(self, count: int) -> frozenset[str]:
        """Return the names that weigh most in the story; a month or a day of the week is none."""
        dates = frozenset[str]().union(*(calendar_terms(language) for language in self.languages))
        sums = {term: weight for term, weight in self.names.terms.items() if term not in dates}
        return frozenset(sorted(sums, key=lambda term: (-sums[term], term))[:count])

    def speaks(self, language: str | None) -> bool:
        """Tell whether a text of this language may join; an unknown one may join any."""
        if language is None or self._languages[language] > 0:
            return True
        return all(other is None or not count for other, count in self._languages.items())

    def part(self, language: str | None) -> StoryView:
        """Return the story as it stands in one language, where it has reports in it and in others; else itself."""
        if not self._languages[language] or self._languages[language] == len(self.members):
            return self
        if language not in self._parts:
            mine = [member for member in self.members.values() if member.vector.language == language]
            self._parts[language] = StoryView(self.id, mine)
        return self._parts[language]

    @property
    def languages(self) -> list[str]:
        """The languages of its reports, where they are known."""
        return sorted(language for language, count in self._languages.items() if language and count > 0)

    def heaviest(self, count: int = KEY_TERMS) -> dict[str, float]:
        """Return the story's heaviest terms: those under which its neighbours are found."""
        sums = self.whole.terms
        kept = sorted(sums, key=lambda term: (-sums[term], term))[:count]
        return {term: sums[term] / (self.whole.norm or 1.0) for term in kept}

    def typical(self, count: int) -> list[Stored]:
        """Return the reports nearest to the middle of the story; the oldest of equals first."""
        members = sorted(self.members.values(), key=lambda one: (-self.whole.cosine(one.vector.whole), one.number))
        return members[:count]

    def nearest(self, vector: Vector, count: int) -> tuple[Stored, ...]:
        """Return the reports nearest to a vector."""
        members = self.members.values()
        scored = sorted(members, key=lambda one: (-dot(vector.whole, one.vector.whole), one.number))
        return tuple(scored[:count])

    def _sum(self, vector: Vector, sign: int) -> None:
        self.title.add(vector.title, sign)
        self.whole.add(vector.whole, sign)
        self.names.add(vector.names, sign)
        self.numbers.add(vector.numbers, sign)
        self.ordinals.add(vector.ordinals, sign)
        self.named += sign * bool(vector.names)
        self.recurring += sign * vector.recurring
        self._languages[vector.language] += sign


def measure(vector: Vector, story: StoryView, near: Sequence[Stored]) -> tuple[float, ...]:
    """Return the numbers named in ``NAMES`` for a report and a story; ``near`` are members to compare one by one."""
    size = max(len(story.members), 1)
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
