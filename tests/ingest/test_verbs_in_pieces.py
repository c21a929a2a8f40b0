"""An editor's verb that moves very many reports: it holds from its commit on, their entries follow, and a crash loses nothing."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from aggregator import Aggregator, Settings, StoryQuery
from aggregator.exceptions import DecisionError
from aggregator.ingest import moves, settle, story_writing
from aggregator.storage.database import Store
from aggregator.storage.integrity import faults
from aggregator.storage.matches import MatchStore
from bench.floods import event
from bench.material import START, archive

REPORTS = 40
AT_ONCE = 8
STATE = {
    "story": "SELECT id, title, entries, reports, publishers, canonical_entry, pinned_entry, split_from FROM story",
    "report": "SELECT id, story_id, entries FROM report",
    "entry": "SELECT id, report_id, story_id FROM entry",
    "match": "SELECT kind, entry_id, other_id, report_id, story_id, method FROM match",
    "story_redirect": "SELECT old_id, story_id, reason FROM story_redirect",
    "decision": "SELECT id, kind, sentence, undone_by FROM decision",
}
Verb = Callable[[Aggregator], object]


class Crash(BaseException):
    """The end of a process."""


@pytest.fixture(autouse=True)
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let few entries follow a verb at once, and write the rows of all but small stories after it."""
    for module in (settle, story_writing):
        monkeypatch.setattr(module, "CHUNK", AT_ONCE)
    monkeypatch.setattr(settle, "LARGE", AT_ONCE)
    monkeypatch.setattr(moves, "AT_ONCE", AT_ONCE)
    monkeypatch.setattr(moves, "PAUSE", 0.0)


