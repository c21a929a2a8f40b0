"""A file beside the database in which polls of a daemon that brought nothing new wait, one line each, until many are logged at once.

A line has some hundred bytes. In the database such a poll writes a page of the poll log, of its index and of the commit number, 4 kB
each, however few feeds are asked. The first line of the file names the last line of the log; the file is valid while that still is
the last one. A writer to the log first moves the file's lines into it (:meth:`PollLines.take_in`). So, whatever happens to the file,
no line is read twice and none comes before an older one. The file is written under the database's lock.
"""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from aggregator.disk import POLLS, give_to_owner_of

MAX_LINES: Final = 256  # lines that wait; they share the cost of a page of the log and of its index
MAX_WAIT: Final = timedelta(hours=1)  # for a line, because other programs read only the database

_LAST: Final = "SELECT id, feed_id, at FROM poll ORDER BY id DESC LIMIT 1"  # line of the log
LINES: Final = f"""(
SELECT log.id + 1 + line.key AS id, json_extract(line.value, '$[0]') AS feed_id, json_extract(line.value, '$[1]') AS at,
       json_extract(line.value, '$[2]') AS http_status, json_extract(line.value, '$[3]') AS seconds,
       json_extract(line.value, '$[4]') AS next_fetch, json_extract(line.value, '$[5]') AS learned_interval,
       json_extract(line.value, '$[6]') AS entries_per_week, json_extract(line.value, '$[7]') AS fresh_until
FROM ({_LAST}) AS log
CROSS JOIN json_each(poll_lines(log.id, log.feed_id, log.at)) AS line)"""
_TAKE_IN: Final = f"""
INSERT INTO poll (feed_id, at, status, http_status, new, updated, known, skipped, seconds, gap,
                  next_fetch, learned_interval, entries_per_week, fresh_until)
SELECT feed_id, at, 'not_modified', http_status, 0, 0, 0, 0, seconds, 0, next_fetch, learned_interval, entries_per_week, fresh_until
FROM {LINES} WHERE feed_id IN (SELECT id FROM feed) ORDER BY id"""

# The types of a line's values: feed, time, HTTP status, seconds; next due, learned interval, entries a week, fresh until.
_TYPES: Final = (int, str, int | None, float | int, str, float | int, float | int | None, str | None)
_TIMES: Final = (1, 4, 7)  # the places of values that are times


