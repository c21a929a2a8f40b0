"""Which story a report tells: terms propose, a calibrated score decides, a second look merges.

Theory of operation. A report is a vector (``features.py``). Reports that share its heaviest terms are proposed by an
index, newest first under each term and never more than a cap; their stories are scored by a logistic model over numbers
that are free of scale (``likeness.py``, ``weights.py``), so that one threshold serves headlines and full texts. The report
joins the story of the best score, or opens one. The order of arrival must not decide what a desk reads: after each batch
every story that changed is compared with its neighbours, and stories whose reports would join one another merge.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from aggregator.clustering import weights
from aggregator.clustering.features import Reading, Vector, read, weigh
from aggregator.clustering.likeness import Stored, StoryView, measure
from aggregator.clustering.sentences import apart, evidence
from aggregator.clustering.vocabulary import Count, Frequencies
from aggregator.model import Arrival, Document, Join, Match, Merge, Open, Split
from aggregator.settings import StorySettings

# Reports looked at under one term, newest first, and reports proposed in all: a hot term costs no more than this.
PER_TERM, PROPOSED = 120, 80
STORIES = 12  # stories that are scored: those of the nearest reports
COMPARED = 12  # reports of a story that a newcomer is compared with one by one: the nearest
NEWEST = 300  # reports of a story that its sums are made from
VIEWS = 3_000  # stories kept in memory
# The second look: stories compared with each story, reports of the smaller that are asked whether they would join.
NEIGHBOURS, ASKED = 4, 6
ROUNDS = 3  # a merge may bring another within reach; no chain grows longer than this in one batch
MERGE_MARGIN = 0.3  # log odds above the bar: two stories are more to lose than one report


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


class StoryFinder:
    """Groups reports into stories, online; deterministic, with all its state in the memory."""

    def __init__(self, memory: StoryMemory, settings: StorySettings) -> None:
        self._memory = memory
        self._settings = settings
        self._views: OrderedDict[str, StoryView] = OrderedDict()
        self._touched: set[str] = set()

    # --- arrivals --------------------------------------------------------------------------------

    def place(
        self,
        report_id: str,
        arrival: Arrival,
        *,
        new_id: Callable[[], str],
        barred: Collection[str] = (),
        forced: str | None = None,
    ) -> Open | Join:
        """Put a new report into the story it tells, or into one of its own.

        ``barred`` and ``forced`` are editors' words: stories it must not join, and the one it must.
        """
        self._refresh()
        reading = read(arrival.document)
        vector = weigh(reading, _time(arrival), arrival.document, self._memory)
        if forced is not None:
            best: Candidate | None = self._candidate(vector, self.view(forced), ())
        else:
            best = self.choose(report_id, self.candidates(vector, barred))
        story_id = best.story.id if best else new_id()
        match = self._match(arrival.entry_id, best, vector, forced=forced is not None) if best else None
        self._learn(reading, arrival.document, best)
        now = arrival.time.timestamp()
        stored = self._memory.add(report_id, arrival.entry_id, story_id, vector, weights.VERSION, now)
        self._enter(stored)
        return Join(story_id, report_id, match) if match else Open(story_id, report_id)

    def add_copy(self, report_id: str, arrival: Arrival) -> None:
        """Let a report speak by a copy of it that says much more, as a full text after its headline does."""
        self._refresh()
        old = self._memory.get(report_id)
        if old is not None and len(arrival.document.body.split()) > 2 * old.vector.text_words + 40:
            self._revector(old, arrival)

    def revise(self, report_id: str, arrival: Arrival) -> None:
        """Follow an edit of the entry that a report's vector was made from; story and id stay."""
        self._refresh()
        old = self._memory.get(report_id)
        if old is not None and old.entry_id == arrival.entry_id:
            self._revector(old, arrival)

    # --- editors' verbs --------------------------------------------------------------------------

    def move(self, report_id: str, story_id: str) -> None:
        """Put a report into another story."""
        self._refresh()
        self._shift(report_id, story_id)

    def revector(self, report_id: str, story_id: str, arrivals: Sequence[Arrival]) -> None:
        """Make a report's vector anew from the entries that are left in it; without any, forget it."""
        self._refresh()
        old = self._memory.get(report_id)
        if not arrivals:
            self._memory.remove(report_id)
            if old is not None:
                self._views.pop(old.story_id, None)
            return
        fullest = max(arrivals, key=lambda one: (len(one.document.body) + len(one.document.lede), one.entry_id))
        if old is not None:
            self._revector(old, fullest)
            return
        vector = weigh(read(fullest.document), _time(fullest), fullest.document, self._memory)
        now = fullest.time.timestamp()
        self._enter(self._memory.add(report_id, fullest.entry_id, story_id, vector, weights.VERSION, now))

    def rebuild(self, story_id: str) -> None:
        """Make a story's sums anew from its reports."""
        self._views.pop(story_id, None)
        self._touched.add(story_id)

    def close(self, story_id: str) -> None:
        """Forget an emptied story."""
        self._views.pop(story_id, None)
        self._touched.discard(story_id)

    # --- the second look -------------------------------------------------------------------------

    def second_look(self, now: datetime, blocked: Callable[[str, str], bool]) -> tuple[Merge | Split, ...]:
        """Merge stories that changed with those whose reports would join them; the older id stays.

        ``blocked`` tells which two stories editors keep apart. What is returned is already done in the memory.
        A second call at once returns nothing.
        """
        self._refresh()
        merges: list[Merge | Split] = []
        pending, self._touched = self._touched, set()
        for _ in range(ROUNDS):
            again: set[str] = set()
            for story_id in sorted(pending, key=lambda one: (self.view(one).first, one)):
                merge = self._merge(story_id, blocked) if self.view(story_id).members else None
                if merge is not None:
                    merges.append(merge)
                    again.add(merge.kept)
            pending = again
        return tuple(merges)

    # --- explaining ------------------------------------------------------------------------------

    def explain_apart(self, report_id: str, story_id: str) -> str:
        """Say in one sentence what keeps a report out of a story: the score, and the score needed."""
        self._refresh()
        stored = self._memory.get(report_id)
        view = self.view(story_id)
        if stored is None or not view.members:
            return "They are too far apart in time to be compared: one of them is past the window."
        candidate = self._candidate(stored.vector, view, tuple(view.members.values())[-COMPARED:])
        hours = self._settings.window.total_seconds() / 3600
        return apart(stored.vector, view, weights.probability(candidate.score), self._settings.threshold, hours)

    # --- pieces ----------------------------------------------------------------------------------

    def candidates(
        self, vector: Vector, barred: Collection[str] = (), without: str | None = None
    ) -> Sequence[Candidate]:
        """Return the stories that share heavy terms with a report, scored."""
        keys = {term: vector.whole[term] for term in vector.keys}
        near: dict[str, list[Stored]] = {}
        for other in self._memory.candidates(keys, PER_TERM, PROPOSED):
            if other.story_id not in barred and other.story_id != without:
                near.setdefault(other.story_id, []).append(other)
        views = [(self.view(story_id), tuple(members[:COMPARED])) for story_id, members in list(near.items())[:STORIES]]
        return [self._candidate(vector, view, members) for view, members in views if self._possible(vector, view)]

    def choose(self, report_id: str, candidates: Sequence[Candidate]) -> Candidate | None:
        """Return the candidate to join, if any; the older of two that are equally near."""
        best = max(candidates, key=lambda one: (one.score, -one.story.first), default=None)
        return best if best is not None and weights.probability(best.score) >= self._settings.threshold else None

    def view(self, story_id: str) -> StoryView:
        """Return a story's sums, made from the memory where they are not at hand."""
        found = self._views.get(story_id)
        if found is not None:
            self._views.move_to_end(story_id)
            return found
        found = self._views[story_id] = StoryView(story_id, self._memory.members(story_id, NEWEST))
        while len(self._views) > VIEWS:
            self._views.popitem(last=False)
        return found

    def _candidate(self, vector: Vector, view: StoryView, near: tuple[Stored, ...]) -> Candidate:
        numbers = measure(vector, view, near)
        return Candidate(view, near, numbers, weights.score(numbers))

    def _possible(self, vector: Vector, view: StoryView) -> bool:
        gap = view.gap(vector.time)
        return view.speaks(vector.language) and (gap is None or gap <= self._settings.window.total_seconds())

    def _refresh(self) -> None:
        if self._memory.changed():
            self._views.clear()

    def _enter(self, stored: Stored) -> None:
        if stored.story_id in self._views:
            self._views[stored.story_id].add(stored)
        self._touched.add(stored.story_id)

    def _shift(self, report_id: str, story_id: str) -> None:
        old = self._memory.get(report_id)
        self._memory.move(report_id, story_id)
        if old is not None:
            self._views.pop(old.story_id, None)
        self._views.pop(story_id, None)

    def _revector(self, old: Stored, arrival: Arrival) -> None:
        vector = weigh(read(arrival.document), old.vector.time, arrival.document, self._memory)
        self._memory.replace(old.report_id, arrival.entry_id, vector, weights.VERSION)
        self._views.pop(old.story_id, None)
        self._touched.add(old.story_id)

    def _learn(self, reading: Reading, document: Document, joined: Candidate | None) -> None:
        """Count terms once a story, so that an event in five hundred reports doesn't make its own words common."""
        known = joined.story.whole.terms if joined else {}
        counts = {
            term: Count(
                0.0 if term in known else 1.0, float(term in reading.cased), float(reading.cased.get(term, False))
            )
            for term in reading.terms
            if term not in known or term in reading.cased
        }
        self._memory.learn(document.language or "", counts, 0.0 if joined else 1.0)

    def _match(self, entry_id: str, candidate: Candidate, vector: Vector, *, forced: bool) -> Match:
        return Match(
            kind="editor" if forced else "story",
            entry_id=entry_id,
            other_id=candidate.story.id,
            method="decision" if forced else "score",
            score=round(weights.probability(candidate.score), 4),
            threshold=self._settings.threshold,
            evidence=evidence(vector, candidate.story, candidate.numbers),
            parameters=weights.VERSION,
        )

    # --- pieces of the second look -----------------------------------------------------------------

    def _merge(self, story_id: str, blocked: Callable[[str, str], bool]) -> Merge | None:
        view = self.view(story_id)
        best: tuple[float, StoryView] | None = None
        for other in self._neighbours(view):
            if blocked(story_id, other.id):
                continue
            score = self.togetherness(view, other)
            if best is None or (score, -other.first) > (best[0], -best[1].first):
                best = (score, other)
        if best is None or weights.probability(best[0] - MERGE_MARGIN) < self._settings.threshold:
            return None
        return self._unite(view, best[1], best[0])

    def _neighbours(self, view: StoryView) -> Sequence[StoryView]:
        terms = view.heaviest()
        found = self._memory.candidates(terms, PER_TERM, 2 * PROPOSED)
        ids = dict.fromkeys(other.story_id for other in found if other.story_id != view.id)
        return [self.view(story_id) for story_id in list(ids)[:NEIGHBOURS]]

    def togetherness(self, one: StoryView, other: StoryView) -> float:
        """Return how surely the reports of the smaller story would join the larger, as mean log odds."""
        small, large = sorted((one, other), key=lambda view: (len(view.members), -view.first))
        asked = small.typical(ASKED)
        scores = []
        for member in asked:
            if not self._possible(member.vector, large):
                return -9.0
            scores.append(self._candidate(member.vector, large, large.nearest(member.vector, COMPARED)).score)
        return sum(scores) / len(scores) if scores else -9.0

    def _unite(self, one: StoryView, other: StoryView, score: float) -> Merge:
        kept, gone = sorted((one, other), key=lambda view: (view.first, view.id))
        example = gone.typical(1)[0]
        numbers = measure(example.vector, kept, kept.nearest(example.vector, COMPARED))
        match = Match(
            kind="story",
            entry_id=example.entry_id,
            other_id=kept.id,
            method="second look",
            score=round(weights.probability(score), 4),
            threshold=round(weights.probability(weights.log_odds(self._settings.threshold) + MERGE_MARGIN), 4),
            evidence=evidence(example.vector, kept, numbers),
            parameters=weights.VERSION,
        )
        for member in list(gone.members.values()):
            self._memory.move(member.report_id, kept.id)
            moved = self._memory.get(member.report_id)
            if moved is not None:
                kept.add(moved)
        self._views.pop(gone.id, None)
        if len(gone.members) >= NEWEST:
            self._move_rest(gone.id, kept.id)
        return Merge(kept.id, gone.id, match)

    def _move_rest(self, gone: str, kept: str) -> None:
        """Move what a very large story has beyond the reports of its sums."""
        while rest := self._memory.members(gone, NEWEST):
            for member in rest:
                self._memory.move(member.report_id, kept)


def _time(arrival: Arrival) -> float | None:
    return arrival.time.timestamp() if arrival.dated else None
