"""Editors' verbs: merge, split, move, pin, forbid, undo. Each is one transaction, a decision that every later run obeys.
The rows of large stories are computed after it.

A verb stores constraints on entries, not on stories, since stories come and go and entries stay. ``clustering/constraints.py``
states and resolves them: of two contradicting decisions the newer holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from aggregator.clustering.constraints import Constraint, forbidden, merged, moved, split
from aggregator.desk.snapshots import NOTHING, Snapshot, restore, take
from aggregator.exceptions import DecisionError
from aggregator.ingest.place import Placer
from aggregator.storage.database import Store
from aggregator.storage.decisions import Decision, DecisionKind, DecisionStore


class Verbs:
    """What all editors' verbs share: ``by`` who acts and ``now`` when, and the decision that each leaves."""

    def __init__(self, store: Store, placer: Placer, by: str, now: datetime) -> None:
        self._store = store
        self._placer = placer
        self._stories = placer.stories
        self._decisions = DecisionStore(store)
        self._by = by
        self._now = now

    @contextmanager
    def _deciding(self) -> Iterator[None]:
        """One transaction; the rows of large stories follow it, each in one of its own."""
        with self._store.transaction():
            yield
        self._placer.write_rows(self._now)

    def _decide(
        self,
        kind: DecisionKind,
        sentence: str,
        arguments: Sequence[str],
        before: Snapshot,
        constraints: Callable[[int], Sequence[Constraint]],
    ) -> int:
        """Store a decision, with the constraints that its number gives; return the number."""
        number = self._decisions.next_number()
        self._decisions.add(
            number, kind, self._by, self._now, sentence, arguments, before.to_json(), constraints(number)
        )
        return number


