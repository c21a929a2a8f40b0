"""Which story a report tells: terms propose, a calibrated score decides, a second look merges.

Theory of operation. A report is a vector (``features.py``). Reports that share its heaviest terms are proposed by an
index, newest first under each term and never more than a cap; their stories are scored by a logistic model over numbers
that are free of scale (``likeness.py``, ``weights.py``), so that one threshold serves headlines and full texts. The report
joins the story of the best score, or opens one. The order of arrival must not decide what a desk reads: a second look
(``second_look.py``) moves and merges as evidence comes.

Languages. A report joins stories of its own language only: what two languages share by letters (digits, a few names) is
too little to go by. A matcher across languages would propose further stories in ``StoryMatcher.candidates`` and bring
numbers of its own into ``likeness.measure``; nothing else knows about languages.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime

from aggregator.clustering import weights
from aggregator.clustering.features import Reading, Vector, read, weigh
from aggregator.clustering.judging import Judge
from aggregator.clustering.matching import COMPARED, Candidate, StoryMatcher, StoryMemory
from aggregator.clustering.second_look import SecondLook
from aggregator.clustering.sentences import apart, apart_across
from aggregator.clustering.views import Stored
from aggregator.clustering.vocabulary import Count
from aggregator.model import Arrival, Document, Join, Merge, Move, Open
from aggregator.settings import StorySettings

RETOLD = 0.2  # of a document: what a further report of a known story adds to how common its words are
_MORE, _AT_LEAST = 2, 40  # times and words by which a text says much more than another
LOOK_EVERY = 8  # arrivals; counted over all of them, so that how they are cut into batches decides nothing


class StoryFinder(StoryMatcher):
    """Groups reports into stories, online; deterministic, with all its state in the memory."""

    def __init__(self, memory: StoryMemory, settings: StorySettings, judge: Judge | None = None) -> None:
        super().__init__(memory, settings, judge)
        self._touched: set[str] = set()
        self._due = False
        self._since_look = 0  # arrivals that no look was taken at
        self._last_look = 0  # arrivals that the last look was taken at

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
        vector = self._weigh(reading, _time(arrival), arrival)
        if forced is not None:
            best: Candidate | None = self.candidate(vector, self.view(forced), ())
        else:
            best = self.choose(report_id, self.candidates(vector, barred))
        story_id = best.story.id if best else new_id()
        match = self.match(arrival.entry_id, best, vector, forced=forced is not None) if best else None
        self._learn(reading, arrival.document, best)
        now = arrival.time.timestamp()
        stored = self.memory.add(report_id, arrival.entry_id, story_id, vector, weights.VERSION, now)
        self._enter(stored)
        self._due = stored.number % LOOK_EVERY == 0
        self._since_look = LOOK_EVERY if self._due else stored.number % LOOK_EVERY
        return Join(story_id, report_id, match) if match else Open(story_id, report_id)

    def add_copy(self, report_id: str, arrival: Arrival) -> None:
        """Let a report speak by a copy of it that says much more, as a full text after its headline does, or by an earlier one.

        Which of two prints of one text came first to the desk must not decide what it is compared by.
        """
        self._refresh()
        old = self.memory.get(report_id)
        if old is None:
            return
        here, there = len(arrival.document.body.split()), old.vector.text_words
        time = _time(arrival)
        earlier = time is not None and old.vector.time is not None and time < old.vector.time
        if here > _MORE * there + _AT_LEAST:
            self._revector(old, arrival)
        elif earlier and there <= _MORE * here + _AT_LEAST:
            self._revector(old, arrival, time)

    def revise(self, report_id: str, arrival: Arrival) -> None:
        """Follow an edit of the entry that a report's vector was made from; story and id stay."""
        self._refresh()
        old = self.memory.get(report_id)
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
        old = self.memory.get(report_id)
        if not arrivals:
            self.memory.remove(report_id)
            if old is not None:
                self.views.drop(old.story_id)
            return
        fullest = max(arrivals, key=lambda one: (len(one.document.body) + len(one.document.lede), one.entry_id))
        if old is not None:
            self._revector(old, fullest)
            return
        vector = self._weigh(read(fullest.document), _time(fullest), fullest)
        now = fullest.time.timestamp()
        self._enter(self.memory.add(report_id, fullest.entry_id, story_id, vector, weights.VERSION, now))

    def rebuild(self, story_id: str) -> None:
        """Make a story's sums anew from its reports."""
        self.views.drop(story_id)
        self._touched.add(story_id)

    def close(self, story_id: str) -> None:
        """Forget an emptied story."""
        self.views.drop(story_id)
        self._touched.discard(story_id)

    def recover(self) -> None:
        """Forget what a change left behind that the memory undid."""
        self.views.clear()
        self._touched = {story for story in self._touched if self.memory.members(story, 1)}

    def due(self) -> bool:
        """Tell whether the last arrival was one after which a second look is taken, wherever a batch ends."""
        return self._due

    # --- the second look -------------------------------------------------------------------------

    def unlooked(self) -> list[str]:
        """Return the stories that the next look is taken at."""
        self._refresh()
        return sorted(self._touched | {one.story_id for one in self.memory.newest(self._since_look)})

    def second_look(
        self,
        now: datetime,
        blocked: Callable[[str, str], bool],
        *,
        new_id: Callable[[str, str], str],
        held: Callable[[str], bool] = lambda report_id: False,
        only: str | None = None,
    ) -> tuple[Merge | Move, ...]:
        """Let every report that came since the last look stand where it would stand had it come last, merge and part stories.

        ``blocked`` tells which two stories editors keep apart, ``held`` which reports they placed; ``new_id`` opens a
        story for a report that leaves another. What is returned is
        already done in the memory. The older id stays. A second call at once returns nothing. ``only`` names one story of
        a look that failed, which is taken again there alone.
        """
        self._refresh()
        if only is not None:
            again = [one for one in self.memory.newest(self._last_look) if one.story_id == only]
            return SecondLook(self, blocked, held, {only}, new_id).take(again)
        fresh = self.memory.newest(self._since_look)
        self._last_look = self._since_look
        self._since_look, self._due = 0, False
        touched, self._touched = self._touched, set()
        touched.update(one.story_id for one in fresh)
        return SecondLook(self, blocked, held, touched, new_id).take(fresh)

    # --- explaining ------------------------------------------------------------------------------

    def explain_apart(self, report_id: str, story_id: str) -> str:
        """Say in one sentence what keeps a report out of a story: the score, and the score needed."""
        self._refresh()
        stored = self.memory.get(report_id)
        view = self.view(story_id)
        if stored is None or not view.size:
            return "They are too far apart in time to be compared: one of them is past the window."
        candidate = self.candidate(stored.vector, view, tuple(view.members.values())[-COMPARED:])
        gap, window = view.gap(stored.vector.time), self.settings.window.total_seconds()
        if candidate.opinion is not None and candidate.opinion.across and (gap is None or gap <= window):
            score = weights.probability(candidate.score)
            return apart_across(stored.vector.language, candidate.opinion.evidence(), score, self.settings.threshold)
        hours = self.settings.window.total_seconds() / 3600
        return apart(stored.vector, view, weights.probability(candidate.score), self.settings.threshold, hours)

    # --- pieces ----------------------------------------------------------------------------------

    def _weigh(self, reading: Reading, time: float | None, arrival: Arrival) -> Vector:
        vector = weigh(reading, time, arrival.document, self.memory)
        if arrival.instalment:
            vector = replace(vector, recurring=1.0)
        return vector if self.judge is None else self.judge.understood(vector, arrival.document)

    def _refresh(self) -> None:
        if self.memory.changed():
            self.views.clear()

    def _enter(self, stored: Stored) -> None:
        view = self.views.find(stored.story_id)
        if view is not None:
            view.add(stored)
        self._touched.add(stored.story_id)

    def _shift(self, report_id: str, story_id: str) -> None:
        old = self.memory.get(report_id)
        self.memory.move(report_id, story_id)
        if old is not None:
            self.views.drop(old.story_id)
        self.views.drop(story_id)

    def _revector(self, old: Stored, arrival: Arrival, time: float | None = None) -> None:
        moment = old.vector.time if time is None else time
        vector = self._weigh(read(arrival.document), moment, arrival)
        self.memory.replace(old.report_id, arrival.entry_id, vector, weights.VERSION)
        self.views.drop(old.story_id)
        self._touched.add(old.story_id)

    def _learn(self, reading: Reading, document: Document, joined: Candidate | None) -> None:
        """Count terms once a story and little for each report more: five hundred of one event must not make its words common."""
        known = joined.story.whole.terms if joined else {}
        counts = {
            term: Count(
                RETOLD if term in known else 1.0, float(term in reading.cased), float(reading.cased.get(term, False))
            )
            for term in reading.terms
        }
        self.memory.learn(document.language or "", counts, RETOLD if joined else 1.0)


def _time(arrival: Arrival) -> float | None:
    return arrival.time.timestamp() if arrival.dated else None
