"""``entry diff``, ``entry headlines`` and ``story diff``: what was edited, word by word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.output import (
    Column,
    colours,
    emit,
    emit_folded,
    list_options,
    local,
    print_json,
    print_list,
    row_of,
    safe,
    styled,
    thing_options,
)
from aggregator.cli.session import Session
from aggregator.storage.times import to_text

if TYPE_CHECKING:
    from aggregator.desk.revisions import Edit
    from aggregator.newsroom.revisions import Piece


VERSION = "version=number seen=time title"
HEADLINE = "time=change.time entry=change.entry_id story=story_id publisher=change.publisher url=change.url before=change.before after=change.after"


def full_option(command: Any) -> Any:
    """Add ``--full``, which shows the whole text."""
    return click.option("--full", is_flag=True, help="Show the whole text, not only the passages around changes.")(
        command
    )


@click.command("diff")
@click.argument("entry")
@click.option(
    "--from", "first", type=click.IntRange(1), metavar="N", help="The old version, from 1; default: the last but one."
)
@click.option("--to", "last", type=click.IntRange(1), metavar="M", help="The new version; default: the current one.")
@full_option
@thing_options
@click.pass_obj
def entry_diff_command(
    session: Session, entry: str, first: int | None, last: int | None, full: bool, form: str
) -> None:
    """Show what an edit changed, word by word. Changes are coloured on a terminal, else as [-old-]{+new+}."""
    with session.open_existing() as app:
        edit = app.edit(entry, first, last)
    if form == "json":
        print_json(edit_row(edit))
    else:
        print_edit(edit, full=full)


@click.command("diff")
@click.argument("story")
@click.option(
    "--since",
    metavar="TIME",
    help="Compare with the text at this time: 2h, yesterday, 2026-10-01; default: the first text.",
)
@full_option
@thing_options
@click.pass_obj
def story_diff_command(session: Session, story: str, since: str | None, full: bool, form: str) -> None:
    """Show how a story's entries were edited, word by word. The oldest edit comes first."""
    moment = session.moment(since)
    with session.open_existing() as app:
        found = app.story(story)
        edits = app.edits(found, moment)
    if form == "json":
        row = {"story": found.summary.id, "title": found.summary.title, "since": moment}
        print_json({**row, "edits": [edit_row(edit) for edit in edits]})
        return
    after = f" since {local(to_text(moment))}" if moment else ""
    if not edits:
        emit(f"{found.summary.id}  no entry was edited{after}")
        return
    entries = "1 entry was" if len(edits) == 1 else f"{len(edits)} entries were"
    emit(f"{found.summary.id}  {entries} edited{after}")
    for edit in edits:
        emit("")
        print_edit(edit, full=full)


@click.command("headlines")
@click.option(
    "--since", default="1d", show_default=True, metavar="TIME", help="Changed since: 2h, 3d, yesterday, 2026-10-01."
)
@click.option("--until", metavar="TIME", help="Changed before.")
@list_options
@click.pass_obj
def headlines_command(session: Session, since: str, until: str | None, form: str) -> None:
    """List changed headlines, the oldest change first. The default is the last day."""
    with session.open_existing() as app:
        found = app.headlines(session.moment(since), session.moment(until))
    rows = [row_of(one, HEADLINE) for one in found]
    columns = (
        Column("changed", lambda row: local(row["time"]), drop=1),
        Column("entry", lambda row: row["entry"]),
        Column("publisher", lambda row: row["publisher"]),
        Column("before", lambda row: row["before"], wrap=True, under=lambda row: f"before: {row['before']}"),
        Column("after", lambda row: row["after"], wrap=True, place="headline"),
    )
    print_list(rows, columns, form, empty="No headline was changed.", fields=HEADLINE)


def edit_row(edit: Edit) -> dict[str, Any]:
    """Return an edit as JSON shows it."""
    return {
        **row_of(edit, "entry=entry.id story=entry.story_id publisher=entry.publisher url=entry.data.link"),
        "from": row_of(edit.before, VERSION),
        "to": row_of(edit.after, VERSION),
        **row_of(edit, "edits=steps change=change.weight"),
        **row_of(edit.change, "title_changed text_changed similarity"),
        "title": [row_of(piece, "op text") for piece in edit.title],
        "text": [row_of(piece, "op text") for piece in edit.text],
    }


def print_edit(edit: Edit, *, full: bool) -> None:
    """Print an edit for people: the headline's change, then the text's."""
    from aggregator.newsroom.revisions import excerpt

    emit_folded(shown(edit.title) if _differs(edit.title) else styled(safe(edit.after.title), bold=True))
    steps = f", {edit.steps} edits" if edit.steps > 1 else ""
    emit_folded(
        f"{edit.entry.id}  {safe(edit.entry.publisher)}  version {edit.before.number} ({local(to_text(edit.before.time))})"
        f" → {edit.after.number} ({local(to_text(edit.after.time))}){steps}"
        f", {edit.change.similarity:.0%} of the words kept  {safe(edit.entry.data.link)}".rstrip(),
        2,
    )
    if not _differs(edit.text):
        emit("  the text is the same" if _differs(edit.title) else "  the same words again")
        return
    for line in shown(edit.text if full else excerpt(edit.text)).split("\n"):
        emit_folded(f"  {line}".rstrip(), 2)


def shown(pieces: Iterable[Piece]) -> str:
    """Return a diff as this terminal, pipe or file can show it, without control characters from the feed."""
    from aggregator.newsroom.revisions import Piece, plain

    clean = [Piece(piece.op, _clean(piece.text)) for piece in pieces]
    if not colours():
        return plain(clean)
    styles: dict[str, dict[str, Any]] = {
        "same": {},
        "removed": {"fg": "red", "strikethrough": True},
        "added": {"fg": "green", "bold": True},
    }
    # a style ends with its line, so that the margin of the next line is not coloured
    return "".join(
        "\n".join(
            click.style(line, **styles[piece.op]) if line.strip() and styles[piece.op] else line for line in lines
        )
        for piece in clean
        for lines in [piece.text.split("\n")]
    )


def _clean(text: str) -> str:
    """Return harmless text with its line breaks, and with the blanks between it and its neighbours."""
    return "\n".join(_edged(line) for line in text.split("\n"))


def _edged(line: str) -> str:
    inside = safe(line).strip()
    if not inside:
        return " " if line else ""
    return f"{' ' if line[0].isspace() else ''}{inside}{' ' if line[-1].isspace() else ''}"


def _differs(pieces: Iterable[Piece]) -> bool:
    return any(piece.op != "same" for piece in pieces)
