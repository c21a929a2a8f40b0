"""Which stories a report may tell, and how surely: terms propose, the calibrated score decides."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aggregator.clustering import weights
from aggregator.clustering.features import Vector
from aggregator.clustering.likeness import Stored, StoryView, measure
from aggregator.clustering.sentences import evidence
from aggregator.clustering.vocabulary import Count, Frequencies
from aggregator.model import Match
from aggregator.settings import StorySettings

# Reports looked at under one term, newest first, and reports proposed in all: a hot term costs no more than this.
PER_TERM, PROPOSED = 120, 80
STORIES = 12  # stories that are scored: those of the nearest reports
COMPARED = 12  # reports of a story that a newcomer is compared with one by one: the nearest
NEWEST = 300  # reports of a story that its sums are made from
VIEWS = 3_000  # stories kept in memory


class StoryMemory(Frequencies, Protocol):
    """Where vectors and counts are kept; nothing outside it needs to survive a restart."""

    def changed(self) -> bool:
        """Tell whether someone else changed the memory since the last call."""
        ...

    def add(self, report_id: str, entry_id: str, story_id: str, vector: Vector, version: str, now: float) -> Stored:
        """Store a report's vector in a story."""
        ...

    def replace(self, report_id: str, entry_id: str, vector: Vector, version: str) -> Stored | None:
        """Store a report's new vector in place of its old one; None where it has none."""
        ...

    def remove(self, report_id: str) -> None:
        """Forget a report."""
        ...

    def move(self, report_id: str, story_id: str) -> None:
        """Put a report into another story."""
        ...

    def get(self, report_id: str) -> Stored | None:
        """Return a report's vector; None where it is unknown or past the window."""
        ...

    def members(self, story_id: str, limit: int) -> Sequence[Stored]:
        """Return a story's newest reports, oldest of them first."""
        ...

    def candidates(self, terms: Mapping[str, float], per_term: int, limit: int) -> Sequence[Stored]:
        """Return reports that share heavy terms, the nearest first."""
        ...

    def newest(self, count: int) -> Sequence[Stored]:
        """Return the reports that came last, oldest of them first."""
        ...

    def learn(self, language: str, counts: Mapping[str, Count], documents: float) -> None:
        """Add to the counts of terms."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """A story that a report may tell; ``score`` is in log odds."""

    story: StoryView
    near: tuple[Stored, ...]
    numbers: tuple[float, ...]
    score: float


class StoryMatcher:
    """Scores reports against the stories in memory."""

    def __init__(self, memory: StoryMemory, settings: StorySettings) -> None:
        self.memory = memory
        self.settings = settings
        self.views: OrderedDict[str, StoryView] = OrderedDict()

    def candidates(
        self, vector: Vector, barred: Collection[str] = (), without_report: str | None = None
    ) -> Sequence[Candidate]:
        """Return the stories that share heavy terms with a report, scored."""
        keys = {term: vector.whole[term] for term in vector.keys}
        near: dict[str, list[Stored]] = {}
        for other in self.memory.candidates(keys, PER_TERM, PROPOSED):
            if other.story_id not in barred and other.report_id != without_report:
                near.setdefault(other.story_id, []).append(other)
        views = [(self.view(story_id), tuple(members[:COMPARED])) for story_id, members in list(near.items())[:STORIES]]
        return [self.candidate(vector, view, members) for view, members in views if self.possible(vector, view)]

    def choose(self, report_id: str, candidates: Sequence[Candidate]) -> Candidate | None:
        """Return the candidate to join, if any; the older of two that are equally near."""
        best = max(candidates, key=lambda one: (one.score, -one.story.first), default=None)
        return best if best is not None and weights.probability(best.score) >= self.settings.threshold else None

    def view(self, story_id: str) -> StoryView:
        """Return a story's sums, made from the memory where they are not at hand."""
        found = self.views.get(story_id)
        if found is not None:
            self.views.move_to_end(story_id)
            return found
        found = self.views[story_id] = StoryView(story_id, self.memory.members(story_id, NEWEST))
        while len(self.views) > VIEWS:
            self.views.popitem(last=False)
        return found

    def candidate(self, vector: Vector, view: StoryView, near: tuple[Stored, ...]) -> Candidate:
        """Return a report and a story, scored; ``near`` are the story's reports nearest to it."""
        numbers = measure(vector, view, near)
        return Candidate(view, near, numbers, weights.score(numbers))

    def possible(self, vector: Vector, view: StoryView) -> bool:
        """Tell whether language and window let a report into a story."""
        gap = view.gap(vector.time)
        return view.speaks(vector.language) and (gap is None or gap <= self.settings.window.total_seconds())

    def match(self, entry_id: str, candidate: Candidate, vector: Vector, *, forced: bool) -> Match:
        """Return the edge that says why a report stands in a story."""
        return Match(
            kind="editor" if forced else "story",
            entry_id=entry_id,
            other_id=candidate.story.id,
            method="decision" if forced else "score",
            score=round(weights.probability(candidate.score), 4),
            threshold=self.settings.threshold,
            evidence=evidence(vector, candidate.story, candidate.near),
            parameters=weights.VERSION,
        )
