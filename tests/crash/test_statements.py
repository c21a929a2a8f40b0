"""A fault at every statement of a save: what was begun is undone, and the next attempt comes to the same rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from aggregator.app import Aggregator
from aggregator.exceptions import AggregatorError
from aggregator.ingest import moves
from aggregator.model import StoryQuery
from aggregator.newsroom.watches import WatchQuery
from aggregator.storage.integrity import faults
from tests.crash.killing import COMPARED, WATCHED
from tests.crash.program import PUBLISHERS, Program
from tests.harness import Clock, FakeFetcher, open_desk

PROGRAM = Program(steps=5, events=2)
STEP = 4  # of the pass that meets the fault: new entries, copies, edits and a correction
FEEDS = list(PROGRAM.feeds("https://six.example"))
Act = Callable[[Aggregator], object]


class Faulty(sqlite3.Connection):
    """A connection one of whose statements fails, by the number that ``fails_at`` gives."""

    fails_at = 0  # 0: none
    count = 0

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self._counted()
        return super().execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        self._counted()
        return super().executemany(*arguments)

    @classmethod
    def _counted(cls) -> None:
        cls.count += 1
        if cls.count == cls.fails_at:
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR
            error.sqlite_errorname = "SQLITE_IOERR"
            raise error


def fetcher_at(step: int) -> FakeFetcher:
    return FakeFetcher({f"https://six.example/{name}": PROGRAM.body(name, step) for name in PUBLISHERS})


@contextmanager
def desk(path: Path, step: int) -> Iterator[Aggregator]:
    with open_desk(fetcher_at(step), Clock(PROGRAM.moments[step]), FEEDS, database=path) as app:
        yield app


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A desk at the moment before, as a file."""
    path = tmp_path_factory.mktemp("before") / "a.db"
    for step in range(STEP):
        with desk(path, step) as app:
            if not step:
                for word in WATCHED:
                    app.watches().add(word, WatchQuery(words=(word,)), ["stdout"], "desk")
            app.fetch(everything=True)
    return path.read_bytes()


def fetched(app: Aggregator) -> None:
    app.fetch(everything=True)


def of_all_stories(app: Aggregator) -> Sequence[str]:
    return sorted(story.id for story in app.stories(StoryQuery(limit=1_000)))


def merged(app: Aggregator) -> None:
    once(app, lambda: app.editor("ann").merge(of_all_stories(app)[:2]))


def forbidden(app: Aggregator) -> None:
    entries = app.store.connection.execute(
        "SELECT id FROM entry WHERE story_id = ? ORDER BY id", (largest(app),)
    ).fetchall()
    once(app, lambda: app.editor("ann").forbid(entries[0][0], entries[-1][0]))


def split_off(app: Aggregator) -> None:
    entries = app.store.connection.execute(
        "SELECT id FROM entry WHERE story_id = ? ORDER BY id", (largest(app),)
    ).fetchall()
    once(app, lambda: app.editor("ann").split(largest(app), [entries[0][0]]))


def undone(app: Aggregator) -> None:
    merged(app)
    if app.decisions()[0].undone_at is None:
        app.editor("ben").undo()


def made_an_edition(app: Aggregator) -> None:
    app.edition(until=PROGRAM.moments[STEP])


def largest(app: Aggregator) -> str:
    found = app.store.connection.execute("SELECT id FROM story ORDER BY entries DESC, id").fetchone()
    return str(found[0])


def once(app: Aggregator, verb: Callable[[], object]) -> None:
    """Give a verb where it is not in force."""
    if not app.decisions():
        verb()


def dump(app: Aggregator) -> dict[str, list[tuple[Any, ...]]]:
    rows = {
        table: app.store.connection.execute(f"SELECT {columns} FROM {table}") for table, columns in COMPARED.items()
    }
    return {table: sorted(found.fetchall(), key=repr) for table, found in rows.items()}


def play(path: Path, act: Act, fails_at: int = 0) -> tuple[dict[str, list[tuple[Any, ...]]], int]:
    """Do it, with a fault at one statement; then again where there was one. Return what stands, and how many statements there were."""
    with desk(path, STEP) as app:
        Faulty.count, Faulty.fails_at = 0, fails_at
        with suppress(AggregatorError, *([sqlite3.OperationalError] if fails_at else [])):
            act(app)
        count, Faulty.fails_at = Faulty.count, 0
        assert not app.store.connection.in_transaction
        if fails_at:
            assert faults(app.store.connection, app.store.path) == ()
            act(app)
        fetched(app)  # as the daemon does: what a verb left unsettled is settled
        return dump(app), count


ACTS: dict[str, Act] = {
    "a pass": fetched,
    "merge": merged,
    "forbid": forbidden,
    "split": split_off,
    "undo": undone,
    "an edition": made_an_edition,
}
SOME = 151  # every so many statements in an everyday run


@pytest.mark.parametrize("name", ACTS)
@pytest.mark.parametrize(
    "every",
    [
        SOME,
        pytest.param(11, marks=pytest.mark.costly),
        pytest.param(1, marks=[pytest.mark.slow, pytest.mark.timeout(1_800)]),
    ],
)
def test_a_fault_at_any_statement_leaves_nothing_half_done(
    name: str, every: int, before: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = sqlite3.connect
    monkeypatch.setattr(
        "aggregator.storage.opening.sqlite3.connect",
        lambda *given, **named: whole(*given, **{"factory": Faulty, **named}),
    )
    monkeypatch.setattr(moves, "AT_ONCE", 1)  # entry after entry follows a verb, each in its own transaction
    path = tmp_path / "a.db"
    path.write_bytes(before)
    expected, count = play(path, ACTS[name])
    assert count > 10
    wrong = []
    for fails_at in range(1, count + 1, every):
        path.unlink()
        path.write_bytes(before)
        found, _ = play(path, ACTS[name], fails_at)
        wrong += [(fails_at, table) for table in COMPARED if found[table] != expected[table]]
    assert wrong == []
