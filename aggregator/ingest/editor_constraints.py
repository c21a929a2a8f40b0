"""What editors' decisions in force say of entries, reports and stories as they stand; what notices name binds beside them.

They are resolved in one place, ``clustering/constraints.py``; here they are read from the database and asked.
"""

from __future__ import annotations

from collections.abc import Iterable

from aggregator.clustering.constraints import Constraint, Placement, Ruling, Settlement, settle
from aggregator.ingest.notices import NoticeLinks
from aggregator.storage.database import Store
from aggregator.storage.decisions import Decision, DecisionStore
from aggregator.storage.entries import EntryStore


class EditorConstraints:
    """Answers from the decisions in force at the moment of asking, whoever gave them."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._decisions = DecisionStore(store)
        self._entries = EntryStore(store)
        self._stamp: tuple[int, int] | None = None
        self._turn: int | None = None  # of the long writer, when the decisions were looked at last
        self._settlement: Settlement | None = None
        self._ties: Settlement | None = None
        self._pins: list[str] | None = None
        self._notices = NoticeLinks(store)
        self._bindings: tuple[tuple[int, int] | None, list[Constraint], Settlement] = (None, [], settle(()))

    def stamp(self) -> tuple[int, int]:
        """Return what differs whenever other decisions are in force than before."""
        return self._decisions.stamp()

    def settlement(self) -> Settlement:
        """Return all decisions in force, without their contradictions."""
        self._look()
        if self._settlement is None:
            self._settlement = settle(self._decisions.constraints())
        return self._settlement

    def _look(self) -> None:
        """Forget what was read where other decisions are in force by now."""
        if self._store.is_whole and self._turn == self._store.turn:
            return  # nobody else writes until this transaction ends
        self._turn = self._store.turn if self._store.is_whole else None
        stamp = self._decisions.stamp()  # an editor may speak between two feeds of a pass
        if stamp != self._stamp:
            self._stamp, self._settlement, self._ties, self._pins = stamp, None, None, None

    def bindings(self) -> Settlement:
        """Return the decisions in force with what notices name; an editor's word rules over a notice."""
        settlement, named = self.settlement(), self._notices.constraints()
        if not named:
            return settlement
        if self._bindings[:2] != (self._stamp, named):
            self._bindings = self._stamp, named, settle([*self._decisions.constraints(), *named])
        return self._bindings[2]

    def ties(self) -> Settlement:
        """Return what decisions in force say of storylines, without their contradictions."""
        self._look()
        if self._ties is None:
            self._ties = settle(self._decisions.ties())
        return self._ties

    def places(self, bindings: Settlement) -> dict[str, tuple[str, str | None]]:
        """Return where the entries stand that these bindings name: entry -> report and story."""
        return self._decisions.places_of(frozenset[str]().union(*bindings.groups()))

    def stories_named(self) -> dict[str, frozenset[str]]:
        """Return the stories that hold entries which decisions name, with these entries."""
        found: dict[str, set[str]] = {}
        for entry, (_, story) in self._decisions.places().items():
            if story is not None:
                found.setdefault(story, set()).add(entry)
        return {story: frozenset(entries) for story, entries in found.items()}

    def for_entry(self, entry_id: str) -> Ruling:
        """Return the ruling on an arriving entry: one that a decision names comes back, as in a replay."""
        settlement = self.settlement()
        placed = {}
        for other in sorted(settlement.concerned(entry_id)):
            placement = self._entries.placement(other)
            if placement is not None:
                placed[other] = Placement(*placement)
        return settlement.rule(entry_id, placed)

    def breaches(self, story_id: str) -> tuple[frozenset[str], ...]:
        """Return the entries that can't stay in a story, in as few parts as may each stand in one; mostly none."""
        settlement = self.settlement()
        return settlement.divide(self._entries.ids_of_story(story_id))[1:] if settlement else ()

    def has_pins(self) -> bool:
        """Return whether an entry of any story is pinned."""
        return bool(self._pinned())

    def pinned(self, story_id: str) -> str | None:
        """Return the entry of a story that was pinned last."""
        pins = self._pinned()
        if not pins:
            return None
        members = self._members(story_id)
        return next((entry for entry in pins if entry in members), None)

    def reports_pinned(self) -> frozenset[str]:
        """Return the reports of the entries that are pinned."""
        placements = (self._entries.placement(entry) for entry in self._pinned())
        return frozenset(placement[0] for placement in placements if placement is not None)

    def between(self, left: Iterable[str], right: Iterable[str]) -> Decision | None:
        """Return the newest decision that keeps entries of two stories apart."""
        number = self.settlement().barrier(left, right)
        return None if number is None else self._decisions.get(number)

    def _pinned(self) -> list[str]:
        """Return the entries that are pinned, the newest pin first."""
        self._look()
        if self._pins is None:
            self._pins = self._decisions.pins()
        return self._pins

    def _members(self, story_id: str) -> frozenset[str]:
        return frozenset(self._entries.ids_of_story(story_id))
