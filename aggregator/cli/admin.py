"""Housekeeping: ``status``, ``health``, ``config``, ``db``, ``completion``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from aggregator.cli.output import (
    Column,
    emit,
    emit_folded,
    list_options,
    local,
    plain,
    print_json,
    print_list,
    safe,
    thing_options,
)
from aggregator.cli.session import FEEDS, Session
from aggregator.disk import is_database
from aggregator.exceptions import AggregatorError, ConfigurationError, StorageError, UsageError
from aggregator.text.counts import amount


@click.command("status")
@thing_options
@click.pass_obj
def status_command(session: Session, form: str, as_json: bool) -> None:
    """Say what is held, how the feeds are and what comes next."""
    from aggregator.daemon.locking import holder

    with session.open_existing() as app:
        row = asdict(app.status())
    row["database"] = str(session.database_file)
    row["daemon"] = holder(session.database_file)
    if as_json or form == "json":
        print_json(row)
        return
    for name, value in plain(row).items():
        shown = local(value) if isinstance(value, str) and name.startswith(("last_", "next_")) else value
        emit(f"{name.replace('_', ' '):16} {safe('-' if shown in (None, '') else shown)}")


@click.command("health")
@click.option(
    "--max-age",
    default="1h",
    show_default=True,
    metavar="DURATION",
    help="How long ago the last poll may be, and since when a job may be due.",
)
@click.pass_obj
def health_command(session: Session, max_age: str) -> int:
    """Probe for containers: 0 where the daemon gets on, else 1.

    It gets on where a feed was asked and a pass ended lately, and no job that is due has waited for longer than that.
    """
    from aggregator.config.durations import parse_duration
    from aggregator.daemon.locking import account, holder

    try:
        allowed: timedelta = parse_duration(max_age)
    except ValueError as error:
        raise UsageError(f"--max-age: {error}") from error
    if holder(session.database_file) is None:
        click.echo("unhealthy: no daemon runs on this database", err=True)
        return 1
    with session.open_existing() as app:
        faults, notes = app.faults(allowed), app.oddities()
    faults += account(session.database_file).faults(session.clock(), allowed)
    for note in notes:
        click.echo(safe(note), err=True)
    for fault in faults:
        click.echo(f"unhealthy: {safe(fault)}", err=True)
    if not faults:
        emit("healthy")
    return 1 if faults else 0


@click.group("config")
def config_command() -> None:
    """Settings: what holds, and where it comes from."""


@config_command.command("show")
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@list_options
@click.pass_obj
def show_command(session: Session, origin: bool, form: str, as_json: bool) -> None:
    """Show all settings in force."""
    from aggregator.config.settings_files import keys, value_of, value_text

    found = session.resolved
    rows = []
    for key in keys():
        row = {"key": key, "value": value_text(value_of(found.settings, key))}
        if origin:
            row["origin"] = found.origins[key]
        rows.append(row)
    columns = (
        Column("key", lambda row: row["key"]),
        Column("value", lambda row: row["value"], wrap=True),
        *((Column("origin", lambda row: row["origin"], wrap=True),) if origin else ()),
    )
    print_list(rows, columns, form, as_json=as_json)


@config_command.command("path")
@click.pass_obj
def path_command(session: Session) -> None:
    """Show which files are in use."""
    from aggregator.config.settings_files import user_file
    from aggregator.config.shipped import shipped_folder

    emit_folded(
        f"feeds      {session.feeds_file or f'none (./{FEEDS} and {session.user_feeds} are looked for; `aggregator init` writes one)'}",
        11,
    )
    used = session.resolved.files
    emit_folded(
        f"settings   {', '.join(map(str, used)) or f'none (aggregator.yaml beside the feeds file and {user_file()} are looked for)'}",
        11,
    )
    emit_folded(f"shipped    {shipped_folder()} (defaults.yaml, aggregator.service, datasette.yaml)", 11)
    emit_folded(f"database   {session.database_file}{'' if session.database_file.exists() else ' (not made yet)'}", 11)


@config_command.command("datasette")
@click.pass_obj
def datasette_command(session: Session) -> None:
    """Print what Datasette is told of the database. It is its --metadata, whatever the file is called.

    The stories stand first, and what is the product's own affair is hidden.
    """
    from aggregator.config.datasette import metadata

    print_json(metadata(session.database_file))


@config_command.command("check")
@click.pass_obj
def check_command(session: Session) -> None:
    """Check the feeds file, the settings, templates and labels. All faults are named, and secrets in the open."""
    from aggregator.config.open_secrets import open_secrets, open_settings
    from aggregator.desk.layouts import faults

    problems: list[str] = []
    feeds = 0
    for part in ("settings", "feeds"):
        try:
            if part == "settings":
                session.zone()
                problems.extend(faults(session.settings, session.database_file))
            else:
                feeds = len(session.feeds())
        except ConfigurationError as error:
            problems.extend(error.problems)
    if problems:
        raise ConfigurationError(tuple(problems))
    warnings = open_secrets(session.needed_feeds_file()) + open_settings(session.resolved)
    for warning in warnings + _open_passwords(session) + _open_targets(session):
        click.echo(safe(warning), err=True)
    emit(f"{session.feeds_file}: {amount(feeds, 'feed')}; settings are sound.")


def _open_passwords(session: Session) -> list[str]:
    """Return a sentence for each user of the page whose password stands where its hash is wanted."""
    from aggregator.web.passwords import is_hash

    return [
        f"web.users: what stands for {name} is no hash of a password; `aggregator web --hash-password` makes one"
        for name, secret in session.settings.web.users.items()
        if secret.is_written_out and not is_hash(secret)
    ]


def _open_targets(session: Session) -> list[str]:
    """Return a sentence for each target of a watch that is a secret in the open; none where the database cannot be read now."""
    from aggregator.desk.alert_targets import advice_for_open, stands_open

    if not session.database_file.exists():
        return []
    try:
        with session.open_existing() as app:
            watches = [row.watch for row in app.watches().all()]
    except AggregatorError:  # other commands tell what is wrong with it
        return []
    return [
        f"watch {watch.name}: {advice_for_open(target)}"
        for watch in watches
        for target in watch.targets
        if stands_open(target)
    ]


@click.group("db")
def db_command() -> None:
    """The database file."""


@db_command.command("check")
@click.pass_obj
def db_check_command(session: Session) -> int:
    """Check the file's integrity; ends with 1 where it is damaged."""
    from aggregator.ingest.resketch import outdated
    from aggregator.storage.database import BUSY_TIMEOUT_MS, explained
    from aggregator.storage.soundness import faults_of_file

    path = session.needed_database()
    with explained(path):
        faults = faults_of_file(path, BUSY_TIMEOUT_MS)
    stale = 0
    if not faults:
        with session.open_existing() as app:
            stale = outdated(app.store)
    if stale:
        click.echo(
            f"{amount(stale, 'sketch is', 'sketches are')} of another version and no help in finding copies; `aggregator db resketch` makes such anew.",
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
    """Copy the live database. It goes to TARGET, else to a dated file beside it."""
    path = target or session.database_file.with_name(
        f"{session.database_file.stem}-{session.clock():%Y%m%dT%H%M%SZ}.db"
    )
    _check_target(session.database_file, path)
    with session.open_existing() as app:
        app.store.backup(path, through_links=target is not None)
    emit(str(path))


def _check_target(database: Path, target: Path) -> None:
    """Refuse to put a backup in place of the live database or of a file that is no database."""
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
    """Put a backup in the database's place. What was there is set aside. No daemon may run on it."""
    from aggregator.daemon.locking import DaemonLock
    from aggregator.storage.copies import restore
    from aggregator.storage.soundness import amounts

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
    """Drop what is past its time. The retention rule and the clustering's windows say what is."""
    with session.open_existing() as app:
        dropped = app.prune()
    if as_json:
        print_json(dropped)
    else:
        emit_folded("Dropped: " + ", ".join(f"{name} {count:,}" for name, count in dropped.items()) + ".")


@db_command.command("resketch")
@click.pass_obj
def resketch_command(session: Session) -> None:
    """Make anew what copies are found by. An update of the program may have changed its form."""
    from aggregator.cli.progress import progress
    from aggregator.ingest.resketch import resketch

    with session.open_existing() as app, progress("sketching", quiet=session.quiet) as advance:
        count = resketch(app.store, app.settings, advance)
    emit(f"{amount(count, 'sketch', 'sketches')} made anew.")


@db_command.command("vacuum")
@click.pass_obj
def vacuum_command(session: Session) -> None:
    """Give free pages back and refresh the statistics."""
    before = session.database_file.stat().st_size if session.database_file.exists() else 0
    with session.open_existing() as app:
        app.store.vacuum()
    emit(f"{session.database_file}: {before:,} bytes before, {session.database_file.stat().st_size:,} now.")


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print the completion script for a shell. Use it with eval "$(aggregator completion bash)"."""
    from click.shell_completion import get_completion_class

    from aggregator.cli.app import cli
    from aggregator.cli.completion import describe_in_bash

    describe_in_bash()
    found = get_completion_class(shell)
    if found is None:
        raise UsageError(f"no completion for {shell}")
    emit(found(cli, {}, "aggregator", "_AGGREGATOR_COMPLETE").source())
