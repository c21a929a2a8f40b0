"""The door of the database: only our own files, never a newer one, one writer at a time."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from sqlite_utils import Database

from aggregator.exceptions import LockedError, NotFoundError, StorageError
from aggregator.model import StoryQuery
from aggregator.storage import database
from aggregator.storage.database import PAUSE, SavepointFailedError, Store
from aggregator.storage.integrity import faults
from aggregator.storage.migrations import migrations
from aggregator.storage.schema import APPLICATION_ID, MIGRATIONS
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.storage.stories import StoryStore
from aggregator.storage.story_queries import ORDER, where_clause

AT = "2026-03-10T00:00:00Z"
NOW = datetime(2026, 3, 10, tzinfo=UTC)
APPROVED = Path(__file__).parent / "schema.approved.sql"


def schema_of(store: Store) -> str:
    rows = store.connection.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE '\\_sqlite%' ESCAPE '\\' AND name NOT LIKE 'entry_fts_%'"
        " ORDER BY type DESC, name"
    )
    return "\n\n".join(row[0] + ";" for row in rows) + "\n"


def test_schema_is_the_approved_one() -> None:
    with Store(None) as store:
        assert schema_of(store) == APPROVED.read_text(encoding="utf-8")


def test_the_migrations_are_those_that_are_named() -> None:
    assert tuple(migration.name for migration in migrations._migrations) == MIGRATIONS


def test_a_database_of_the_version_before_gets_the_indexes_of_its_lists(tmp_path: Path) -> None:
    made = Database(tmp_path / "a.db")
    migrations.apply(made, stop_before="m010_lists")
    made.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    for number, publishers in enumerate((1, 3, 2)):
        made.table("story").insert(
            {
                "id": f"s{number}", "title": "A", "publisher": "P", "entries": 3, "reports": 3, "publishers": publishers,
                "first_seen": AT, "last_seen": AT, "opened": AT, "changed": AT,
            }
        )  # fmt: skip
    made.close()
    with Store(tmp_path / "a.db") as store:
        assert schema_of(store) == APPROVED.read_text(encoding="utf-8")
        sorts: tuple[Literal["publishers", "entries"], ...] = ("publishers", "entries")
        for sort in sorts:
            assert next(one.id for one in StoryStore(store).find(StoryQuery(sort=sort), "", NOW)) == "s1"


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        ("publishers", "story_by_publishers"),
        ("entries", "story_by_entries"),
        ("latest", "story_last_seen"),
        ("first", "story_first_seen"),
    ],
)
def test_a_list_is_read_along_the_index_of_its_order(
    sort: Literal["publishers", "entries", "latest", "first"], index: str
) -> None:
    where, values = where_clause(StoryQuery(sort=sort))
    with Store(None) as store:
        query = f"SELECT s.* FROM story s LEFT JOIN storyline l ON l.id = s.storyline_id WHERE {where} ORDER BY {ORDER[sort]} LIMIT 50"
        plan = [row[3] for row in store.connection.execute(f"EXPLAIN QUERY PLAN {query}", values)]
    assert plan[0].endswith(f"USING INDEX {index}"), plan


def test_every_table_is_strict(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as store:
        rows = store.connection.execute(
            "SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND schema = 'main'"
        )
        loose = [name for name, strict in rows if not strict and not name.startswith(("sqlite_", "_sqlite"))]
    assert loose == []


def test_file_is_marked_as_ours_and_in_wal_mode(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as store:
        assert store.connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID
        assert store.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert faults(store.connection, store.path) == ()


def test_reopening_changes_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as store:
        before = schema_of(store)
    with Store(tmp_path / "a.db") as store:
        assert schema_of(store) == before


def test_another_programs_database_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE things (id INTEGER)")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(StorageError, match="not made by aggregator"):
        Store(path)
    assert path.read_bytes() == before


def test_a_text_file_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "notes.db"
    path.write_text("these are notes and no database " * 50)
    with pytest.raises(StorageError, match="not a SQLite database"):
        Store(path)
    assert path.read_text().startswith("these are notes")


def test_a_newer_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store(path) as store:
        store.connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('aggregator', 'm999_future', '2030-01-01')"
        )
    with pytest.raises(StorageError, match="newer aggregator"):
        Store(path)


@pytest.mark.parametrize("name", ["missing/a.db", "."])
def test_an_impossible_path_is_explained(tmp_path: Path, name: str) -> None:
    with pytest.raises(StorageError, match=r"folder|opened"):
        Store(tmp_path / name)


def test_a_locked_file_is_reported_as_locked(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with (
        Store(path) as holder,
        Store(path, busy_timeout_ms=50) as waiter,
        holder.transaction(),
        pytest.raises(LockedError, match="another process"),
        waiter.transaction(),
    ):
        pass


def fail_inside(store: Store) -> None:
    with store.transaction() as db, store.transaction():
        db.execute("INSERT INTO fact (name, value) VALUES ('a', 'b')")
        raise ZeroDivisionError


def test_an_error_inside_a_transaction_undoes_all_of_it(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as store:
        with pytest.raises(ZeroDivisionError):
            fail_inside(store)
        assert store.connection.execute("SELECT count(*) FROM fact WHERE name <> 'stories found by'").fetchone()[0] == 0


def test_a_killed_writer_leaves_nothing_half_done(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    script = textwrap.dedent(
        f"""
        import os, signal
        from pathlib import Path
        from aggregator.storage.database import Store
        store = Store(Path({str(path)!r}))
        with store.transaction() as db:
            db.execute("INSERT INTO fact (name, value) VALUES ('kept', '1')")
        with store.transaction() as db:
            db.execute("INSERT INTO fact (name, value) VALUES ('lost', '1')")
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    with Store(path) as store:
        assert [
            row[0] for row in store.connection.execute("SELECT name FROM fact WHERE name <> 'stories found by'")
        ] == ["kept"]


