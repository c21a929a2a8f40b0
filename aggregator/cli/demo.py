"""``demo``: the whole chain in a minute without a network."""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from aggregator.cli.feeds import FETCH_COLUMNS, outcome_row
from aggregator.cli.output import colours, emit, print_list
from aggregator.cli.progress import progress
from aggregator.cli.session import Session
from aggregator.cli.stories import STORY_COLUMNS, print_story, summary_row
from aggregator.exceptions import UsageError
from aggregator.model import StoryQuery

TOLD_ABOUT = "Ukraine guarantee"


@click.command("demo")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep the scratch database and the digest there.",
)
@click.pass_obj
def demo_command(session: Session, keep: Path | None) -> None:
    """Show the whole chain without a network: authored feeds on this machine, stories, why, digest."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    with nullcontext(str(keep)) if keep else tempfile.TemporaryDirectory(prefix="aggregator-demo-") as folder:
        _run(session, Path(folder))
    if keep is not None:
        click.echo(f"Kept in {keep}: look with `aggregator --db {keep / 'demo.db'} stories`.", err=True)


def _run(session: Session, folder: Path) -> None:
    from aggregator.app import Aggregator
    from aggregator.config.files import write_output
    from aggregator.demo.content import STAGES, feeds, moment
    from aggregator.demo.server import DemoServer
    from aggregator.digest.render import render

    now: list[datetime] = [moment(STAGES[0])]
    settings = session.settings
    fetch = replace(settings.fetch, allow_private_networks=True, host_delay=0.0, per_host=8)
    database = folder / "demo.db"
    database.unlink(missing_ok=True)
    with (
        DemoServer() as server,
        Aggregator.open(
            replace(settings, fetch=fetch), database, clock=lambda: now[0], feeds=feeds(server.base)
        ) as app,
    ):
        for stage in STAGES:
            server.stage, now[0] = stage, moment(stage)
            heading(f"{now[0]:%H:%M} UTC: polling sixteen feeds of fictional outlets")
            with progress("fetching", quiet=session.quiet) as advance:
                outcomes = app.fetch(everything=True, progress=lambda _, done, total: advance(done, total))
            print_list(map(outcome_row, outcomes), FETCH_COLUMNS, "table")
        heading("stories, those carried by most publishers first")
        stories = app.stories(StoryQuery(sort="publishers", limit=12))
        print_list(map(summary_row, stories), STORY_COLUMNS, "table")
        found = app.stories(StoryQuery(sort="publishers", match=TOLD_ABOUT, limit=1)) or stories[:1]
        if not found:
            raise UsageError(
                "no story came of the sample feeds: settings in force keep them out; `config show --origin`"
            )
        heading(f"story show {found[0].id}")
        story = app.story(found[0].id)
        print_story(story)
        heading(f"story why {found[0].id} ENTRY, for each of its reports")
        for report in story.reports:
            why = app.why(story.summary.id, report.entries[-1].id)
            emit(f"{report.entries[-1].publisher}: {why.sentence}")
        heading("digest")
        edition = app.edition()
        emit(render(edition, "text").rstrip("\n"))
        write_output(folder / "digest.html", render(edition, "html").encode("utf-8"))


def heading(text: str) -> None:
    """Print a heading between the parts of the show."""
    sys.stdout.flush()
    emit("")
    emit(click.style(f"== {text}", bold=True) if colours() else f"== {text}")
    emit("")
