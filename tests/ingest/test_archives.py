"""An import leaves room for others: its transactions are short, and how it is cut into them decides nothing."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.clustering.identifiers import mint
from aggregator.executor import TaskError, TaskFailure, cancel_waiting
from aggregator.ingest import archive_lines, archives, place, record
from aggregator.ingest.archive_lines import prepare_line
from aggregator.ingest.archives import Importer
from aggregator.ingest.prepare import PreparedEntry
from aggregator.ingest.record_values import event_time
from aggregator.newsroom.publishers import families
from aggregator.parsing.archive import ArchiveEntry, read
from aggregator.settings import Settings
from aggregator.storage.database import Store
from aggregator.storage.integrity import faults
from tests.cli.calling import ARCHIVE

NOW = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)
PLACES = ("Esbjerg", "Harwich", "Brussels", "Skagen", "Tallinn")


def entries() -> list[ArchiveEntry]:
    lines = [
        {**one, "id": f"{place}-{one['id']}", "title": f"{place}: {one['title']}", "body": f"In {place}. {one['body']}"}
        | {"date": (datetime(2026, 3, 10, tzinfo=UTC) + timedelta(minutes=7 * number)).isoformat()}
        for number, place in enumerate(PLACES)
        for one in ARCHIVE
    ]
    found = read(json.dumps(line).encode() for line in lines)
    return [one for one in found if isinstance(one, ArchiveEntry)]


def imported(path: Path, progress: archives.Progress = lambda done, total: None) -> list[tuple[object, ...]]:
    with Store(path) as store:
        outcome = Importer(store, Settings(), families(()), NOW).record(entries(), progress)
        assert outcome.new == len(PLACES) * len(ARCHIVE)
        assert faults(store.connection, store.path) == ()
        return store.connection.execute(
            "SELECT entry.id, report_id, story_id, story.title, canonical_entry FROM entry JOIN story ON story.id = story_id ORDER BY 1"
        ).fetchall()


def test_others_write_while_an_import_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_TRANSACTION", 0.0)
    turns: list[int] = []

    def write(done: int, total: int) -> None:
        turns.append(done)
        with Store(tmp_path / "a.db", busy_timeout_ms=0) as other, other.transaction() as db:
            db.execute("INSERT INTO fact (name, value) VALUES (?, 'x')", (f"turn {done}",))

    imported(tmp_path / "a.db", write)
    assert turns == list(range(1, len(PLACES) * len(ARCHIVE) + 1))


def test_how_an_import_is_cut_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for held, long in ((0.0, 100_000), (60.0, 100_000), (60.0, 300)):
        monkeypatch.setattr(archives, "MAX_TRANSACTION", held)
        monkeypatch.setattr(archives, "LONG", long)
        found.append(imported(tmp_path / f"{held}-{long}.db"))
    assert found[0] == found[1] == found[2]


def test_others_write_while_a_long_entry_is_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [{**one, "body": one["body"] * 200} for one in ARCHIVE]
    long = [one for one in read(json.dumps(line).encode() for line in lines) if isinstance(one, ArchiveEntry)]
    prepared = []

    def prepare(*given: object, **options: bool) -> object:
        with Store(tmp_path / "a.db", busy_timeout_ms=0) as other, other.transaction():
            prepared.append(given)
        return prepare_line(*given, **options)  # type: ignore[arg-type]

    with Store(tmp_path / "a.db") as store:
        importer = Importer(store, Settings(), families(()), NOW)
        monkeypatch.setattr(archives, "prepare_line", prepare)
        assert importer.record(long, lambda done, total: None).new == len(ARCHIVE)
    assert len(prepared) >= len(ARCHIVE)


class Workers(Executor):
    """Runs a task in a thread after it went through pickle, as to a process; every third one is lost with its worker."""

    def __init__(self) -> None:
        self.tasks = 0
        self._threads = ThreadPoolExecutor(2)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.tasks += 1
        return self._threads.submit(self._run, self.tasks, pickle.dumps((fn, args, kwargs)))

    def _run(self, number: int, task: bytes) -> Any:
        if number % 3 == 0:
            raise TaskError(TaskFailure("died", "the worker died (SIGKILL)"))
        fn, args, kwargs = pickle.loads(task)
        return pickle.loads(pickle.dumps(fn(*args, **kwargs)))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)


def with_tails() -> list[ArchiveEntry]:
    """Return lines of one house whose texts end alike, which is learned while they are read."""
    tail = "This desk is funded by its readers; support it at the address below."
    lines = [
        {"id": f"t{number}", "title": f"{place} harbour reopens after storm {number}", "source": "Coast Herald"}
        | {"body": f"The harbour of {place} took in ship {number} of the day again.\n{tail}"}
        | {"date": (datetime(2026, 3, 10, tzinfo=UTC) + timedelta(minutes=number)).isoformat()}
        for number, place in enumerate(PLACES * 12)
    ]
    found = read(json.dumps(line).encode() for line in lines)
    return [one for one in found if isinstance(one, ArchiveEntry)]


@pytest.mark.parametrize("lines", [entries, with_tails])
def test_workers_change_nothing_even_where_some_are_lost(
    lines: Callable[[], list[ArchiveEntry]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_lines, "_ENTRIES_PER_TASK", 4)
    monkeypatch.setattr(archive_lines, "MIN_ENTRIES", 1)
    monkeypatch.setattr(archives, "MIN_ENTRIES", 1)
    rows = []
    for workers in (None, Workers()):
        with Store(None) as store:
            given = None if workers is None else lambda found=workers: found
            importer = Importer(store, Settings(), families(()), NOW, workers=given)
            outcome = importer.record(lines(), lambda done, total: None)
            assert outcome.new == len(lines())
            assert not outcome.skips
            rows.append(
                [
                    store.connection.execute(statement).fetchall()
                    for statement in (
                        "SELECT id, report_id, story_id, text FROM entry ORDER BY 1",
                        "SELECT report_id, entry_id, time, vector FROM report_vector ORDER BY 1",
                        "SELECT entry_id, signature, shingles FROM sketch ORDER BY 1",
                        "SELECT * FROM line ORDER BY 1, 2",
                    )
                ]
            )
        if workers is not None:
            assert workers.tasks > 3  # so that one is lost
            workers.shutdown()
    assert rows[0] == rows[1]


class Idle(Executor):
    """Workers that have not come up; those of ``done`` tasks have."""

    def __init__(self, done: int = 0) -> None:
        self.done, self.tasks = done, 0

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        found: Future[Any] = Future()
        if self.tasks < self.done:
            found.set_result(fn(*args, **kwargs))
        self.tasks += 1
        return found


def handed_out(workers: Idle, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Yield of what is taken at once whether each line is prepared."""
    monkeypatch.setattr(archive_lines, "_ENTRIES_PER_TASK", 2)
    monkeypatch.setattr(archive_lines, "MIN_ENTRIES", 1)
    for chunk in archive_lines.prepared_by_workers(with_tails(), lambda one: frozenset(), workers, 2, sketching=True):
        yield [made is not None for _, made in chunk]


