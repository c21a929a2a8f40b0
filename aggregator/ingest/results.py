"""The results that threads and workers give the coordinator of a pass, and their queue."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from aggregator.ingest.large_documents import is_large
from aggregator.ingest.polls import Poll
from aggregator.ingest.prepare import Prepared
from aggregator.model import FetchFailure, FetchOutcome, NotModified, Response


@dataclass(frozen=True, slots=True)
class FetchedFeed:
    """The answer of a feed's host; where ``is_handed_on``, a worker has the document already."""

    poll: Poll
    outcome: FetchOutcome
    is_handed_on: bool = False

    @property
    def unchanged(self) -> NotModified | Response | None:
        """The answer if it brought nothing new, else None."""
        answer, known = self.outcome, self.poll.stored.state.content_hash
        if isinstance(answer, NotModified) or (isinstance(answer, Response) and answer.content_hash == known):
            return answer
        return None


@dataclass(frozen=True, slots=True)
class PreparedFeed:
    """A feed's document as a worker prepared it."""

    poll: Poll
    response: Response
    result: Prepared | FetchFailure

    @property
    def is_large(self) -> bool:
        """Whether it is so large that it is recorded in several transactions."""
        return isinstance(self.result, Prepared) and is_large(self.result.entries)


Result = FetchedFeed | PreparedFeed


class Results:
    """The queue that threads fill and the coordinator empties, in order of arrival."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Result] = SimpleQueue()
        self._taken: deque[Result] = deque()  # taken from the queue, and still to be handled

    def put(self, result: Result) -> None:
        """Add a result, from any thread."""
        self._queue.put(result)

    def next(self, timeout: float) -> Result | None:
        """Return the next result; None where none comes within ``timeout`` seconds."""
        if self._taken:
            return self._taken.popleft()
        try:
            return self._queue.get(timeout=timeout) if timeout > 0 else self._queue.get_nowait()
        except Empty:
            return None

    def take_handed_on(self) -> list[FetchedFeed]:
        """Take the answers whose documents a worker already has; all other results stay, in their order."""
        found: list[FetchedFeed] = []
        while not self._queue.empty():
            result = self._queue.get_nowait()
            if isinstance(result, FetchedFeed) and result.is_handed_on:
                found.append(result)
            else:
                self._taken.append(result)
        return found
