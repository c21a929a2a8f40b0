"""``entry`` and ``search``: single entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from aggregator.cli.diffs import entry_diff_command, headlines_command
from aggregator.cli.output import (
    Column,
    emit,
    emit_folded,
    emit_headline,
    limit_option,
    list_options,
    local,
    plain,
    print_json,
    print_list,
    row_of,
    safe,
    thing_options,
)
from aggregator.cli.session import Session

if TYPE_CHECKING:
    from aggregator.model import Entry


@click.group("entry")
def entry_command() -> None:
    """Show one entry and its earlier versions."""


entry_command.add_command(entry_diff_command)
entry_command.add_command(headlines_command)


ENTRY = (
    "id key=data.key title=data.title url=data.link canonical_url feed publisher agency agency_form agency_words lang=language category "
    "author=data.author published=data.published published_text=data.published_text date_flag=data.date_flag first_seen last_seen "
    "revisions correction report_id story_id source_title=data.source_title source_url=data.source_url"
)
REVISION = "number title url seen replaced text"
# The fields that `entry show` prints above the text.
SHOWN = "id url feed publisher agency source_title source_url author published first_seen story_id report_id revisions correction"


@entry_command.command("show")
@click.argument("entry")
@thing_options
@click.pass_obj
def show_command(session: Session, entry: str, form: str) -> None:
    """Show an entry and its text."""
    with session.open_existing() as app:
        found = app.entry(entry)
        text = app.text(found.id)
        amended = app.amendments(found.id)
    changes = [row_of(one, "field before after at") for one in amended]
    row = {**row_of(found, ENTRY), "amendments": changes, "text": text}
    if form == "json":
        print_json(row)
        return
    emit_headline(found.headline)
    for name in SHOWN.split():
        value = _attribution(found) if name == "agency" else plain(row[name])
        if value not in (None, "", 0):
            emit(f"{name.replace('_', ' '):12} {safe(local(value) if name in ('published', 'first_seen') else value)}")
    for one in amended:
        emit(f"{'corrected':12} {one.field} was {safe(one.before or 'not given')} until {local(plain(one.at))}")
    emit("")
    for line in text.split("\n"):
        emit_folded(safe(line))


def _attribution(entry: Entry) -> str | None:
    """Return the agency and how it was recognised: ``AP (dateline: OSLO (AP) —)``."""
    if entry.agency is None or entry.agency_form is None:
        return entry.agency
    words = f"same text as {entry.agency_words}" if entry.agency_form == "copy" else entry.agency_words
    return f"{entry.agency} ({entry.agency_form}: {words})"


@entry_command.command("revisions")
@click.argument("entry")
@list_options
@click.pass_obj
def revisions_command(session: Session, entry: str, form: str) -> None:
    """List an entry's earlier versions, oldest first."""
    with session.open_existing() as app:
        rows = [row_of(one, REVISION) for one in app.revisions(entry)]
    columns = (
        Column("number", lambda row: str(row["number"]), right=True),
        Column("seen", lambda row: local(row["seen"])),
        Column("replaced", lambda row: local(row["replaced"]), drop=1),
        Column("title", lambda row: row["title"], wrap=True),
    )
    print_list(rows, columns, form, empty="This entry was never edited.", fields=REVISION)


@click.command("search")
@click.argument("text")
@click.option("--since", metavar="TIME", help="Published since: 2h, 3d, yesterday, 2026-10-01.")
@limit_option(20)
@list_options
@click.pass_obj
def search_command(session: Session, text: str, since: str | None, limit: int, form: str) -> None:
    """Find entries with all words of TEXT, best first.

    "two words" finds a phrase, evacuat* finds words by their beginning, -word excludes a word.
    """
    with session.open_existing() as app:
        hits = app.search(text, limit, session.moment(since))
    rows = [{**row_of(hit.entry, ENTRY), "snippet": hit.snippet} for hit in hits]
    headlines = {hit.entry.id: hit.entry.headline for hit in hits}
    columns = (
        Column("entry", lambda row: row["id"]),
        Column("published", lambda row: local(row["published"] or row["first_seen"]), drop=1),
        Column("publisher", lambda row: row["publisher"]),
        Column("title", lambda row: headlines[row["id"]], wrap=True, place="headline"),
        Column("", lambda row: row["snippet"], wrap=True),
    )
    print_list(rows, columns, form, empty="Nothing found.", fields=f"{ENTRY} snippet")