def test_lines_that_no_worker_has_begun_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any(made for chunk in handed_out(Idle(), monkeypatch) for made in chunk)


def test_tasks_of_a_cluster_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Idle(done=1)
    workers._client = object()  # type: ignore[attr-defined]  # by which Dask's executor is known
    found = handed_out(workers, monkeypatch)
    assert next(found) == [True] * 2
    waiting: Future[Any] = Future()
    assert not cancel_waiting(workers, waiting)
    assert not waiting.cancelled()
    assert cancel_waiting(Idle(), waiting)


def test_what_is_made_is_taken_together_and_more_is_handed_out_before(monkeypatch: pytest.MonkeyPatch) -> None:
    workers = Idle(done=5)
    found = handed_out(workers, monkeypatch)
    assert next(found) == [True] * 6
    assert workers.tasks == 9
    assert next(found) == [True] * 4
    assert next(found) == [False] * 2


def test_entries_recorded_beside_one_that_fails_stand_as_if_it_had_not_been_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transaction without parts is undone with what it remembers: feeds, entries to be placed, texts to be indexed."""
    lines = [
        {"id": f"n{number}", "title": f"Village {name} elects a mayor", "body": "", "source": f"House {number}"}
        for number, name in enumerate(("Ado", "Bero", "POISON", "Cabo", "Dera"))
    ]
    archive = tmp_path / "archive.jsonl"
    archive.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    def timed(entry: PreparedEntry, now: datetime) -> datetime:
        if "POISON" in entry.data.title:
            raise LookupError
        return event_time(entry, now)

    monkeypatch.setattr(record, "event_time", timed)
    with Store(tmp_path / "a.db") as store:
        done = Importer(store, Settings(), families(()), NOW).run(archive, lambda done, total: None)
        found = store.connection.execute(
            "SELECT e.key, f.url, e.report_id IS NOT NULL, i.title FROM entry e JOIN feed f ON f.id = e.feed_id"
            " JOIN entry_fts i ON i.rowid = e.number ORDER BY e.key"
        ).fetchall()
    assert (done.new, [skip.position for skip in done.skips]) == (4, [3])
    assert found == [
        (f"n{number}", f"archive:House {number}", 1, f"village {name} elects a mayor")
        for number, name in ((0, "ado"), (1, "bero"), (3, "cabo"), (4, "dera"))
    ]


def test_of_two_lines_under_one_key_the_second_is_known(tmp_path: Path) -> None:
    """Which lines are stored is asked of many together; what those before them store is not forgotten."""
    line = {"id": "n1", "title": "Village Ado elects a mayor", "body": "", "source": "House"}
    first = {**line, "id": "n0", "title": "Village Bero elects a mayor"}
    archive = tmp_path / "archive.jsonl"
    archive.write_text("\n".join(map(json.dumps, (first, line, line, line))), encoding="utf-8")
    with Store(tmp_path / "a.db") as store:
        done = Importer(store, Settings(), families(()), NOW).run(archive, lambda done, total: None)
        again = Importer(store, Settings(), families(()), NOW).run(archive, lambda done, total: None)
    assert (done.new, done.known) == (2, 2)
    assert (again.new, again.known) == (0, 4)


def test_ids_that_are_taken_are_found_out_when_they_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def alike(letter: str, *parts: str, taken: Callable[[str], bool] = lambda _: False) -> str:
        made = f"{letter}0000000000"
        return made if not taken(made) else mint(letter, *parts, taken=taken)

    monkeypatch.setattr(record, "mint", alike)
    monkeypatch.setattr(place, "mint", alike)
    rows = imported(tmp_path / "a.db")
    assert len({row[0] for row in rows}) == len(PLACES) * len(ARCHIVE)
    assert {"e0000000000", "r0000000000"} <= {value for row in rows for value in row}


def test_what_others_left_unsettled_waits_for_their_watches_unless_it_is_past_the_window(tmp_path: Path) -> None:
    lines = entries()
    with Store(tmp_path / "a.db") as store:
        Importer(store, Settings(), families(()), NOW).record(lines[:-1], lambda done, total: None)
        waiting, past = sorted(row[0] for row in store.connection.execute("SELECT id FROM report"))[:2]
        with store.transaction() as db:
            db.execute("DELETE FROM report_vector WHERE report_id = ?", (past,))
            db.executemany("INSERT INTO unsettled_report VALUES (?)", [(waiting,), (past,)])
        Importer(store, Settings(), families(()), NOW).record(lines[-1:], lambda done, total: None)
        assert store.connection.execute("SELECT report_id FROM unsettled_report").fetchall() == [(waiting,)]
