"""Storylines in the tables: those of the graph, changed by the editors' ties."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from aggregator.clustering.constraints import ConstraintGroups
from aggregator.clustering.identifiers import mint
from aggregator.clustering.lineage import assign_ids
from aggregator.ingest.editor_constraints import EditorConstraints
from aggregator.ingest.former_ids import FormerIds, FormerStoryline
from aggregator.ingest.story_blocks import batches
from aggregator.storage.database import Store
from aggregator.storage.stories import StoryStore
from aggregator.storage.storylines import StorylineStore

AT_ONCE = 150  # stories a transaction, if no single storyline has more


class StorylineWriter:
    """Writes storylines; the caller holds the transaction."""

    def __init__(self, store: Store, editor_constraints: EditorConstraints) -> None:
        self._editor_constraints = editor_constraints
        self._stories = StoryStore(store)
        self._lines = StorylineStore(store)
        self._former_ids = FormerIds(store)

    def refresh(self, story_ids: Collection[str], now: datetime) -> None:
        """Update the rows of the storylines of these stories; no storyline is closed."""
        self._lines.refresh(self._lines.of_stories(story_ids).values(), now, ending=False)

    def apply_ties(self, story_ids: Collection[str], now: datetime) -> None:
        """Apply the editors' ties to the storylines of these stories, after editors moved reports between them."""
        if self._editor_constraints.ties():
            lines = set(self._lines.of_stories(story_ids).values())
            self.write([frozenset(self._lines.stories_of(line)) for line in lines], story_ids, now)
            self.catch_up(now)

    def write(self, lines: Sequence[frozenset[str]], settled: Collection[str], now: datetime) -> None:
        """Store the storylines of the graph; ``settled`` stories that are in none of ``lines`` leave their storyline.

        Stories past the window stay in their storyline, and follow its id.
        """
        groups = self._with_ties([*lines, *(frozenset({story}) for story in settled)])
        members = {story for group in groups for story in group}
        before = self._lines.of_stories(members)
        rest = {line: [s for s in self._lines.stories_of(line) if s not in members] for line in set(before.values())}
        groups = [group for group in groups if len(group) > 1 or self._stays(min(group), before, rest)]
        lineage = assign_ids(
            groups,
            before,
            self._lines.age,
            lambda place, line: self._keeps_apart(groups[place], rest[line]),
            self._anchors(),
        )
        new = [group for group, kept in zip(groups, lineage.ids, strict=True) if not kept and len(group) > 1]
        former = self._former_ids.of_groups(new) if self._editor_constraints.ties() else {}
        opened = {
            group: self._reopen(former[group], now) if group in former else self._open(group, now) for group in new
        }
        targets = [kept or opened.get(group) for group, kept in zip(groups, lineage.ids, strict=True)]
        wanted = {story: target for group, target in zip(groups, targets, strict=True) for story in group}
        changed = [story for story in sorted(members) if before.get(story) != wanted.get(story)]
        for story in changed:
            self._lines.set(story, wanted.get(story))
        for line, place in lineage.ended.items():
            self._lines.close(line, targets[place], now, "merged: one affair")
        touched = {line for story in changed for line in (before.get(story), wanted.get(story))} - lineage.ended.keys()
        self._lines.refresh([line for line in touched if line is not None], now)

    def catch_up(self, now: datetime) -> None:
        """Update the rows of storylines that lost or gained stories in another way."""
        self._lines.refresh(self._lines.outdated(), now)

    def batches(self, lines: Sequence[frozenset[str]], settled: Collection[str]) -> Iterator[list[frozenset[str]]]:
        """Yield the arguments of :meth:`write` for separate transactions: groups that share a storyline are together.

        If editors tied any stories, all are written at once, because ties may join groups.
        """
        tied = frozenset[str]().union(*lines)
        before = self._lines.of_stories({*tied, *settled})
        alone = [frozenset({story}) for story in sorted(settled) if story not in tied and story in before]
        if self._editor_constraints.ties():
            yield [*lines, *(frozenset({story}) for story in settled)]
            return
        for batch in batches(_blocks([*lines, *alone], before), AT_ONCE):
            yield [group for block in batch for group in block]

    def _stays(self, story: str, before: dict[str, str], rest: dict[str, list[str]]) -> bool:
        """Return whether a story without a tie stays in its storyline: it does if that holds older stories or has a name."""
        line = before.get(story)
        return line is not None and (bool(rest[line]) or self._lines.name(line)[0] is not None)

    def _anchors(self) -> frozenset[str]:
        """Return the stories from which an editor untied others; they keep the storyline's id."""
        stayed = self._editor_constraints.ties().anchors()
        if not stayed:
            return frozenset()
        return frozenset(story for story, named in self._editor_constraints.stories_named().items() if named & stayed)

    def _reopen(self, former: Sequence[FormerStoryline], now: datetime) -> str:
        """Open the first of these storylines again, to which the ids of the others lead; return its id."""
        line, leads_to, name, by = former[0]
        self._lines.open(line, now)
        self._lines.set_name(line, name, by)
        if name is not None and leads_to and self._lines.name(leads_to) == (name, by):  # inherited when this one ended
            self._lines.set_name(leads_to, None, None)
            self._lines.refresh([leads_to], now, ending=False)
        self._lines.redirect([one.storyline_id for one in former[1:]], line)
        return line

    def _open(self, group: frozenset[str], now: datetime) -> str:
        first = min(group, key=self._stories.age)
        made = mint("l", first, taken=self._lines.id_taken)
        self._lines.open(made, now)
        return made

    # --- editors' ties -----------------------------------------------------------------------------

    def _with_ties(self, lines: Sequence[frozenset[str]]) -> list[frozenset[str]]:
        """Return these groups of stories, changed by the editors' ties and disjoint."""
        ties = self._editor_constraints.ties()
        if not ties:
            return _disjoint(lines)
        named = self._editor_constraints.stories_named()
        target: dict[str, frozenset[str]] = {}
        bases = [*lines, *self._tied_outside(lines, ties, named)]
        for base in bases:
            target.update({story: target.get(story, frozenset({story})) for story in base})
        for group in ties.groups():
            tied = {
                story for entry in group for story, entries in named.items() if entry in entries and story in target
            }
            self._join(target, tied)
        for base in sorted(bases, key=lambda base: (-len(base), min(base))):
            self._join_where_free(target, sorted(base, key=self._stories.age), ties, named)
        return _disjoint(set(target.values()))

    def _tied_outside(
        self, lines: Sequence[frozenset[str]], ties: ConstraintGroups, named: dict[str, frozenset[str]]
    ) -> list[frozenset[str]]:
        """Return the stories that editors tie to these, each with the others of its storyline."""
        found = {story for line in lines for story in line}
        known = set(found)
        besides: list[frozenset[str]] = []
        waiting = list(found)
        while waiting:
            story = waiting.pop()
            bound = {other for entry in named.get(story, ()) for other in ties.group(entry)}
            for other, entries in named.items():
                if other not in known and not bound.isdisjoint(entries):
                    line = self._lines.of_stories([other]).get(other)
                    related = frozenset(self._lines.stories_of(line) if line else [other]) - found
                    besides.append(related)
                    waiting += related - known
                    known |= related
        return besides

    def _join(self, target: dict[str, frozenset[str]], stories: Iterable[str]) -> None:
        merged = frozenset().union(*(target[story] for story in stories))
        target.update(dict.fromkeys(merged, merged))

    def _join_where_free(
        self,
        target: dict[str, frozenset[str]],
        base: Sequence[str],
        ties: ConstraintGroups,
        named: dict[str, frozenset[str]],
    ) -> None:
        """Join the stories of one group in turn, each with the first part that no decision keeps it apart from."""
        parts: list[str] = []  # one story of each part
        for story in base:
            mine = _entries(target[story], named)
            free = next(
                (
                    part
                    for part in parts
                    if target[part] != target[story] and ties.barrier(mine, _entries(target[part], named)) is None
                ),
                None,
            )
            if free is not None:
                self._join(target, (free, story))
            elif all(target[part] != target[story] for part in parts):
                parts.append(story)

    def _keeps_apart(self, group: Collection[str], rest: Collection[str]) -> bool:
        ties = self._editor_constraints.ties()
        if not ties or not rest:
            return False
        named = self._editor_constraints.stories_named()
        return ties.barrier(_entries(group, named), _entries(rest, named)) is not None


def _entries(stories: Iterable[str], named: dict[str, frozenset[str]]) -> list[str]:
    return [entry for story in stories for entry in named.get(story, ())]


def _blocks(groups: Iterable[frozenset[str]], before: Mapping[str, str]) -> list[list[frozenset[str]]]:
    """Return groups of stories in blocks: groups that share a story or a storyline are in one."""
    # story or storyline -> the block that it is in, with all names in the block
    blocks: dict[str, tuple[set[str], list[frozenset[str]]]] = {}
    for group in groups:
        names, block = {*group, *(before[story] for story in group if story in before)}, [group]
        for others, met in {id(blocks[name]): blocks[name] for name in sorted(names) if name in blocks}.values():
            names = names | others
            block = met + block
        blocks.update(dict.fromkeys(sorted(names), (names, block)))
    return list({id(block): block for _, block in blocks.values()}.values())


def _disjoint(lines: Iterable[frozenset[str]]) -> list[frozenset[str]]:
    """Return disjoint groups: groups that share a story are joined."""
    target: dict[str, frozenset[str]] = {}
    for line in lines:
        merged = line.union(*(target.get(story, line) for story in line))
        target.update(dict.fromkeys(merged, merged))
    return sorted(set(target.values()), key=min)
