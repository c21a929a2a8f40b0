"""A database that is moved, removed or replaced under a running daemon: nothing of it is lost, and the daemon says so."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aggregator.daemon.held_file import HeldFile
from aggregator.exceptions import StorageError
from aggregator.storage.database import Store
from aggregator.storage.integrity import faults
from tests.daemon.running import Newsroom

NOW = datetime(2026, 3, 10, 7, 0, tzinfo=UTC)


def remove(database: Path) -> None:
    database.unlink()


def remove_all(database: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(f"{database}{ending}").unlink()


def move(database: Path) -> None:
    database.rename(database.with_name("moved.db"))


def remove_folder(database: Path) -> None:
    shutil.rmtree(database.parent)


def facts(path: Path) -> list[str]:
    with Store(path) as store:
        assert faults(store.connection, store.path) == ()
        rows = store.connection.execute("SELECT name FROM fact WHERE name LIKE 'said %' ORDER BY name")
        return [name for (name,) in rows]


def say(store: Store, word: str) -> None:
    with store.transaction() as db:
        db.execute("INSERT INTO fact (name, value) VALUES (?, '')", (f"said {word}",))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    (tmp_path / "desk").mkdir()
    return tmp_path / "desk" / "a.db"


@pytest.mark.parametrize("take", [remove, remove_all, move, remove_folder])
def test_what_was_taken_away_is_put_back(database: Path, take: Callable[[Path], None]) -> None:
    with Store(database) as store, HeldFile(database, store, lambda: NOW) as held:
        say(store, "before")
        held.look()
        take(database)
        say(store, "after")  # SQLite goes on as if nothing were
        held.look()
        with pytest.raises(StorageError, match="was moved, removed or replaced"):
            held.look()
    assert facts(database) == ["said after", "said before"]
    assert [path.name for path in database.parent.iterdir() if path.name != "moved.db"] == ["a.db"]


def test_what_stands_in_its_place_is_left_there(database: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "other.db") as other:
        say(other, "else")
    with Store(database) as store, HeldFile(database, store, lambda: NOW) as held:
        say(store, "here")
        (tmp_path / "other.db").replace(database)
        held.look()
        with pytest.raises(StorageError, match="was moved, removed or replaced"):
            held.look()
        bytes_there = database.read_bytes()
    assert database.read_bytes() == bytes_there
    assert facts(database.with_name("a.db.saved-20260310T070000Z")) == ["said here"]
    Path(f"{database}-wal").unlink(missing_ok=True)
    assert facts(database) == ["said else"]


def test_a_file_that_is_away_for_a_moment_is_no_loss(database: Path) -> None:
    with Store(database) as store, HeldFile(database, store, lambda: NOW) as held:
        for _ in range(3):
            database.rename(database.with_name("b.db"))
            held.look()
            database.with_name("b.db").rename(database)
            held.look()
    assert [path.name for path in database.parent.iterdir()] == ["a.db"]


@pytest.mark.costly
@pytest.mark.parametrize("take", [remove, move])
def test_a_daemon_whose_database_is_taken_away_puts_it_back_and_ends(
    newsroom: Newsroom, take: Callable[[Path], None]
) -> None:
    newsroom.follow(newsroom.serve("/one", "One"))
    with newsroom.daemon() as daemon:
        daemon.hear("one: 1 new")
        take(newsroom.database)
        newsroom.follow(newsroom.server.url("/one"), newsroom.serve("/two", "Two"))
        daemon.send(signal.SIGHUP)
        daemon.hear("two: 1 new")
        assert daemon.end() == 1
        assert daemon.said("the stored data is back in")
        assert daemon.said("was moved, removed or replaced")
    assert newsroom.titles() == ["One", "Two"]
    with newsroom.daemon() as daemon:
        daemon.hear("following 2 feeds")
        assert daemon.stop() == 0
    assert "sound" in newsroom.call("db", "check").ok().out
