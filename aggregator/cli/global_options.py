"""Global options, accepted before and after the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from aggregator.cli.session import Session

_PATH = click.Path(path_type=Path)
# name in the session -> the option's names, and its keywords for click
_OPTIONS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "database": (("--db",), {"type": _PATH, "help": "The SQLite database."}),
    "feeds_option": (("--feeds",), {"type": _PATH, "help": "The feeds file."}),
    "config": (("--config",), {"type": _PATH, "help": "The settings file."}),
    "assignments": (
        ("--set",),
        {"multiple": True, "metavar": "SECTION.KEY=VALUE", "help": "Set one setting; repeatable."},
    ),
    "now_option": (
        ("--now",),
        {"metavar": "TIME", "help": "Use this time as the current time, for replays and backfills."},
    ),
    "verbose": (("-v", "--verbose"), {"count": True, "help": "Print more; twice: also tracebacks."}),
    "quiet": (("-q", "--quiet"), {"is_flag": True, "help": "Print only data and errors."}),
}
_VARIABLES = {
    "database": "AGGREGATOR_DB",
    "feeds_option": "AGGREGATOR_FEEDS",
    "config": "AGGREGATOR_CONFIG",
    "now_option": "AGGREGATOR_NOW",
}


def global_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the global options to the root command; environment variables are their defaults."""
    for name, (written, keywords) in reversed(_OPTIONS.items()):
        command = click.option(*written, name, envvar=_VARIABLES.get(name), **keywords)(command)
    return command


def accept_after_command(command: click.Command) -> None:
    """Add the global options to a command and its subcommands, unless they have an option of that name."""
    own = {name for parameter in command.params for name in parameter.opts}
    for name, (written, keywords) in _OPTIONS.items():
        if own.isdisjoint(written):
            command.params.append(
                click.Option((*written, f"global_{name}"), expose_value=False, hidden=True, callback=_taken, **keywords)
            )
    for below in command.commands.values() if isinstance(command, click.Group) else ():
        accept_after_command(below)


def _taken(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Override global options given before the command by those given after it; settings are appended."""
    session = context.obj
    written = parameter.name or ""
    if not isinstance(session, Session) or context.get_parameter_source(written) is not ParameterSource.COMMANDLINE:
        return
    name = written.removeprefix("global_")
    if name in ("assignments", "verbose"):
        value = getattr(session, name) + value
    setattr(session, name, value)
    if name == "now_option":
        vars(session).pop("clock", None)
        session.clock()
