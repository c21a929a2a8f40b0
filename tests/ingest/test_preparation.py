"""An entry that costs its worker costs itself: the rest of its document is stored, and it is named."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aggregator.app import Aggregator
from aggregator.executor import ProcessWorkers, TaskError, TaskFailure
from aggregator.model import Feed, FeedOutcome
from aggregator.settings import Settings
from tests.harness import Clock, FakeFetcher, Item, rss
from tests.tasks import LostWorker, prepare_beside_poison

GAZETTE = Feed("https://gazette.example/rss", name="Gazette", publisher="Gazette")
SOUND = [Item(f"s{n}", f"Notice {n} of the office", f"It tells of matter {n}.") for n in range(3)]


class Poisoned(Executor):
    """Workers that read with a library which some entries kill; ``handed_out`` counts the documents."""

    def __init__(self, workers: Executor) -> None:
        self._workers = workers
        self.handed_out = 0

    def submit(self, fn: Any, /, *given: Any, **options: Any) -> Future[Any]:
        reads = fn.__name__ == "prepare"
        self.handed_out += reads
        return self._workers.submit(prepare_beside_poison if reads else fn, *given, **options)


class Here(Executor):
    """A worker in this very process, of which poison leaves nothing but the news that it is lost."""

    def submit(self, fn: Any, /, *given: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*given, **options))
        except LostWorker as lost:
            future.set_exception(TaskError(TaskFailure("died", str(lost))))
        return future


@contextmanager
def polled(*items: Item, workers: Executor | None = None) -> Iterator[tuple[Aggregator, FeedOutcome, Poisoned]]:
    fetcher = FakeFetcher({GAZETTE.url: rss(*items)})
    with workers or ProcessWorkers(1, 3.0, 500_000_000) as processes:
        workers = Poisoned(processes)
        with Aggregator.open(Settings(), None, clock=Clock(), feeds=[GAZETTE], fetcher=fetcher, workers=workers) as app:
            [outcome] = app.fetch(everything=True)
            yield app, outcome, workers


@pytest.fixture(autouse=True)
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep temporary files in a folder of the test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("lose", "lost without a word"),
        pytest.param("kill", "SIGKILL", marks=pytest.mark.costly),
        pytest.param("memory", "memory", marks=pytest.mark.costly),
        pytest.param("backtrack", "took longer than 3 s", marks=pytest.mark.costly),
    ],
)
def test_an_entry_that_costs_its_worker_costs_itself(how: str, said: str, room: Path) -> None:
    poison = Item("p", f"Poison {how} in the well", "It is in the water.")
    with polled(SOUND[0], poison, *SOUND[1:], workers=Here() if how == "lose" else None) as (app, outcome, workers):
        assert (outcome.status, outcome.new, outcome.skipped) == ("ok", 3, 1)
        assert outcome.note is not None
        assert f"entry 2 left out: 'Poison {how} in the well' ended the worker that read it" in outcome.note
        assert said in outcome.note
        assert workers.handed_out == 3
        [(given,)] = app.store.connection.execute("SELECT given FROM entry_fault").fetchall()
        assert "It is in the water." in given
    assert list(room.iterdir()) == []


@pytest.mark.costly
def test_a_document_of_entries_that_cost_workers_costs_no_more_than_a_few(room: Path) -> None:
    poisons = [Item(f"p{n}", f"Poison exit {n}", "It is in the water.") for n in range(9)]
    with polled(*poisons, *SOUND) as (_, outcome, workers):
        assert (outcome.status, outcome.new) == ("error", 0)
        assert outcome.error is not None
        assert "exit code 3" in outcome.error
        assert workers.handed_out == 5
    assert list(room.iterdir()) == []
