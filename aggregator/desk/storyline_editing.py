"""Editors' verbs on storylines: name, tie, untie. Each is one transaction and stores a decision, which every later run obeys.

A decision stores the canonical entry of each story, because stories come and go and entries stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from aggregator.clustering.constraints import Constraint
from aggregator.desk.editing import Verbs
from aggregator.desk.snapshots import take_storylines
from aggregator.exceptions import DecisionError, UsageError
from aggregator.ingest.rearrange import Rearranger
from aggregator.storage.database import Store
from aggregator.text.display import display_text

MAX_NAME = 120  # characters


class StorylineEditor(Verbs):
    """Editors' verbs on storylines, which ``Editor.undo`` undoes."""

    def __init__(self, store: Store, placer: Rearranger, by: str, now: datetime) -> None:
        super().__init__(store, placer, by, now)
        self._lines = placer.lines

    def name(self, prefix: str, name: str) -> str:
        """Name a storyline permanently; return its id."""
        if not name.strip() or display_text(name) != name or len(name) > MAX_NAME:
            raise UsageError(f"{display_text(name)!r} is no name: write one line of 1 to {MAX_NAME} characters")
        with self._placer.moving(self._now):
            line = self._lines.resolve(prefix)
            before = take_storylines(self._placer, [line])
            self._lines.set_name(line, name, self._by)
            self._lines.refresh([line], self._now)
            self._decide(
                "name", f"{self._by} named storyline {line} {name!r}.", [line, name], before.to_json(), lambda _: ()
            )
        return line

    def tie(self, prefixes: Sequence[str]) -> str:
        """Tie stories, and storylines with all their stories, into one storyline; return its id."""
        with self._placer.moving(self._now):
            sides = [self._stories_meant(prefix) for prefix in prefixes]
            wanted = frozenset().union(*sides)
            lines = set(self._lines.of_stories(wanted).values())
            if len(wanted) < 2:
                raise DecisionError("tie takes two different stories or storylines, or more")
            if len(lines) == 1 and wanted == frozenset(self._lines.of_stories(wanted)):
                raise DecisionError(f"they are tied already, in storyline {lines.pop()}")
            together = wanted.union(*(self._lines.stories_of(line) for line in lines))
            before = take_storylines(self._placer, lines, wanted)
            canonical = frozenset(self._canonical(wanted | self._parted(wanted, together)))
            self._decide(
                "tie",
                f"{self._by} tied {', '.join(sorted(wanted))} into one storyline.",
                prefixes,
                before.to_json(),
                lambda number: [Constraint(number, "together", canonical, canonical)],
            )
            self._placer.tie(together, self._now)
            self._placer.settle(sorted(wanted), self._now)
            return self._lines.of_stories(wanted)[min(wanted)]

    def untie(self, prefix: str) -> str:
        """Take a story out of its storyline permanently; return the story's id."""
        with self._placer.moving(self._now):
            story = self._stories.resolve(prefix)
            line = self._lines.of_stories([story]).get(story)
            if line is None:
                raise DecisionError(f"story {story} is in no storyline")
            together = frozenset(self._lines.stories_of(line))
            before = take_storylines(self._placer, [line])
            staying, leaving = frozenset(self._canonical(together - {story})), frozenset(self._canonical([story]))
            self._decide(
                "untie",
                f"{self._by} untied {story} from storyline {line}.",
                [story, line],
                before.to_json(),
                lambda number: [Constraint(number, "apart", staying, leaving)],
            )
            self._placer.tie(together, self._now)
            self._placer.settle(sorted(together), self._now)
        return story

    # --- parts of several verbs ------------------------------------------------------------

    def _stories_meant(self, prefix: str) -> frozenset[str]:
        """Return the story that an id means, or the stories of a storyline."""
        if prefix.strip().lower().startswith("l"):
            return frozenset(self._lines.stories_of(self._lines.resolve(prefix)))
        return frozenset({self._stories.resolve(prefix)})

    def _parted(self, wanted: frozenset[str], together: frozenset[str]) -> frozenset[str]:
        """Return the stories that an earlier untie keeps apart from ``wanted``; the new decision overrides it."""
        constraints = self._placer.editor_constraints
        ties, named = constraints.ties(), constraints.stories_named()
        entries = [entry for story in wanted for entry in named.get(story, ())]
        return frozenset(
            story for story in together - wanted if ties.barrier(named.get(story, ()), entries) is not None
        )

    def _canonical(self, story_ids: Iterable[str]) -> list[str]:
        return [self._stories.summary(story, self._now).canonical_entry for story in sorted(story_ids)]
