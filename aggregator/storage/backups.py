"""Makes backups, which are checked before they replace anything, and restores a database from one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from aggregator.disk import BESIDE, give_to_owner_of, make_durable, make_folder, real_path, take_over
from aggregator.exceptions import NotOursError, StorageError
from aggregator.storage.commit_number import renumber
from aggregator.storage.integrity import counts, faults, faults_at_rest
from aggregator.storage.opening import PRIVATE, open_at_rest

_WHOLE = ("", *BESIDE)  # a database and what SQLite keeps beside it


def back_up(connection: sqlite3.Connection, database: Path | None, target: Path, *, through_links: bool) -> None:
    """Copy a live database to ``target``, which is replaced only by a complete and sound copy.

    With ``through_links`` a link at ``target`` is followed; without, it is replaced, as is right for names that we made ourselves.
    The copy is of one moment, whatever is written meanwhile. Raises StorageError; nothing half done is left behind.
    """
    try:
        target = real_path(target) if through_links else real_path(target.parent) / target.name
        make_folder(target.parent)
        with _partial(target) as partial:
            expected = _copied(connection, partial)
            _check_copy(partial, expected, database)
            make_durable(partial)
            partial.replace(target)
            make_durable(target.parent)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_CORRUPT or "no such table" in str(error):
            raise _no_backup_of(database, str(error)) from error
        raise StorageError(f"{target}: the backup could not be written ({error})") from error
    except OSError as error:
        raise StorageError(f"{target}: the backup could not be written ({_reason(error)})") from error


def restore(source: Path, database: Path, now: datetime) -> tuple[dict[str, int], Path | None]:
    """Replace ``database`` by a copy of ``source``; return its counts, and the path where the old file was set aside.

    The old file, its log and the log's index get new names. Raises StorageError where ``source`` is not sound or cannot
    be read; the old database is untouched then.
    """
    database = real_path(database)
    _check_source(source, database)
    try:
        with _partial(database, like=database) as partial:
            connection = open_at_rest(source)
            try:
                expected = _copied(connection, partial, renumbered=True)
            finally:
                connection.close()
            _check_copy(partial, expected, source)
            make_durable(partial)
            aside = _set_aside(database, now)
            try:
                partial.replace(database)
            except OSError:
                _put_back(database, aside)
                raise
            make_durable(database.parent)
    except (OSError, sqlite3.Error) as error:
        raise StorageError(
            f"{database}: could not be restored from {source} ({_reason(error)}); it is as it was"
        ) from error
    return expected, aside


def _check_source(source: Path, database: Path) -> None:
    if not source.is_file():
        raise StorageError(f"{source}: no such file; {database} is as it was")
    if real_path(source) == database:
        raise StorageError(f"{source}: is the database itself; name the copy to restore")
    try:
        found = faults_at_rest(source)
    except NotOursError as error:
        raise StorageError(f"{error}; {database} is as it was") from error
    except sqlite3.Error as error:
        raise StorageError(
            f"{source}: cannot be restored, it is no sound database ({error}); {database} is as it was"
        ) from error
    if found:
        raise StorageError(f"{source}: cannot be restored, it is damaged: {found[0]}; {database} is as it was")


@contextmanager
def _partial(target: Path, like: Path | None = None) -> Iterator[Path]:
    """Yield the path of a private file beside ``target``, deleted afterwards with SQLite's files beside it.

    Where the file ``like`` exists, it gets that file's owner and permissions.
    """
    partial = target.with_name(f"{target.name}.partial")
    try:
        for ending in _WHOLE:
            Path(f"{partial}{ending}").unlink(missing_ok=True)
        descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, PRIVATE)
        try:
            if like is not None and like.is_file():
                take_over(descriptor, like.stat())
            else:
                give_to_owner_of(partial.parent, descriptor)
        finally:
            os.close(descriptor)
        yield partial
    finally:
        for ending in _WHOLE:
            Path(f"{partial}{ending}").unlink(missing_ok=True)


def _copied(connection: sqlite3.Connection, target: Path, *, renumbered: bool = False) -> dict[str, int]:
    """Copy an open database as of now; return its counts of that moment."""
    copy = sqlite3.connect(target)
    pinned = not connection.in_transaction
    try:
        if pinned:
            connection.execute("BEGIN")  # later writes by others are in neither the counts nor the copy
        expected = counts(connection)
        connection.backup(copy)
        if renumbered:
            renumber(copy)
    finally:
        if pinned and connection.in_transaction:
            connection.execute("ROLLBACK")
        copy.close()
    return expected


def _check_copy(copy: Path, expected: dict[str, int], database: Path | None) -> None:
    connection = open_at_rest(copy)
    try:
        found = faults(connection, copy)
        if not found and counts(connection) != expected:
            found = ("it does not hold as many rows as the database",)
    finally:
        connection.close()
    if found:
        raise _no_backup_of(database, found[0])


def _no_backup_of(database: Path | None, fault: str) -> StorageError:
    return StorageError(
        f"{database}: damaged ({fault}); a copy of it would be no backup, and none was written. "
        "`aggregator db check` tells more, `aggregator db restore FILE` puts an earlier copy in its place"
    )


def _set_aside(database: Path, now: datetime) -> Path | None:
    """Rename the database and the files beside it; return the new path, None where there was no file."""
    aside = _free_name(database.with_name(f"{database.name}.before-restore-{now:%Y%m%dT%H%M%SZ}"))
    moved = False
    for ending in reversed(_WHOLE):
        old = Path(f"{database}{ending}")
        if old.exists():
            old.replace(f"{aside}{ending}")
            moved = True
    return aside if moved else None


def _put_back(database: Path, aside: Path | None) -> None:
    for ending in _WHOLE if aside is not None else ():
        if Path(f"{aside}{ending}").exists():
            Path(f"{aside}{ending}").replace(f"{database}{ending}")


def _free_name(path: Path) -> Path:
    number, free = 1, path
    while any(Path(f"{free}{ending}").exists() for ending in _WHOLE):
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def _reason(error: OSError | sqlite3.Error) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
