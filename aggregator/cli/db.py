"""``db``: the database file."""

from __future__ import annotations

from pathlib import Path

import click

from aggregator.cli.output import emit, emit_folded, print_json, safe
from aggregator.cli.progress import progress
from aggregator.cli.session import Session
from aggregator.config.files import refuse_beside_database
from aggregator.daemon.locking import DaemonLock
from aggregator.disk import is_database
from aggregator.exceptions import StorageError, UsageError
from aggregator.storage.backups import restore
from aggregator.storage.database import BUSY_TIMEOUT_MS
from aggregator.storage.integrity import amounts, faults_of_file
from aggregator.storage.sqlite_errors import explained
from aggregator.text.counts import amount


@click.group("db")
def db_command() -> None:
    """Check, back up, restore and maintain the database."""


@db_command.command("check")
@click.pass_obj
def db_check_command(session: Session) -> int:
    """Check the file's integrity. The exit code is 1 if it is damaged."""
    from aggregator.ingest.resketch import outdated

    path = session.needed_database()
    with explained(path):
        faults = faults_of_file(path, BUSY_TIMEOUT_MS)
    stale = 0
    if not faults:
        with session.open_existing() as app:
            stale = outdated(app.store)
    if stale:
        click.echo(
            f"{amount(stale, 'sketch is', 'sketches are')} of another version and cannot be used to find copies; `aggregator db resketch` makes them again.",
            err=True,
        )
    for fault in faults:
        click.echo(f"{path}: {safe(fault)}", err=True)
    if faults:
        click.echo(f"{path}: damaged; `aggregator db restore FILE` puts a backup in its place.", err=True)
    else:
        emit(f"{path}: sound.")
    return 1 if faults else 0


@db_command.command("backup")
@click.argument("target", type=click.Path(path_type=Path), required=False)
@click.pass_obj
def backup_command(session: Session, target: Path | None) -> None:
    """Back up the live database to TARGET. The default is a dated file beside it."""
    path = target or session.database_file.with_name(
        f"{session.database_file.stem}-{session.clock():%Y%m%dT%H%M%SZ}.db"
    )
    _check_target(session.database_file, path)
    with session.open_existing() as app:
        app.store.backup(path, through_links=target is not None)
    emit(str(path))


def _check_target(database: Path, target: Path) -> None:
    """Refuse to overwrite the live database, or a file that is no database, with a backup."""
    refuse_beside_database(target)
    if not target.exists():
        return
    if not target.is_file():
        raise UsageError(f"{target}: is no file; name the file to write")
    if database.exists() and target.samefile(database):
        raise UsageError(f"{target}: is the live database itself; name another file")
    if target.stat().st_size and not is_database(target):
        raise UsageError(f"{target}: is there already and is no database; name another file")


@db_command.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.pass_obj
def restore_command(session: Session, file: Path) -> None:
    """Replace the database by a backup. The old file is kept beside it. No daemon may run on it."""
    database = session.database_file
    if not database.parent.is_dir():
        raise StorageError(f"{database}: the folder {database.parent} does not exist")
    with DaemonLock(database):
        counts, aside = restore(file, database, session.clock())
    emit_folded(f"{database}: restored from {file}, which is sound: {amounts(counts)}.")
    if aside is not None:
        emit_folded(f"The old file is set aside as {aside}.")


@db_command.command("prune")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.pass_obj
def prune_command(session: Session, as_json: bool) -> None:
    """Delete old data. The retention settings and the clustering's windows decide which."""
    with session.open_existing() as app:
        dropped = app.prune()
    if as_json:
        print_json(dropped)
    else:
        emit_folded("Dropped: " + ", ".join(f"{name} {count:,}" for name, count in dropped.items()) + ".")


@db_command.command("resketch")
@click.pass_obj
def resketch_command(session: Session) -> None:
    """Make sketches again. Copies are found by sketches, and an update may have changed their form."""
    from aggregator.ingest.resketch import resketch

    with session.open_existing() as app, progress("sketching", quiet=session.quiet) as advance:
        count = resketch(app.store, app.settings, advance)
    emit(f"{amount(count, 'sketch', 'sketches')} made anew.")


@db_command.command("vacuum")
@click.pass_obj
def vacuum_command(session: Session) -> None:
    """Return free pages to the system and refresh the statistics."""
    before = session.database_file.stat().st_size if session.database_file.exists() else 0
    with session.open_existing() as app:
        app.store.vacuum()
    emit(f"{session.database_file}: {before:,} bytes before, {session.database_file.stat().st_size:,} now.")