class Editor(Verbs):
    """An editor at work on stories."""

    def __init__(self, store: Store, placer: Placer, by: str, now: datetime) -> None:
        super().__init__(store, placer, by, now)
        self._entries = placer.entries

    def merge(self, prefixes: Sequence[str]) -> str:
        """Make several stories one; the oldest keeps its id, which is returned."""
        with self._deciding():
            ids = sorted({self._stories.resolve(prefix) for prefix in prefixes}, key=self._stories.age)
            if len(ids) < 2:
                raise DecisionError("merge takes two different stories or more")
            members = [self._members(story) for story in ids]
            kept, others = ids[0], ids[1:]
            before = take(self._placer, ids)
            for other in others:
                self._placer.move_reports(self._stories.reports_of(other), kept)
                self._placer.close(other, kept, self._now, "merged by an editor")
            self._record(
                "merge",
                f"{self._by} merged {', '.join(others)} into {kept}.",
                ids,
                before,
                lambda number: merged(number, members),
                {kept: frozenset().union(*members[1:])},
            )
            self._placer.settle([kept], self._now)
        return kept

    def split(self, prefix: str, entry_prefixes: Sequence[str]) -> str:
        """Move entries out of a story into a new one; return its id."""
        with self._deciding():
            story = self._stories.resolve(prefix)
            members = self._members(story)
            leaving = frozenset(self._entries.resolve(entry) for entry in entry_prefixes)
            if not leaving:
                raise DecisionError("split takes at least one entry")
            self._all_in(leaving, members, story)
            if leaving == members:
                raise DecisionError(f"all entries of {story} would leave it; nothing to split")
            before = take(self._placer, [story])
            made = self._placer.separate(story, leaving, self._now)
            self._record(
                "split",
                f"{self._by} split {len(leaving)} of {len(members)} entries from {story} into {made}.",
                [story, *sorted(leaving)],
                before,
                lambda number: split(number, members - leaving, leaving),
                {made: leaving},
            )
            self._placer.settle([story, made], self._now, separating=False)
        return made

    def move(self, entry_prefix: str, prefix: str) -> str:
        """Move one entry into another story; return that story's id."""
        with self._deciding():
            entry = self._entries.resolve(entry_prefix)
            target = self._stories.resolve(prefix)
            source = self._story_of(entry)
            if source == target:
                raise DecisionError(f"entry {entry} is in story {target} already")
            own = frozenset({entry})
            from_, to = self._members(source), self._members(target)
            before = take(self._placer, [source, target])
            self._placer.move_report(self._placer.report_of_own(own, self._now), target)
            if from_ == own:
                self._placer.close(source, target, self._now, "its last entry was moved by an editor")
            self._record(
                "move",
                f"{self._by} moved entry {entry} from {source} to {target}.",
                [entry, target],
                before,
                lambda number: moved(number, entry, from_, to),
                {target: own},
            )
            self._placer.settle([source, target], self._now)
        return target

    def pin(self, prefix: str, entry_prefix: str) -> str:
        """Make an entry the canonical one of its story; of two pins in a story the newer holds."""
        with self._deciding():
            story = self._stories.resolve(prefix)
            entry = self._entries.resolve(entry_prefix)
            self._all_in(frozenset({entry}), self._members(story), story)
            sentence = f"{self._by} pinned {entry} as the canonical entry of {story}."
            self._record("pin", sentence, [story, entry], NOTHING, lambda number: (), {})
            self._placer.settle([story], self._now, separating=False)
        return story

    def forbid(self, first: str, second: str) -> None:
        """Keep two stories or entries apart; where they are together now, the second leaves."""
        with self._deciding():
            first, story, left = self._side(first)
            second, other_story, right = self._side(second)
            if left & right:
                raise DecisionError(f"{first} and {second} are the same or one holds the other; split it instead")
            together = story == other_story
            before = take(self._placer, [story]) if together else NOTHING
            sentence = f"{self._by} forbade {first} and {second} to be one story."
            number = self._record(
                "forbid",
                sentence,
                [first, second],
                before,
                lambda number: forbidden(number, left, right, self._decisions.constraints()),
                {},
            )
            touched = [story, other_story]
            if together:
                touched.append(self._send_away(right, story, number, sentence))
            self._placer.settle(touched, self._now)

    def undo(self) -> Decision:
        """Undo and return the last verb in force, and restore the state before it; later arrivals stay."""
        with self._deciding():
            last = self._decisions.last_active()
            if last is None:
                raise DecisionError("there is no verb to undo")
            self._decisions.undo(last.id, self._by, self._now)
            touched = restore(self._placer, Snapshot.from_json(last.before), self._now)
            pinned = self._entries.placement(last.arguments[1]) if last.kind == "pin" else None
            if pinned is not None and pinned[1] is not None:
                touched.add(pinned[1])
            self._placer.settle(touched, self._now)
            return self._decisions.get(last.id)

    # --- pieces ----------------------------------------------------------------------------

    def _members(self, story: str) -> frozenset[str]:
        return frozenset(self._entries.ids_of_story(story))

    def _all_in(self, wanted: frozenset[str], members: frozenset[str], story: str) -> None:
        strangers = sorted(wanted - members)
        if strangers:
            raise DecisionError(f"{', '.join(strangers)}: not in story {story}")

    def _side(self, prefix: str) -> tuple[str, str, frozenset[str]]:
        """Return the id in full, its story, and the entries that it names."""
        if prefix.strip().lower().startswith("e"):
            entry = self._entries.resolve(prefix)
            return entry, self._story_of(entry), frozenset({entry})
        story = self._stories.resolve(prefix)
        return story, story, self._members(story)

    def _story_of(self, entry: str) -> str:
        placement = self._entries.placement(entry)
        if placement is None or placement[1] is None:
            raise DecisionError(
                f"entry {entry} stands in no story yet: it came while stories were off, or its pass was stopped; the next pass places it"
            )
        return placement[1]

    def _send_away(self, entries: frozenset[str], story: str, number: int, sentence: str) -> str:
        """Move entries out of a story, with those that older decisions bind to them and their copies."""
        settlement = self._placer.editor_constraints.groups()
        bound = frozenset(other for entry in entries for other in settlement.group(entry))
        leaving = self._placer.with_copies(bound & self._members(story))
        made = self._placer.separate(story, leaving, self._now)
        self._link(number, "forbid", sentence, {made: leaving})
        return made

    def _record(
        self,
        kind: DecisionKind,
        sentence: str,
        arguments: Sequence[str],
        before: Snapshot,
        constraints: Callable[[int], Sequence[Constraint]],
        placed: Mapping[str, frozenset[str]],
    ) -> int:
        """Store a decision, and link it as the reason of the ``placed`` entries' stories."""
        number = self._decide(kind, sentence, arguments, before, constraints)
        self._link(number, kind, sentence, placed)
        return number

    def _link(self, number: int, kind: DecisionKind, sentence: str, placed: Mapping[str, frozenset[str]]) -> None:
        """Link the verb as the reason why these entries are in these stories."""
        evidence = {"decision": number, "by": self._by, "verb": kind, "sentence": sentence}
        self._placer.matches.add_reasons(number, kind, evidence, placed, self._now)
