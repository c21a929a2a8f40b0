"""The second look at stories: reports move to where they would stand had they come last, stories merge and part.

What arrives first is judged with the least evidence. A newcomer therefore calls the reports that it is nearer to than
their own story is, and each story that changed is compared with its neighbours: the reports of the smaller are asked
whether they would join the larger, which is average linkage under the calibrated score. Last, each story that changed is
asked the same of its own two parts: what came when little was known, and would by far not join today, leaves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

from aggregator.clustering import weights
from aggregator.clustering.features import dot
from aggregator.clustering.likeness import TOLD_WORDS
from aggregator.clustering.matching import COMPARED, NEWEST, PER_TERM, PROPOSED, StoryMatcher
from aggregator.clustering.parting import seam
from aggregator.clustering.views import Stored, StoryView
from aggregator.model import Match, Merge, Move

# Stories compared with each story that changed; reports of the smaller that are asked, the most typical first.
NEIGHBOURS, ASKED = 4, 8
SPEAKERS = 2  # reports of a story by which stories near it in meaning are found
ROUNDS = 3  # a merge may bring another within reach; no chain grows longer than this in one look
CALLED = 12  # reports near a newcomer that may be called to reconsider
NEAR = 0.2  # cosine below which a newcomer calls nobody
PASSES = 3  # over the reports called; each that moves may bring another within reach
MOVE_MARGIN = 0.2  # log odds by which another story must be nearer
AGREEMENT = 1.6  # log odds for every e-fold of reports that are asked
FOREMOST, SHARED_NAMES = 8, 3  # names of each story that are looked at, and how many must be the same
AT_ONE_TIME = 36 * 3600.0  # seconds between the nearest reports of two stories
LARGE = 40.0  # reports from which on a story must not grow by agreement: it would swallow the day
PARTED = 40  # reports of a story beyond which it isn't asked whether it would part
# Log odds under the threshold at which a story parts: where texts leave, where headlines do, which say less, and of two reports.
TEXT_MARGIN, HEADLINE_MARGIN, PAIR_MARGIN = 2.0, 3.0, 0.5
NEVER = -9.0  # log odds of what language or window forbid


class SecondLook:
    """One look; ``touched`` are the stories that changed since the last."""

    def __init__(
        self,
        matcher: StoryMatcher,
        blocked: Callable[[str, str], bool],
        held: Callable[[str], bool],
        touched: set[str],
        new_id: Callable[[str, str], str],
    ) -> None:
        self._matcher = matcher
        self._memory = matcher.memory
        self._blocked = blocked
        self._held = held
        self._touched = touched
        self._new_id = new_id

    def take(self, fresh: Sequence[Stored]) -> tuple[Merge | Move, ...]:
        """Return the changes, done in the memory already; ``fresh`` are the reports that came since the last look."""
        waiting = [report for report in self._called(fresh) if not self._held(report)]
        changed = set(self._touched)
        changes: list[Merge | Move] = list(self._merge_touched())
        for _ in range(PASSES):
            moves = [move for report in waiting if (move := self._reconsider(report)) is not None]
            changes += moves
            changed |= self._touched
            changes += self._merge_touched()
            if not moves:
                break
        changed.update(one.story_id for report in waiting if (one := self._memory.get(report)) is not None)
        for story_id in sorted(changed, key=lambda one: (self._matcher.view(one).first, one)):
            changes += self._part(self._matcher.view(story_id))
        return tuple(changes)

    # --- reports ---------------------------------------------------------------------------------

    def _called(self, fresh: Sequence[Stored]) -> list[str]:
        called = dict.fromkeys(one.report_id for one in fresh)
        for stored in fresh:
            terms = {term: stored.vector.whole[term] for term in stored.vector.keys}
            for other in self._memory.candidates(terms, PER_TERM, CALLED):
                if other.story_id != stored.story_id and self._drawn(other.number, stored):
                    called[other.report_id] = None
        return list(called)

    def _drawn(self, number: int, newcomer: Stored) -> bool:
        for report in self._memory.read([number]):
            near = dot(newcomer.vector.whole, report.vector.whole)
            return near > NEAR and near > self._matcher.view(report.story_id).whole.cosine(report.vector.whole)
        return False

    def _reconsider(self, report_id: str) -> Move | None:
        stored = self._memory.get(report_id)
        if stored is None:
            return None
        own = self._matcher.view(stored.story_id)
        if own.size < 2:
            return None  # merging sees to it
        own.remove(report_id)
        open_to = [
            one
            for one in self._matcher.candidates(stored.vector, without_report=report_id)
            if one.story.id == own.id or not self._blocked(one.story.id, own.id)
        ]
        best = self._matcher.choose(report_id, open_to)
        here = self._matcher.candidate(stored.vector, own, own.nearest(stored.vector, COMPARED))
        if best is None or best.story.id == own.id or best.score < here.score + MOVE_MARGIN:
            own.add(stored)
            return None
        match = self._matcher.match(stored.entry_id, best, stored.vector, forced=False)
        self._move(report_id, best.story)
        self._touched.update((own.id, best.story.id))
        return Move(report_id, own.id, best.story.id, replace(match, method="second look"))

    def _move(self, report_id: str, story: StoryView) -> None:
        self._memory.move(report_id, story.id)
        moved = self._memory.get(report_id)
        if moved is not None:
            story.add(moved)

    # --- stories ---------------------------------------------------------------------------------

    def _merge_touched(self) -> list[Merge]:
        merges: list[Merge] = []
        pending = set(self._touched)
        self._touched.clear()
        for _ in range(ROUNDS):
            again: set[str] = set()
            for story_id in sorted(pending, key=lambda one: (self._matcher.view(one).first, one)):
                merge = self._merge(self._matcher.view(story_id))
                if merge is not None:
                    merges.append(merge)
                    again.add(merge.kept)
            pending = again
        return merges

    def _merge(self, view: StoryView) -> Merge | None:
        if not view.size:
            return None
        best: tuple[float, StoryView] | None = None
        for other in self._neighbours(view):
            if not self._blocked(view.id, other.id):
                score = self._togetherness(view, other)
                if best is None or (score, -other.first) > (best[0], -best[1].first):
                    best = (score, other)
        if best is None or weights.probability(best[0]) < self._matcher.settings.threshold:
            return None
        return self._unite(view, best[1], best[0])

    def _neighbours(self, view: StoryView) -> Sequence[StoryView]:
        found = self._memory.candidates(view.heaviest(), PER_TERM, 2 * PROPOSED)
        ids = list(dict.fromkeys(other.story_id for other in found if other.story_id != view.id))[:NEIGHBOURS]
        akin = [other.story_id for one in view.typical(SPEAKERS) for other in self._matcher.akin(one.vector)]
        ids += list(dict.fromkeys(story for story in akin if story != view.id and story not in ids))[:NEIGHBOURS]
        return [self._matcher.view(story_id) for story_id in ids]

    def _togetherness(self, one: StoryView, other: StoryView) -> float:
        """Return how surely the reports of the smaller story would join the larger, as mean log odds."""
        small, large = sorted((one, other), key=lambda view: (view.size, -view.first))
        scores = []
        typical = small.typical(ASKED)
        # A live page tells of several events, and speaks for none of them unless it stands alone.
        telling = [one for one in typical if not one.vector.recurring or one.vector.text_words < TOLD_WORDS] or typical
        for member in telling:
            if not self._matcher.possible(member.vector, large):
                return NEVER
            near = large.nearest(member.vector, COMPARED)
            scores.append(self._matcher.candidate(member.vector, large, near).score)
        if not scores:
            return NEVER
        return sum(scores) / len(scores) + self._agreement(small, large, len(scores))

    def _agreement(self, small: StoryView, large: StoryView, asked: int) -> float:
        """Return what it adds that several reports were asked: their mean errs less than one of them does.

        Only where the two stories run at one time and about the same names: look-alikes agree among themselves too.
        """
        if asked < 2 or len({*small.languages, *large.languages}) > 1:
            return 0.0  # names stand in each language by themselves: across them meaning and signs decide
        apart = small.apart(large)
        if apart is None or apart > AT_ONE_TIME:
            return 0.0
        if len(small.foremost_names(FOREMOST) & large.foremost_names(FOREMOST)) < SHARED_NAMES:
            return 0.0
        return AGREEMENT * math.log(asked) * min(1.0, LARGE / large.size)

    def _unite(self, one: StoryView, other: StoryView, score: float) -> Merge:
        kept, gone = sorted((one, other), key=lambda view: (view.first, view.id))
        example = gone.typical(1)[0]
        asked = self._matcher.candidate(example.vector, kept, kept.nearest(example.vector, COMPARED))
        match = Match(
            kind="story",
            entry_id=example.entry_id,
            other_id=kept.id,
            method="second look",
            score=round(weights.probability(score), 4),
            threshold=self._matcher.settings.threshold,
            evidence=self._matcher.evidence(example.vector, asked),
            parameters=self._matcher.parameters,
        )
        for member in list(gone.members.values()):
            self._move(member.report_id, kept)
        self._matcher.views.drop(gone.id)
        if gone.size >= NEWEST:
            self._move_rest(gone.id, kept.id)
        return Merge(kept.id, gone.id, match)

    def _part(self, view: StoryView) -> list[Move]:
        """Let the smaller part of a story leave where its two parts would by far not merge."""
        if not 1 < view.size <= PARTED or any(map(self._held, view.members)):
            return []
        leaving, rest = seam(view)
        score = self._togetherness(leaving, rest)
        if weights.probability(score + _margin(leaving, rest)) >= self._matcher.settings.threshold:
            return []
        moves = []
        made = self._matcher.view(self._new_id(min(leaving.members), view.id))
        for member in list(leaving.members.values()):
            asked = self._matcher.candidate(member.vector, rest, rest.nearest(member.vector, COMPARED))
            match = self._matcher.match(member.entry_id, asked, member.vector, forced=False)
            own = replace(match, method="parted", score=round(weights.probability(score), 4))
            view.remove(member.report_id)
            self._move(member.report_id, made)
            moves.append(Move(member.report_id, view.id, made.id, own))
        return moves

    def _move_rest(self, gone: str, kept: str) -> None:
        """Move what a very large story has beyond the reports of its sums."""
        while rest := self._memory.members(gone, NEWEST):
            for member in rest:
                self._memory.move(member.report_id, kept)


def _margin(leaving: StoryView, rest: StoryView) -> float:
    if leaving.size == rest.size == 1:
        return PAIR_MARGIN
    texts = all(one.vector.text_words >= TOLD_WORDS for one in leaving.members.values())
    return TEXT_MARGIN if texts else HEADLINE_MARGIN
