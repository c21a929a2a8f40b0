"""A database of an earlier release is brought up to date whole or not at all, and a copy of it as it was lies beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database

from aggregator.exceptions import StorageError
from aggregator.storage.backups import restore
from aggregator.storage.database import Store
from aggregator.storage.integrity import faults
from aggregator.storage.migrations import migrations
from aggregator.storage.schema import APPLICATION_ID
from tests.harness import Clock

FORMER = migrations._migrations[-2].name  # the first that is pending: two are
NAMES = [migration.name for migration in migrations._migrations]


@pytest.fixture
def former(tmp_path: Path) -> Path:
    """A database of an earlier release, with a fact in it."""
    path = tmp_path / "a.db"
    database = Database(path)
    with closing(database.conn):
        migrations.apply(database, stop_before=FORMER)
        database.conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute("INSERT INTO fact (name, value) VALUES ('kept', 'yes')")
        database.conn.commit()
    return path


def state(path: Path) -> tuple[list[str], list[tuple[str]]]:
    """Return which migrations a file has, and its fact."""
    with closing(sqlite3.connect(path)) as db:
        applied = [name for (name,) in db.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]
        return applied, db.execute("SELECT value FROM fact WHERE name = 'kept'").fetchall()


def copy_of(path: Path) -> Path:
    return path.with_name(f"a.db.before-{FORMER}")


def test_a_copy_of_the_file_as_it_was_lies_beside_it(former: Path) -> None:
    with Store(former) as store:
        assert faults(store.connection, store.path) == ()
    assert state(former) == (NAMES, [("yes",)])
    copy = copy_of(former)
    assert state(copy) == (NAMES[:-2], [("yes",)])
    assert copy.stat().st_mode & 0o777 == 0o600
    restore(copy, former, Clock()())
    assert state(former) == (NAMES[:-2], [("yes",)])


def test_a_migration_that_fails_leaves_the_file_usable_as_it_was(former: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(database: Database) -> None:
        database.execute("CREATE TABLE half_done (id INTEGER)")
        raise RuntimeError("injected")

    with monkeypatch.context() as patch:
        patch.setattr(
            migrations, "_migrations", [*migrations._migrations[:-1], replace(migrations._migrations[-1], fn=fails)]
        )
        with pytest.raises(RuntimeError, match="injected"):
            Store(former)
    assert state(former) == (NAMES[:-2], [("yes",)])  # not even the migration before it
    assert state(copy_of(former)) == (NAMES[:-2], [("yes",)])
    with Store(former) as store:
        assert faults(store.connection, store.path) == ()
    assert state(former) == (NAMES, [("yes",)])


def test_where_no_copy_can_be_made_the_file_is_left_as_it_is(former: Path) -> None:
    copy_of(former).mkdir()
    with pytest.raises(StorageError, match=r"made by an older aggregator, and left as it is: .*could not be written"):
        Store(former)
    assert state(former) == (NAMES[:-2], [("yes",)])


def test_a_new_database_has_no_former_state(tmp_path: Path) -> None:
    Store(tmp_path / "new.db").close()
    Store(tmp_path / "new.db").close()
    assert [path.name for path in tmp_path.iterdir()] == ["new.db"]
