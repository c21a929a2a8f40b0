"""The editor constraints in force, as they apply to stored entries, reports and stories, with those of notices.

``clustering/constraints.py`` resolves them; this module reads them from the database and applies them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from aggregator.clustering.constraints import Constraint, ConstraintGroups, EntryConstraint, resolve
from aggregator.ingest.notices import NoticeLinks
from aggregator.storage.database import Store
from aggregator.storage.decisions import Decision, DecisionStore
from aggregator.storage.entries import EntryStore


class EditorConstraints:
    """Answers from the editors' decisions that are in force when a method is called, also those of other processes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._decisions = DecisionStore(store)
        self._entries = EntryStore(store)
        self._version: tuple[int, int] | None = None
        self._unit_number: int | None = None  # of the long writer, when the decisions were looked at last
        self._groups: ConstraintGroups | None = None
        self._ties: ConstraintGroups | None = None
        self._pins: list[str] | None = None
        self._foreseen: tuple[tuple[int, int] | None, ConstraintGroups] = (None, resolve(()))
        self._notices = NoticeLinks(store)
        self._with_notices: tuple[tuple[int, int] | None, list[Constraint], ConstraintGroups] = (None, [], resolve(()))

    def version(self) -> tuple[int, int]:
        """Return the version of the decisions in force; it changes with every decision and undo."""
        return self._decisions.version()

    def groups(self) -> ConstraintGroups:
        """Return all decisions in force, without their contradictions."""
        self._check_version()
        if self._groups is None:
            self._groups = resolve(self._decisions.constraints())
        return self._groups

    def foresee(self, version: tuple[int, int] | None = None, constraints: Sequence[Constraint] = ()) -> None:
        """Resolve ``constraints`` ahead, to be used once ``version`` is in force; without a version, discard the last ones."""
        self._foreseen = (None, resolve(())) if version is None else (version, resolve(constraints))

    def _check_version(self) -> None:
        """Discard cached decisions if others are in force now."""
        if self._store.is_single_unit and self._unit_number == self._store.unit_number:
            return  # no other process writes until this transaction ends
        self._unit_number = self._store.unit_number if self._store.is_single_unit else None
        version = self._decisions.version()  # an editor may decide something between two feeds of a pass
        if version != self._version:
            foreseen = self._foreseen[1] if self._foreseen[0] == version else None
            self._version, self._groups, self._ties, self._pins = version, foreseen, None, None

    def groups_with_notices(self) -> ConstraintGroups:
        """Return the decisions in force with the links of notices; an editor's decision overrides a notice."""
        settlement, named = self.groups(), self._notices.constraints()
        if not named:
            return settlement
        if self._with_notices[:2] != (self._version, named):
            self._with_notices = self._version, named, resolve([*self._decisions.constraints(), *named])
        return self._with_notices[2]

    def ties(self) -> ConstraintGroups:
        """Return the decisions in force on storylines, without their contradictions."""
        self._check_version()
        if self._ties is None:
            self._ties = resolve(self._decisions.ties())
        return self._ties

    def places(self, bindings: ConstraintGroups) -> dict[str, tuple[str, str | None]]:
        """Return entry -> report and story, for the entries in these groups."""
        return self._decisions.places_of(frozenset[str]().union(*bindings.groups()))

    def stories_named(self) -> dict[str, frozenset[str]]:
        """Return story -> its entries that decisions name."""
        found: dict[str, set[str]] = {}
        for entry, (_, story) in self._decisions.places().items():
            if story is not None:
                found.setdefault(story, set()).add(entry)
        return {story: frozenset(entries) for story, entries in found.items()}

    def for_entry(self, entry_id: str) -> EntryConstraint:
        """Return the constraint on an arriving entry. In a replay, an entry that decisions name arrives again."""
        settlement = self.groups()
        related = sorted(settlement.related_entries(entry_id))
        placed = {other: place for other in related if (place := self._entries.placement(other)) is not None}
        return settlement.entry_constraint(entry_id, placed)

    def violations(self, story_id: str) -> tuple[frozenset[str], ...]:
        """Return the entries that constraints keep out of a story, in as few parts as they allow; nearly always none."""
        settlement = self.groups()
        return settlement.divide(self._entries.ids_of_story(story_id))[1:] if settlement else ()

    def has_pins(self) -> bool:
        """Return whether an entry of any story is pinned."""
        return bool(self._pinned())

    def pinned(self, story_id: str) -> str | None:
        """Return the entry of a story that was pinned last."""
        pins = self._pinned()
        if not pins:
            return None
        members = frozenset(self._entries.ids_of_story(story_id))
        return next((entry for entry in pins if entry in members), None)

    def reports_pinned(self) -> frozenset[str]:
        """Return the reports of the entries that are pinned."""
        placements = (self._entries.placement(entry) for entry in self._pinned())
        return frozenset(placement.report_id for placement in placements if placement is not None)

    def between(self, left: Iterable[str], right: Iterable[str]) -> Decision | None:
        """Return the newest decision that keeps entries of two stories apart."""
        number = self.groups().barrier(left, right)
        return None if number is None else self._decisions.get(number)

    def tied_by(self, left: Collection[str], right: Collection[str]) -> Decision | None:
        """Return the newest decision that ties two stories, given as their entries; None where none does."""
        group = frozenset[str]().union(*(self.ties().group(entry) for entry in left))
        if group.isdisjoint(right):
            return None
        found = [one for one in self._decisions.active() if one.kind == "tie" and _names(one) & group]
        both = [one for one in found if not _names(one).isdisjoint(left) and not _names(one).isdisjoint(right)]
        return (both or found)[-1]

    def untied_by(self, left: Iterable[str], right: Iterable[str]) -> Decision | None:
        """Return the newest decision that keeps two stories in different storylines."""
        number = self.ties().barrier(left, right)
        return None if number is None else self._decisions.get(number)

    def _pinned(self) -> list[str]:
        """Return the entries that are pinned, the newest pin first."""
        self._check_version()
        if self._pins is None:
            self._pins = self._decisions.pins()
        return self._pins


def _names(decision: Decision) -> frozenset[str]:
    """Return the entries that a decision names."""
    return frozenset[str]().union(*(one.left | one.right for one in decision.constraints))
