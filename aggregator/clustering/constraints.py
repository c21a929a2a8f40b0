"""Editor constraints without contradictions: which entries belong together and which are kept apart.

A decision states constraints between two sides, sets of entries: together (must-link) or apart (cannot-link).
Decisions may contradict one another. :func:`resolve` takes them newest first. A constraint holds for each pair of entries
for which newer constraints, and their consequences, do not forbid it: *together* is transitive, and an entry that is apart from one
of a group is apart from the whole group. The result is groups of entries that share a story, and pairs of groups that never do.
A clustering that asks before each join, merge and split obeys both for any arrivals in any order.

Constraint clustering by groups after Wagstaff and others, "Constrained K-means clustering" (ICML 2001); the rule that the
newest wins is ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Sign = Literal["together", "apart"]


@dataclass(frozen=True, slots=True)
class Constraint:
    """Every entry of ``left`` belongs with, or apart from, every entry of ``right``.

    ``decision`` is the number of the verb that states it; greater numbers are newer. Where an older decision binds an entry to
    both sides of ``apart``, it stays with ``left``.
    """

    decision: int
    sign: Sign
    left: frozenset[str]
    right: frozenset[str]


@dataclass(frozen=True, slots=True)
class EntryConstraint:
    """The reports and stories that an arriving entry must not join, and the story that it must join."""

    barred_reports: frozenset[str] = frozenset()
    barred_stories: frozenset[str] = frozenset()
    forced_story: str | None = None

    def allows(self, story_id: str) -> bool:
        """Return whether the entry may be in this story."""
        return story_id not in self.barred_stories and self.forced_story in (None, story_id)


class Placement(NamedTuple):
    """The report and story of an entry."""

    report_id: str
    story_id: str | None  # None: not settled yet


# --- the constraints of each verb ----------------------------------------------------------------


def merged(decision: int, stories: Sequence[Collection[str]]) -> tuple[Constraint, ...]:
    """Return the constraints of a merge: the entries of all these stories belong together."""
    first, *others = (frozenset(story) for story in stories)
    return tuple(Constraint(decision, "together", first, other) for other in others)


def split(decision: int, staying: Collection[str], leaving: Collection[str]) -> tuple[Constraint, ...]:
    """Return the constraints of a split: the leaving entries belong together, apart from the staying ones."""
    left, right = frozenset(staying), frozenset(leaving)
    together = (Constraint(decision, "together", right, right),) if len(right) > 1 else ()
    return (Constraint(decision, "apart", left, right), *together)


def moved(decision: int, entry: str, source: Collection[str], target: Collection[str]) -> tuple[Constraint, ...]:
    """Return the constraints of a move: the entry belongs with ``target``, apart from the other entries of ``source``."""
    one = frozenset({entry})
    staying, there = frozenset(source) - one, frozenset(target) - one
    apart = (Constraint(decision, "apart", staying, one),) if staying else ()
    together = (Constraint(decision, "together", there, one),) if there else ()
    return apart + together


def forbidden(
    decision: int, first: Collection[str], second: Collection[str], older: Collection[Constraint] = ()
) -> tuple[Constraint, ...]:
    """Return the constraints of a forbid: the two are never one story; where they are one now, ``second`` leaves.

    Where ``older`` decisions bind other entries to both, the forbid separates and names these too. Otherwise the old binding would
    be effective again after a newer decision that takes such an entry out of its story.
    """
    left, right = frozenset(first), frozenset(second)
    made = Constraint(decision, "apart", left, right)
    before, after = resolve(older), resolve([*older, made])
    torn = {
        other for entry in left | right for other in before.group(entry) if before.group(other) != after.group(other)
    }
    leaving = torn.intersection(other for entry in right for other in after.group(entry))
    return (Constraint(decision, "apart", left | (torn - leaving), right | leaving),)


# --- all decisions together ----------------------------------------------------------------------


class ConstraintGroups:
    """The resolved decisions: groups of entries that belong together, and which groups are kept apart.

    Immutable once :func:`resolve` returns it. An entry that no decision names is a group of its own, kept apart from none.
    """

    __slots__ = ("_decisions", "_group", "_marked", "_marks", "_members")

    def __init__(self) -> None:
        self._group: dict[str, str] = {}  # entry -> the entry that identifies its group
        self._members: dict[str, list[str]] = {}
        # A mark is the number of an "apart" constraint and a side of it. Two groups with opposite marks are kept apart.
        self._marks: dict[str, set[tuple[int, bool]]] = {}  # group -> the marks of its members
        self._marked: dict[tuple[int, bool], tuple[str, ...]] = {}  # mark -> entries of that side
        self._decisions: dict[int, int] = {}  # number of an "apart" constraint, newest first -> its decision

    def __bool__(self) -> bool:
        return bool(self._group)

    def is_named(self, entry: str) -> bool:
        """Return whether a decision names an entry."""
        return entry in self._group

    def group(self, entry: str) -> frozenset[str]:
        """Return the entries that belong with this one, itself among them."""
        return frozenset(self._members.get(self._group.get(entry, ""), (entry,)))

    def groups(self) -> Iterable[frozenset[str]]:
        """Return the groups of entries that decisions bind together, including groups of one entry."""
        return [frozenset(members) for members in self._members.values()]

    def separations(self) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
        """Yield pairs of sets of entries: none of the first may share a story with any of the second."""
        for number in self._decisions:
            left, right = ({self._group[entry] for entry in self._marked[number, side]} for side in (False, True))
            both = left & right  # an older decision binds them to both sides: each is kept apart from all others
            yield self._entries(left - both), self._entries(right)
            yield self._entries(both), self._entries(right - both)
            for one in both:
                yield self._entries({one}), self._entries(both - {one})

    def anchors(self) -> frozenset[str]:
        """Return the entries from which others were split off, without entries that were split off themselves."""
        left = {entry for (_, side), entries in self._marked.items() if not side for entry in entries}
        return frozenset(left.difference(*(entries for (_, side), entries in self._marked.items() if side)))

    def barrier(self, left: Iterable[str], right: Iterable[str]) -> int | None:
        """Return the newest decision that keeps the entries of two stories apart; None where none does."""
        ours, theirs = self._groups(left), self._groups(right)
        if len(ours) > len(theirs):
            ours, theirs = theirs, ours
        marks: dict[tuple[int, bool], set[str]] = {}
        for name in theirs:
            for mark in self._marks[name]:
                marks.setdefault(mark, set()).add(name)
        found = [
            number
            for name in ours
            for number, side in self._marks[name]
            if marks.get((number, not side), set()) - {name}
        ]
        return self._decisions[min(found)] if found else None

    def related_entries(self, entry: str) -> frozenset[str]:
        """Return the entries whose reports and stories restrict this one: its group, and the groups kept apart from it."""
        own = self._group.get(entry)
        if own is None:
            return frozenset()
        others_apart = {
            self._group[other]
            for number, side in self._marks[own]
            for other in self._marked[number, not side]
            if self._group[other] != own
        }
        return frozenset(other for name in (own, *others_apart) for other in self._members[name]) - {entry}

    def entry_constraint(self, entry: str, placed: Mapping[str, Placement]) -> EntryConstraint:
        """Return the constraint on an arriving entry.

        ``placed`` gives the report and story of the entries that :meth:`related_entries` returns; missing ones have not arrived or
        are gone. Where the entry's group is in several stories, the entry goes to the one that holds most of the group.
        """
        own = self._group.get(entry)
        if own is None:
            return EntryConstraint()
        reports, stories, wanted = set[str](), set[str](), dict[str, int]()
        for other, place in placed.items():
            group = self._group.get(other)
            if group is None or other == entry:
                continue
            if group != own:
                if self._are_apart(own, group):
                    reports.add(place.report_id)
                    stories.update([place.story_id] if place.story_id is not None else ())
            elif place.story_id is not None:
                wanted[place.story_id] = wanted.get(place.story_id, 0) + 1
        allowed = sorted((-count, story) for story, count in wanted.items() if story not in stories)
        return EntryConstraint(frozenset(reports), frozenset(stories), allowed[0][1] if allowed else None)

    def divide(self, entries: Sequence[str]) -> tuple[frozenset[str], ...]:
        """Return a story's named entries in as few parts as a greedy choice finds; one part means no violation.

        The first part holds the largest group, of two as large the first in ``entries``. No group is divided.
        """
        named = [entry for entry in entries if entry in self._group]
        sizes = Counter(self._group[entry] for entry in named)
        parts: list[set[str]] = []
        barred: list[set[tuple[int, bool]]] = []  # the marks that no group of a part may have
        for name in sorted(sizes, key=lambda group: -sizes[group]):  # stable: of two, the first named
            marks = self._marks[name]
            free = next((place for place, others in enumerate(barred) if marks.isdisjoint(others)), len(parts))
            if free == len(parts):
                parts.append(set())
                barred.append(set())
            parts[free].add(name)
            barred[free].update((number, not side) for number, side in marks)
        return tuple(frozenset(entry for entry in named if self._group[entry] in part) for part in parts)

    # --- construction, by resolve() alone -----------------------------------------------------------

    def _groups(self, entries: Iterable[str]) -> set[str]:
        return {group for entry in entries if (group := self._group.get(entry)) is not None}

    def _entries(self, groups: Iterable[str]) -> frozenset[str]:
        return frozenset(entry for group in groups for entry in self._members[group])

    def _are_apart(self, left: str, right: str) -> bool:
        if left == right:
            return False
        ours, theirs = self._marks[left], self._marks[right]
        if len(ours) > len(theirs):
            ours, theirs = theirs, ours
        return any((number, not side) in theirs for number, side in ours)

    def _add(self, entry: str) -> None:
        if entry not in self._group:
            self._group[entry] = entry
            self._members[entry] = [entry]
            self._marks[entry] = set()

    def _mark(self, number: int, constraint: Constraint) -> None:
        self._decisions[number] = constraint.decision
        for side, entries in ((False, constraint.left), (True, constraint.right)):
            self._marked[number, side] = tuple(entries)
            for entry in entries:
                self._marks[self._group[entry]].add((number, side))

    def _bind(self, left: Sequence[str], right: Sequence[str]) -> None:
        """Join each entry of one side with each of the other, in the given order, unless newer decisions keep them apart."""
        named = list(right)  # one entry of each group
        for one in left:
            groups: dict[str, str] = {}
            for entry in named:
                groups.setdefault(self._group[entry], entry)
            named = list(groups.values())
            for other in groups:
                name = self._group[other]  # the group may have been joined with another one meanwhile
                mine = self._group[one]
                if mine != name and not self._are_apart(mine, name):
                    self._join(mine, name)

    def _join(self, one: str, other: str) -> None:
        if len(self._members[one]) < len(self._members[other]):
            one, other = other, one
        for entry in self._members[other]:
            self._group[entry] = one
        self._members[one] += self._members.pop(other)
        self._marks[one] |= self._marks.pop(other)


def resolve(constraints: Iterable[Constraint]) -> ConstraintGroups:
    """Resolve the constraints of all decisions in force; their order does not matter.

    Time grows with the number of named entries, not with the number of pairs.
    """
    ordered = sorted(
        constraints, key=lambda one: (-one.decision, one.sign != "apart", sorted(one.left), sorted(one.right))
    )
    made = ConstraintGroups()
    leavers: dict[str, int] = {}  # entries that a newer decision moved away; they are bound last
    for number, constraint in enumerate(ordered):
        for entry in (*constraint.left, *constraint.right):
            made._add(entry)
        if constraint.sign == "apart":
            made._mark(number, constraint)
            for entry in constraint.right:
                leavers.setdefault(entry, number)
        else:
            made._bind(_in_order(constraint.left, leavers), _in_order(constraint.right, leavers))
    return made


def _in_order(entries: Iterable[str], leavers: Mapping[str, int]) -> list[str]:
    """Return entries in a fixed order: those that stayed, then those that left, each by id."""
    return sorted(entries, key=lambda entry: (entry in leavers, -leavers.get(entry, 0), entry))
