"""``web``: the desk's page."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.app import Aggregator
from aggregator.cli.session import Session
from aggregator.cli.verbs import by_whom
from aggregator.config.secrets import read_secret
from aggregator.exceptions import ConfigurationError
from aggregator.storage.sqlite_errors import explained
from aggregator.web.passwords import hash_password

if TYPE_CHECKING:
    from aggregator.settings import WebSettings
    from aggregator.web.site import Access


@click.command("web")
@click.option("--address", metavar="HOST:PORT", help="The address to listen on; default: web.address (127.0.0.1:8765).")
@click.option("--hash-password", is_flag=True, help="Ask for a password and print its hash for web.users.")
@click.pass_obj
def web_command(session: Session, address: str | None, hash_password: bool) -> None:
    """Show the desk's page in a browser. It has stories, explanations, verbs, feeds and editions.

    It reads the database, which `run` fills. It needs the extra "web": pip install 'aggregator[web]'.
    """
    if hash_password:
        _print_hash()
        return
    needed_extra()
    from aggregator.web.server import serve

    settings = session.settings_with([f"web.address={address}"] if address else [])
    session.needed_database()
    serve(
        opener(session.database_file, session),
        settings,
        access(settings.web),
        lambda where: click.echo(f"The desk's page is at {where} - Ctrl-C ends it.", err=True),
    )


def needed_extra() -> None:
    """Raise ConfigurationError if the page's libraries are not installed."""
    absent = next((name for name in ("python_multipart", "starlette", "uvicorn") if find_spec(name) is None), None)
    if absent is not None:
        raise ConfigurationError(f"{absent} is not installed; the page needs pip install 'aggregator[web]'")


def access(settings: WebSettings) -> Access:
    """Return who may use the page, by the settings and their secrets."""
    from aggregator.web.site import Access

    users = {name: read_secret(f"web.users.{name}", secret, os.environ) for name, secret in settings.users.items()}
    token = read_secret("web.token", settings.token, os.environ) if settings.token else ""
    return Access(by_whom(None), users, token)


def opener(database: Path, session: Session) -> Callable[[], Aggregator]:
    """Return a function that opens the newsroom for the page."""

    def opened() -> Aggregator:
        with explained(database):
            return Aggregator.open(session.settings, database, clock=session.clock)

    return opened


def _print_hash() -> None:
    needed_extra()
    if sys.stdin.isatty():
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\n")
    click.echo(hash_password(password))
