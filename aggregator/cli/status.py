"""``status`` and ``health``: the state of the newsroom and its daemon."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import click

from aggregator.cli.output import emit, local, plain, print_json, safe, thing_options
from aggregator.cli.session import Session
from aggregator.config.durations import parse_duration
from aggregator.daemon.locking import daemon_state, holder
from aggregator.exceptions import UsageError


@click.command("status")
@thing_options
@click.pass_obj
def status_command(session: Session, form: str) -> None:
    """Show the number of entries, the feeds' state and what is next."""
    with session.open_existing() as app:
        row = asdict(app.status())
    row["database"] = str(session.database_file)
    row["daemon"] = holder(session.database_file)
    if form == "json":
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
    help="The longest time since the last poll and pass, and the longest wait of a due job.",
)
@click.pass_obj
def health_command(session: Session, max_age: str) -> int:
    """Probe the daemon: exit code 0 if it is healthy, else 1.

    It is healthy if a feed was polled and a pass ended recently, and no due job has waited for longer than --max-age.
    """
    try:
        allowed: timedelta = parse_duration(max_age)
    except ValueError as error:
        raise UsageError(f"--max-age: {error}") from error
    if holder(session.database_file) is None:
        click.echo("unhealthy: no daemon runs on this database", err=True)
        return 1
    with session.open_existing() as app:
        faults, notes = app.faults(allowed), app.oddities()
    faults += daemon_state(session.database_file).faults(session.clock(), allowed)
    for note in notes:
        click.echo(safe(note), err=True)
    for fault in faults:
        click.echo(f"unhealthy: {safe(fault)}", err=True)
    if not faults:
        emit("healthy")
    return 1 if faults else 0
