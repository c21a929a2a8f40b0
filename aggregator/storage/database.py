"""The SQLite file: opened safely, written by one writer at a time, recognised as the product's own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Self, TypeVar

from aggregator.exceptions import LockedError, NotOursError, StorageError
from aggregator.storage.backups import back_up
from aggregator.storage.bands import Bands
from aggregator.storage.commit_number import count_commit
from aggregator.storage.integrity import faults
from aggregator.storage.opening import open_database, open_for_reading
from aggregator.storage.poll_lines import PollLines
from aggregator.storage.schema import APPLICATION_ID, MIGRATIONS, applied
from aggregator.storage.sqlite_errors import explained, is_busy, is_database_error
from aggregator.storage.waiting_polls import fold_many

Found = TypeVar("Found")
Written = TypeVar("Written")
BUSY_TIMEOUT_MS = 10_000
_BUSY_FOR_POLLS_MS = 1_000
# Seconds between two looks at a lock that another process has. SQLite itself looks ten times a second after a while, and would miss
# the pauses of long writers (PAUSE) again and again.
_RETRY_INTERVAL = 0.002
# Seconds of one transaction of a long writer, and of its pause for others. A long writer finishes its present entry after the first,
# and updates its stories, which takes as long again at most. Waiting processes try every two milliseconds, and so find the pause.
MAX_TRANSACTION, PAUSE = 0.08, 0.01
_TRIES = 3  # times that something large is read outside of a transaction before it is read inside


class SavepointFailedError(StorageError):
    """A savepoint in a transaction without savepoints failed: the transaction is to be repeated with them."""


class Store:
    """An open database; ``connection`` is in autocommit mode, writes go through :meth:`transaction`."""

    def __init__(self, path: Path | None, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS, spilling: bool = False) -> None:
        """Open the file at ``path``, made where it is missing; None is a scratch database in memory.

        One that is ``spilling`` keeps no more than some megabytes there, and the rest in a file without a name.

        ``read_only`` is true where nothing can be written: the disk is full or read-only, or the file belongs to somebody else.

        Raises NotOursError where the file is not ours or newer than the code, StorageError where it is damaged or
        cannot be opened, LockedError where another process holds it.
        """
        self.path = path
        self._busy_ms = busy_timeout_ms
        self._at_end: dict[Callable[[bool], None], None] = {}
        self._reading = False
        self._part_from: int | None = None  # rows changed by this connection when the part at hand began
        self._whole = False  # the transaction at hand has no parts
        self._changes = 0  # of this connection when the transaction at hand began
        self.has_written = False  # whether the last transaction that was to change anything did
        self.unit_number = 0  # of long writers: how many transactions without parts were begun
        with explained(path):
            self.connection, self.read_only = open_database(path, busy_timeout_ms, spilling=spilling)
            try:
                _check_ours(self.connection, path)
                _migrate(self.connection, path, read_only=self.read_only)
            except BaseException:
                self.connection.close()
                raise
        self.bands = Bands(self.connection, self.call_at_end)  # one for all who write: it knows what waits
        self.poll_lines = PollLines(self.connection, path, self.call_at_end, self._has_changed, fold_many)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; SQLite folds the write-ahead log back in."""
        self._take_in_polls()
        self.connection.close()

    def _take_in_polls(self) -> None:
        """Leave no polls beside the file. Where that cannot be, nothing is lost: all read them where they are."""
        if not self.poll_lines.is_left():
            return
        before, self._busy_ms = self._busy_ms, min(self._busy_ms, _BUSY_FOR_POLLS_MS)
        with suppress(StorageError, LockedError, sqlite3.Error, OSError):
            with self.transaction():
                self.poll_lines.take_in()
            with self.transaction():
                self.poll_lines.remove()
        self._busy_ms = before

    @contextmanager
    def transaction(self, keep_waiting: Callable[[], bool] = lambda: False) -> Iterator[sqlite3.Connection]:
        """One atomic change; nests, so that a caller's transaction takes in its callees'.

        Where another process holds the lock beyond the busy timeout, LockedError is raised unless ``keep_waiting`` says to
        wait for as long again. BEGIN IMMEDIATE, because a deferred transaction that reads first fails at once when it
        then writes beside another writer.
        """
        if self._reading:
            raise RuntimeError("a snapshot cannot be written to: end it first")
        if self.connection.in_transaction:
            yield self.connection
            return
        with explained(self.path):
            try:
                self._begin(keep_waiting)
                self._changes = self.connection.total_changes
                yield self.connection
                self._run_end_callbacks(kept=True)
                changes = self._has_changed()
                if self.path is not None and changes:
                    count_commit(self.connection)
                self.connection.execute("COMMIT")
                self.has_written = self.has_written or changes
            except BaseException:
                self.has_written = False
                self._undo()
                raise
            finally:
                self._at_end.clear()

    def _has_changed(self) -> bool:
        return self.connection.total_changes != self._changes

    @contextmanager
    def single_unit(self, keep_waiting: Callable[[], bool] = lambda: False) -> Iterator[sqlite3.Connection]:
        """Open a transaction without savepoints; where one would be undone, all is, and SavepointFailedError is raised.

        Hardly any part ever fails, and to be ready for it SQLite copies each page that a part changes.
        ``keep_waiting`` is that of :meth:`transaction`.
        """
        self._whole = not self.connection.in_transaction
        self.unit_number += 1
        try:
            with self.transaction(keep_waiting) as db:
                yield db
        finally:
            self._whole = False

    @property
    def is_single_unit(self) -> bool:
        """Whether the transaction has no savepoints: until it ends, nothing but entries is written."""
        return self._whole

    def read_then_write(
        self,
        read: Callable[[], Found | None],
        write: Callable[[Found], Written],
        keep_waiting: Callable[[], bool] = lambda: False,
        state: Callable[[], object] | None = None,
    ) -> Written | None:
        """Read while others may write; write where ``state``, by default all, is as it was, and nothing where nothing was found."""
        state = state or self.data_version
        for _ in range(_TRIES):  # then both in one
            seen, found = state(), read()
            if found is None:
                return None
            with self.transaction(keep_waiting):
                if state() == seen:
                    return write(found)
        with self.transaction(keep_waiting):
            found = read()
            return None if found is None else write(found)

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read the database as of now without locking others out; inside a transaction, read the transaction's view."""
        if self.connection.in_transaction:
            yield self.connection
            return
        with explained(self.path):
            self.connection.execute("BEGIN")
            self._reading = True
            try:
                yield self.connection
            finally:
                self._reading = False
                self.connection.rollback()

    def _begin(self, keep_waiting: Callable[[], bool]) -> None:
        """Take the lock. While another process has it, look so often that its pause between two transactions is found."""
        self._set_busy_timeout(0)
        try:
            ends = monotonic() + self._busy_ms / 1_000
            while True:
                try:
                    self.connection.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    if not is_busy(error):
                        raise
                    if monotonic() >= ends:
                        if not keep_waiting():
                            raise
                        ends = monotonic() + self._busy_ms / 1_000
                else:
                    return
                sleep(_RETRY_INTERVAL)
        finally:
            self._set_busy_timeout(self._busy_ms)

    def _set_busy_timeout(self, milliseconds: int) -> None:
        self.connection.execute(f"PRAGMA busy_timeout = {milliseconds}")

    def _undo(self) -> None:
        # on a full disk or a damaged page SQLite has rolled back by itself, and another ROLLBACK would hide why
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self._run_end_callbacks(kept=False)

    def data_version(self) -> int:
        """Return a number that is another one when another connection has written meanwhile."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def state(self) -> tuple[int, int]:
        """Return what is the same as long as nobody wrote: neither another connection nor this one."""
        return self.data_version(), self.connection.total_changes

    def call_at_end(self, last: Callable[[bool], None]) -> None:
        """Call ``last`` when the transaction at hand ends: with True before its commit, with False where it is undone.

        Where the commit itself fails, it hears of both.
        """
        self._at_end[last] = None

    def _run_end_callbacks(self, *, kept: bool) -> None:
        for last in list(self._at_end):
            last(kept)

    @contextmanager
    def savepoint(self) -> Iterator[sqlite3.Connection]:
        """A part of a transaction that is undone alone where it fails.

        Outside of a transaction it is one. Where the part around it has changed nothing yet, both begin at one point.
        """
        if not self.connection.in_transaction:
            with self.transaction() as db:
                yield db
            return
        if self._whole:
            with _ending_all():
                yield self.connection
            return
        around, self._part_from = self._part_from, self.connection.total_changes
        if around != self._part_from:
            self.connection.execute("SAVEPOINT part")
        try:
            yield self.connection
        except BaseException:
            if self.connection.in_transaction:  # a full disk ends the whole transaction
                self.connection.execute("ROLLBACK TO part")
            raise
        finally:
            if around != self._part_from and self.connection.in_transaction:
                self.connection.execute("RELEASE part")
            self._part_from = around

    def needs_writing(self) -> None:
        """Raise StorageError where the database can only be read."""
        if self.read_only:
            raise StorageError(
                f"{self.path}: cannot be written; check the path, its permissions and whether the disk is read-only or full"
            )

    def busy_timeout(self, milliseconds: int) -> None:
        """Set how long a transaction waits for another process that writes."""
        self._busy_ms = int(milliseconds)
        self._set_busy_timeout(self._busy_ms)

    def backup(self, target: Path, *, through_links: bool = True) -> None:
        """Copy the live database to ``target`` as :func:`back_up` does."""
        self._take_in_polls()
        back_up(self.connection, self.path, target, through_links=through_links)

    def check(self) -> tuple[str, ...]:
        """Return the faults of the database; empty when it is sound."""
        with explained(self.path):
            return faults(self.connection, self.path)

    def vacuum(self) -> None:
        """Rewrite the file without its free pages and refresh the planner's statistics."""
        with explained(self.path):
            for statement in ("INSERT INTO entry_fts (entry_fts) VALUES ('optimize')", "VACUUM", "ANALYZE"):
                self.connection.execute(statement)
                count_commit(self.connection)


