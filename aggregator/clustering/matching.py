"""Which stories a report may tell, and how surely: terms propose, the calibrated score decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from aggregator.clustering import meaning_weights, weights
from aggregator.clustering.features import Vector
from aggregator.clustering.judging import Judge, Opinion
from aggregator.clustering.likeness import measure
from aggregator.clustering.sentences import evidence
from aggregator.clustering.views import Proposed, Shelf, Stored, StoryView
from aggregator.clustering.vocabulary import Count, Frequencies
from aggregator.model import Evidence, Match
from aggregator.settings import StorySettings

# Reports looked at under one term, newest first, and reports proposed in all: a hot term costs no more than this.
PER_TERM, PROPOSED = 120, 80
STORIES = 12  # stories that are scored: those of the nearest reports
COMPARED = 12  # reports of a story that a newcomer is compared with one by one: the nearest
NEWEST = 300  # reports of a story that its sums are made from
AKIN, AKIN_STORIES = 24, 6  # reports near in meaning that are proposed, and stories of theirs that are scored


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

    def read(self, numbers: Sequence[int]) -> Sequence[Stored]:
        """Return the vectors of reports by number, in that order; what is unknown is left out."""
        ...

    def members(self, story_id: str, limit: int) -> Sequence[Stored]:
        """Return a story's newest reports, oldest of them first."""
        ...

    def candidates(self, terms: Mapping[str, float], per_term: int, limit: int) -> Sequence[Proposed]:
        """Return reports that share heavy terms, the nearest first."""
        ...

    def akin(self, vector: Vector, limit: int, window: float) -> Sequence[Proposed]:
        """Return the reports nearest in meaning, the nearest first, none further away in time than ``window`` seconds."""
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
    opinion: Opinion | None = None  # of meaning, where it was heard


class StoryMatcher:
    """Scores reports against the stories in memory."""

    def __init__(self, memory: StoryMemory, settings: StorySettings, judge: Judge | None = None) -> None:
        self.memory = memory
        self.settings = settings
        self.judge = judge
        self.views = Shelf(memory.read)

    def candidates(
        self, vector: Vector, barred: Collection[str] = (), without_report: str | None = None
    ) -> Sequence[Candidate]:
        """Return the stories that share heavy terms with a report or are near it in meaning, scored."""
        keys = {term: vector.whole[term] for term in vector.keys}
        proposed = self.memory.candidates(keys, PER_TERM, PROPOSED)
        left_out = {one.report_id for one in proposed if one.story_id in barred or one.report_id == without_report}
        near = _by_story([one for one in proposed if one.report_id not in left_out], STORIES)
        akin = [one for one in self.akin(vector) if one.story_id not in barred and one.report_id != without_report]
        for story_id, members in _by_story(akin, AKIN_STORIES).items():
            near.setdefault(story_id, members)
        views = [(view, near[view.id][:COMPARED]) for view in map(self.view, near) if self.possible(vector, view)]
        stored = {one.number: one for one in self.memory.read([number for _, numbers in views for number in numbers])}
        return [
            self.candidate(vector, view, tuple(stored[number] for number in numbers if number in stored))
            for view, numbers in views
        ]

    def akin(self, vector: Vector) -> Sequence[Proposed]:
        """Return the reports nearest to one in meaning, whatever their language; none where meaning isn't heard."""
        if self.judge is None or vector.meaning is None:
            return ()
        return self.memory.akin(vector, AKIN, self.settings.window.total_seconds())

    def choose(self, report_id: str, candidates: Sequence[Candidate]) -> Candidate | None:
        """Return the candidate to join, if any; the older of two that are equally near."""
        best = max(candidates, key=lambda one: (one.score, -one.story.first), default=None)
        return best if best is not None and weights.probability(best.score) >= self.settings.threshold else None

    def view(self, story_id: str) -> StoryView:
        """Return a story's sums, made from the memory where they are not at hand."""
        found = self.views.find(story_id)
        if found is None:
            found = self.views.put(StoryView(story_id, self.memory.members(story_id, NEWEST)))
        return found

    def candidate(self, vector: Vector, view: StoryView, near: tuple[Stored, ...]) -> Candidate:
        """Return a report and a story, scored; ``near`` are the story's reports nearest to it."""
        heard, close = view, near
        if self.judge is not None and view.part(vector.language) is not view:
            heard = view.part(vector.language)
            close = tuple(one for one in near if one.report_id in heard.members) or heard.nearest(vector, COMPARED)
        numbers = measure(vector, heard, close)
        score = weights.score(numbers)
        opinion = self.judge.opinion(score, vector, view, near) if self.judge is not None else None
        return Candidate(view, near, numbers, score if opinion is None else opinion.score, opinion)

    def possible(self, vector: Vector, view: StoryView) -> bool:
        """Tell whether language and window let a report into a story."""
        gap = view.gap(vector.time)
        understood = view.speaks(vector.language) or (self.judge is not None and self.judge.crosses(vector, view))
        return understood and (gap is None or gap <= self.settings.window.total_seconds())

    def match(self, entry_id: str, candidate: Candidate, vector: Vector, *, forced: bool) -> Match:
        """Return the edge that says why a report stands in a story."""
        return Match(
            kind="editor" if forced else "story",
            entry_id=entry_id,
            other_id=candidate.story.id,
            method="decision" if forced else "score",
            score=round(weights.probability(candidate.score), 4),
            threshold=self.settings.threshold,
            evidence=self.evidence(vector, candidate),
            parameters=self.parameters,
        )

    def evidence(self, vector: Vector, candidate: Candidate) -> Evidence:
        """Return what speaks for a report's place in a story, as JSON values."""
        heard = candidate.opinion.evidence() if candidate.opinion is not None else {}
        return {**evidence(vector, candidate.story, candidate.near), **heard}

    @property
    def parameters(self) -> str:
        """The version of the weights that decide, stored with every edge."""
        return weights.VERSION if self.judge is None else f"{weights.VERSION}+{meaning_weights.VERSION}"


def _by_story(reports: Sequence[Proposed], limit: int) -> dict[str, list[int]]:
    """Return the first stories that reports stand in, with the numbers of those reports."""
    found: dict[str, list[int]] = {}
    for one in reports:
        if one.story_id in found or len(found) < limit:
            found.setdefault(one.story_id, []).append(one.number)
    return found
