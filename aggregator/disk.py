"""Files beside a database, and durable writes: for packages that may not import each other."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from urllib.parse import quote

LOG = "-wal"  # the write-ahead log: commits that are not in the database file yet
JOURNAL = "-journal"  # the rollback journal, for databases without a write-ahead log
POLLS = "-polls"  # polls without news that are not in the poll log yet
BESIDE = (LOG, "-shm", JOURNAL, POLLS)  # files that belong to a database and lie beside it
LOCK = ".lock"  # the daemon's lock file
_BEGINNING = b"SQLite format 3\0"


def is_database(path: Path) -> bool:
    """Return whether a file is an SQLite database, by its first bytes; False if it does not exist or cannot be read."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Return whether a path is a file; False also in a folder that we may not read."""
    try:
        return path.is_file()
    except OSError:
        return False


def real_path(path: Path) -> Path:
    """Return a path with its links resolved, even if nothing exists there yet; OSError for a loop."""
    try:
        return path.resolve()
    except RuntimeError as error:
        raise OSError(errno.ELOOP, "its links lead in a circle", str(path)) from error


def sqlite_name(path: Path, how: str) -> str:
    """Return the URI for SQLite to open a file, with a parameter such as "mode=ro"."""
    return f"file:{quote(str(path.resolve()))}?{how}"


def make_durable(path: Path) -> None:
    """Flush a file, or a folder's names, to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def take_over(descriptor: int, there: os.stat_result) -> None:
    """Give a file the owner and the permissions of the file that it will replace."""
    if (there.st_uid, there.st_gid) != (os.geteuid(), os.getegid()):
        try:
            os.fchown(descriptor, there.st_uid, there.st_gid)
        except PermissionError:
            pass  # we may not change its owner, so the new file is ours
    os.fchmod(descriptor, stat.S_IMODE(there.st_mode))


def give_to_owner_of(path: Path, made: int | Path) -> None:
    """Give a file or folder that root made to the owner of ``path``, as SQLite does with its logs.

    Otherwise the daemon's user could not open files that a command of root has made.
    """
    if os.geteuid() != 0:
        return
    try:
        there = path.stat()
        os.chown(made, there.st_uid, there.st_gid)
    except OSError:
        pass  # a file system without owners, or a first start without an owner to copy


def make_folder(folder: Path) -> None:
    """Make a folder and its parents; each gets the owner of its own parent folder."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        give_to_owner_of(folder.parent, folder)
