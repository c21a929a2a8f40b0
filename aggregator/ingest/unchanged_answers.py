"""Saving of the answers that brought nothing new, many with one commit."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import monotonic

from aggregator.ingest.polls import Poll
from aggregator.ingest.save import KeepWaiting, Saver
from aggregator.model import FeedOutcome, NotModified, Response

# Answers that are saved with one commit, in a tenth of a second; and the seconds that an answer waits for others.
UNCHANGED_PER_COMMIT, UNCHANGED_WAIT = 256, 2.0


class UnchangedAnswers:
    """Collects answers without news and saves them together, since they write the same database pages. Until then their feeds stay due."""

    def __init__(self, saver: Saver, now: Callable[[], datetime]) -> None:
        self._saver = saver
        self._now = now
        self._answers: list[tuple[Poll, NotModified | Response]] = []
        self._until = math.inf

    def add(self, poll: Poll, answer: NotModified | Response) -> None:
        """Add an answer, without its body, which is stored already."""
        if isinstance(answer, Response):
            answer = replace(answer, body=b"")
        if not self._answers:
            self._until = monotonic() + UNCHANGED_WAIT
        self._answers.append((poll, answer))

    def save(self, keep_waiting: KeepWaiting, *, last: bool = False) -> list[FeedOutcome]:
        """Save the answers if they are many, have waited long enough, or are the ``last`` of the pass; return the outcomes."""
        is_due = last or len(self._answers) >= UNCHANGED_PER_COMMIT or monotonic() >= self._until
        if not self._answers or not is_due:
            return []
        answers, self._answers = self._answers, []
        self._until = math.inf
        with self._saver.batch(keep_waiting):
            return [self._saver.save_unchanged(poll, answer, self._now()) for poll, answer in answers]
