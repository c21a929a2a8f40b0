"""Backups that are looked at before they count, and the way back; a damaged file is named and never copied over a good one."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.config.files import write_named
from aggregator.daemon.locking import DaemonLock
from aggregator.desk.maintenance import rotate_backups
from aggregator.exceptions import StorageError
from aggregator.storage.backups import restore
from aggregator.storage.database import Store
from aggregator.storage.integrity import faults, faults_at_rest, faults_of_file

NOW = datetime(2026, 3, 10, 7, 0, tzinfo=UTC)
NOBODY = 65_534


def filled(path: Path, rows: int = 400) -> Path:
    with Store(path) as store, store.transaction() as db:
        db.executemany(
            "INSERT INTO edition (id, title, since, until, made, stories, body) VALUES (?, 't', 's', 'u', 'm', 0, ?)",
            [(f"edition {number}", "body " * 50) for number in range(rows)],
        )
    return path


def damage(path: Path, index: str = "edition_until") -> None:
    """Spoil the page that an index begins on."""
    with closing(sqlite3.connect(path)) as db:
        page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (index,)).fetchone()[0]
        size = db.execute("PRAGMA page_size").fetchone()[0]
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """Let no file grow beyond so many bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_backup_is_sound_private_and_alone(tmp_path: Path) -> None:
    with Store(filled(tmp_path / "a.db")) as store:
        store.backup(tmp_path / "copies" / "b.db")
    assert names(tmp_path / "copies") == ["b.db"]
    assert stat.S_IMODE((tmp_path / "copies" / "b.db").stat().st_mode) == 0o600
    assert faults_at_rest(tmp_path / "copies" / "b.db") == ()
    assert names(tmp_path / "copies") == ["b.db"]


