"""The number of the last commit in a database's first page, by which a leftover log is recognised as the file's own.

SQLite applies a log to any file that it lies beside. So each commit writes the next number, and the first number is random, so
that two databases share none. A log belongs to a file where it begins with the number after the file's, or contains the file's.
"""

from __future__ import annotations

import secrets
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from aggregator.disk import LOG, sqlite_name
from aggregator.storage.schema import APPLICATION_ID

_NUMBERS = 2**31 - 1  # SQLite's user_version is a signed number of 32 bits; 0 means that a file has none yet
_MAX_LOOKS = 5  # a look during another process's commit sees half of it, so two looks in a row must see the same
# The log's format (sqlite.org/fileformat2.html, "The WAL File Format"): a header, then frames of a header and a page each.
_HEAD, _PAGE_HEAD, _FIRST_PAGE = 32, 24, (1).to_bytes(4, "big")
_NUMBER = slice(60, 64)  # the bytes of user_version in the first page


def count_commit(connection: sqlite3.Connection) -> None:
    """Write the next number as the last change of a transaction; the first number is random."""
    number = _number(connection)
    _write(connection, number % _NUMBERS + 1 if number > 0 else _random_number())


def renumber(connection: sqlite3.Connection) -> None:
    """Set a new random number, so that no log of the file's former state is taken for its own."""
    _write(connection, _random_number())


def has_foreign_log(path: Path, reader: sqlite3.Connection) -> bool:
    """Return whether the log beside a database belongs to another file or state; ``reader`` reads through the log.

    False also where that is unknown: the file has no number yet, or the log has none because another program wrote it.
    """
    log = Path(f"{path.resolve()}{LOG}")
    before = None
    for _ in range(_MAX_LOOKS):
        look = (_head(log), _file_number(path), _first_number(log), _number(reader), _is_ours(reader))
        _, alone, first, last, ours = look
        if alone is None or alone.agrees(first, last, ours):
            return False
        if look == before:
            return True
        before = look
    return False


@dataclass(frozen=True)
class _FileNumber:
    """The number in a file without its log."""

    number: int
    is_others: bool

    def agrees(self, first: int, last: int, ours: bool) -> bool:
        """Return whether a log with these first and last numbers may be the file's."""
        if self.is_others and ours:
            return False
        if not self.number or self.number == last:
            return True
        before = first - 1  # the file's number when the log was begun
        return first > 0 and (self.number - before) % _NUMBERS <= (last - before) % _NUMBERS


def _file_number(path: Path) -> _FileNumber | None:
    """Return the number in a file without its log; None where it cannot be read, as in the middle of a change."""
    try:
        with closing(sqlite3.connect(sqlite_name(path, "mode=ro&immutable=1"), uri=True)) as db:
            return _FileNumber(_number(db), not _is_ours(db) and _has_tables(db))
    except sqlite3.DatabaseError:
        return None


def _number(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _is_ours(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master)").fetchone()[0])


def _write(connection: sqlite3.Connection, number: int) -> None:
    connection.execute(f"PRAGMA user_version = {number:d}")


def _random_number() -> int:
    return secrets.randbelow(_NUMBERS) + 1


def _head(log: Path) -> bytes:
    try:
        with log.open("rb") as file:
            return file.read(_HEAD)
    except FileNotFoundError:  # folded in meanwhile
        return b""


def _first_number(log: Path) -> int:
    """Return the first number in a log; 0 where it holds none."""
    try:
        with log.open("rb") as file:
            head = file.read(_HEAD)
            size, salts = int.from_bytes(head[8:12], "big"), head[16:24]
            # a page with other salts was left there by an earlier use of the log
            while len(page_head := file.read(_PAGE_HEAD)) == _PAGE_HEAD and page_head[8:16] == salts:
                page = file.read(size)
                if page_head[:4] == _FIRST_PAGE and (number := int.from_bytes(page[_NUMBER], "big")):
                    return number
    except FileNotFoundError:
        pass
    return 0
