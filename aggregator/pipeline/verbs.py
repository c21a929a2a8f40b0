"""Editors' verbs: merge, split, move, pin, forbid, undo. Each is one transaction, a decision that every later run obeys.

A verb names entries, not stories, in what it stores: stories come and go, entries stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aggregator.clustering.identifiers import mint
from aggregator.exceptions import DecisionError
from aggregator.model import Match
from aggregator.pipeline.placing import Placer
from aggregator.pipeline.snapshots import Snapshot, restore, take
from aggregator.storage.database import Store
from aggregator.storage.decisions import Decision, DecisionKind, DecisionStore, Part


class Editor:
    """An editor at work: ``by`` is who, ``now`` is when."""

    def __init__(self, store: Store, placer: Placer, by: str, now: datetime) -> None:
        self._store = store
        self._placer = placer
        self._entries = placer.entries
        self._stories = placer.stories
        self._decisions = DecisionStore(store)
        self._by = by
        self._now = now

    def merge(self, prefixes: Sequence[str]) -> str:
        """Make several stories one; the oldest keeps its id, which is returned."""
        with self._store.transaction():
            ids = sorted({self._stories.resolve(prefix) for prefix in prefixes}, key=self._stories.opened)
            if len(ids) < 2:
                raise DecisionError("merge takes two different stories or more")
            members = {story: self._members(story) for story in ids}
            kept, others = ids[0], ids[1:]
            before = take(self._store, ids)
            parts = [Part("together", members[kept], members[other]) for other in others]
            sentence = f"{self._by} merged {', '.join(others)} into {kept}."
            for other in others:
                for report in self._stories.reports_of(other):
                    self._move_report(report, kept)
                self._placer.close(other, kept, self._now, "merged by an editor")
            self._record(
                "merge",
                sentence,
                [kept, *others],
                before,
                parts,
                [(entry, kept) for o in others for entry in members[o]],
            )
            self._placer.settle([kept], self._now)
        return kept

    def split(self, prefix: str, entry_prefixes: Sequence[str]) -> str:
        """Take entries out of a story into one of their own, whose id is returned."""
        with self._store.transaction():
            story = self._stories.resolve(prefix)
            members = self._members(story)
            leaving = frozenset(self._entries.resolve(entry) for entry in entry_prefixes)
            self._all_in(leaving, members, story)
            if leaving == members:
                raise DecisionError(f"all entries of {story} would leave it; nothing to split")
            before = take(self._store, [story])
            made = self._separate(story, leaving)
            sentence = f"{self._by} split {len(leaving)} of {len(members)} entries from {story} into {made}."
            self._record(
                "split",
                sentence,
                [story, *sorted(leaving)],
                before,
                [Part("apart", leaving, members - leaving), Part("together", leaving, leaving)],
                [(entry, made) for entry in leaving],
            )
            self._placer.settle([story, made], self._now)
        return made

    def move(self, entry_prefix: str, prefix: str) -> str:
        """Put one entry into another story, whose id is returned."""
        with self._store.transaction():
            entry = self._entries.resolve(entry_prefix)
            target = self._stories.resolve(prefix)
            source = self._entries.get(entry).story_id
            if source == target:
                raise DecisionError(f"entry {entry} is in story {target} already")
            staying = self._members(source) - {entry}
            there = self._members(target)
            before = take(self._store, [source, target])
            report = self._report_of_own(frozenset({entry}))
            self._move_report(report, target)
            parts = [Part("together", frozenset({entry}), there)]
            if staying:
                parts.append(Part("apart", frozenset({entry}), staying))
            else:
                self._placer.close(source, target, self._now, "its last entry was moved by an editor")
            sentence = f"{self._by} moved entry {entry} from {source} to {target}."
            self._record("move", sentence, [entry, target], before, parts, [(entry, target)])
            self._placer.settle([target, *([source] if staying else [])], self._now)
        return target

    def pin(self, prefix: str, entry_prefix: str) -> str:
        """Make an entry the canonical one of its story, whatever the order says."""
        with self._store.transaction():
            story = self._stories.resolve(prefix)
            entry = self._entries.resolve(entry_prefix)
            self._all_in(frozenset({entry}), self._members(story), story)
            before = take(self._store, [story])
            self._stories.pin(story, entry)
            sentence = f"{self._by} pinned {entry} as the canonical entry of {story}."
            self._record("pin", sentence, [story, entry], before, [], [])
            self._placer.settle([story], self._now)
        return story

    def forbid(self, first: str, second: str) -> None:
        """Keep two stories or entries apart for good; where they stand together now, the second leaves."""
        with self._store.transaction():
            (left_story, left), (right_story, right) = self._side(first), self._side(second)
            if left & right:
                raise DecisionError(f"{first} and {second} are the same; nothing can be kept apart from itself")
            before = take(self._store, sorted({left_story, right_story}))
            touched, edges = [left_story, right_story], []
            if left_story == right_story:
                made = self._separate(left_story, right)
                touched.append(made)
                edges = [(entry, made) for entry in right]
            sentence = f"{self._by} forbade {first} and {second} to be one story."
            self._record("forbid", sentence, [first, second], before, [Part("apart", left, right)], edges)
            self._placer.settle(sorted(set(touched)), self._now)

    def undo(self) -> Decision:
        """Take back the last verb in force and restore what stood before it; later arrivals stay."""
        with self._store.transaction():
            last = self._decisions.last_active()
            if last is None:
                raise DecisionError("there is no verb to undo")
            self._decisions.undo(last.id, self._by, self._now)
            touched = restore(self._store, self._placer, Snapshot.from_json(last.before), self._now)
            self._placer.settle(touched, self._now)
        return last

    # --- pieces ----------------------------------------------------------------------------

    def _members(self, story: str) -> frozenset[str]:
        return frozenset(self._entries.ids_of_story(story))

    def _all_in(self, wanted: frozenset[str], members: frozenset[str], story: str) -> None:
        strangers = sorted(wanted - members)
        if strangers:
            raise DecisionError(f"{', '.join(strangers)}: not in story {story}")

    def _side(self, prefix: str) -> tuple[str, frozenset[str]]:
        if prefix.strip().lower().startswith("e"):
            entry = self._entries.get(self._entries.resolve(prefix))
            return entry.story_id, frozenset({entry.id})
        story = self._stories.resolve(prefix)
        return story, self._members(story)

    def _separate(self, story: str, leaving: frozenset[str]) -> str:
        made = mint("s", *sorted(leaving), "split", taken=self._stories.id_taken)
        self._stories.open_story(made, self._now, split_from=story)
        for report in sorted({self._entries.get(entry).report_id for entry in leaving}):
            inside = leaving & frozenset(self._entries.ids_of_report(report))
            self._move_report(self._report_of_own(inside), made)
        return made

    def _report_of_own(self, entries: frozenset[str]) -> str:
        """Return a report that holds exactly these entries of one report: theirs, or one made for them."""
        report = self._entries.get(min(entries)).report_id
        if frozenset(self._entries.ids_of_report(report)) == entries:
            return report
        return self._placer.divide_report(report, sorted(entries), self._now)

    def _move_report(self, report: str, story: str) -> None:
        self._placer.move_report(report, story)

    def _record(
        self,
        kind: DecisionKind,
        sentence: str,
        arguments: Sequence[str],
        before: Snapshot,
        parts: Sequence[Part],
        edges: Sequence[tuple[str, str]],
    ) -> None:
        number = self._decisions.add(kind, self._by, self._now, sentence, arguments, before.to_json(), parts)
        for entry, story in sorted(edges):
            evidence = {"decision": number, "by": self._by, "verb": kind, "sentence": sentence}
            match = Match("editor", entry, story, kind, 1.0, 1.0, evidence, f"decision {number}")
            self._stories.add_match(match, None, story, self._now)
