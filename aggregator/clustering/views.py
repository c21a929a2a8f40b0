"""Stories as they are compared: their running sums, and the shelf that keeps them.

Making a story's sums takes the vectors of all its reports, and a newcomer is compared with a dozen stories that may lie
anywhere in the window. The sums of all stories of a window are therefore kept, most of them packed and without the vectors.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aggregator.clustering.features import KEY_TERMS, Vector, dot
from aggregator.clustering.sums import PackedSums, Sum, joined, split
from aggregator.clustering.vocabulary import calendar_terms

OPEN = 3_000  # views kept as they are: some 15 kB each
PACKED = 20_000  # views of several reports kept packed: some 6 kB each


@dataclass(frozen=True, slots=True)
class Stored:
    """A report in the memory: its number in order of arrival, its story, its vector."""

    number: int
    report_id: str
    entry_id: str
    story_id: str
    vector: Vector


@dataclass(frozen=True, slots=True)
class Proposed:
    """A report that may be near: where it stands, without its vector."""

    number: int
    report_id: str
    story_id: str


Read = Callable[[Sequence[int]], Sequence[Stored]]


@dataclass(frozen=True, slots=True)
class PackedView:
    """A view without the vectors of its reports."""

    id: str
    sums: PackedSums
    reports: bytes
    numbers: array[int]
    times: array[float]
    languages: tuple[tuple[str | None, int], ...]
    named: int
    recurring: float


class StoryView:
    """A story as the comparison sees it: its newest reports and their sums."""

    def __init__(self, story_id: str, members: Sequence[Stored]) -> None:
        self.id = story_id
        self._numbers: dict[str, int] = {}
        self._members: dict[str, Stored] | None = {}  # None until they are read
        self._read: Read | None = None
        self._as_packed: PackedView | None = None  # while nothing changed since
        self.title, self.whole, self.names, self.numbers, self.ordinals = Sum(), Sum(), Sum(), Sum(), Sum()
        self.named, self.recurring = 0, 0.0
        self._times: list[float] = []
        self._languages: Counter[str | None] = Counter()
        self._parts: dict[str | None, StoryView] = {}
        for member in members:
            self.add(member)

    @property
    def members(self) -> dict[str, Stored]:
        """Its reports by id, read where they aren't at hand."""
        if self._members is None:
            found = self._read(list(self._numbers.values())) if self._read is not None else ()
            self._members = {one.report_id: one for one in found}
        return self._members

    @property
    def size(self) -> int:
        """How many reports it has."""
        return len(self._numbers)

    @property
    def first(self) -> int:
        """The number of its oldest report: what the order of stories goes by."""
        return min(self._numbers.values(), default=0)

    def add(self, member: Stored) -> None:
        """Take a report in."""
        self._as_packed = None
        self._numbers[member.report_id] = member.number
        if self._members is not None:
            self._members[member.report_id] = member
        self._sum(member.vector, 1)
        if member.vector.language in self._parts:
            self._parts[member.vector.language].add(member)
        if member.vector.time is not None:
            insort(self._times, member.vector.time)

    def remove(self, report_id: str) -> None:
        """Let a report go."""
        member = self.members.pop(report_id, None)
        if member is not None:
            self._as_packed = None
            del self._numbers[report_id]
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
        if not self._languages[language] or self._languages[language] == self.size:
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

    def packed(self) -> PackedView:
        """Return what it takes to have the view again: its sums, and which reports are in it."""
        if self._as_packed is not None:
            return self._as_packed
        sums = PackedSums.of((self.title, self.whole, self.names, self.numbers, self.ordinals))
        numbers, times = array("q", self._numbers.values()), array("d", self._times)
        languages = tuple(self._languages.items())
        return PackedView(self.id, sums, joined(self._numbers), numbers, times, languages, self.named, self.recurring)

    @classmethod
    def unpacked(cls, packed: PackedView, read: Read) -> StoryView:
        """Return the view that was packed; its reports are read when they are asked for."""
        view = cls(packed.id, ())
        view._numbers = dict(zip(split(packed.reports), packed.numbers, strict=True))
        view._members, view._read, view._as_packed = None, read, packed
        view.title, view.whole, view.names, view.numbers, view.ordinals = packed.sums.unpacked()
        view.named, view.recurring = packed.named, packed.recurring
        view._times = packed.times.tolist()
        view._languages = Counter(dict(packed.languages))
        return view


class Shelf:
    """The views of stories that memory holds: those used last as they are, those before them packed.

    Whoever changes a view holds it while few others are asked for, so that no view is packed in the middle of a change.
    """

    def __init__(self, read: Read) -> None:
        self._read = read
        self._open: OrderedDict[str, StoryView] = OrderedDict()
        self._packed: OrderedDict[str, PackedView] = OrderedDict()

    def find(self, story_id: str) -> StoryView | None:
        """Return a story's view, if memory holds it."""
        found = self._open.get(story_id)
        if found is not None:
            self._open.move_to_end(story_id)
            return found
        packed = self._packed.pop(story_id, None)
        return None if packed is None else self.put(StoryView.unpacked(packed, self._read))

    def put(self, view: StoryView) -> StoryView:
        """Keep a view, and return it."""
        self._open[view.id] = view
        while len(self._open) > OPEN:
            _, oldest = self._open.popitem(last=False)
            if oldest.size > 1:  # one report is as quickly read
                self._packed[oldest.id] = oldest.packed()
        while len(self._packed) > PACKED:
            self._packed.popitem(last=False)
        return view

    def drop(self, story_id: str) -> None:
        """Forget a story's view: what it was made from changed."""
        self._open.pop(story_id, None)
        self._packed.pop(story_id, None)

    def clear(self) -> None:
        """Forget all views."""
        self._open.clear()
        self._packed.clear()