@pytest.fixture(scope="module")
def flood(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of one story."""
    folder = tmp_path_factory.mktemp("flood")
    with desk(folder / "a.db") as app:
        app.import_archive(archive(folder, event(REPORTS)))
    return folder / "a.db"


@pytest.fixture
def path(flood: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(flood, tmp_path / "a.db"))


@contextmanager
def desk(path: Path) -> Iterator[Aggregator]:
    with Aggregator.open(Settings(), path, clock=lambda: START) as app:
        yield app


@contextmanager
def watched(seen: Callable[[], object]) -> Iterator[None]:
    """Call a function after each transaction."""
    original = Store.transaction

    @contextmanager
    def transaction(store: Store, waiting: Callable[[], bool] = lambda: False) -> Iterator[sqlite3.Connection]:
        inside = store.connection.in_transaction
        with original(store, waiting) as db:
            yield db
        if not inside:
            seen()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "transaction", transaction)
        yield


def at(moment: int, act: Callable[[], object]) -> Callable[[], None]:
    """Return a function that acts when it is called for this time."""
    calls: list[int] = []

    def called() -> None:
        calls.append(1)
        if len(calls) == moment:
            act()

    return called


def end() -> None:
    raise Crash


def passed(path: Path) -> None:
    """Let another process settle what is left."""
    with desk(path) as other:
        other.place_waiting()


def entries_of(app: Aggregator, story: str) -> list[str]:
    rows = app.store.connection.execute("SELECT id FROM entry WHERE story_id = ? ORDER BY id", (story,))
    return [row[0] for row in rows]


def largest(app: Aggregator) -> str:
    return app.stories(StoryQuery(sort="entries"))[0].id


def pin(app: Aggregator) -> None:
    app.editor("ann").pin(largest(app), entries_of(app, largest(app))[1])


def split_half(app: Aggregator) -> None:
    app.editor("ann").split(largest(app), entries_of(app, largest(app))[::2])


def merge_all(app: Aggregator) -> None:
    with suppress(DecisionError):  # there is but one story
        app.editor("ann").merge([story.id for story in app.stories(StoryQuery())])


def forbid_halves(app: Aggregator) -> None:
    one, two, *_ = entries_of(app, largest(app))
    app.editor("ann").forbid(one, two)


def undo(app: Aggregator) -> None:
    app.editor("ben").undo()


PLAYS: dict[str, tuple[Verb, ...]] = {
    "split": (split_half,),
    "merge": (split_half, merge_all),
    "undo of a split": (pin, split_half, undo),
    "undo of a merge": (split_half, merge_all, undo),
    "forbid": (split_half, merge_all, forbid_halves),
}


def state(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    with Store(path) as store:
        assert faults(store.connection, store.path) == ()
        for table in ("moved_report", "ending_story"):
            assert store.connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        return {table: sorted(store.connection.execute(query).fetchall(), key=repr) for table, query in STATE.items()}


def played(path: Path, verbs: tuple[Verb, ...]) -> dict[str, list[tuple[Any, ...]]]:
    """Give verbs, then let a pass settle what they left; return what stands."""
    for verb in verbs:
        with desk(path) as app:
            verb(app)
    passed(path)
    return state(path)


def transactions(path: Path, verb: Verb) -> int:
    """Return how many transactions a verb has; it is given in a copy."""
    copy, count = Path(shutil.copy(path, path.with_name("copy.db"))), list[int]()
    with desk(copy) as app, watched(lambda: count.append(1)):
        verb(app)
    return len(count)


def before_the_last(path: Path, name: str) -> Verb:
    """Give all verbs of a play but the last, which is returned."""
    *earlier, verb = PLAYS[name]
    for one in earlier:
        with desk(path) as app:
            one(app)
    return verb


@pytest.mark.parametrize("name", PLAYS)
def test_few_entries_follow_in_one_transaction(path: Path, name: str) -> None:
    verb = before_the_last(path, name)
    with desk(path) as app, Store(path) as other:
        stood = [dict(other.connection.execute("SELECT id, story_id FROM entry").fetchall())]
        with watched(lambda: stood.append(dict(other.connection.execute("SELECT id, story_id FROM entry").fetchall()))):
            verb(app)
    changed = [sum(before[entry] != story for entry, story in after.items()) for before, after in pairwise(stood)]
    assert max(changed) <= AT_ONCE
    if name != "forbid":
        assert sum(changed) == REPORTS // 2


@pytest.mark.parametrize("name", PLAYS)
def test_whoever_reads_meanwhile_finds_stories_that_hold_what_they_show(path: Path, name: str) -> None:
    verb = before_the_last(path, name)
    seen: list[tuple[int, int]] = []
    with desk(path) as app, desk(path) as reader:
        known = {story.id for story in reader.stories(StoryQuery())}

        def look() -> None:
            listed = reader.stories(StoryQuery())
            known.update(story.id for story in listed)
            for story in {*known}:
                shown = reader.story(story)  # also an id that ended leads somewhere
                assert shown.reports
            counted = "SELECT count(*), count(DISTINCT story_id) FROM entry WHERE story_id IS NOT NULL"
            entries, stories = reader.store.connection.execute(counted).fetchone()
            assert entries == REPORTS
            assert {story.id for story in listed} == {
                row[0] for row in reader.store.connection.execute("SELECT DISTINCT story_id FROM entry")
            }
            seen.append((len(reader.decisions()), stories))

        with watched(look):
            verb(app)
    assert len({decisions for decisions, _ in seen}) == 1  # in force from the first transaction on


@pytest.mark.parametrize(
    ("name", "then"),
    [
        ("split", "a pass"),
        ("merge", "undo"),
        *(
            pytest.param(name, then, marks=pytest.mark.costly)
            for name in PLAYS
            for then in ("a pass", "undo", "a merge")
            if (name, then) not in (("split", "a pass"), ("merge", "undo"))
        ),
    ],
)
def test_a_crash_between_two_transactions_loses_nothing(path: Path, name: str, then: str) -> None:
    verb = before_the_last(path, name)
    start = Path(shutil.copy(path, path.with_name("start.db")))
    last: tuple[Verb, ...] = {"a pass": (), "undo": (undo,), "a merge": (merge_all,)}[then]
    expected = played(path, (verb, *last))
    for crash in range(1, transactions(start, verb) + 1):
        shutil.copy(start, path)
        with suppress(Crash), desk(path) as app, watched(at(crash, end)):
            verb(app)
        assert played(path, last) == expected, crash


@pytest.mark.parametrize("name", ["merge", pytest.param("undo of a merge", marks=pytest.mark.costly)])
def test_what_another_process_does_meanwhile_comes_to_the_same(path: Path, name: str) -> None:
    verb = before_the_last(path, name)
    start = Path(shutil.copy(path, path.with_name("start.db")))
    expected = played(path, (verb,))
    for moment in range(1, transactions(start, verb) + 1):
        shutil.copy(start, path)
        with desk(path) as app, watched(at(moment, lambda: passed(path))):
            verb(app)
        assert played(path, ()) == expected, moment


def test_a_verb_of_another_editor_meanwhile_finds_all_in_its_place(path: Path) -> None:
    expected = played(Path(shutil.copy(path, path.with_name("in turn.db"))), (split_half, merge_all))

    def meanwhile() -> None:
        with desk(path) as other:
            merge_all(other)

    with desk(path) as app, watched(at(2, meanwhile)):
        split_half(app)
    assert played(path, ()) == expected


def test_a_story_that_a_verb_opened_is_listed_from_its_first_transaction_on(path: Path) -> None:
    with suppress(Crash), desk(path) as app, watched(end):
        split_half(app)
    with desk(path) as app:
        listed = app.stories(StoryQuery())
        assert len(listed) == 2
        assert all(story.title and story.canonical_entry for story in listed)
        split_off = next(story for story in listed if app.story(story.id).split_from is not None)
        assert 0 < split_off.entries <= AT_ONCE


def test_each_moved_entry_has_its_reason_once(path: Path) -> None:
    with desk(path) as app:
        split_half(app)
        leaving = app.decisions()[0].arguments[1:]
        kinds = [[one.method for one in MatchStore(app.store).of_entries([entry])] for entry in leaving]
    assert all(methods.count("split") == 1 for methods in kinds)


@contextmanager
def written_before_the_lock(path: Path, statement: str) -> Iterator[None]:
    """Let another process write once, between what a verb reads and its transaction."""
    begin, waiting = Store._begin, [statement]

    def slow(store: Store, keep_waiting: Callable[[], bool]) -> None:
        while waiting:
            with closing(sqlite3.connect(path)) as other, other:
                assert other.execute(waiting.pop()).rowcount > 0
        begin(store, keep_waiting)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Store, "_begin", slow)
        yield


@pytest.mark.parametrize(
    ("statement", "again"),
    [
        ("INSERT INTO fact VALUES ('of', 'somebody else')", False),
        (
            "UPDATE entry SET report_id = (SELECT min(id) FROM report) WHERE number = (SELECT max(number) FROM entry)",
            True,
        ),
        ("UPDATE story SET storyline_id = NULL, title = 'Another'", True),
    ],
)
@pytest.mark.parametrize(
    ("verb", "reading"),
    [
        (split_half, "SELECT e.id, r.id FROM report r JOIN entry e"),
        (undo, "SELECT max(id) FROM decision WHERE undone_at IS NULL"),
    ],
)
def test_a_verb_reads_again_under_the_lock_only_where_somebody_changed_what_it_read(
    path: Path, verb: Verb, reading: str, statement: str, again: bool
) -> None:
    with desk(path) as app:
        if verb is undo:
            split_half(app)
        statements: list[str] = []
        app.store.connection.set_trace_callback(statements.append)
        with written_before_the_lock(path, statement):
            verb(app)
        first = next(number for number, text in enumerate(statements) if text.startswith("BEGIN IMMEDIATE"))
        last = next(number for number, text in enumerate(statements) if text == "COMMIT" and number > first)
        assert any(reading in text for text in statements[:first])
        assert any(reading in text for text in statements[first:last]) is again
