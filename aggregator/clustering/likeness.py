"""How like a report and a story are: a story's running sums, and the numbers that the score is made from.

All numbers are free of scale (cosines, shares, logarithms), so that they mean the same for headlines and full texts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from aggregator.clustering.features import KEY_TERMS, Terms, Vector, dot

DAY = 86_400.0

NAMES = (
    "centroid title",
    "centroid text",
    "centroid whole",
    "title in whole",
    "whole in title",
    "best title",
    "best text",
    "best whole",
    "top three title",
    "top three whole",
    "names cosine",
    "best names",
    "names covered",
    "covered",
    "title covered",
    "numbers shared",
    "numbers differ",
    "size",
    "length",
    "story length",
    "gap",
    "undated",
    "nameless",
    "recurring",
)


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
        self.title, self.text, self.whole, self.names, self.numbers = Sum(), Sum(), Sum(), Sum(), Sum()
        self.words = 0.0
        for member in members:
            self.add(member)

    @property
    def first(self) -> int:
        """The number of its oldest report: what the order of stories goes by."""
        return min((member.number for member in self.members.values()), default=0)

    def add(self, member: Stored) -> None:
        """Take a report in."""
        self.members[member.report_id] = member
        self._sum(member.vector, 1.0)

    def remove(self, report_id: str) -> None:
        """Let a report go."""
        member = self.members.pop(report_id, None)
        if member is not None:
            self._sum(member.vector, -1.0)

    def gap(self, time: float | None) -> float | None:
        """Return the seconds to the nearest dated report; None where either side bears no date."""
        times = [one.vector.time for one in self.members.values() if one.vector.time is not None]
        return None if time is None or not times else min(abs(time - other) for other in times)

    def speaks(self, language: str | None) -> bool:
        """Tell whether a text of this language may join; an unknown one may join any."""
        if language is None:
            return True
        spoken = {one.vector.language for one in self.members.values()} - {None}
        return not spoken or language in spoken

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

    def _sum(self, vector: Vector, sign: float) -> None:
        self.title.add(vector.title, sign)
        self.text.add(vector.text, sign)
        self.whole.add(vector.whole, sign)
        self.names.add(unit(vector.names), sign)
        self.numbers.add(vector.numbers, sign)
        self.words += sign * math.log1p(vector.text_words)


def unit(terms: Terms) -> dict[str, float]:
    """Return a vector at length 1."""
    norm = math.sqrt(sum(weight * weight for weight in terms.values()))
    return {term: weight / norm for term, weight in terms.items()} if norm else {}


def measure(vector: Vector, story: StoryView, near: Sequence[Stored]) -> tuple[float, ...]:
    """Return the numbers named in ``NAMES`` for a report and a story; ``near`` are members to compare one by one."""
    names = unit(vector.names)
    titles = sorted((dot(vector.title, one.vector.title) for one in near), reverse=True) or [0.0]
    wholes = sorted((dot(vector.whole, one.vector.whole) for one in near), reverse=True) or [0.0]
    seconds = story.gap(vector.time)
    size = len(story.members)
    return (
        story.title.cosine(vector.title),
        story.text.cosine(vector.text),
        story.whole.cosine(vector.whole),
        story.whole.cosine(vector.title),
        story.title.cosine(vector.whole),
        titles[0],
        max((dot(vector.text, one.vector.text) for one in near), default=0.0),
        wholes[0],
        _mean(titles[:3]),
        _mean(wholes[:3]),
        story.names.cosine(names),
        max((dot(names, unit(one.vector.names)) for one in near), default=0.0),
        _share(vector.names, story.names.terms),
        _energy(vector.whole, story.whole.terms),
        _energy(vector.title, story.whole.terms),
        _share(vector.numbers, story.numbers.terms),
        _differ(vector, near),
        math.log(max(size, 1)) / 3,
        math.log1p(vector.text_words) / 6,
        story.words / max(size, 1) / 6,
        0.0 if seconds is None else min(seconds / DAY, 3.0),
        float(seconds is None),
        float(not vector.names or not story.names.terms),
        float(vector.recurring),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _share(terms: Terms, known: Terms) -> float:
    whole = sum(terms.values())
    return sum(weight for term, weight in terms.items() if term in known) / whole if whole else 0.0


def _energy(terms: Terms, known: Terms) -> float:
    return sum(weight * weight for term, weight in terms.items() if term in known)


def _differ(vector: Vector, near: Sequence[Stored]) -> float:
    """Return the share of near members whose title names numbers and none of ours."""
    mine = {term for term in vector.title if term[0].isdigit()}
    if not mine or not near:
        return 0.0
    theirs = [{term for term in one.vector.title if term[0].isdigit()} for one in near]
    return sum(bool(other) and not (mine & other) for other in theirs) / len(near)
