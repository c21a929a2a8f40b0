"""The lock that allows one daemon per database; the lock file also holds the daemon's state for `health`."""

from __future__ import annotations

import fcntl
import os
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

from aggregator.disk import LOCK, give_to_owner_of, real_path
from aggregator.exceptions import LockedError, StorageError
from aggregator.storage.times import shown

# How often the end of a pass is written if nothing else changed.
NOTE_INTERVAL = timedelta(minutes=5)


def lock_file(database: Path) -> Path:
    """Return the lock file of a database."""
    real = real_path(database)  # a link to it is the same database
    return real.with_name(real.name + LOCK)


@dataclass(frozen=True, slots=True)
class DaemonState:
    """A daemon's state: the end of the last successful pass, and since when each due job has been waiting."""

    passed: datetime | None = None
    waiting: tuple[tuple[str, datetime], ...] = ()

    def faults(self, now: datetime, allowed: timedelta) -> list[str]:
        """Return a sentence for the passes and for each job that are overdue by more than ``allowed``."""
        found = []
        if self.passed is not None and now - self.passed > max(allowed, 2 * NOTE_INTERVAL):
            found.append(f"no pass over the feeds has ended well since {shown(self.passed)}")
        found += [f"{job} is due since {shown(since)}" for job, since in self.waiting if now - since > allowed]
        return found


class DaemonLock:
    """Holds the lock while the context is open; raises LockedError with the process that has it."""

    def __init__(self, database: Path) -> None:
        self._path = lock_file(database)
        self._database = database
        self._descriptor = self._file = -1

    def __enter__(self) -> Self:
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _mode(self._database))
            give_to_owner_of(self._database, self._descriptor)
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
        try:
            self.hold_file()
        except LockedError:
            os.close(self._descriptor)
            raise
        self.note(DaemonState())
        return self

    def hold_file(self) -> None:
        """Lock the database file itself too, if it exists, because a hard link to it has another lock file.

        On Linux this lock does not interfere with SQLite's locks on ranges of the file; on other systems it would. The file
        is closed only at the very end, because closing it releases all locks that this process has on it.
        """
        if self._file >= 0 or sys.platform != "linux":
            return
        try:
            self._file = os.open(self._database, os.O_RDONLY | os.O_CLOEXEC)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._release_file()
            raise LockedError(
                f"{self._database}: another daemon runs on it by another name, a hard link; stop that one first"
            ) from None
        except OSError:  # the file does not exist yet, or its file system has no such locks
            self._release_file()

    def _release_file(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def note(self, state: DaemonState) -> None:
        """Write the state into the lock file after the process id; `health` can read it even while the database is locked."""
        lines = [str(os.getpid()), "" if state.passed is None else state.passed.isoformat()]
        lines += [f"{since.isoformat()} {job}" for job, since in state.waiting]
        text = "".join(f"{line}\n" for line in lines).encode()
        try:
            os.pwrite(self._descriptor, text, 0)
            os.ftruncate(self._descriptor, len(text))
        except OSError:
            pass  # a full disk: the last state stays and becomes outdated

    def __exit__(self, *raised: object) -> None:
        self._release_file()
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _mode(database: Path) -> int:
    """Return the permissions of a new lock file: everybody who may read the database may see that a daemon runs on it."""
    try:
        return database.stat().st_mode & 0o666
    except OSError:  # it does not exist yet
        return 0o600


def holder(database: Path) -> int | None:
    """Return the process id of the daemon that runs on a database; None if none does."""
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


def daemon_state(database: Path) -> DaemonState:
    """Return the state of the daemon on a database; an empty one if none can be read."""
    try:
        _, passed, *waiting = lock_file(database).read_text(encoding="utf-8").splitlines()
        jobs = [line.partition(" ") for line in waiting]
        return DaemonState(
            datetime.fromisoformat(passed) if passed else None,
            tuple((job, datetime.fromisoformat(since)) for since, _, job in jobs),
        )
    except (OSError, ValueError):
        return DaemonState()


def _written(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="utf-8").partition("\n")[0])
    except (OSError, ValueError):
        return None
