"""Editors' verbs on stories, and the log of editors' decisions."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.output import (
    Column,
    emit,
    emit_folded,
    emit_note,
    limit_option,
    list_options,
    local,
    print_json,
    print_list,
    row_of,
    safe,
    thing_options,
)
from aggregator.cli.session import Session
from aggregator.exceptions import UsageError

if TYPE_CHECKING:
    from aggregator.app import Aggregator


DECISION = "id at by verb=kind arguments sentence undone_at undone_by"


def by_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--by``, the editor's name."""
    return click.option(
        "--by",
        metavar="NAME",
        callback=lambda context, option, name: by_whom(name),
        help="The editor's name; default: your user name.",
    )(command)


def by_whom(name: str | None) -> str:
    """Return the editor's name: the given one, else the user's."""
    if name and safe(name).strip():
        return name
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def print_outcome(session: Session, app: Aggregator, found: str | None, form: str, kind: str = "story") -> None:
    """Print the result of a verb: a sentence for people and the id for scripts, or JSON with the line of the log.

    ``kind`` says whether the id is a story's or a storyline's.
    """
    done = app.decisions(1)[0]
    if form == "json":
        print_json({kind: found, **row_of(done, DECISION)})
        return
    if found is not None and not sys.stdout.isatty():
        emit(found)
    if not session.quiet:
        emit_note(safe(done.sentence))
        if found is not None:
            summary = app.story(found).summary if kind == "story" else app.storyline(found).summary
            emit_note(f"  {found}  {safe(summary.title if summary else '')}".rstrip(), 4)


@click.command("merge")
@click.argument("stories", nargs=-1, required=True)
@by_option
@thing_options
@click.pass_obj
def merge_command(session: Session, stories: tuple[str, ...], by: str, form: str) -> None:
    """Merge several stories into one. It keeps the id of the oldest; the other ids lead to it."""
    if len(stories) == 1:
        raise UsageError("merge takes two different stories or more")
    with session.open_existing() as app:
        print_outcome(session, app, app.editor(by).merge(stories), form)


@click.command("split")
@click.argument("story")
@click.argument("entries", nargs=-1, required=True)
@by_option
@thing_options
@click.pass_obj
def split_command(session: Session, story: str, entries: tuple[str, ...], by: str, form: str) -> None:
    """Split entries off a story into a new story."""
    with session.open_existing() as app:
        print_outcome(session, app, app.editor(by).split(story, entries), form)


@click.command("move")
@click.argument("entry")
@click.argument("story")
@by_option
@thing_options
@click.pass_obj
def move_command(session: Session, entry: str, story: str, by: str, form: str) -> None:
    """Move an entry into another story."""
    with session.open_existing() as app:
        print_outcome(session, app, app.editor(by).move(entry, story), form)


@click.command("pin")
@click.argument("story")
@click.argument("entry")
@by_option
@thing_options
@click.pass_obj
def pin_command(session: Session, story: str, entry: str, by: str, form: str) -> None:
    """Make an entry the canonical entry of its story."""
    with session.open_existing() as app:
        print_outcome(session, app, app.editor(by).pin(story, entry), form)


@click.command("forbid")
@click.argument("first")
@click.argument("second")
@by_option
@thing_options
@click.pass_obj
def forbid_command(session: Session, first: str, second: str, by: str, form: str) -> None:
    """Keep two stories or entries apart permanently."""
    with session.open_existing() as app:
        app.editor(by).forbid(first, second)
        print_outcome(session, app, None, form)


@click.command("undo")
@by_option
@thing_options
@click.pass_obj
def undo_command(session: Session, by: str, form: str) -> None:
    """Undo the last decision."""
    with session.open_existing() as app:
        undone = app.editor(by).undo()
        if form == "json":
            print_json({"story": None, **row_of(undone, DECISION)})
        else:
            emit_folded(f"Undone: {safe(undone.sentence)}", 2)


@click.command("log")
@limit_option()
@list_options
@click.pass_obj
def log_command(session: Session, limit: int, form: str) -> None:
    """List editors' decisions, newest first, including undone ones."""
    with session.open_existing() as app:
        rows = [row_of(one, DECISION) for one in app.decisions(limit)]
    columns = (
        Column("id", lambda row: str(row["id"]), right=True),
        Column("at", lambda row: local(row["at"])),
        Column("verb", lambda row: row["verb"], drop=1),
        Column("sentence", lambda row: row["sentence"], wrap=True),
        Column("", lambda row: f"undone by {row['undone_by']}" if row["undone_at"] else "", wrap=True),
    )
    print_list(rows, columns, form, empty="No verbs yet.", fields=DECISION)


VERBS = (merge_command, split_command, move_command, pin_command, forbid_command, undo_command, log_command)
