"""``demo``: a demonstration of all steps in a minute, without a network."""

from __future__ import annotations

import sys
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from aggregator.app import Aggregator
from aggregator.cli.fetch import FETCH_COLUMNS, in_order, outcome_row
from aggregator.cli.output import emit, emit_folded, print_list, safe, styled
from aggregator.cli.progress import progress
from aggregator.cli.session import Session, clock_file
from aggregator.cli.stories import STORY_COLUMNS, summary_row
from aggregator.cli.story import print_story
from aggregator.config.files import write_output
from aggregator.demo.content import AFTERWARDS, PUBLIC, STAGES, feeds, moment
from aggregator.demo.fetcher import DemoFetcher
from aggregator.demo.server import DemoServer
from aggregator.digest.render import render
from aggregator.disk import BESIDE
from aggregator.exceptions import UsageError
from aggregator.model import Story, StoryQuery

SEARCHED = "Ukraine guarantee"


@click.command("demo")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Keep the scratch database and the digest there.",
)
@click.pass_obj
def demo_command(session: Session, keep: Path | None) -> None:
    """Run a demonstration without a network. It polls fictional feeds on this machine, and shows stories, explanations and the digest."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    with nullcontext(str(keep)) if keep else tempfile.TemporaryDirectory(prefix="aggregator-demo-") as folder:
        _run(session, Path(folder), kept=keep is not None)


def _run(session: Session, folder: Path, *, kept: bool) -> None:
    now: list[datetime] = [moment(STAGES[0])]
    settings = session.settings
    # one feed after another, so that entries of one minute always arrive in the same order
    fetch = replace(settings.fetch, host_delay=0.0, workers=1)
    database = folder / "demo.db"
    for ending in ("", *BESIDE):
        database.with_name(database.name + ending).unlink(missing_ok=True)
    with (
        DemoServer() as server,
        DemoFetcher(fetch, PUBLIC, server.base) as fetcher,
        Aggregator.open(
            replace(settings, fetch=fetch), database, clock=lambda: now[0], feeds=feeds(PUBLIC), fetcher=fetcher
        ) as app,
    ):
        for stage in STAGES:
            server.stage, now[0] = stage, moment(stage)
            heading(f"{now[0]:%H:%M} UTC: polling sixteen feeds of fictional outlets")
            with progress("fetching", quiet=session.quiet) as advance:
                outcomes = app.fetch(everything=True, progress=lambda _, done, total: advance(done, total))
            print_list(map(outcome_row, in_order(outcomes)), FETCH_COLUMNS, "table")
        story = _show_stories(app)
        heading("digest")
        edition = app.edition()
        emit(render(edition, "text").rstrip("\n"))
        write_output(folder / "digest.html", render(edition, "html").encode("utf-8"))
        clock_file(database).write_text(f"{AFTERWARDS:%Y-%m-%dT%H:%MZ}\n", encoding="utf-8")
        _print_next_steps(database, story, kept=kept)


def _show_stories(app: Aggregator) -> Story:
    """Print the stories, and one of them with the reasons why its reports are in it; return that one."""
    heading("stories, those carried by most publishers first")
    stories = app.stories(StoryQuery(sort="publishers", limit=12))
    print_list(map(summary_row, stories), STORY_COLUMNS, "table")
    found = app.stories(StoryQuery(sort="publishers", match=SEARCHED, limit=1)) or stories[:1]
    if not found:
        raise UsageError("no story came of the sample feeds: settings in force keep them out; `config show --origin`")
    heading(f"story show {found[0].id}")
    story = app.story(found[0].id)
    print_story(story)
    heading(f"story why {found[0].id} ENTRY, for each of its reports")
    for report in story.reports:
        why = app.why(story.summary.id, report.entries[-1].id)
        emit_folded(f"{safe(report.entries[-1].publisher)}: {safe(why.sentence)}", 2)
    return story


def _print_next_steps(database: Path, story: Story, *, kept: bool) -> None:
    """Print commands to try next, and the path of the digest."""
    heading("what next")
    if not kept:
        emit("aggregator demo --keep morning   # the same, kept in a folder")
        emit("aggregator init                  # a feeds file and settings of your own")
        emit("aggregator run                   # the daemon on them")
        emit("")
        emit("The digest as a page: `--keep morning` writes morning/digest.html.")
        return
    command = f"aggregator --db {database}"
    emit(f"{command} stories --sort publishers")
    emit(f"{command} story why {story.summary.id} {story.reports[-1].entries[-1].id}")
    emit(f"{command} story timeline {story.summary.id}")
    emit("")
    emit(f"The digest as a page: {database.with_name('digest.html')}")
    emit(f"Its clock is set to the demo's own noon by {clock_file(database)}.")


def heading(text: str) -> None:
    """Print a heading between the parts of the demonstration."""
    sys.stdout.flush()
    emit("")
    emit(styled(f"== {text}", bold=True))
    emit("")
