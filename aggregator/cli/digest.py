"""``digest``: one edition, printed, written or mailed."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.output import STDOUT, emit, form_by_name, format_options, safe
from aggregator.cli.session import Session
from aggregator.cli.tables import width_of_output
from aggregator.config.files import write_output
from aggregator.desk.edition_series import settings_of
from aggregator.desk.layouts import renderer
from aggregator.digest.render import LINE, SUFFIXES
from aggregator.exceptions import PARTLY_FAILED, ConfigurationError, UsageError
from aggregator.text.counts import amount

if TYPE_CHECKING:
    from aggregator.app import Aggregator
    from aggregator.digest.values import Edition


FORM_OF = {
    ".html": "html",
    ".htm": "html",
    ".txt": "text",
    ".json": "json",
    ".atom": "atom",
    ".md": "md",
    ".markdown": "md",
    ".text": "text",
}


@click.command("digest")
@click.option("--date", "day", metavar="D", help="The edition of a day: today, yesterday or 2026-10-01.")
@click.option(
    "--edition",
    "series",
    metavar="NAME",
    default="",
    help="One of digest.editions; without a time: its latest due edition.",
)
@click.option("--since", metavar="TIME", help="Begin of the edition's window; default: 24 hours before its end.")
@click.option("--until", metavar="TIME", help="End of the edition's window; default: now.")
@format_options(
    *("md", "html", "text", "json", "atom", "jsonfeed"),
    explained="The format; default: by the file's name, else text on a terminal and md in a pipe.",
)
@click.option("--output", type=click.Path(path_type=Path), help="The file to write; default: stdout, also for -.")
@click.option("--mail", is_flag=True, help="Send it to mail.recipients, or to the recipients of the edition.")
@click.pass_obj
def digest_command(
    session: Session,
    day: str | None,
    series: str,
    since: str | None,
    until: str | None,
    form: str | None,
    output: Path | None,
    mail: bool,
) -> int:
    """Make an edition of the digest, or print it again. An edition never changes."""
    if day is not None and (since is not None or until is not None):
        raise UsageError("--date names a whole day; give it alone, or --since and --until")
    form = form or _fitting_form(output)
    start, end = session.moment(since), session.moment(until)
    if start is not None and start >= (end or session.clock()):
        raise UsageError(
            f"--since {since} is not before {f'--until {until}' if until else 'now'}: nothing lies between"
        )
    with session.open_existing() as app:
        edition = app.edition(since=start, until=end, day=None if day is None else session.day(day), series=series)
        try:
            _show(session, edition, form, output, mail=mail)
        finally:  # the mail is sent even if the file cannot be written
            code = _mail(session, app, edition) if mail else 0
    return code


def _show(session: Session, edition: Edition, form: str, output: Path | None, *, mail: bool) -> None:
    """Write an edition to a file, or print it if it is not mailed."""
    if output is None and mail:
        return
    printed = output is None or output == STDOUT
    width = min(LINE, width_of_output(LINE)) if printed else LINE
    text = renderer(session.settings.digest, session.database_file, width)(edition, form)
    if output is None or printed:
        emit(text.rstrip("\n"))
    else:
        write_output(output, text.encode("utf-8"))
        click.echo(f"{output}: written.", err=True)


def _fitting_form(output: Path | None) -> str:
    """Return the default form: by the file's name, else text on a terminal."""
    if output is not None and output != STDOUT:
        if output.name.lower().endswith(SUFFIXES["jsonfeed"]):
            return "jsonfeed"
        return form_by_name(output, FORM_OF, "md")
    return "text" if sys.stdout.isatty() else "md"


def _mail(session: Session, app: Aggregator, edition: Edition) -> int:
    """Mail an edition to recipients who do not have it; return the exit code: 4 if some were refused, 1 if all were."""
    from aggregator.desk.mailing import mail_edition

    settings = settings_of(session.settings, edition.series).mail
    if not settings.server or not settings.recipients:
        recipients = f"digest.editions: {edition.series}: recipients" if edition.series else "mail.recipients"
        raise ConfigurationError(f"mail.server and {recipients} are not set; `config show` lists the settings")
    mailed = mail_edition(app.store, edition, settings, renderer(session.settings.digest, app.store.path))
    click.echo(f"Mailed to {amount(len(mailed.sent), 'recipient', 'recipients')}.", err=True)
    if mailed.already:
        click.echo(f"Not sent again to those who have this edition: {', '.join(mailed.already)}.", err=True)
    for one in mailed.refused:
        click.echo(f"{safe(one.recipient)}: refused by the mail server ({safe(one.answer)}).", err=True)
    for one in mailed.refused_before:
        outcome = f"refused by the mail server before ({safe(one.answer)}), and not asked again with this edition"
        click.echo(f"{safe(one.recipient)}: {outcome}.", err=True)
    if mailed.sent or mailed.already:
        return PARTLY_FAILED if mailed.refused or mailed.refused_before else 0
    if not mailed.refused:
        click.echo("The mail server refused every recipient before; nobody is asked again with this edition.", err=True)
    return 1
