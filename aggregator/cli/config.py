"""``config``: the settings in force, and checks of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

from aggregator.cli.output import Column, emit, emit_folded, list_options, print_json, print_list, safe
from aggregator.cli.session import FEEDS, Session
from aggregator.config.settings_files import keys, unknown_variables, user_file, value_of, value_text
from aggregator.config.shipped import shipped_folder
from aggregator.exceptions import AggregatorError, ConfigurationError
from aggregator.text.counts import amount


@click.group("config")
def config_command() -> None:
    """Show and check the settings in force."""


@config_command.command("show")
@click.option("--origin", is_flag=True, help="Show where each value comes from.")
@list_options
@click.pass_obj
def show_command(session: Session, origin: bool, form: str) -> None:
    """Show all settings in force."""
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
    print_list(rows, columns, form)


@config_command.command("path")
@click.pass_obj
def path_command(session: Session) -> None:
    """Show which files are in use."""
    used = session.resolved.files  # where a file cannot be read, nothing is shown
    emit_folded(
        f"feeds      {session.feeds_file or f'none (./{FEEDS} and {session.user_feeds} are looked for; `aggregator init` writes one)'}",
        11,
    )
    emit_folded(
        f"settings   {', '.join(map(str, used)) or f'none (aggregator.yaml beside the feeds file and {user_file()} are looked for)'}",
        11,
    )
    emit_folded(f"shipped    {shipped_folder()} (defaults.yaml, aggregator.service, datasette.yaml)", 11)
    emit_folded(f"database   {session.database_file}{'' if session.database_file.exists() else ' (not made yet)'}", 11)


@config_command.command("datasette")
@click.pass_obj
def datasette_command(session: Session) -> None:
    """Print Datasette's metadata for the database. Use it as its --metadata; the file may have any name.

    Stories come first, and tables for internal use are hidden.
    """
    from aggregator.config.datasette import metadata

    print_json(metadata(session.database_file))


@config_command.command("check")
@click.pass_obj
def check_command(session: Session) -> None:
    """Check the feeds file, the settings, templates and labels. It reports all faults, and secrets in plain text."""
    from aggregator.cli.setting_faults import setting_faults
    from aggregator.config.open_secrets import open_secrets, open_settings
    from aggregator.desk.layouts import faults
    from aggregator.web.passwords import without_hash

    problems: list[str] = []
    feeds = 0
    with _collecting(problems):
        session.zone()
        problems.extend(setting_faults(session.settings))
        problems.extend(faults(session.settings, session.database_file))
    with _collecting(problems):
        feeds = len(session.feeds())
    if problems:
        raise ConfigurationError(tuple(problems))
    warnings = unknown_variables(os.environ)
    warnings += open_secrets(session.needed_feeds_file()) + open_settings(session.resolved)
    written_out = {name: text for name, text in session.settings.web.users.items() if text.is_written_out}
    for warning in (*warnings, *without_hash(written_out), *_open_targets(session)):
        click.echo(safe(warning), err=True)
    emit(f"{session.feeds_file}: {amount(feeds, 'feed')}; settings are sound.")


@contextmanager
def _collecting(problems: list[str]) -> Iterator[None]:
    try:
        yield
    except ConfigurationError as error:
        problems.extend(error.problems)


def _open_targets(session: Session) -> list[str]:
    """Return a warning for each watch target with a plain-text secret; none if the database cannot be read now."""
    from aggregator.desk.alert_targets import advice_for_open, holds_open_secret

    if not session.database_file.exists():
        return []
    try:
        with session.open_existing() as app:
            watches = [row.watch for row in app.watches().all()]
    except AggregatorError:  # other commands report the fault
        return []
    return [
        f"watch {watch.name}: {advice_for_open(target)}"
        for watch in watches
        for target in watch.targets
        if holds_open_secret(target)
    ]
