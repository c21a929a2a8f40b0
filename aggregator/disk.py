"""Files beside a database, and durable writes: for packages that may not import each other."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from urllib.parse import quote

LOG = "-wal"  # commits that are not in the file itself yet
JOURNAL = "-journal"  # how to undo what was cut short, where there is no log
POLLS = "-polls"  # polls that brought nothing new and are not in the log of polls yet
BESIDE = (LOG, "-shm", JOURNAL, POLLS)  # what belongs to the content of a database, or SQLite keeps beside it
LOCK = ".lock"  # what the daemon keeps there
_BEGINNING = b"SQLite format 3\0"


def is_database(path: Path) -> bool:
    """Return whether a file begins as SQLite's do; False where there is none, or none that can be read."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return file.read(len(_BEGINNING)) == _BEGINNING
    except OSError:
        return False


def is_file(path: Path) -> bool:
    """Return whether a path that is only looked for is a file; False also in a folder that is closed to us."""
    try:
        return path.is_file()
    except OSError:
        return False


def real_path(path: Path) -> Path:
    """Return a path with its links resolved, also where nothing exists yet; OSError for a loop."""
    try:
        return path.resolve()
    except RuntimeError as error:
        raise OSError(errno.ELOOP, "its links lead in a circle", str(path)) from error


def sqlite_name(path: Path, how: str) -> str:
    """Return the URI with which SQLite opens a file, with a parameter such as "mode=ro"."""
    return f"file:{quote(str(path.resolve()))}?{how}"


def make_durable(path: Path) -> None:
    """Flush a file, or a folder's names, to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def take_over(descriptor: int, there: os.stat_result) -> None:
    """Give a file the owner and the permissions of the one that it is to replace."""
    if (there.st_uid, there.st_gid) != (os.geteuid(), os.getegid()):
        try:
            os.fchown(descriptor, there.st_uid, there.st_gid)
        except PermissionError:
            pass  # not ours to give away: the file is ours from now on
    os.fchmod(descriptor, stat.S_IMODE(there.st_mode))


def give_to_owner_of(path: Path, made: int | Path) -> None:
    """Give a file or folder that root made to the owner of ``path``, as SQLite does with its logs.

    Else what root looks at once would be closed to the user under whom the daemon runs.
    """
    if os.geteuid() != 0:
        return
    try:
        there = path.stat()
        os.chown(made, there.st_uid, there.st_gid)
    except OSError:
        pass  # a file system without owners, or a first start: there is nobody to give it to


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, each for the owner of the one around it."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        give_to_owner_of(folder.parent, folder)