@contextmanager
def _ending_all() -> Iterator[None]:
    """Turn what one entry raises into an error that ends the transaction."""
    try:
        yield
    except Exception as error:
        if is_database_error(error):
            raise
        raise SavepointFailedError("a part of a transaction failed, all of it is to be done again") from error


def _check_ours(connection: sqlite3.Connection, path: Path | None) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and application != APPLICATION_ID:
        raise NotOursError(
            f"{path}: this database was not made by aggregator; it is left untouched. Name another with --db."
        )


def _migrate(connection: sqlite3.Connection, path: Path | None, *, read_only: bool) -> None:
    there = applied(connection)
    newer = [name for name in there if name not in MIGRATIONS]
    if newer:
        raise NotOursError(
            f"{path}: written by a newer aggregator (it has {newer[-1]}, unknown here); upgrade the program, the file is left untouched"
        )
    pending = set(MIGRATIONS).difference(there)
    if read_only:
        if pending:
            raise StorageError(
                f"{path}: made by an older aggregator; it must be writable once, so that it can be brought up to date"
            )
        return
    if path is not None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA journal_size_limit = 67108864")
        # four times the default, 16 MB: what a busy pass writes again and again is folded into the file less often
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
    if pending and path is not None and there:
        _bring_up_to_date(connection, path)
    elif pending:
        from aggregator.clustering.fingerprint import clustering_fingerprint
        from aggregator.storage.migrations import bring_up_to_date
        from aggregator.storage.reclustering import ReclusterStore

        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        bring_up_to_date(connection)
        ReclusterStore(connection).set_fingerprint(clustering_fingerprint())
        count_commit(connection)


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Apply pending migrations, all or none, after a copy of the file was made beside it."""
    from aggregator.storage.migrations import bring_up_to_date

    connection.execute("BEGIN IMMEDIATE")  # whoever opens it meanwhile waits, and finds nothing left to do
    try:
        there = applied(connection)
        pending = [name for name in MIGRATIONS if name not in there]
        if pending:
            real = path.resolve()
            with closing(open_for_reading(path)) as reader:  # SQLite copies nothing out of a connection that writes
                copy = real.with_name(f"{real.name}.before-{pending[0]}")
                back_up(reader, path, copy, through_links=False)
            bring_up_to_date(connection)
            count_commit(connection)
            connection.execute("COMMIT")
    except StorageError as error:
        raise StorageError(f"{path}: made by an older aggregator, and left as it is: {error}") from error
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