def test_backup_is_a_whole_database(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as store:
        store.connection.execute("INSERT INTO fact (name, value) VALUES ('a', 'b')")
        store.backup(tmp_path / "copies" / "b.db")
    with Store(tmp_path / "copies" / "b.db") as copy:
        assert copy.connection.execute("SELECT value FROM fact WHERE name <> 'stories found by'").fetchone()[0] == "b"
        assert faults(copy.connection, copy.path) == ()


def test_what_is_left_for_the_end_of_a_transaction_is_done_once_and_told_where_it_is_undone(tmp_path: Path) -> None:
    told: list[bool] = []
    with Store(tmp_path / "a.db") as store:
        with store.transaction():
            for _ in range(2):
                store.call_at_end(told.append)
        with contextlib.suppress(sqlite3.OperationalError), store.transaction():
            store.call_at_end(told.append)
            store.connection.execute("SELECT no_such_function()")
        with store.transaction():
            pass
    assert told == [True, False]


def test_a_commit_that_fails_leaves_no_transaction_open(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as store:
        store.connection.executescript(
            "CREATE TABLE parent (id INTEGER PRIMARY KEY);"
            "CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);"
        )
        heard: list[bool] = []

        def orphan() -> None:
            with store.transaction() as db:
                store.call_at_end(heard.append)
                db.execute("INSERT INTO child VALUES (7)")

        with pytest.raises(sqlite3.IntegrityError):
            orphan()
        assert not store.connection.in_transaction
        with store.transaction() as db:  # what comes next is stored, and not part of what failed
            db.execute("INSERT INTO parent VALUES (1)")
        with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as other:
            assert other.execute("SELECT (SELECT count(*) FROM parent), (SELECT count(*) FROM child)").fetchone() == (
                1,
                0,
            )


@pytest.mark.parametrize("nested", [False, True])
def test_what_sqlite_has_undone_by_itself_is_not_undone_twice(nested: bool) -> None:
    """On a full disk SQLite rolls back; the error that says so is the one that is told."""
    with Store(None) as store:

        def fill() -> None:
            with store.transaction() as db, store.savepoint() if nested else contextlib.nullcontext():
                db.execute("ROLLBACK")
                raise sqlite3.OperationalError("database or disk is full")

        with pytest.raises(StorageError, match="full"):
            fill()
        with store.transaction() as db:
            db.execute("INSERT INTO fact VALUES ('a', 'b')")
        assert store.connection.execute("SELECT count(*) FROM fact WHERE name <> 'stories found by'").fetchone() == (1,)


def note_and_fail(store: Store, parts: int) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(parts):
            stack.enter_context(store.savepoint())
        store.connection.execute("INSERT INTO told VALUES ('undone')")
        raise ZeroDivisionError


@pytest.mark.parametrize("before", [[], ["before"]])
@pytest.mark.parametrize("parts", [1, 2])
def test_a_part_inside_a_part_is_undone_alone(before: list[str], parts: int) -> None:
    with Store(None) as store, store.transaction() as db:
        db.execute("CREATE TABLE told (word TEXT)")
        with store.savepoint():
            db.executemany("INSERT INTO told VALUES (?)", [(word,) for word in before])
            with pytest.raises(ZeroDivisionError):
                note_and_fail(store, parts)
            with store.savepoint():
                db.execute("INSERT INTO told VALUES ('kept')")
            with pytest.raises(ZeroDivisionError):
                note_and_fail(store, parts)
        with pytest.raises(ZeroDivisionError):
            note_and_fail(store, parts)
        found = [word for (word,) in db.execute("SELECT word FROM told")]
    assert found == [*before, "kept"]


def test_a_snapshot_sees_one_moment_and_locks_nobody_out(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as store, Store(tmp_path / "a.db", busy_timeout_ms=0) as other:
        with store.snapshot() as db:
            assert db.execute("SELECT count(*) FROM fact WHERE name <> 'stories found by'").fetchone() == (0,)
            with other.transaction() as writing:
                writing.execute("INSERT INTO fact VALUES ('a', 'b')")
            assert db.execute("SELECT count(*) FROM fact WHERE name <> 'stories found by'").fetchone() == (0,)
            with pytest.raises(RuntimeError, match="snapshot"), store.transaction():
                pass
        assert store.connection.execute("SELECT count(*) FROM fact WHERE name <> 'stories found by'").fetchone() == (1,)
        with store.transaction(), store.snapshot() as db:
            db.execute("DELETE FROM fact")
        assert other.connection.execute("SELECT count(*) FROM fact WHERE name <> 'stories found by'").fetchone() == (0,)


def test_a_transaction_waits_as_often_as_it_is_told_to(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as store, Store(tmp_path / "a.db", busy_timeout_ms=1) as other:
        answers = iter([True, True, False])
        with store.transaction(), pytest.raises(LockedError), other.transaction(lambda: next(answers)):
            pass
        assert next(answers, None) is None
        with other.transaction(lambda: False):
            pass


def test_who_waits_for_the_lock_looks_more_often_than_room_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float] = []
    with Store(tmp_path / "a.db") as store, Store(tmp_path / "a.db", busy_timeout_ms=60_000) as other:
        store.connection.execute("BEGIN IMMEDIATE")

        def look(seconds: float) -> None:
            looks.append(seconds)
            if len(looks) == 3:
                store.connection.execute("COMMIT")

        monkeypatch.setattr(database, "sleep", look)
        with other.transaction():
            pass
        assert other.connection.execute("PRAGMA busy_timeout").fetchone() == (60_000,)
    assert len(looks) == 3
    assert max(looks) < PAUSE / 2


@pytest.mark.parametrize(
    ("error", "of_the_file"),
    [
        (LockedError("a"), True),
        (StorageError("a"), True),
        (sqlite3.OperationalError("disk I/O error"), True),
        (sqlite3.DatabaseError("malformed"), True),
        (sqlite3.IntegrityError("FOREIGN KEY constraint failed"), False),
        (sqlite3.ProgrammingError("binding"), False),
        (NotFoundError("no entry"), False),
        (ValueError("a"), False),
    ],
)
def test_what_is_of_the_database_is_told_from_what_is_of_an_entry(error: Exception, of_the_file: bool) -> None:
    assert is_database_error(error) is of_the_file


def test_a_row_that_is_no_text_any_more_is_told_as_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store(path) as store:
        store.connection.execute("INSERT INTO fact (name, value) VALUES ('a', CAST(x'a5a5' AS TEXT))")
        with pytest.raises(StorageError, match="damaged"), store.snapshot() as db:
            db.execute("SELECT value FROM fact WHERE name <> 'stories found by'").fetchall()


def go_on_without(store: Store) -> None:
    with store.single_unit() as db:
        db.execute("INSERT INTO told VALUES ('before')")
        with contextlib.suppress(ZeroDivisionError):
            note_and_fail(store, 1)


def test_a_whole_transaction_is_undone_by_a_part_that_fails(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as store:
        with store.transaction() as db:
            db.execute("CREATE TABLE told (word TEXT)")
        with pytest.raises(SavepointFailedError):
            go_on_without(store)
        assert store.connection.execute("SELECT count(*) FROM told").fetchone() == (0,)
        with store.transaction():  # inside of another, parts stay parts
            go_on_without(store)
        assert store.connection.execute("SELECT word FROM told").fetchall() == [("before",)]
