"""Files beside a database, and durable writes: for packages that may not import each other."""

from __future__ import annotations

import errno
import os
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
