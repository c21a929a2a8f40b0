"""``import``: entries from JSON Lines."""

from __future__ import annotations

from pathlib import Path

import click

from aggregator.cli.output import print_left_out, print_list
from aggregator.cli.progress import progress
from aggregator.cli.session import Session
from aggregator.config.files import shown_path
from aggregator.exceptions import PARTLY_FAILED


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
