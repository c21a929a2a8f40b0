"""``entry`` and ``search``: single entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.diffs import entry_diff_command, headlines_command
from aggregator.cli.output import (
    COUNT,
    Column,
    emit,
    emit_folded,
    emit_headline,
    list_options,
    local,
    plain,
    print_json,
    print_list,
    safe,
    thing_options,
)
from aggregator.cli.session import Session

if TYPE_CHECKING:
    from aggregator.model import Entry


@click.group("entry")
def entry_command() -> None:
    """One entry: what it says, and what it said before."""


entry_command.add_command(entry_diff_command)
entry_command.add_command(headlines_command)


ENTRY_KEYS = (
    "id key title url canonical_url feed publisher agency agency_form agency_words lang category author published published_text date_flag "
    "first_seen last_seen revisions correction report_id story_id source_title source_url"
)


def entry_row(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON shows it."""
    data = entry.data
    return {
        "id": entry.id,
        "key": data.key,
        "title": data.title,
        "url": data.link,
        "canonical_url": entry.canonical_url,
        "feed": entry.feed,
        "publisher": entry.publisher,
        "agency": entry.agency,
        "agency_form": entry.agency_form,
        "agency_words": entry.agency_words,
        "lang": entry.language,
        "category": entry.category,
        "author": data.author,
        "published": data.published,
        "published_text": data.published_text,
        "date_flag": data.date_flag,
        "first_seen": entry.first_seen,
        "last_seen": entry.last_seen,
        "revisions": entry.revisions,
        "correction": entry.correction,
        "report_id": entry.report_id,
        "story_id": entry.story_id,
        "source_title": data.source_title,
        "source_url": data.source_url,
    }


@entry_command.command("show")
@click.argument("entry")
@thing_options
@click.pass_obj
def show_command(session: Session, entry: str, form: str, as_json: bool) -> None:
    """Show an entry and its text."""
    with session.open_existing() as app:
        found = app.entry(entry)
        text = app.text(found.id)
        amended = app.amendments(found.id)
    changes = [{"field": one.field, "before": one.before, "after": one.after, "at": one.at} for one in amended]
    row = {**entry_row(found), "amendments": changes, "text": text}
    if as_json or form == "json":
        print_json(row)
        return
    emit_headline(found.headline)
    for name in (
        "id",
        "url",
        "feed",
        "publisher",
        "agency",
        "source_title",
        "source_url",
        "author",
        "published",
        "first_seen",
        "story_id",
        "report_id",
        "revisions",
        "correction",
    ):
        value = _attribution(found) if name == "agency" else plain(row[name])
        if value not in (None, "", 0):
            emit(f"{name.replace('_', ' '):12} {safe(local(value) if name in ('published', 'first_seen') else value)}")
    for one in amended:
        emit(f"{'corrected':12} {one.field} was {safe(one.before or 'not given')} until {local(plain(one.at))}")
    emit("")
    for line in text.split("\n"):
        emit_folded(safe(line))


def _attribution(entry: Entry) -> str | None:
    """Return the agency and how it is known: ``AP (dateline: OSLO (AP) —)``."""
    if entry.agency is None or entry.agency_form is None:
        return entry.agency
    words = f"same text as {entry.agency_words}" if entry.agency_form == "copy" else entry.agency_words
    return f"{entry.agency} ({entry.agency_form}: {words})"


@entry_command.command("revisions")
@click.argument("entry")
@list_options
@click.pass_obj
def revisions_command(session: Session, entry: str, form: str, as_json: bool) -> None:
    """List an entry's earlier versions, oldest first."""
    with session.open_existing() as app:
        rows = [
            {
                "number": one.number,
                "title": one.title,
                "url": one.url,
                "seen": one.seen,
                "replaced": one.replaced,
                "text": one.text,
            }
            for one in app.revisions(entry)
        ]
    columns = (
        Column("number", lambda row: str(row["number"]), right=True),
        Column("seen", lambda row: local(row["seen"])),
        Column("replaced", lambda row: local(row["replaced"]), drop=1),
        Column("title", lambda row: row["title"], wrap=True),
    )
    print_list(
        rows,
        columns,
        form,
        as_json=as_json,
        empty="This entry was never edited.",
        keys="number title url seen replaced text",
    )


@click.command("search")
@click.argument("text")
@click.option("--since", metavar="TIME", help="Published since: 2h, 3d, yesterday, 2026-10-01.")
@click.option("--limit", type=COUNT, default=20, show_default=True, metavar="N", help="At most so many.")
@list_options
@click.pass_obj
def search_command(session: Session, text: str, since: str | None, limit: int, form: str, as_json: bool) -> None:
    """Find entries that hold all words of TEXT, best first.

    "two words" stand side by side, evacuat* is a beginning, -word must not stand there.
    """
    with session.open_existing() as app:
        hits = app.search(text, limit, session.moment(since))
    rows = [{**entry_row(hit.entry), "snippet": hit.snippet} for hit in hits]
    headlines = {hit.entry.id: hit.entry.headline for hit in hits}
    columns = (
        Column("entry", lambda row: row["id"]),
        Column("published", lambda row: local(row["published"] or row["first_seen"]), drop=1),
        Column("publisher", lambda row: row["publisher"]),
        Column("title", lambda row: headlines[row["id"]], wrap=True, place="headline"),
        Column("", lambda row: row["snippet"], wrap=True),
    )
    print_list(rows, columns, form, as_json=as_json, empty="Nothing found.", keys=f"{ENTRY_KEYS} snippet")
