"""Opens the database file: private to its owner when created, read-only where nothing can be written."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from aggregator.disk import JOURNAL, LOG, give_to_owner_of, sqlite_name
from aggregator.exceptions import StorageError
from aggregator.storage.commit_number import has_foreign_log

# SQLite's errors where a file, or the log beside it, cannot be written: a read-only or full disk, no permission.
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
    """Return a connection in autocommit mode, and whether it is read-only; ``path`` None opens a database in memory.

    With ``spilling``, the pages of a database in memory that its cache has no room for are kept in a temporary file.

    Raises StorageError where the path cannot be one of a database, sqlite3.Error where SQLite cannot open it.
    """
    if path is None:
        connection = _tried("" if spilling else ":memory:", busy_timeout_ms)
        connection.execute("PRAGMA journal_mode = MEMORY")  # a scratch database needs no recovery after a crash
        return connection, False
    _check_place(path)
    if not path.exists():
        _make_private(path)
    _check_leftover_files(path)
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        try:
            return _tried(str(path), busy_timeout_ms), False
        except sqlite3.OperationalError as error:
            if not _is_unwritable(error):
                raise
    return open_for_reading(path, busy_timeout_ms), True


def open_for_reading(path: Path, busy_timeout_ms: int = 0) -> sqlite3.Connection:
    """Return a connection that changes nothing of a database that may be in use; raises as :func:`open_database`."""
    _check_place(path)
    try:
        return _for_reading(path, busy_timeout_ms)
    except sqlite3.OperationalError as error:
        if not _is_unwritable(error):
            raise
    return open_at_rest(path, busy_timeout_ms)


def open_without_log(path: Path) -> sqlite3.Connection:
    """Return a connection that reads a file without the log beside it; raises sqlite3.Error."""
    return _tried(sqlite_name(path, "mode=ro&immutable=1"), 0)


def open_at_rest(path: Path, busy_timeout_ms: int = 0) -> sqlite3.Connection:
    """Return a connection to a file that no other process has open, creating no file beside it; raises sqlite3.Error."""
    # SQLite reads a log only where it can create an index beside the file, and applies a journal only where it can write
    if left := _leftover_files(path):
        return _of_a_copy(path, left, busy_timeout_ms)
    return open_without_log(path)


def _tried(
    name: str, busy_timeout_ms: int, check: Callable[[sqlite3.Connection], None] = lambda _: None
) -> sqlite3.Connection:
    """Return a connection that has read the file once; ``check`` is called first, and raises where the file must not be read."""
    connection = sqlite3.connect(
        name,
        uri=name.startswith("file:"),
        isolation_level=None,
        check_same_thread=False,
        timeout=busy_timeout_ms / 1000,
        cached_statements=512,
    )
    try:
        check(connection)  # before the schema is read, because a foreign log may hold another one
        connection.execute(f"PRAGMA busy_timeout = {busy_timeout_ms}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        # in KiB, eight times the default: room for the indexes that every entry is looked up in
        connection.execute("PRAGMA cache_size = -16384")
        # SQLite's own lower() changes only the letters of ASCII
        connection.create_function("casefold", 1, lambda text: text and text.casefold(), deterministic=True)
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def _is_unwritable(error: sqlite3.OperationalError) -> bool:
    return error.sqlite_errorcode & 0xFF in _NO_WRITING


def _of_a_copy(path: Path, left: tuple[str, ...], busy_timeout_ms: int) -> sqlite3.Connection:
    """Return a connection to a copy in memory, with the leftover files applied."""
    with tempfile.TemporaryDirectory(prefix="aggregator-") as folder:
        copy = Path(folder) / "copy.db"
        for ending in ("", *left):
            shutil.copyfile(f"{path.resolve()}{ending}", f"{copy}{ending}")
        written = _tried(str(copy), busy_timeout_ms, lambda reader: _require_own_log(path, copy, reader))
        memory = _tried(":memory:", busy_timeout_ms)
        try:
            written.backup(memory)
        finally:
            written.close()
        memory.execute("PRAGMA query_only = ON")
        return memory


def _leftover_files(path: Path) -> tuple[str, ...]:
    """Return the suffixes of files that another process left beside a database and that belong to its content."""
    beside = {ending: Path(f"{path.resolve()}{ending}") for ending in (LOG, JOURNAL)}
    return tuple(ending for ending, file in beside.items() if file.is_file() and file.stat().st_size)


def _check_leftover_files(path: Path) -> None:
    """Raise StorageError where a log beside the file belongs to another one: a writer would apply it to the file."""
    if _leftover_files(path):
        try:
            _for_reading(path, 0).close()
        except sqlite3.OperationalError:
            pass  # it is in use, or no file can be created beside it


def _for_reading(path: Path, busy_timeout_ms: int) -> sqlite3.Connection:
    if LOG in _leftover_files(path) and not path.stat().st_size:  # SQLite would delete the log of an empty file
        raise StorageError(
            f"{path}: is empty, and {path.name}{LOG} beside it belongs to a file that was not; both are left as they are. "
            "`aggregator db restore FILE` puts a backup in their place"
        )
    return _tried(sqlite_name(path, "mode=ro"), busy_timeout_ms, lambda reader: _require_own_log(path, path, reader))


def _require_own_log(path: Path, file: Path, reader: sqlite3.Connection) -> None:
    """Raise StorageError where the log beside ``file`` (``path`` or a copy of it) belongs to another database."""
    if LOG in _leftover_files(file) and has_foreign_log(file, reader):
        raise StorageError(
            f"{path}: {path.name}{LOG} beside it was not made for it as it stands, but for another database or another "
            "state of this one (so it is where a copy was put over a file whose log was left); both are left as they are. "
            f"`aggregator db restore FILE` puts a backup in their place; or move {path.name}{LOG} away to go without it"
        )


def _check_place(path: Path) -> None:
    if not path.parent.exists():
        raise StorageError(f"{path}: the folder {path.parent} does not exist")
    if path.is_dir():
        raise StorageError(f"{path}: is a folder, not a database file")
    if path.exists() and not path.is_file():
        raise StorageError(f"{path}: is a pipe or a device, not a database file")


def _make_private(path: Path) -> None:
    """Create an empty file that only its owner can read; SQLite gives its log the same permissions."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, PRIVATE))
        give_to_owner_of(path.parent, path)
    except OSError as error:
        reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        raise StorageError(
            f"{path}: the database cannot be made ({reason}); check the path and its permissions"
        ) from error
