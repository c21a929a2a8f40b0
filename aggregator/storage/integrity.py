"""Integrity checks of a database file: pages, references, missing tables, invalid values."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from aggregator.disk import LOG
from aggregator.exceptions import NotOursError
from aggregator.storage.opening import open_at_rest, open_for_reading, open_without_log
from aggregator.storage.schema import APPLICATION_ID, MIGRATIONS, applied
from aggregator.text.counts import amount

_MAX_FAULTS = 20  # faults that are named; a damaged file has one on every page
# Columns with the same kind of values in every table.
_TIMES = frozenset(
    [
        "added",
        "at",
        "changed",
        "first",
        "first_seen",
        "fresh_until",
        "gone_since",
        "last",
        "last_fetch",
        "last_new",
        "last_ok",
        "last_seen",
        "made",
        "moved_since",
        "next_fetch",
        "next_try",
        "opened",
        "published",
        "replaced",
        "seen",
        "since",
        "time",
        "undone_at",
        "until",
        "updated",
    ]
)
_JSON = frozenset(["arguments", "categories", "evidence", "hints", "payload", "query", "targets"])
COUNTED = ("entry", "story", "report", "feed", "edition")


def faults_of_file(path: Path, busy_timeout_ms: int) -> tuple[str, ...]:
    """Return the faults of a database that may be in use, without changing it; empty where it is sound.

    Raises NotOursError where the file is another program's, sqlite3.Error where it cannot be opened at all.
    """
    return _faults_of_opened(lambda: open_for_reading(path, busy_timeout_ms), path, values=True)


def faults_at_rest(path: Path) -> tuple[str, ...]:
    """Return the faults of a copy that no process has open, without writing beside it. Raises as :func:`faults_of_file`."""
    return _faults_of_opened(lambda: open_at_rest(path), path)


def _faults_of_opened(opened: Callable[[], sqlite3.Connection], path: Path, *, values: bool = False) -> tuple[str, ...]:
    try:
        with closing(opened()) as connection:
            found = faults(connection, path)
            return found if found or not values else _spoilt_values(connection)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        return (_why_not_opened(path, error),)


def _why_not_opened(path: Path, error: sqlite3.DatabaseError) -> str:
    """Return why SQLite cannot read a file that begins like a database."""
    with path.open("rb") as file:
        head = file.read(100)
    size, pages = int.from_bytes(head[16:18]), int.from_bytes(head[28:32])
    there = path.stat().st_size // max(1, 65_536 if size == 1 else size)
    if there < pages:
        return f"the file is cut short: {there} of its {pages} pages are there"
    log = Path(f"{path.resolve()}{LOG}")
    if log.exists() and _is_sound_without_log(path):
        return (
            f"the log beside it belongs to another state of the file, which is sound without it: move {log.name} away"
        )
    return str(error)


def _is_sound_without_log(path: Path) -> bool:
    try:
        with closing(open_without_log(path)) as connection:
            return not faults(connection, path)
    except sqlite3.DatabaseError:
        return False


def faults(connection: sqlite3.Connection, path: Path | None) -> tuple[str, ...]:
    """Return the faults of an open database; raises NotOursError where it is another program's."""
    found: list[str] = []
    try:
        if not connection.execute("PRAGMA page_count").fetchone()[0]:
            return ("the file is empty",)
        _check_ours(connection, path)
        found += _missing(connection)
        found += _complaints(connection, f"PRAGMA integrity_check({_MAX_FAULTS})")
        found += [] if path is None else _cut_within_a_page(connection, path)
        if not found:
            for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check").fetchmany(_MAX_FAULTS):
                found.append(f"{table} row {row} points to a missing {parent}")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_BUSY):
            raise
        found.append(str(error))
    return tuple(line for one in found for line in one.splitlines() if line.strip())


