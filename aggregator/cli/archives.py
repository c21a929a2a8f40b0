"""``import``: entries from JSON Lines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from aggregator.cli.output import print_left_out, print_list, safe
from aggregator.cli.progress import progress
from aggregator.cli.session import Session
from aggregator.config.files import shown_path
from aggregator.exceptions import PARTLY_FAILED
from aggregator.text.counts import amount

if TYPE_CHECKING:
    from aggregator.ingest.archives import UnreadableDates


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
@click.pass_obj
def import_command(session: Session, files: tuple[Path, ...], as_json: bool) -> int:
    """Read entries from JSON Lines archives. Unusable lines are reported, and the exit code is then 4. - is stdin."""
    code, rows = 0, []
    with session.open_or_create(with_feeds=False) as app:
        for file in (Path("/dev/stdin") if str(file) == "-" else file for file in files):
            with progress(f"importing {file.name}", quiet=session.quiet) as advance:
                done = app.import_archive(file, advance)
            for skip in done.skips:
                print_left_out(Path(shown_path(file)), skip)
                code = PARTLY_FAILED
            if done.unreadable_dates is not None:
                _print_unreadable(Path(shown_path(file)), done.unreadable_dates)
            rows.append(
                {
                    "file": str(file),
                    "new": done.new,
                    "updated": done.updated,
                    "known": done.known,
                    "skipped": len(done.skips),
                }
            )
    if as_json:
        print_list(rows, (), "json")
    elif not session.quiet:
        for row in rows:
            click.echo(
                f"{shown_path(Path(str(row['file'])))}: {row['new']} new, {row['updated']} edited, {row['known']} known, {row['skipped']} left out.",
                err=True,
            )
    return code


def _print_unreadable(file: Path, dates: UnreadableDates) -> None:
    """Say how many entries count as undated, with the first date that cannot be read."""
    others = amount(dates.count - 1, "further line's", "further lines'")
    also = f", and {others}" if dates.count > 1 else ""
    date = f"{safe(dates.text[:60])!r}"
    click.echo(
        f"{file}:{dates.line}: date {date} cannot be read or lies before 1990{also}: it counts as none; write 2026-03-10T08:00Z",
        err=True,
    )
