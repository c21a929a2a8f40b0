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
from aggregator.storage.opening import open_database, open_for_reading
from aggregator.storage.poll_lines import PollLines
from aggregator.storage.schema import APPLICATION_ID, MIGRATIONS, applied
from aggregator.storage.sqlite_errors import explained, is_busy, is_database_error
from aggregator.storage.waiting_polls import fold_many

Found = TypeVar("Found")
Written = TypeVar("Written")
BUSY_TIMEOUT_MS = 10_000
_BUSY_FOR_POLLS_MS = 1_000
# Seconds between two attempts to take a lock that another process holds. SQLite's own wait soon tries only ten times a second, and
# would miss the pauses of long writers (PAUSE) again and again.
_RETRY_INTERVAL = 0.002
# Seconds that one transaction of a long writer takes, and that it pauses for others. After MAX_TRANSACTION it finishes its present
# entry and updates its stories, which takes at most as long again.
MAX_TRANSACTION, PAUSE = 0.08, 0.01
_TRIES = 3  # times that a large read is tried outside of a transaction before it is done inside


class SavepointFailedError(StorageError):
    """Raised where a part of a transaction without savepoints failed: the caller repeats the transaction with savepoints."""


class Store:
    """An open database; ``connection`` is in autocommit mode, writes go through :meth:`transaction`."""

    def __init__(self, path: Path | None, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS, spilling: bool = False) -> None:
        """Open the file at ``path``, created where it is missing; None opens a scratch database in memory.

        A scratch database that is ``spilling`` keeps a few megabytes in memory, and the rest in a temporary file.

        The attribute ``read_only`` is true where nothing can be written: the disk is full or read-only, or the file belongs to
        somebody else.

        Raises NotOursError where the file is not ours or newer than the code, StorageError where it is damaged or
        cannot be opened, LockedError where another process holds it.
        """
        self.path = path
        self._busy_ms = busy_timeout_ms
        self._at_end: dict[Callable[[bool], None], None] = {}
        self._reading = False
        self._changes_before_part: int | None = None  # connection.total_changes when the present savepoint began
        self._whole = False  # whether the present transaction has no savepoints
        self._changes = 0  # connection.total_changes when the present transaction began
        self.has_written = False  # whether a transaction changed rows, and none failed since
        self.unit_number = 0  # how many transactions without savepoints were begun
        with explained(path):
            self.connection, self.read_only = open_database(path, busy_timeout_ms, spilling=spilling)
            try:
                _check_ours(self.connection, path)
                _migrate(self.connection, path, read_only=self.read_only)
            except BaseException:
                self.connection.close()
                raise
        # Shared by all writers, because it remembers waiting keys
        self.bands = Bands(self.connection, self.call_at_end)
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
        """Move the polls that wait beside the file into it. If that fails nothing is lost: readers find them beside the file."""
        if not self.poll_lines.has_file():
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
        """Open a transaction; inside another one, join it.

        Where another process holds the lock beyond the busy timeout, LockedError is raised, unless ``keep_waiting`` returns
        True: then it waits for as long again. It begins with BEGIN IMMEDIATE, because a deferred transaction that reads first
        fails at once when it then writes beside another writer.
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
        """Open a transaction without savepoints; where a part fails, all is undone and SavepointFailedError is raised.

        Parts hardly ever fail, but for a savepoint SQLite copies each page that the part changes. ``keep_waiting`` is that of
        :meth:`transaction`.
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
        """Whether the present transaction has no savepoints; until it ends, only entries are written."""
        return self._whole

    def read_then_write(
        self,
        read: Callable[[], Found | None],
        write: Callable[[Found], Written],
        keep_waiting: Callable[[], bool] = lambda: False,
        state: Callable[[], object] | None = None,
    ) -> Written | None:
        """Read without a lock, then write in a transaction; read again where ``state`` has changed meanwhile.

        ``state`` is the data version by default: any write by another connection counts. After some attempts both are done in
        one transaction. Where ``read`` returns None, nothing is written and None is returned.
        """
        state = state or self.data_version
        for _ in range(_TRIES):
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
        """Take the lock; while another process holds it, try often enough to find the pause between two of its transactions."""
        self._set_busy_timeout(0)
        try:
            ends = monotonic() + self._busy_ms / 1_000
            while (busy := self._try_to_begin()) is not None:
                if monotonic() >= ends:
                    if not keep_waiting():
                        raise busy
                    ends = monotonic() + self._busy_ms / 1_000
                sleep(_RETRY_INTERVAL)
        finally:
            self._set_busy_timeout(self._busy_ms)

    def _try_to_begin(self) -> sqlite3.OperationalError | None:
        """Take the lock; return the error where another process holds it."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if is_busy(error):
                return error
            raise
        return None

    def _set_busy_timeout(self, milliseconds: int) -> None:
        self.connection.execute(f"PRAGMA busy_timeout = {milliseconds}")

    def _undo(self) -> None:
        # on a full disk or a damaged page SQLite has rolled back itself, and the error of another ROLLBACK would hide the cause
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self._run_end_callbacks(kept=False)

    def data_version(self) -> int:
        """Return a number that changes when another connection writes."""
        return int(self.connection.execute("PRAGMA data_version").fetchone()[0])

    def state(self) -> tuple[int, int]:
        """Return a value that changes when this or another connection writes."""
        return self.data_version(), self.connection.total_changes

    def call_at_end(self, callback: Callable[[bool], None]) -> None:
        """Call ``callback`` when the present transaction ends: with True before its commit, with False where it is undone.

        Where the commit itself fails, it is called twice: with True and then with False.
        """
        self._at_end[callback] = None

    def _run_end_callbacks(self, *, kept: bool) -> None:
        for callback in list(self._at_end):
            callback(kept)

    @contextmanager
    def savepoint(self) -> Iterator[sqlite3.Connection]:
        """Open a part of a transaction that is undone alone where it fails; outside of a transaction, open a transaction.

        Where the part around it has changed nothing yet, no second savepoint is made.
        """
        if not self.connection.in_transaction:
            with self.transaction() as db:
                yield db
            return
        if self._whole:
            with _failing_as_whole():
                yield self.connection
            return
        around, self._changes_before_part = self._changes_before_part, self.connection.total_changes
        if around != self._changes_before_part:
            self.connection.execute("SAVEPOINT part")
        try:
            yield self.connection
        except BaseException:
            if self.connection.in_transaction:  # a full disk ends the whole transaction
                self.connection.execute("ROLLBACK TO part")
            raise
        finally:
            if around != self._changes_before_part and self.connection.in_transaction:
                self.connection.execute("RELEASE part")
            self._changes_before_part = around

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

    def vacuum(self) -> None:
        """Rewrite the file without its free pages and refresh the planner's statistics."""
        with explained(self.path):
            for statement in ("INSERT INTO entry_fts (entry_fts) VALUES ('optimize')", "VACUUM", "ANALYZE"):
                self.connection.execute(statement)
                count_commit(self.connection)


@contextmanager
def _failing_as_whole() -> Iterator[None]:
    """Turn an exception of a part into SavepointFailedError, which ends the transaction."""
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
        # 16 MB, four times the default: pages that a busy pass writes again and again are copied into the file less often
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

    connection.execute("BEGIN IMMEDIATE")  # another process that opens it waits, and then finds nothing to do
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
