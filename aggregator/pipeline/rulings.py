"""What editors' decisions say of an entry on its way, and of stories that the machine would merge or split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from aggregator.storage.database import Store
from aggregator.storage.decisions import Decision, DecisionStore
from aggregator.storage.entries import EntryStore


@dataclass(frozen=True, slots=True)
class Ruling:
    """Where an entry must not go, and where it must."""

    barred_reports: frozenset[str] = frozenset()
    barred_stories: frozenset[str] = frozenset()
    forced_story: str | None = None

    def allows(self, story_id: str) -> bool:
        """Tell whether the entry may stand in this story."""
        return story_id not in self.barred_stories and self.forced_story in (None, story_id)


class Rulings:
    """Answers from the decisions in force; forget() after a verb."""

    def __init__(self, store: Store) -> None:
        self._decisions = DecisionStore(store)
        self._entries = EntryStore(store)
        self._any: bool | None = None

    def forget(self) -> None:
        """Drop what was remembered of the decisions in force."""
        self._any = None

    def for_entry(self, entry_id: str) -> Ruling:
        """Return the ruling on an arriving entry; later decisions override earlier ones."""
        if not self._in_force():
            return Ruling()
        signs = partners(entry_id, self._decisions.touching([entry_id]))
        if not signs:
            return Ruling()
        reports, stories, wanted = set(), set(), Counter[str]()
        for other, sign in sorted(signs.items()):
            placement = self._entries.placement(other)
            if placement is None:
                continue
            if sign == "apart":
                reports.add(placement[0])
                stories.add(placement[1])
            else:
                wanted[placement[1]] += 1
        allowed = sorted((-count, story) for story, count in wanted.items() if story not in stories)
        return Ruling(frozenset(reports), frozenset(stories), allowed[0][1] if allowed else None)

    def blocks(self, first: str, second: str) -> bool:
        """Tell whether editors keep two stories apart."""
        if not self._in_force():
            return False
        left, right = self._members(first), self._members(second)
        return opposed(left, right, self._decisions.touching(left if len(left) < len(right) else right))

    def binds(self, staying: Iterable[str], leaving: Iterable[str]) -> bool:
        """Tell whether editors want some of these entries together: a split is not the machine's to make."""
        if not self._in_force():
            return False
        there, gone = frozenset(staying), frozenset(leaving)
        decisions = self._decisions.touching(gone)
        return any(partners(entry, decisions).get(other) == "together" for entry in gone for other in there)

    def _in_force(self) -> bool:
        if self._any is None:
            self._any = self._decisions.any_active()
        return self._any

    def _members(self, story_id: str) -> frozenset[str]:
        return frozenset(self._entries.ids_of_story(story_id))


def partners(entry_id: str, decisions: Iterable[Decision]) -> dict[str, str]:
    """Return other entry -> the sign ('together' or 'apart') of the newest decision that names both."""
    signs: dict[str, str] = {}
    for decision in decisions:
        for part in decision.parts:
            if entry_id in part.left:
                signs.update(dict.fromkeys(part.right - {entry_id}, part.sign))
            if entry_id in part.right:
                signs.update(dict.fromkeys(part.left - {entry_id}, part.sign))
    return signs


def opposed(left: frozenset[str], right: frozenset[str], decisions: Iterable[Decision]) -> bool:
    """Tell whether some entry of ``left`` and some entry of ``right`` are to stay apart."""
    kept = list(decisions)
    named = {entry for decision in kept for part in decision.parts for entry in part.left | part.right}
    return any(
        sign == "apart" and other in right
        for entry in sorted(left & named)
        for other, sign in partners(entry, kept).items()
    )
