"""Preparation of documents by workers; a lost worker's document is tried again without the entry at fault.

An entry can end its worker (a crash in a C library, too much memory or time), and the worker cannot report which entry it was.
So the second attempt writes the number of the present entry to a file, which outlives the worker.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from pathlib import Path

from aggregator.executor import TaskFailure, failure_of
from aggregator.ingest.prepare import Preparation, Prepared, prepare
from aggregator.model import FetchFailure

# Entries of one document that may cost a worker each; with more of them the document is lost. Each takes up to the deadline.
MAX_LOST_ENTRIES = 3
_LOST = ("deadline", "memory", "died")

Result = Prepared | FetchFailure


class PreparationJob:
    """The preparation of one document by workers; ``done`` is called once with the result, from another thread."""

    def __init__(
        self, workers: Executor, task: Preparation, done: Callable[[Result], None], keep_going: Callable[[], bool]
    ) -> None:
        self._workers = workers
        self._task = task
        self._done = done
        self._keep_going = keep_going

    def start(self) -> None:
        """Submit the document to a worker."""
        self._workers.submit(prepare, self._task).add_done_callback(self._handle_result)

    def _handle_result(self, future: Future[Result]) -> None:
        task = self._task
        if future.cancelled():
            self._end(FetchFailure("stopped", "reading it was called off"))
            return
        try:
            self._end(future.result())
        except Exception as error:  # noqa: BLE001 - a worker that was killed, or a bug met by one document
            failure = failure_of(error)
            following = self._next_attempt(task, failure)
            if following is None:
                self._end(FetchFailure("parse", f"could not be parsed: {failure.message}"))
            else:
                self._retry(following)

    def _next_attempt(self, task: Preparation, failure: TaskFailure) -> Preparation | None:
        """Return the next attempt at a document whose worker was lost; None where there is none."""
        if failure.kind not in _LOST or not self._keep_going():
            return None
        if task.progress_path is None:
            with tempfile.NamedTemporaryFile(prefix="aggregator-", suffix=".progress", delete=False) as file:
                return replace(task, progress_path=file.name)
        at = Path(task.progress_path).read_text(encoding="ascii").strip()
        if not at or len(task.without) >= MAX_LOST_ENTRIES:
            return None  # the worker ended before the first entry, or too many entries cost a worker
        return replace(task, without={**task.without, int(at): failure.message})

    def _retry(self, task: Preparation) -> None:
        self._task = task
        try:
            self.start()
        except RuntimeError:  # the workers were stopped meanwhile
            self._end(FetchFailure("stopped", "reading it was called off"))

    def _end(self, result: Result) -> None:
        if self._task.progress_path is not None:
            Path(self._task.progress_path).unlink(missing_ok=True)
        self._done(result)
