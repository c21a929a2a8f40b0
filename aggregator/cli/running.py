"""``run``: the daemon."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

import click

from aggregator.cli.session import Session
from aggregator.cli.watch import announce
from aggregator.cli.web import access, needed_extra, opener
from aggregator.daemon.logs import set_up, write_last_lines


@click.command("run")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The format of log lines.",
)
@click.pass_obj
def run_command(session: Session, log_format: str) -> None:
    """Run the daemon: poll due feeds, cluster, publish, alert.

    SIGTERM and SIGINT stop it after the running fetches are saved; a second one stops at once. SIGHUP reads feeds and settings again.
    """
    from aggregator.daemon.service import Daemon

    session.needed_feeds_file()
    level = logging.DEBUG if session.verbose else logging.WARNING if session.quiet else logging.INFO
    set_up(level, log_format, sys.stderr)

    daemon = Daemon(session.database_file, session.clock, lambda: _configured(replace(session)), announce)
    with _page(session):
        code = daemon.run()
    _leave(code)


def _leave(code: int) -> NoReturn:
    """End the process at once: everything is stored, and the interpreter's shutdown takes seconds on a busy machine."""
    write_last_lines()
    os._exit(code)


@contextmanager
def _page(session: Session) -> Iterator[None]:
    """Serve the page beside the daemon if web.with_run is true."""
    settings = session.settings
    if not settings.web.with_run:
        yield
        return
    needed_extra()
    from aggregator.web.server import served

    with served(opener(session.database_file, session), settings, access(settings.web)):
        logging.getLogger("aggregator.web").info("the desk's page is at http://%s/", settings.web.address)
        yield


def _configured(session: Session) -> tuple[object, object]:
    """Return the settings and the feeds; a new session reads them from their files."""
    return session.settings, session.feeds()
