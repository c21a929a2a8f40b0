"""One daemon on one database: an advisory lock on a file beside it, which dies with its holder."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from aggregator.exceptions import LockedError, StorageError


def lock_file(database: Path) -> Path:
    """Return the lock file of a database."""
    real = database.resolve()  # a link to it is the same database
    return real.with_name(real.name + ".lock")


class DaemonLock:
    """Holds the lock while the context is open; LockedError names the process that has it."""

    def __init__(self, database: Path) -> None:
        self._path = lock_file(database)
        self._database = database
        self._descriptor = -1

    def __enter__(self) -> Self:
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StorageError(
                f"{self._path}: cannot be made ({error.strerror}); the daemon locks the database with it"
            ) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            pid = _written(self._path)
            os.close(self._descriptor)
            raise LockedError(
                f"{self._database}: another daemon (process {pid or 'unknown'}) runs on it; stop that one first"
            ) from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def holder(database: Path) -> int | None:
    """Return the process id of the daemon that runs on a database; None where none does."""
    path = lock_file(database)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return _written(path)
    finally:
        os.close(descriptor)
    return None


def _written(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return None
