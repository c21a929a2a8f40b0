"""Opening the database file: private to its owner when created, read-only where nothing can be written."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from urllib.parse import quote

from aggregator.exceptions import StorageError

# What SQLite answers where a file, or the log beside it, cannot be written: a read-only or full disk, no permission.
_NO_WRITING = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
}
PRIVATE = 0o600


def open_database(
    path: Path | None, busy_timeout_ms: int, *, spilling: bool = False
) -> tuple[sqlite3.Connection, bool]:
    """Return a connection in autocommit mode, and whether it can only read; None for ``path`` is a database in memory.

    Where that is ``spilling``, SQLite keeps in a file without a name what its cache has no room for.

    Raises StorageError where the path cannot be one of a database, sqlite3.Error where SQLite cannot open it.
    """
    if path is None:
        connection = _tried("" if spilling else ":memory:", busy_timeout_ms)
        connection.execute("PRAGMA journal_mode = MEMORY")  # nobody looks for it after a crash
        return connection, False
    _check_place(path)
    if not path.exists():
        _make_private(path)
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        try:
            return _tried(str(path), busy_timeout_ms), False
        except sqlite3.OperationalError as error:
            if not _is_unwritable(error):
                raise
    return open_for_reading(path, busy_timeout_ms), True


def open_for_reading(path: Path, busy_timeout_ms: int = 0) -> sqlite3.Connection:
    """Return a connection that changes nothing of a database that may be in use; raises sqlite3.Error."""
    try:
        return _tried(f"file:{quote(str(path.resolve()))}?mode=ro", busy_timeout_ms)
    except sqlite3.OperationalError as error:
        if not _is_unwritable(error):
            raise
    # SQLite reads a log only where it may make an index of it beside the file
    return _of_a_copy(path, busy_timeout_ms) if _has_log(path) else open_at_rest(path)


def open_at_rest(path: Path) -> sqlite3.Connection:
    """Return a connection that reads a file that no other process has open, and creates none beside it; raises sqlite3.Error."""
    if _has_log(path):
        return _of_a_copy(path, 0)
    return _tried(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", 0)


def _tried(name: str, busy_timeout_ms: int) -> sqlite3.Connection:
    """Return a connection that has read the file once."""
    connection = sqlite3.connect(
        name,
        uri=name.startswith("file:"),
        isolation_level=None,
        check_same_thread=False,
        timeout=busy_timeout_ms / 1000,
        cached_statements=512,
    )
    try:
        connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.execute(
            "PRAGMA cache_size = -16384"
        )  # KiB: the indexes that every entry asks, eight times the default
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _is_unwritable(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in _NO_WRITING


def _of_a_copy(path: Path, busy_timeout_ms: int) -> sqlite3.Connection:
    """Return a connection to a copy in memory."""
    with tempfile.TemporaryDirectory(prefix="aggregator-") as folder:
        copy = Path(folder) / "copy.db"
        for ending in ("", "-wal"):
            shutil.copyfile(f"{path.resolve()}{ending}", f"{copy}{ending}")
        written, memory = _tried(str(copy), busy_timeout_ms), _tried(":memory:", busy_timeout_ms)
        try:
            written.backup(memory)
        finally:
            written.close()
        memory.execute("PRAGMA query_only = ON")
        return memory


def _has_log(path: Path) -> bool:
    log = Path(f"{path.resolve()}-wal")
    return log.exists() and log.stat().st_size > 0


def _check_place(path: Path) -> None:
    if not path.parent.exists():
        raise StorageError(f"{path}: the folder {path.parent} does not exist")
    if path.is_dir():
        raise StorageError(f"{path}: is a folder, not a database file")
    if path.exists() and not path.is_file():
        raise StorageError(f"{path}: is a pipe or a device, not a database file")


def _make_private(path: Path) -> None:
    """Make an empty file that only its owner can read; the log beside it gets the same permissions from SQLite."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, PRIVATE))
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise StorageError(
            f"{path}: the database cannot be made ({reason}); check the path and its permissions"
        ) from error
