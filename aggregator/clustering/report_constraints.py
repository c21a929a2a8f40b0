"""Editor constraints in the forms that the stories stage uses: by report id, by place in the arrays, by story."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from aggregator.clustering.partition import PartitionConstraints
from aggregator.clustering.represented import Represented


@dataclass(frozen=True, slots=True)
class ReportConstraints:
    """The editors' decisions by report id, without contradictions."""

    together: tuple[frozenset[str], ...] = ()
    apart: tuple[tuple[frozenset[str], frozenset[str]], ...] = ()  # no report of one set may be with one of the other


NO_CONSTRAINTS = ReportConstraints()


class PlaceConstraints:
    """The editors' decisions by place."""

    def __init__(self, constraints: ReportConstraints, place: Mapping[str, int], represented: Represented) -> None:
        self.together = [
            found for names in constraints.together if len(found := [place[n] for n in sorted(names) if n in place]) > 1
        ]
        self._marks: dict[int, set[tuple[int, bool]]] = {}
        for number, sides in enumerate(constraints.apart):
            for side, names in enumerate(sides):
                for name in names:
                    if name in place:
                        self._marks.setdefault(place[name], set()).add((number, bool(side)))
        self._neighbours: dict[int, list[int]] = {}
        for first, *others in self.together:  # each is a neighbour of the first, through which all are found
            self._neighbours.setdefault(first, []).extend(others)
            for one in others:
                self._neighbours.setdefault(one, []).append(first)
        for one in {*self._neighbours, *self._marks} if len(represented) else ():
            if one in represented:  # a represented report has no edges in the graph
                for other in represented.representatives(one)[0].tolist():
                    self._neighbours.setdefault(one, []).append(other)
                    self._neighbours.setdefault(other, []).append(one)
        self._named = {*self._marks, *(one for found in self.together for one in found)}

    def is_named(self, place: int) -> bool:
        """Return whether a decision names this place."""
        return place in self._named

    def neighbours(self, node: int) -> Sequence[int]:
        """Return places that belong with this one; following neighbours reaches all of its group."""
        return self._neighbours.get(node, ())

    def may_join(self, place: int, story: Sequence[int]) -> bool:
        """Return whether no decision keeps a place out of a story."""
        return StoryConstraints(self, lambda _: story).may_join(place, 0)

    def marks(self, place: int) -> Collection[tuple[int, bool]]:
        """Return the decisions that keep a place apart from others, each with the side that it is on."""
        return self._marks.get(place, ())

    def for_partition(self, number: Mapping[int, int]) -> PartitionConstraints:
        """Return the constraints for nodes of these numbers."""
        return PartitionConstraints(
            [here for found in self.together if len(here := [number[one] for one in found if one in number]) > 1],
            {number[place]: frozenset(marks) for place, marks in self._marks.items() if place in number},
        )


class StoryConstraints:
    """The constraints of the places of some stories, cached, so that a large story is searched once and not for each place."""

    def __init__(self, bound: PlaceConstraints, members: Callable[[int], Iterable[int]]) -> None:
        self._bound = bound
        self._members = members
        self._seen: dict[int, set[tuple[int, bool]]] = {}

    def may_join(self, place: int, story: int) -> bool:
        """Return whether no decision keeps a place out of a story."""
        marks = self._bound.marks(place)
        if not marks:
            return True
        if story not in self._seen:
            self._seen[story] = {mark for other in self._members(story) for mark in self._bound.marks(other)}
        theirs = self._seen[story]
        return not any((number, not side) in theirs for number, side in marks)

    def add(self, place: int, story: int) -> None:
        """Store that a place joined a story."""
        if story in self._seen:
            self._seen[story].update(self._bound.marks(place))
