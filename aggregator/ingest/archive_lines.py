"""Archive lines prepared by workers while the coordinator writes earlier ones."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from itertools import islice

from aggregator.executor import cancel_waiting, failure_of
from aggregator.ingest.prepare import FeedText, PreparedEntry, prepare_entry
from aggregator.parsing.archive import ArchiveEntry

MIN_ENTRIES = (
    1_000  # entries of an archive from which on workers are used; fewer are prepared before a worker has started
)
_ENTRIES_PER_TASK = 50  # so many that pickling them costs little beside preparing them
_TASKS_PER_WORKER = 3  # tasks that are under way, or done and not yet used: this bounds the memory
_MAX_TASKS_TAKEN = 3  # tasks whose results are taken at once: about one transaction records them

log = logging.getLogger("aggregator.archives")
Boilerplate = Callable[[ArchiveEntry], frozenset[int]]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines to prepare, each with the boilerplate of its feed that is known so far."""

    entries: tuple[tuple[ArchiveEntry, frozenset[int]], ...]
    sketching: bool


@dataclass(frozen=True, slots=True)
class PreparedLine:
    """A prepared entry, and the boilerplate that was left out of it."""

    entry: PreparedEntry
    boilerplate: frozenset[int]

    def fits(self, boilerplate: frozenset[int]) -> bool:
        """Return whether the preparation is still valid with the present boilerplate."""
        changed = boilerplate ^ self.boilerplate
        return not changed or (
            bool(boilerplate) == bool(self.boilerplate)
            and not self.entry.faults
            and changed.isdisjoint(self.entry.lines)
        )


Chunk = list[tuple[ArchiveEntry, PreparedLine | None]]
InHand = tuple[list[ArchiveEntry], Future[list[PreparedLine | None]]]


def prepare_lines(task: Lines) -> list[PreparedLine | None]:
    """Prepare lines; None for a line that fails, which the coordinator tries again and reports."""
    return [_prepared(one, boilerplate, task.sketching) for one, boilerplate in task.entries]


def _prepared(one: ArchiveEntry, boilerplate: frozenset[int], sketching: bool) -> PreparedLine | None:
    try:
        return PreparedLine(prepare_line(one, boilerplate, sketching=sketching, vectoring=sketching), boilerplate)
    except MemoryError:
        raise  # the worker's, not the entry's
    except Exception:  # noqa: BLE001 - whatever an entry raises costs that entry
        return None


def prepare_line(
    one: ArchiveEntry, boilerplate: frozenset[int], *, sketching: bool, vectoring: bool = False
) -> PreparedEntry:
    """Prepare one line."""
    feed = FeedText(one.language, (one.source,), boilerplate)
    return prepare_entry(one.data, feed, sketching=sketching, vectoring=vectoring)


def prepared_by_workers(
    entries: Collection[ArchiveEntry],
    boilerplate: Boilerplate,
    workers: Executor | None,
    count: int,
    *,
    sketching: bool,
) -> Iterator[Chunk]:
    """Yield entries in order, in chunks, each with what ``count`` workers prepared, or None.

    A worker that is lost with its task costs time only: the coordinator prepares these entries.
    """
    rest = iter(entries)
    if workers is None or len(entries) < MIN_ENTRIES:
        while some := [(one, None) for one in islice(rest, MIN_ENTRIES)]:
            yield [*some]
        return
    in_hand: deque[InHand] = deque()

    def hand_out(executor: Executor) -> None:
        while len(in_hand) < _TASKS_PER_WORKER * count and (chunk := list(islice(rest, _ENTRIES_PER_TASK))):
            task = Lines(tuple((one, boilerplate(one)) for one in chunk), sketching)
            in_hand.append((chunk, executor.submit(prepare_lines, task)))

    hand_out(workers)
    while in_hand:
        ready = list(_ready(in_hand, workers))
        hand_out(workers)  # so that the workers are busy while these lines are written
        yield ready


def _ready(in_hand: deque[InHand], workers: Executor) -> Iterator[tuple[ArchiveEntry, PreparedLine | None]]:
    """Wait for the oldest task and yield its lines; then yield those of the next tasks that are done, up to a maximum."""
    for number in range(_MAX_TASKS_TAKEN):
        if in_hand and (number == 0 or in_hand[0][1].done()):
            chunk, future = in_hand.popleft()
            yield from zip(chunk, _result(future, len(chunk), workers), strict=True)


def _result(future: Future[list[PreparedLine | None]], count: int, workers: Executor) -> list[PreparedLine | None]:
    if cancel_waiting(workers, future):  # no worker has begun it, as when the workers are still starting
        return [None] * count
    try:
        return future.result()
    except Exception as error:  # noqa: BLE001 - whatever happened to the worker, this process has the entries
        log.warning("a worker gave no result (%s); its lines are prepared here", failure_of(error).message)
        return [None] * count
