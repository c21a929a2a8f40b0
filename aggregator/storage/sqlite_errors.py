"""Translates SQLite's errors into ours: what happened, to which file, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aggregator.exceptions import LockedError, NotOursError, StorageError

# Beginnings of SQLite's messages where a table or column of ours was removed, and where a text holds bytes that are not UTF-8.
_SPOILT = ("no such table", "no such view", "no such column", "vtable constructor failed", "Could not decode to UTF-8")


def is_database_error(error: BaseException) -> bool:
    """Return whether the file or machine caused an error (locked, full, damaged, no memory), and not the data to be written."""
    if isinstance(error, sqlite3.Error):
        of_the_data = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)
        return not isinstance(error, of_the_data)
    return isinstance(error, StorageError | LockedError | OSError | MemoryError)


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Return whether another process holds the lock."""
    return "locked" in str(error) or "busy" in str(error)


@contextmanager
def explained(path: Path | None) -> Iterator[None]:
    """Turn SQLite's errors into ours, with the file's name and what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        explanation = _explanation(path, error)
        if explanation is None:
            raise
        raise explanation from error


def _code_of(text: str) -> int:
    """Return SQLite's code for the text of an error that carries no code."""
    if is_busy(sqlite3.OperationalError(text)):
        return sqlite3.SQLITE_BUSY
    return sqlite3.SQLITE_FULL if "full" in text else sqlite3.SQLITE_ERROR


def _explanation(path: Path | None, error: sqlite3.DatabaseError) -> StorageError | LockedError | None:
    """Return our error for an error of SQLite; None where the program is at fault."""
    code = getattr(error, "sqlite_errorcode", _code_of(str(error))) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LockedError(f"{path}: another process is writing to this database; try again when it is done")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return StorageError(
            f"{path}: cannot be written ({error}); check the path, its permissions and whether the disk is read-only or full"
        )
    if code == sqlite3.SQLITE_FULL:
        return StorageError(f"{path}: the disk is full; nothing of this change was stored")
    if code == sqlite3.SQLITE_IOERR:
        return StorageError(f"{path}: {error}; nothing of this change was stored. Is the disk full or failing?")
    if code == sqlite3.SQLITE_NOTADB:
        return NotOursError(f"{path}: not a SQLite database; it is left untouched. Name another with --db.")
    if code == sqlite3.SQLITE_CORRUPT or str(error).startswith(_SPOILT):
        return StorageError(
            f"{path}: damaged ({error}); `aggregator db check` names the damage, `aggregator db restore FILE` puts a backup in its place"
        )
    return None
