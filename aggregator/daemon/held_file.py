"""Detection of a database file that was moved or removed while the daemon runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Self

from aggregator.config.files import shown_path
from aggregator.disk import BESIDE
from aggregator.exceptions import StorageError
from aggregator.storage.database import Store

log = logging.getLogger("aggregator.daemon")

_LOOKS = 2  # checks that must find another file, since a replacement may leave none for a moment


class HeldFile:
    """Watches an open database file; if it was removed or moved, its content is saved at the end of the context.

    The system keeps a removed file only until it is closed, and the log of a moved file stays at its old place: both
    would be lost.
    """

    def __init__(self, database: Path, store: Store, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._store = store
        self._clock = clock
        self._file = _file_at(database)
        self._missed = 0
        self.saving = threading.Lock()  # held while the copy is made, when the process must not be ended

    def look(self) -> None:
        """Raise StorageError if the file was moved, removed or replaced."""
        self._missed = 0 if self._is_there() else self._missed + 1
        if self._missed >= _LOOKS:
            raise StorageError(
                f"{self._database}: was moved, removed or replaced by another file while the daemon ran on it; the daemon "
                "ends, so that nothing is stored where nobody looks for it. The log says where all of it was saved"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        if self._is_there():
            return
        with self.saving:
            try:
                log.error("%s", self._save())
            except StorageError as failure:
                log.error("the stored data could not be saved: %s", failure)

    def _save(self) -> str:
        """Save the content to its former path if that is free, else beside it; return a message with the path."""
        copy = self._database.with_name(f"{self._database.name}.saved-{self._clock():%Y%m%dT%H%M%SZ}")
        self._store.backup(copy, through_links=False)
        if self._database.exists():
            return f"another file is in the place of the database; the stored data is in {shown_path(copy)}"
        for ending in BESIDE:  # all of it is in the copy
            Path(f"{self._database}{ending}").unlink(missing_ok=True)
        copy.replace(self._database)
        return f"the database was removed; the stored data is back in {shown_path(self._database)}"

    def _is_there(self) -> bool:
        return self._file is None or _file_at(self._database) in (self._file, None)


def _file_at(path: Path) -> tuple[int, int] | None:
    """Return the device and inode of the file at a path, (0, 0) if there is none; None if they cannot be read."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return 0, 0
    except OSError:
        return None
    return found.st_dev, found.st_ino