def _cut_within_a_page(connection: sqlite3.Connection, path: Path) -> list[str]:
    """Return a fault where the file ends within its last page: SQLite reads the missing part as zeros."""
    size = int(connection.execute("PRAGMA page_size").fetchone()[0])
    there = path.stat().st_size % size
    return [f"the file is cut short: its last page lacks {amount(size - there, 'byte')}"] if there else []


def _complaints(connection: sqlite3.Connection, check: str) -> list[str]:
    """Return the complaints of an integrity check; where the check breaks off, the damaged tables."""
    found: list[str] = []
    try:
        found.extend(str(row[0]) for row in connection.execute(check) if row[0] != "ok")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CORRUPT:
            raise
        found.extend(_damaged_tables(connection) or [str(error)])
    return found


def _damaged_tables(connection: sqlite3.Connection) -> list[str]:
    found = []
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall():
        try:
            complaints = [
                str(row[0]) for row in connection.execute(f"PRAGMA integrity_check('{table}')") if row[0] != "ok"
            ]
        except sqlite3.DatabaseError as error:
            complaints = [str(error)]
        if complaints:
            found.append(f"table {table} or an index of it: {complaints[0]}")
    return found[:_MAX_FAULTS]


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows the most important tables hold; raises sqlite3.Error."""
    return {table: int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in COUNTED}


def amounts(counted: dict[str, int]) -> str:
    """Return counts of rows as people read them."""
    plurals = {"entry": "entries", "story": "stories"}
    return ", ".join(
        f"{count:,} {name if count == 1 else plurals.get(name, name + 's')}" for name, count in counted.items()
    )


def _check_ours(connection: sqlite3.Connection, path: Path | None) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise NotOursError(f"{path}: is no database of aggregator")
    newer = [name for name in applied(connection) if name not in MIGRATIONS]
    if newer:
        raise NotOursError(f"{path}: written by a newer aggregator (it has {newer[-1]}); upgrade the program")


def _missing(connection: sqlite3.Connection) -> list[str]:
    """Return the missing tables, indexes and views of a file that claims the present schema."""
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    if "_sqlite_migrations" not in there:
        return ["the table _sqlite_migrations is missing"]
    if set(applied(connection)) != set(MIGRATIONS):
        return []  # an older or newer schema, whose tables are unknown
    expected, columns = _present_schema()
    found = [f"the {kind} {name} is missing" for kind, name in expected if name not in there]
    return found or [
        f"the table {table} has no column {name}" for table, name in sorted(columns - _columns(connection))
    ]


def _present_schema() -> tuple[list[tuple[str, str]], set[tuple[str, str]]]:
    """Return the tables, indexes and views of the present schema, and the columns of its tables."""
    from aggregator.storage.migrations import bring_up_to_date

    with closing(sqlite3.connect(":memory:")) as scratch:
        bring_up_to_date(scratch)
        found = scratch.execute("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name")
        return found.fetchall(), _columns(scratch)


def _columns(connection: sqlite3.Connection, declared: str = "%") -> set[tuple[str, str]]:
    return set(
        connection.execute(
            "SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND c.type LIKE ?",
            (declared,),
        )
    )


def _spoilt_values(connection: sqlite3.Connection) -> tuple[str, ...]:
    """Return the columns with invalid times or JSON: a disk may change a letter without damage to the page.

    Backups are not checked for these faults, because one wrong letter must not prevent a backup.
    """
    found = []
    for table, column in sorted(_columns(connection, "TEXT")):
        is_one = "datetime({})" if column in _TIMES else "json_valid({})" if column in _JSON else None
        if is_one is not None:
            test = is_one.format(f'"{column}"')
            wrong = f"SELECT count(*) FROM {table} WHERE {column} IS NOT NULL AND coalesce({test}, 0) = 0"
            if count := connection.execute(wrong).fetchone()[0]:
                kind = "time" if column in _TIMES else "JSON"
                found.append(f"table {table}: {count:,} of the values of {column} are no {kind}")
    return tuple(found[:_MAX_FAULTS])
