"""``digest``: one edition, printed, written or mailed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.output import emit
from aggregator.cli.session import Session
from aggregator.exceptions import ConfigurationError, UsageError

if TYPE_CHECKING:
    from aggregator.digest.edition import Edition


@click.command("digest")
@click.option("--date", "day", metavar="D", help="The edition of a day: today, yesterday or 2026-10-01.")
@click.option("--since", metavar="TIME", help="From when; else 24 hours before its end.")
@click.option("--until", metavar="TIME", help="Until when; else now.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["md", "html", "text", "json", "atom", "jsonfeed"]),
    default="md",
    show_default=True,
    help="The form.",
)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option("--output", type=click.Path(path_type=Path), help="The file to write; else stdout.")
@click.option("--mail", is_flag=True, help="Send it to mail.recipients.")
@click.pass_obj
def digest_command(
    session: Session,
    day: str | None,
    since: str | None,
    until: str | None,
    form: str,
    as_json: bool,
    output: Path | None,
    mail: bool,
) -> None:
    """Make one edition of the digest, or print again the one that was made: an edition never changes."""
    from aggregator.config.files import write_output
    from aggregator.digest.render import render

    if day is not None and (since is not None or until is not None):
        raise UsageError("--date names a whole day; give it alone, or --since and --until")
    start, end = session.moment(since), session.moment(until)
    if start is not None and start >= (end or session.clock()):
        raise UsageError(
            f"--since {since} is not before {f'--until {until}' if until else 'now'}: nothing lies between"
        )
    with session.reading_desk() as desk:
        edition = desk.edition(since=start, until=end, day=session.day(day) if day else None)
    text = render(edition, "json" if as_json else form)
    if mail:
        _mail(session, edition)
    if output is not None:
        write_output(output, text.encode("utf-8"))
        click.echo(f"{output}: written.", err=True)
    elif not mail:
        emit(text.rstrip("\n"))


def _mail(session: Session, edition: Edition) -> None:
    from aggregator.pipeline.mailing import mail_edition

    settings = session.settings.mail
    if not settings.server or not settings.recipients:
        raise ConfigurationError(
            "mail.server and mail.recipients are not set; `config show` lists the settings of mail"
        )
    mail_edition(edition, settings)
    click.echo(f"Mailed to {len(settings.recipients)} recipients.", err=True)
