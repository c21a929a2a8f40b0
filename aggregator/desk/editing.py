"""Editors' verbs: merge, split, move, pin, forbid, undo. Each is one short transaction and stores a decision, which every later run obeys.

Slow reading and computing happens before the transaction, and is repeated in it only if something has changed. If a verb
moves very many reports, their entries follow after the transaction, and the rows of large stories are computed then.

A decision stores constraints on entries, not on stories, because stories come and go and entries stay.
``clustering/constraints.py`` builds and resolves them; of two contradicting decisions the newer one holds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from aggregator.clustering.constraints import Constraint, forbidden, merged, moved, split
from aggregator.desk.snapshots import NOTHING, Snapshot, Standing, restore, standing_today, take
from aggregator.exceptions import DecisionError
from aggregator.ingest.rearrange import Rearranger
from aggregator.model.withdrawals import is_entry_withdrawn
from aggregator.storage.database import Store
from aggregator.storage.decisions import Decision, DecisionKind, DecisionStore
from aggregator.storage.notices import NoticeStore


@dataclass(frozen=True)
class PreparedDecision:
    """The decision that a verb is about to store: the data that it read, and its constraints."""

    version: tuple[int, int]  # of the decisions that were in force
    stories: tuple[str, ...]
    entries: frozenset[str] = frozenset()
    other_entries: frozenset[str] = frozenset()
    before: Snapshot = NOTHING
    suspects: tuple[str, ...] = ()  # stories that may be left with entries that must not be together
    constraints: tuple[Constraint, ...] = ()

    @property
    def number(self) -> int:
        """The number of the decision."""
        return self.version[0] + 1

    @cached_property
    def before_text(self) -> str:
        """The state before, in its stored form."""
        return self.before.to_json()

    @cached_property
    def reports(self) -> dict[str, set[str]]:
        """Report -> its entries, in the state before."""
        return self.before.by_report()


Reading = Callable[[tuple[int, int]], PreparedDecision]
Stating = Callable[[PreparedDecision], Sequence[Constraint]]


class Verbs:
    """The base class of editors' verbs: ``by`` is the editor's name, ``now`` the time; each verb stores a decision."""

    def __init__(self, store: Store, placer: Rearranger, by: str, now: datetime) -> None:
        self._store = store
        self._placer = placer
        self._stories = placer.stories
        self._decisions = DecisionStore(store)
        self._by = by
        self._now = now

    def _decide(
        self,
        kind: DecisionKind,
        sentence: str,
        arguments: Sequence[str],
        before: str,
        constraints: Callable[[int], Sequence[Constraint]],
    ) -> None:
        """Store a decision; ``constraints`` returns its constraints by its number."""
        number = self._decisions.next_number()
        self._decisions.add(number, kind, self._by, self._now, sentence, arguments, before, constraints(number))


class Editor(Verbs):
    """An editor at work on stories."""

    def __init__(self, store: Store, placer: Rearranger, by: str, now: datetime) -> None:
        super().__init__(store, placer, by, now)
        self._entries = placer.entries
        self._notices = NoticeStore(store)
        self._constraints = placer.editor_constraints

    def merge(self, prefixes: Sequence[str]) -> str:
        """Merge several stories into one; return its id, which is that of the oldest."""

        def read(version: tuple[int, int]) -> PreparedDecision:
            ids = sorted({self._stories.resolve(prefix) for prefix in prefixes}, key=self._stories.age)
            if len(ids) < 2:
                raise DecisionError("merge takes two different stories or more")
            return PreparedDecision(version, tuple(ids), before=take(self._placer, ids))

        def state(found: PreparedDecision) -> Sequence[Constraint]:
            return merged(found.number, [found.before.members(story) for story in found.stories])

        with self._deciding(read, state) as found:
            kept, *others = found.stories
            for other in others:
                self._placer.move_reports(found.before.reports_of(other), kept, found.number)
                self._placer.close(other, kept, "merged by an editor")
            self._record("merge", f"{self._by} merged {', '.join(others)} into {kept}.", found.stories, found)
            # All its entries belong together by the newest decision
            self._placer.settle([kept], self._now, suspects=())
        return kept

    def split(self, prefix: str, entry_prefixes: Sequence[str]) -> str:
        """Move entries out of a story into a new one; return its id."""

        def read(version: tuple[int, int]) -> PreparedDecision:
            story = self._stories.resolve(prefix)
            before = take(self._placer, [story])
            leaving = self._entries.resolve_all(entry_prefixes)
            if not leaving:
                raise DecisionError("split takes at least one entry")
            self._all_in(leaving, before.entries.keys(), story)
            if leaving == before.entries.keys():
                raise DecisionError(f"all entries of {story} would leave it; nothing to split")
            suspects = (story,) if self._are_parted(before.entries.keys() - leaving) else ()
            return PreparedDecision(version, (story,), leaving, before=before, suspects=suspects)

        def state(found: PreparedDecision) -> Sequence[Constraint]:
            return split(found.number, found.before.entries.keys() - found.entries, found.entries)

        with self._deciding(read, state) as found:
            [story], leaving, before = found.stories, found.entries, found.before
            made = self._placer.separate(story, leaving, self._now, whole=found.reports, decision=found.number)
            sentence = f"{self._by} split {len(leaving)} of {len(before.entries)} entries from {story} into {made}."
            self._record("split", sentence, [story, *sorted(leaving)], found)
            self._placer.settle([story, made], self._now, suspects=found.suspects)
        return made

    def move(self, entry_prefix: str, prefix: str) -> str:
        """Move one entry into another story; return that story's id."""

        def read(version: tuple[int, int]) -> PreparedDecision:
            entry = self._entries.resolve(entry_prefix)
            target = self._stories.resolve(prefix)
            source = self._story_of(entry)
            if source == target:
                raise DecisionError(f"entry {entry} is in story {target} already")
            stories = (source, target)
            return PreparedDecision(version, stories, frozenset({entry}), before=take(self._placer, stories))

        def state(found: PreparedDecision) -> Sequence[Constraint]:
            return moved(found.number, min(found.entries), *map(found.before.members, found.stories))

        with self._deciding(read, state, asking=True) as found:
            (source, target), own = found.stories, found.entries
            entry = min(own)
            self._placer.move_reports([self._placer.report_of_own(own, self._now)], target, found.number)
            if found.before.members(source) == own:
                self._placer.close(source, target, "its last entry was moved by an editor")
            sentence = f"{self._by} moved entry {entry} from {source} to {target}."
            self._record("move", sentence, [entry, target], found)
            # all entries of the target belong with this one by the newest decision
            self._placer.settle([source, target], self._now, suspects=[source])
        return target

    def pin(self, prefix: str, entry_prefix: str) -> str:
        """Make an entry the canonical entry of its story; of two pins in a story the newer one holds."""

        def read(version: tuple[int, int]) -> PreparedDecision:
            story = self._stories.resolve(prefix)
            entry = frozenset({self._entries.resolve(entry_prefix)})
            self._all_in(entry, {one for one in entry if self._is_in(one, story)}, story)
            self._refuse_withdrawn(min(entry), story)
            return PreparedDecision(version, (story,), entry)

        with self._deciding(read) as found:
            [story], entry = found.stories, min(found.entries)
            sentence = f"{self._by} pinned {entry} as the canonical entry of {story}."
            self._record("pin", sentence, [story, entry], found)
            self._placer.settle([story], self._now, suspects=())
        return story

    def forbid(self, first: str, second: str) -> None:
        """Keep two stories or entries apart; if they are together now, the second one leaves."""

        def read(version: tuple[int, int]) -> PreparedDecision:
            one, story, left = self._side(first)
            two, other_story, right = self._side(second)
            if left & right:
                raise DecisionError(f"{one} and {two} are the same or one holds the other; split it instead")
            before = take(self._placer, [story]) if story == other_story else NOTHING
            return PreparedDecision(version, (story, other_story), left, right, before)

        def state(found: PreparedDecision) -> Sequence[Constraint]:
            older = self._decisions.constraints()
            return forbidden(found.number, found.entries, found.other_entries, older)

        with self._deciding(read, state, asking=True) as found:
            sides = [self._side(first)[0], self._side(second)[0]]
            sentence = f"{self._by} forbade {sides[0]} and {sides[1]} to be one story."
            self._record("forbid", sentence, sides, found)
            touched = list(found.stories)
            if touched[0] == touched[1]:
                touched.append(self._send_away(found))
            self._placer.settle(touched, self._now)

    def undo(self) -> Decision:
        """Undo and return the last decision in force, and restore the state before it; later arrivals stay."""
        with self._store.snapshot():
            seen, version = self._store.state(), self._constraints.version()
            last, before, today = self._last()
            rest = [one for one in self._decisions.constraints() if one.decision != last.id]
            self._constraints.foresee((version[0], version[1] + 1), rest)
            stories = {*before.reports.values(), *today.stories.values()}
            standing = self._standing(stories)
        with self._placer.moving(self._now):
            if self._store.state() != seen and self._standing(stories) != standing:
                self._constraints.foresee()
                last, before, today = self._last()
            self._decisions.undo(last.id, self._by, self._now)
            self._placer.matches.drop_reasons(last.id)
            touched = restore(self._placer, before, today, self._now)
            suspects = {story for story in touched if not self._is_as_before(story, before, today)}
            pinned = self._entries.placement(last.arguments[1]) if last.kind == "pin" else None
            if pinned is not None and pinned[1] is not None:
                touched.add(pinned[1])
            self._placer.settle(touched, self._now, suspects=suspects)
        return self._decisions.get(last.id)

    # --- parts of several verbs ------------------------------------------------------------

    @contextmanager
    def _deciding(
        self, read: Reading, state: Stating = lambda found: (), *, asking: bool = False
    ) -> Iterator[PreparedDecision]:
        """Open a verb's transaction with its prepared decision, which is made again only if something has changed meanwhile.

        If the verb is ``asking`` for the groups under the constraints in force, these are computed before it as well.
        """
        with self._store.snapshot():
            seen, foreseen = self._store.state(), read(self._constraints.version())
            foreseen = replace(foreseen, constraints=tuple(state(foreseen)))
            _ = foreseen.before_text, foreseen.reports  # made before the lock is taken
            if asking or foreseen.suspects:
                in_force = [*self._decisions.constraints(), *foreseen.constraints]
                self._constraints.foresee((foreseen.number, foreseen.version[1]), in_force)
            standing = self._standing(foreseen.stories)
        with self._placer.moving(self._now):
            found = foreseen
            if self._store.state() != seen and self._standing(foreseen.stories) != standing:
                again = read(self._constraints.version())
                if again != replace(foreseen, constraints=()):
                    self._constraints.foresee()
                    found = replace(again, constraints=tuple(state(again)))
            yield found

    def _standing(self, stories: Collection[str | None]) -> object:
        """Return a value that differs if other decisions are in force, or if the content of these stories has changed.

        It costs a third of reading the content. Others write all the time, but seldom the rows that a verb has read.
        """
        if None in stories:  # nobody knows when an entry without a story will be placed
            return object()
        return self._constraints.version(), [
            self._stories.membership_state(story) for story in sorted(one for one in {*stories} if one)
        ]

    def _last(self) -> tuple[Decision, Snapshot, Standing]:
        """Return the last decision in force, the state before it, and the present state of the same entries."""
        last = self._decisions.last_active()
        if last is None:
            raise DecisionError("there is no verb to undo")
        before = Snapshot.from_json(last.before)
        return last, before, standing_today(self._placer, before)

    def _is_as_before(self, story: str, before: Snapshot, today: Standing) -> bool:
        """Return whether nothing joined a story since the undone decision, so that it cannot contain entries that must be apart."""
        standing = before.members(story) & today.reports.keys()
        return self._stories.count_entries(story) == len(standing) > 0

    def _are_parted(self, entries: AbstractSet[str]) -> bool:
        """Return whether a decision in force keeps some of these entries apart, so that they may fall apart when others leave."""
        return any(
            one.sign == "apart" and not one.left.isdisjoint(entries) and not one.right.isdisjoint(entries)
            for one in self._decisions.constraints()
        )

    def _is_in(self, entry: str, story: str) -> bool:
        placement = self._entries.placement(entry)
        return placement is not None and placement[1] == story

    def _all_in(self, wanted: frozenset[str], members: AbstractSet[str], story: str) -> None:
        strangers = sorted(wanted - members)
        if strangers:
            raise DecisionError(f"{', '.join(strangers)}: not in story {story}")

    def _refuse_withdrawn(self, entry: str, story: str) -> None:
        """Raise DecisionError if the entry's own publisher withdrew it: such an entry leads no story."""
        if is_entry_withdrawn(self._entries.get(entry), self._notices.of_story(story)):
            raise DecisionError(f"entry {entry} was taken back by its publisher, so it leads no story; pin another")

    def _side(self, prefix: str) -> tuple[str, str, frozenset[str]]:
        """Return the full id, its story, and the entries that it means."""
        if prefix.strip().lower().startswith("e"):
            entry = self._entries.resolve(prefix)
            return entry, self._story_of(entry), frozenset({entry})
        story = self._stories.resolve(prefix)
        return story, story, frozenset(self._entries.ids_of_story(story))

    def _story_of(self, entry: str) -> str:
        placement = self._entries.placement(entry)
        if placement is None or placement[1] is None:
            raise DecisionError(
                f"entry {entry} is in no story yet: it arrived while stories were off, or its pass was stopped; the next pass places it"
            )
        return placement[1]

    def _send_away(self, found: PreparedDecision) -> str:
        """Move entries out of a story, with the entries that older decisions bind to them and with copies; return the new story."""
        settlement = self._constraints.groups()
        bound = frozenset(other for entry in found.other_entries for other in settlement.group(entry))
        leaving = self._placer.with_copies(bound & found.before.entries.keys())
        return self._placer.separate(found.stories[0], leaving, self._now, decision=found.number)

    def _record(self, kind: DecisionKind, sentence: str, arguments: Sequence[str], found: PreparedDecision) -> None:
        self._decide(kind, sentence, arguments, found.before_text, lambda number: found.constraints)
