"""``storyline``: storylines, their stories, and editors' verbs on them."""

from __future__ import annotations

import click

from aggregator.cli.output import (
    emit,
    emit_folded,
    emit_headline,
    limit_option,
    list_options,
    local,
    plain,
    print_json,
    print_list,
    safe,
    thing_options,
)
from aggregator.cli.session import Session
from aggregator.cli.stories import STORYLINE, STORYLINE_COLUMNS, headline, storyline_row, summary_row
from aggregator.cli.verbs import by_option, print_outcome
from aggregator.text.counts import amount, three_counts


@click.group("storyline")
def storyline_command() -> None:
    """Show and change storylines: related stories."""


@storyline_command.command("list")
@click.option("--since", metavar="TIME", help="Active since: 2h, 3d, yesterday, 2026-10-01.")
@limit_option()
@list_options
@click.pass_obj
def list_command(session: Session, since: str | None, limit: int, form: str) -> None:
    """List storylines, newest first."""
    with session.open_existing() as app:
        rows = [storyline_row(line) for line in app.storylines(session.moment(since), limit)]
    print_list(rows, STORYLINE_COLUMNS, form, empty=f"No storylines{session.stories_note}.", fields=STORYLINE)


@storyline_command.command("show")
@click.argument("storyline")
@thing_options
@click.pass_obj
def show_command(session: Session, storyline: str, form: str) -> None:
    """Show a storyline with its stories."""
    with session.open_existing() as app:
        found = app.storyline(storyline)
    if form == "json":
        print_json(storyline_row(found))
        return
    summary = found.summary
    if summary is None:
        return
    emit_headline(summary.title)
    named = f"  named by {safe(summary.named_by)}" if summary.named_by else ""
    emit_folded(
        f"{summary.id}  {amount(len(found.stories), 'story', 'stories')} · {three_counts(summary.entries, summary.reports, summary.publishers)}{named}",
        2,
    )
    emit(f"first seen {local(plain(summary.first_seen))}, last {local(plain(summary.last_seen))}")
    for story in found.stories:
        emit("")
        emit_folded(f"{story.id}  {local(plain(story.last_seen))}  {safe(headline(summary_row(story)))}", 6)
        emit(f"      {three_counts(story.entries, story.reports, story.publishers)}")


@storyline_command.command("name")
@click.argument("storyline")
@click.argument("name")
@by_option
@thing_options
@click.pass_obj
def name_command(session: Session, storyline: str, name: str, by: str, form: str) -> None:
    """Name a storyline. The name replaces the title of its leading story."""
    with session.open_existing() as app:
        found = app.storyline_editor(by).name(storyline, name)
        print_outcome(session, app, found, form, kind="storyline")


@storyline_command.command("tie")
@click.argument("stories", nargs=-1, required=True)
@by_option
@thing_options
@click.pass_obj
def tie_command(session: Session, stories: tuple[str, ...], by: str, form: str) -> None:
    """Tie stories into one storyline. Their storylines are joined with all their stories."""
    with session.open_existing() as app:
        found = app.storyline_editor(by).tie(stories)
        print_outcome(session, app, found, form, kind="storyline")


@storyline_command.command("untie")
@click.argument("story")
@by_option
@thing_options
@click.pass_obj
def untie_command(session: Session, story: str, by: str, form: str) -> None:
    """Take a story out of its storyline permanently."""
    with session.open_existing() as app:
        print_outcome(session, app, app.storyline_editor(by).untie(story), form)
