"""Batched saving of "unchanged" answers: they write the same pages of the database."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from aggregator.ingest.save import Saver
from aggregator.model import FeedOutcome, NotModified

if TYPE_CHECKING:
    from aggregator.ingest.polls import Poll

MOST = 256  # are saved with one commit: a tenth of a second
LONGEST = 2.0  # seconds that one waits for others


class Unchanged:
    """The answers of a pass that are still to be saved; their feeds are due until they are."""

    def __init__(self, saver: Saver, now: Callable[[], datetime]) -> None:
        self._saver = saver
        self._now = now
        self._answers: list[tuple[Poll, NotModified]] = []
        self._until = math.inf

    def add(self, poll: Poll, answer: NotModified) -> None:
        """Keep an answer to be saved."""
        if not self._answers:
            self._until = time.monotonic() + LONGEST
        self._answers.append((poll, answer))

    def save(self, waiting: Callable[[], bool], *, last: bool = False) -> list[FeedOutcome]:
        """Save the answers once they are many or waited long enough, or are the last of the pass; return the outcomes."""
        is_due = last or len(self._answers) >= MOST or time.monotonic() >= self._until
        if not self._answers or not is_due:
            return []
        answers, self._answers = self._answers, []
        self._until = math.inf
        with self._saver.batch(waiting):
            return [self._saver.save_unchanged(poll, answer, self._now()) for poll, answer in answers]