class PollLines:
    """The file beside one database, as one connection sees it; a database in memory has none."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        path: Path | None,
        call_at_end: Callable[[Callable[[bool], None]], None],
        has_changed: Callable[[], bool],
        after_take_in: Callable[[sqlite3.Connection], None] = lambda _: None,
    ) -> None:
        self._db = connection
        self._path = None if path is None else Path(f"{path.resolve()}{POLLS}")
        self._call_at_end = call_at_end
        self._has_changed = has_changed  # whether the present transaction has changed anything
        self._after_take_in = after_take_in  # called when lines were moved into the log
        self._added: list[str] = []  # by the present transaction
        self._is_used = (
            False  # whether this connection used the file; then it empties and removes the file when it is closed
        )
        self._forget()
        connection.create_function("poll_lines", 3, self._following)

    def can_be_used(self) -> bool:
        """Return whether lines can wait beside the database: it is a file, and its log has a line that they can follow."""
        return self._path is not None and bool(self._last_logged())

    def add(self, values: Sequence[object]) -> None:
        """Add a line, which is written at the end of the present transaction."""
        self._added.append(json.dumps(values, separators=(",", ":")))
        self._call_at_end(self._end)

    def take_in(self) -> None:
        """Move all waiting lines into the log, before other lines are added to it. The caller holds the transaction."""
        self._read()
        if self._lines or self._added:
            taken = self._db.execute(_TAKE_IN).rowcount
            self._added.clear()
            if taken:
                self._is_used = True
                self._after_take_in(self._db)

    def has_file(self) -> bool:
        """Return whether this connection used the file, and it exists."""
        return self._is_used and self._path is not None and self._path.exists()

    def remove(self) -> None:
        """Remove the file where none of its lines is still waiting; the caller holds the transaction."""
        self._read()
        if self._path is not None and self._head != self._last_logged():
            with suppress(OSError):  # no file, or not ours: then it is not read either
                self._path.unlink()
            self._forget()

    def _forget(self) -> None:
        self._seen: tuple[int, int, int] | None = None  # inode, size and time of the file when it was read
        self._head: list[object] | None = None  # the line of the log that the file's lines follow
        self._lines: list[str] = []
        self._sound = 0  # bytes of the file before the first line that is cut short or invalid

    def _following(self, number: int | None, feed_id: int | None, at: str | None) -> str:
        """Return the waiting lines that follow this last line of the log, as JSON; called by SQLite."""
        self._read()
        known = self._lines if self._head == [number, feed_id, at] else []
        return f"[{','.join((*known, *self._added))}]"

    def _read(self) -> None:
        """Read the file where it has changed. Where it is damaged, only polls are lost, and those feeds are asked again."""
        if self._path is None:
            return
        try:
            found = _regular(self._path.stat())
            seen = (found.st_ino, found.st_size, found.st_mtime_ns)
            if seen == self._seen:
                return
            written = self._path.read_bytes()
        except OSError:
            self._forget()
            return
        self._forget()
        self._seen = seen
        for line in written.splitlines(keepends=True):
            if not line.endswith(b"\n") or not self._add_line(line):
                return
            self._sound += len(line)

    def _add_line(self, line: bytes) -> bool:
        """Remember a line of the file; return False where it is invalid."""
        try:
            values = json.loads(line)
            if self._head is None:
                self._head = values if isinstance(values, list) else []
                return True
            sound = len(values) == len(_TYPES) and all(map(isinstance, values, _TYPES))
            for place in _TIMES if sound else ():
                datetime.fromisoformat(values[place] or "2026-01-01T00:00:00Z")
        except (ValueError, TypeError):
            return False
        if sound:
            self._lines.append(line.decode().rstrip("\n"))
        return sound

    def _end(self, kept: bool) -> None:
        """Write the added lines into the file; or into the log, where the database is written anyway, or many or old lines wait."""
        if not kept:
            self._added.clear()
        if not self._added:
            return
        self._read()
        if self._head != self._last_logged():
            self._head, self._lines, self._sound = self._last_logged(), [], 0
        waiting = [*self._lines, *self._added]
        is_old = _time_of(waiting[-1]) >= _time_of(waiting[0]) + MAX_WAIT
        if self._has_changed() or len(waiting) >= MAX_LINES or is_old:
            self.take_in()
        else:
            self._append()

    def _last_logged(self) -> list[object]:
        return list(self._db.execute(_LAST).fetchone() or ())

    def _append(self) -> None:
        assert self._path is not None  # noqa: S101 - see can_be_used
        lines = [] if self._sound else [json.dumps(self._head, separators=(",", ":"))]
        text = "".join(f"{line}\n" for line in (*lines, *self._added)).encode()
        try:
            self._write(self._path, text)
        # Another user's file, something else in its place, a full disk: writing the log reports the cause
        except OSError:
            self._forget()
            self.take_in()
            return
        self._lines += self._added
        self._sound += len(text)
        self._added.clear()
        self._is_used = True

    def _write(self, path: Path, text: bytes) -> None:
        """Append to the sound part of the file, all of the text or nothing; the file gets the permissions of the database."""
        database = path.with_name(path.name.removesuffix(POLLS))
        descriptor = os.open(
            path, os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_CLOEXEC, database.stat().st_mode & 0o666
        )
        try:
            _regular(os.fstat(descriptor))
            give_to_owner_of(database, descriptor)
            os.ftruncate(descriptor, self._sound)
            try:
                if os.pwrite(descriptor, text, self._sound) < len(text):
                    raise OSError(28, "the disk is full")
            except OSError:
                os.ftruncate(descriptor, self._sound)
                raise
            found = os.fstat(descriptor)
            self._seen = (found.st_ino, found.st_size, found.st_mtime_ns)
        finally:
            os.close(descriptor)


def _regular(found: os.stat_result) -> os.stat_result:
    """Return the status of a plain file; raise OSError for a pipe or a device, because reading it could block."""
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "is no plain file")
    return found


def _time_of(line: str) -> datetime:
    return datetime.fromisoformat(json.loads(line)[1])