def test_a_damaged_database_gives_no_backup_and_the_good_ones_stay(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.db")
    with Store(path) as store:
        for day in range(3):
            rotate_backups(store, 2, NOW + timedelta(days=day))
    good = names(tmp_path / "backups")
    assert len(good) == 2
    damage(path)
    with Store(path) as store:
        with pytest.raises(StorageError, match=r"a\.db: damaged"):
            rotate_backups(store, 2, NOW + timedelta(days=9))
        with pytest.raises(StorageError, match="damaged"):
            store.backup(tmp_path / "b.db")
    assert names(tmp_path / "backups") == good
    assert not (tmp_path / "b.db").exists()
    assert faults_of_file(path, 0)


def test_rotation_takes_its_own_copies_alone(tmp_path: Path) -> None:
    others = ["news-sport-20260301T070000Z.db", "news-before-the-election.db", "news-20260301T070000Z.db.old"]
    (tmp_path / "backups").mkdir()
    for name in (*others, "news-20260228T070000Z.db.partial", "news-20260228T070000Z.db.partial-journal"):
        (tmp_path / "backups" / name).write_bytes(b"x")
    with Store(tmp_path / "news.db") as store:
        for day in range(3):
            rotate_backups(store, 2, NOW + timedelta(days=day))
    assert names(tmp_path / "backups") == sorted([*others, "news-20260311T070000Z.db", "news-20260312T070000Z.db"])


def test_copies_of_a_database_with_a_wild_name_are_rotated(tmp_path: Path) -> None:
    with Store(tmp_path / "news[1]*.db") as store:
        for day in range(3):
            rotate_backups(store, 1, NOW + timedelta(days=day))
    assert names(tmp_path / "backups") == ["news[1]*-20260312T070000Z.db"]


def test_copies_that_a_wrong_clock_dated_ahead_go_before_those_of_today(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as store:
        for days in (0, 365, 366, 1, 2):
            written = rotate_backups(store, 2, NOW + timedelta(days=days))
            assert written is not None
            assert written.exists()
    assert names(tmp_path / "backups") == ["a-20260311T070000Z.db", "a-20260312T070000Z.db"]


def test_a_backup_that_fails_leaves_nothing_and_the_old_one_whole(tmp_path: Path) -> None:
    target = tmp_path / "copies" / "b.db"
    with Store(filled(tmp_path / "a.db")) as store:
        store.backup(target)
        before = target.read_bytes()
        with files_of_at_most(50_000), pytest.raises(StorageError, match="could not be written"):
            store.backup(target)
    assert names(target.parent) == ["b.db"]
    assert target.read_bytes() == before


def test_a_backup_through_a_link_is_written_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to("real.db")
    with Store(filled(tmp_path / "a.db")) as store:
        store.backup(tmp_path / "link.db")
    assert (tmp_path / "link.db").is_symlink()
    assert faults_at_rest(tmp_path / "real.db") == ()


def test_a_backup_under_a_name_of_ours_replaces_a_link(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "a-1.db").symlink_to("theirs")
    with Store(tmp_path / "a.db") as store:
        store.backup(tmp_path / "a-1.db", through_links=False)
    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert not (tmp_path / "a-1.db").is_symlink()
    assert faults_at_rest(tmp_path / "a-1.db") == ()


def test_restoring_sets_the_old_file_aside_with_its_log(tmp_path: Path) -> None:
    path, copy = filled(tmp_path / "a.db"), tmp_path / "copy.db"
    with Store(path) as store:
        store.backup(copy)
        store.connection.execute("INSERT INTO fact (name, value) VALUES ('later', '1')")
        # a log of a process that died is beside the file
        left = {ending: Path(f"{path}{ending}").read_bytes() for ending in ("", "-wal", "-shm")}
    for ending, content in left.items():
        Path(f"{path}{ending}").write_bytes(content)
    counts, aside = restore(copy, path, NOW)
    assert counts["edition"] == 400
    assert aside == tmp_path / "a.db.before-restore-20260310T070000Z"
    assert names(tmp_path) == sorted(["a.db", "copy.db", *(f"{aside.name}{ending}" for ending in left)])
    with Store(path) as store:
        assert faults(store.connection, store.path) == ()
        assert store.connection.execute("SELECT count(*) FROM fact WHERE name = 'later'").fetchone()[0] == 0
    with Store(aside) as store:
        assert store.connection.execute("SELECT count(*) FROM fact WHERE name = 'later'").fetchone()[0] == 1
    again = restore(copy, path, NOW)[1]
    assert again is not None
    assert again.name == f"{aside.name}-2"


def test_a_copy_with_its_own_log_is_restored_with_what_the_log_holds(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with Store(filled(tmp_path / "a.db")) as store:
        store.connection.execute("INSERT INTO fact (name, value) VALUES ('in the log', '1')")
        for ending in ("", "-wal"):
            Path(f"{copy}{ending}").write_bytes(Path(f"{tmp_path / 'a.db'}{ending}").read_bytes())
    restore(copy, tmp_path / "b.db", NOW)
    with Store(tmp_path / "b.db") as store:
        assert store.connection.execute("SELECT count(*) FROM fact WHERE name <> 'stories found by'").fetchone()[0] == 1
    assert Path(f"{copy}-wal").stat().st_size


def cut_short(path: Path) -> None:
    """Leave a database as a process without a log leaves it that was killed in a change: half of that, and the way back beside it."""
    with closing(sqlite3.connect(filled(path.with_name("whole.db")), isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA cache_size = 1")
        db.execute("BEGIN")
        db.execute("DELETE FROM edition")
        for ending in ("", "-journal"):
            shutil.copyfile(path.with_name(f"whole.db{ending}"), f"{path}{ending}")
    path.with_name("whole.db").unlink()


def test_half_a_change_in_a_copy_is_undone_before_it_is_restored(tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    cut_short(copy)
    counts, _ = restore(copy, tmp_path / "b.db", NOW)
    assert counts["edition"] == 400
    assert Path(f"{copy}-journal").stat().st_size


def test_what_undoes_a_change_of_the_old_database_is_set_aside_with_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store(filled(tmp_path / "other.db", 7)) as store:
        store.backup(tmp_path / "copy.db")
    cut_short(path)
    counts, aside = restore(tmp_path / "copy.db", path, NOW)
    assert counts["edition"] == 7
    assert aside is not None
    assert Path(f"{aside}-journal").stat().st_size
    for file, rows in ((path, 7), (aside, 400)):
        with Store(file) as store:
            assert faults(store.connection, store.path) == ()
            assert store.connection.execute("SELECT count(*) FROM edition").fetchone()[0] == rows


@pytest.mark.parametrize("kind", ["damaged", "text", "foreign", "newer", "missing", "itself", "cut"])
def test_what_is_not_sound_is_not_restored_and_the_old_database_stays(tmp_path: Path, kind: str) -> None:
    path, copy = filled(tmp_path / "a.db"), filled(tmp_path / "copy.db")
    before = path.read_bytes()
    if kind == "damaged":
        damage(copy)
    elif kind == "text":
        copy.write_text("no database " * 100)
    elif kind == "foreign":
        copy.unlink()
        with closing(sqlite3.connect(copy)) as db:
            db.execute("CREATE TABLE things (id)")
    elif kind == "newer":
        with closing(sqlite3.connect(copy)) as db, db:
            db.execute(
                "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('aggregator', 'm999', 'x')"
            )
    elif kind == "cut":
        copy.write_bytes(copy.read_bytes()[:20_000])
    source = {"missing": tmp_path / "none.db", "itself": path}.get(kind, copy)
    with pytest.raises(StorageError) as caught:
        restore(source, path, NOW)
    assert str(source) in str(caught.value)
    assert caught.value.exit_code == 1
    assert path.read_bytes() == before
    assert not [name for name in names(tmp_path) if "restore" in name or "partial" in name]


def test_a_restore_onto_a_full_disk_leaves_the_old_database(tmp_path: Path) -> None:
    path, copy = filled(tmp_path / "a.db"), filled(tmp_path / "copy.db", 800)
    before = path.read_bytes()
    with files_of_at_most(100_000), pytest.raises(StorageError, match="it is as it was"):
        restore(copy, path, NOW)
    assert path.read_bytes() == before
    assert names(tmp_path) == ["a.db", "copy.db"]


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.db")
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE report")
    assert "the table report is missing" in faults_of_file(path, 0)


def test_a_full_disk_undoes_the_change_and_the_store_goes_on(tmp_path: Path) -> None:
    with Store(filled(tmp_path / "a.db")) as store:
        pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
        store.connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(StorageError, match="disk is full"), store.transaction() as db, store.savepoint():
            db.execute("INSERT INTO fact (name, value) VALUES ('large', ?)", ("x" * 500_000,))
        assert not store.connection.in_transaction
        with store.transaction() as db:
            db.execute("DELETE FROM edition")
        assert faults(store.connection, store.path) == ()


@pytest.fixture
def closed_room() -> Iterator[Path]:
    """Give a folder that this process may read and not write to."""
    with tempfile.TemporaryDirectory() as folder:
        room = Path(folder)
        filled(room / "a.db")
        with Store(room / "b.db") as store:
            store.connection.execute("INSERT INTO fact (name, value) VALUES ('in the log', '1')")
            for ending in ("", "-wal"):
                (room / f"c.db{ending}").write_bytes((room / f"b.db{ending}").read_bytes())
        for path in room.iterdir():
            path.chmod(0o444)
        room.chmod(0o555)
        root = os.geteuid() == 0
        if root:
            os.seteuid(NOBODY)
        yield room
        if root:
            os.seteuid(0)
        room.chmod(0o755)


def test_what_cannot_be_written_can_be_read(closed_room: Path) -> None:
    for name in ("a.db", "c.db"):
        with Store(closed_room / name) as store:
            assert store.read_only
            assert faults(store.connection, store.path) == ()
            facts = store.connection.execute("SELECT count(*) FROM fact WHERE name <> 'stories found by'").fetchone()[0]
            assert facts == (1 if name == "c.db" else 0)
            with pytest.raises(StorageError, match="cannot be written"), store.transaction() as db:
                db.execute("INSERT INTO fact (name, value) VALUES ('x', 'y')")
    assert names(closed_room) == ["a.db", "b.db", "c.db", "c.db-wal"]


def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    with Store(tmp_path / "a.db") as store:
        store.connection.execute("INSERT INTO fact (name, value) VALUES ('x', 'y')")
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("a.db", "a.db-wal", "a.db-shm"), 0o600)


def test_a_restored_database_keeps_owner_and_permissions_of_the_old_one(tmp_path: Path) -> None:
    filled(tmp_path / "a.db")
    with Store(tmp_path / "a.db") as store:
        store.backup(tmp_path / "copy.db")
    (tmp_path / "a.db").chmod(0o640)  # a group of editors reads it
    if os.geteuid() == 0:
        os.chown(tmp_path / "a.db", NOBODY, NOBODY)
    there = (tmp_path / "a.db").stat()
    restore(tmp_path / "copy.db", tmp_path / "a.db", NOW)
    found = (tmp_path / "a.db").stat()
    assert (found.st_mode, found.st_uid, found.st_gid) == (there.st_mode, there.st_uid, there.st_gid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_makes_in_a_folder_belongs_to_its_owner(tmp_path: Path) -> None:
    room = tmp_path / "desk"
    room.mkdir()
    os.chown(room, NOBODY, NOBODY)
    with Store(room / "a.db") as store:
        store.backup(room / "copies" / "a-20260310T070000Z.db", through_links=False)
        write_named(room / "digests" / "days" / "index.html", b"<html>")
        with DaemonLock(room / "a.db"):
            owners = {path.relative_to(room).as_posix(): path.stat().st_uid for path in sorted(room.rglob("*"))}
    assert owners == dict.fromkeys(owners, NOBODY)
    assert {"a.db", "a.db.lock", "copies/a-20260310T070000Z.db", "digests/days/index.html"} <= owners.keys()
