"""A log beside a file is played where it is the file's own, and named where it is another's."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.exceptions import AggregatorError, StorageError
from aggregator.storage.backups import restore
from aggregator.storage.commit_number import has_foreign_log
from aggregator.storage.database import Store
from aggregator.storage.integrity import faults
from aggregator.storage.opening import open_at_rest, open_for_reading
from tests.cli.calling import call

NOW = datetime(2026, 3, 10, 7, 0, tzinfo=UTC)


def write(store: Store, *values: str) -> None:
    """Write facts, each with a commit of its own."""
    for value in values:
        with store.transaction() as db:
            db.execute("INSERT INTO fact (name, value) VALUES (?, ?)", (f"said {value}", value * 500))


def facts(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM fact WHERE name LIKE 'said %' ORDER BY name")
    return [name.removeprefix("said ") for (name,) in rows]


def fold(store: Store, how: str) -> None:
    assert store.connection.execute(f"PRAGMA wal_checkpoint({how})").fetchone()[0] == 0


def take(path: Path, target: Path, *endings: str) -> None:
    """Copy a file, or what lies beside it, as a kill would leave it."""
    for ending in endings:
        shutil.copyfile(f"{path}{ending}", f"{target}{ending}")


def contents(path: Path) -> tuple[bytes, bytes]:
    return path.read_bytes(), Path(f"{path}-wal").read_bytes()


def assert_refused(path: Path) -> None:
    """A writer, a reader and a reader of a file at rest each name the log and leave both files as they are."""
    before = contents(path)
    for opening in (Store, open_for_reading, open_at_rest):
        with pytest.raises(AggregatorError, match=f"{path.name}-wal|not made by aggregator"):
            opening(path)
        assert contents(path) == before


def assert_played(path: Path, expected: list[str]) -> None:
    with closing(open_at_rest(path)) as db:
        assert facts(db) == expected
    with Store(path) as store:
        assert facts(store.connection) == expected
        assert faults(store.connection, store.path) == ()


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """Return where a test puts a file and a log together."""
    return tmp_path / "left.db"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "a.db") as store:
        yield store


def source(store: Store) -> Path:
    assert store.path is not None
    return store.path


@pytest.mark.parametrize("how", [None, "PASSIVE", "RESTART", "TRUNCATE"])
def test_the_log_of_a_killed_writer_is_played(store: Store, left: Path, how: str | None) -> None:
    write(store, "a", "b")
    if how is not None:
        fold(store, how)
    write(store, "c")
    take(source(store), left, "", "-wal")
    assert_played(left, ["a", "b", "c"])


def test_a_log_that_was_folded_in_and_stayed_is_played(store: Store, left: Path) -> None:
    write(store, "a", "b")
    fold(store, "FULL")
    take(source(store), left, "", "-wal")
    assert_played(left, ["a", "b"])


def test_a_file_that_holds_part_of_its_log_is_played(store: Store, left: Path) -> None:
    write(store, "a")
    with closing(open_for_reading(source(store))) as reader:
        reader.execute("BEGIN")
        assert facts(reader) == ["a"]  # from here on no more than this can be folded in
        write(store, "b")
        store.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        write(store, "c")
        take(source(store), left, "", "-wal")
    assert_played(left, ["a", "b", "c"])


def test_the_log_of_a_new_database_is_played(store: Store, left: Path) -> None:
    """The file itself is one empty page then."""
    write(store, "a")
    take(source(store), left, "", "-wal")
    assert left.stat().st_size == 4_096
    assert_played(left, ["a"])


def test_a_log_of_another_database_is_named(store: Store, left: Path, tmp_path: Path) -> None:
    write(store, "a", "b", "c")
    fold(store, "TRUNCATE")
    write(store, "d")
    with Store(tmp_path / "b.db") as other:
        write(other, "x", "y", "z")
        fold(other, "TRUNCATE")
        write(other, "v")
        for one, another in ((store, other), (other, store)):
            take(source(one), left, "")
            take(source(another), left, "-wal")
            assert_refused(left)


def test_a_log_that_goes_on_from_a_later_state_is_named(store: Store, left: Path) -> None:
    """So stands an earlier backup that was copied over a file whose log was left."""
    write(store, "a")
    store.backup(left)
    write(store, "b")
    fold(store, "TRUNCATE")
    write(store, "c")
    take(source(store), left, "-wal")
    assert_refused(left)
    assert call("--db", str(left), "db", "check").code == 1


def test_a_log_of_an_earlier_state_is_named(store: Store, left: Path) -> None:
    write(store, "a")
    take(source(store), left, "-wal")
    fold(store, "TRUNCATE")
    write(store, "b")
    fold(store, "TRUNCATE")
    take(source(store), left, "")
    assert_refused(left)


def test_a_log_that_holds_all_since_a_copy_is_played(store: Store, left: Path) -> None:
    """Nothing tells such a copy from the file itself, and the whole is sound."""
    write(store, "a")
    fold(store, "TRUNCATE")
    write(store, "b")
    store.backup(left)
    write(store, "c")
    take(source(store), left, "-wal")
    assert_played(left, ["a", "b", "c"])


def test_a_log_beside_another_programs_file_is_named(store: Store, left: Path) -> None:
    with closing(sqlite3.connect(left)) as other:
        other.execute("CREATE TABLE things (id INTEGER)")
    write(store, "a")
    take(source(store), left, "-wal")
    assert_refused(left)


@pytest.mark.parametrize("number", [0, 77])
def test_another_programs_log_is_named(store: Store, left: Path, tmp_path: Path, number: int) -> None:
    write(store, "a")
    fold(store, "TRUNCATE")
    take(source(store), left, "")
    with closing(sqlite3.connect(tmp_path / "other.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute(f"PRAGMA user_version = {number}")
        other.execute("CREATE TABLE things (id INTEGER)")
        take(tmp_path / "other.db", left, "-wal")
    assert_refused(left)


def test_a_log_by_which_another_program_wrote_to_the_file_is_played(store: Store, left: Path) -> None:
    write(store, "a")
    fold(store, "TRUNCATE")
    with closing(sqlite3.connect(source(store), isolation_level=None)) as other:
        other.execute("DELETE FROM fact WHERE name = 'said a'")
        take(source(store), left, "", "-wal")
    assert_played(left, [])


def test_a_database_of_a_version_that_counted_nothing_begins_to(store: Store, left: Path) -> None:
    store.connection.execute("PRAGMA user_version = 0")
    write_uncounted = "INSERT INTO fact (name, value) VALUES ('said a', '')"
    store.connection.execute(write_uncounted)
    fold(store, "TRUNCATE")
    store.connection.execute("DELETE FROM fact WHERE name = 'said a'")
    write(store, "b")
    take(source(store), left, "", "-wal")
    assert_played(left, ["b"])
    with closing(open_at_rest(left)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] > 0


def test_numbers_begin_anew_at_their_end(store: Store, left: Path) -> None:
    store.connection.execute(f"PRAGMA user_version = {2**31 - 2}")
    fold(store, "TRUNCATE")
    store.backup(left.with_name("early.db"))
    write(store, "a", "b", "c")
    assert store.connection.execute("PRAGMA user_version").fetchone()[0] == 2
    take(source(store), left, "", "-wal")
    assert_played(left, ["a", "b", "c"])
    fold(store, "TRUNCATE")
    write(store, "d")
    take(left.with_name("early.db"), left, "")
    take(source(store), left, "-wal")
    assert_refused(left)


def test_what_changes_nothing_counts_as_no_commit(store: Store) -> None:
    write(store, "a")
    before = contents(source(store))
    with store.transaction() as db:
        db.execute("DELETE FROM fact WHERE name = 'nobody'")
    assert contents(source(store)) == before


def test_a_restored_database_refuses_the_log_of_its_former_life(store: Store, left: Path, tmp_path: Path) -> None:
    write(store, "a")
    fold(store, "TRUNCATE")
    store.backup(tmp_path / "copy.db")
    write(store, "b")
    restore(tmp_path / "copy.db", left, NOW)
    assert_played(left, ["a"])
    take(source(store), left, "-wal")
    assert_refused(left)
    restore(tmp_path / "copy.db", left, NOW)  # and restoring is the way out
    assert_played(left, ["a"])


def test_the_log_of_a_pruned_and_vacuumed_file_is_its_own_and_no_earlier_copys(store: Store, left: Path) -> None:
    write(store, "a", "b")
    store.backup(left)
    store.vacuum()
    fold(store, "TRUNCATE")
    write(store, "c")
    take(source(store), left, "-wal")
    assert_refused(left)
    take(source(store), left, "", "-wal")
    assert_played(left, ["a", "b", "c"])


def test_a_look_in_the_midst_of_a_commit_is_repeated(store: Store, left: Path) -> None:
    """SQLite writes the head of a log before its pages: between them a log holds no number."""
    write(store, "a")
    fold(store, "TRUNCATE")
    write(store, "b")
    take(source(store), left, "", "-wal")
    log = Path(f"{left}-wal")
    whole = log.read_bytes()
    log.write_bytes(whole[:32])
    with closing(sqlite3.connect(source(store))) as reader:

        class AfterTheCommit(sqlite3.Connection):
            def execute(self, *query: str) -> sqlite3.Cursor:  # type: ignore[override]  # what PRAGMAs ask for
                log.write_bytes(whole)
                return reader.execute(*query)

        assert not has_foreign_log(left, AfterTheCommit(":memory:"))


def test_who_opens_a_file_in_use_is_never_refused(store: Store) -> None:
    """The log is folded in and begun anew all the while."""
    store.connection.execute("PRAGMA wal_autocheckpoint = 3")
    ends, wrong = threading.Event(), []

    def look() -> None:
        while not ends.is_set():
            try:
                Store(source(store)).close()
                open_for_reading(source(store), 5_000).close()  # waits, as commands do
            except StorageError as error:
                wrong.append(str(error))

    readers = [threading.Thread(target=look) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        write(store, *(str(number) for number in range(400)))
    finally:
        ends.set()
        for reader in readers:
            reader.join()
    assert wrong == []
