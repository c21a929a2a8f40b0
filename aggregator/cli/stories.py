"""``stories`` and ``story``: what the desk has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.changes import new_command
from aggregator.cli.counts import COUNT_COLUMNS, ENTRIES, PUBLISHERS
from aggregator.cli.diffs import story_diff_command
from aggregator.cli.output import (
    COUNT,
    Column,
    colours,
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
from aggregator.cli.timeline import lags_command, timeline_command
from aggregator.cli.verbs import VERBS
from aggregator.text.counts import amount, three_counts

if TYPE_CHECKING:
    from aggregator.digest.edition import Correction
    from aggregator.model import Entry, Report, Story, Storyline, StorySummary


@click.command("stories")
@click.option("--since", metavar="TIME", help="Active since: 2h, 3d, yesterday, 2026-10-01.")
@click.option("--until", metavar="TIME", help="First seen before.")
@click.option("--match", metavar="TEXT", help="With an entry that holds all these words.")
@click.option("--min-publishers", type=COUNT, default=1, show_default=True, metavar="N", help="Carried by so many.")
@click.option("--publisher", help="Carried by this publisher.")
@click.option("--lang", help="With an entry in this language.")
@click.option("--category", help="With an entry of this category.")
@click.option(
    "--sort",
    type=click.Choice(["latest", "publishers", "entries", "first"]),
    default="latest",
    show_default=True,
    help="Order.",
)
@click.option("--limit", type=COUNT, default=50, show_default=True, metavar="N", help="At most so many.")
@click.option("--storylines", is_flag=True, help="Stories of one running affair together.")
@list_options
@click.pass_obj
def stories_command(
    session: Session,
    since: str | None,
    until: str | None,
    match: str | None,
    min_publishers: int,
    publisher: str | None,
    lang: str | None,
    category: str | None,
    sort: Any,
    limit: int,
    storylines: bool,
    form: str,
    as_json: bool,
) -> None:
    """List stories, newest first."""
    from aggregator.model import StoryQuery

    query = StoryQuery(
        since=session.moment(since),
        until=session.moment(until),
        match=match,
        min_publishers=min_publishers,
        publisher=publisher,
        language=lang.lower() if lang else None,
        category=category,
        sort=sort,
        limit=limit,
    )
    with session.open_existing() as app:
        if storylines:
            rows = [storyline_row(line) for line in app.stories_by_storyline(query)]
        else:
            rows = [summary_row(story) for story in app.stories(query)]
    print_list(
        rows,
        STORYLINE_COLUMNS if storylines else STORY_COLUMNS,
        form,
        as_json=as_json,
        empty=f"No stories fit{session.stories_note}.",
        keys=STORYLINE_KEYS if storylines else STORY_KEYS,
    )


def summary_row(summary: StorySummary) -> dict[str, Any]:
    """Return a story's line under its documented keys."""
    return {
        "id": summary.id,
        "title": summary.title,
        "url": summary.url,
        "publisher": summary.publisher,
        "agency": summary.agency,
        "lang": summary.language,
        "category": summary.category,
        "first_seen": summary.first_seen,
        "last_seen": summary.last_seen,
        "entries": summary.entries,
        "reports": summary.reports,
        "publishers": summary.publishers,
        "flags": [str(flag) for flag in summary.flags],
        "canonical_entry": summary.canonical_entry,
        "storyline": None if summary.storyline is None else asdict(summary.storyline),
    }


def storyline_row(line: Storyline) -> dict[str, Any]:
    """Return a storyline under its documented keys; a story that stands alone is one whose id is null."""
    summary = line.summary or line.stories[0]
    return {
        "id": None if line.summary is None else line.summary.id,
        "title": summary.title,
        "first_seen": summary.first_seen,
        "last_seen": summary.last_seen,
        "entries": summary.entries,
        "reports": summary.reports,
        "publishers": summary.publishers,
        "named_by": None if line.summary is None else line.summary.named_by,
        "stories": [summary_row(story) for story in line.stories],
    }


STORYLINE_KEYS = "id title first_seen last_seen entries reports publishers named_by stories"
STORYLINE_COLUMNS = (
    Column("id", lambda row: row["id"] or row["stories"][0]["id"]),
    Column("last seen", lambda row: local(row["last_seen"]), drop=1),
    Column(
        "stories",
        lambda row: str(len(row["stories"])),
        right=True,
        under=lambda row: amount(len(row["stories"]), "story", "stories"),
    ),
    ENTRIES,
    PUBLISHERS,
    Column(
        "storyline",
        lambda row: row["title"] if row["id"] else headline(row["stories"][0]),
        wrap=True,
        place="headline",
        below=lambda row: tied(row),
    ),
)


def tied(row: Any) -> list[str]:
    """Return the headlines of a storyline's stories; none of a story that stands alone."""
    return [headline(story) for story in row["stories"]] if row["id"] else []


STORY_KEYS = "id title url publisher agency lang category first_seen last_seen entries reports publishers flags canonical_entry storyline"
STORY_COLUMNS = (
    Column("id", lambda row: row["id"]),
    Column("last seen", lambda row: local(row["last_seen"]), drop=1),
    *COUNT_COLUMNS,
    Column("story", lambda row: headline(row), wrap=True, place="headline"),
    Column("", lambda row: " ".join(flag.upper().replace("_", " ") for flag in row["flags"]), place="behind"),
)


def headline(row: Any) -> str:
    """Return a story's title with who stands for it."""
    source = (
        row["publisher"]
        if not row["agency"] or row["agency"] == row["publisher"]
        else f"{row['publisher']}/{row['agency']}"
    )
    return f"{row['title']} ({source})"


@click.group("story")
def story_command() -> None:
    """One story: what it holds, why, and an editor's verbs."""


story_command.add_command(new_command)
story_command.add_command(story_diff_command)
story_command.add_command(timeline_command)
story_command.add_command(lags_command)
for verb in VERBS:
    story_command.add_command(verb)


@story_command.command("show")
@click.argument("story")
@thing_options
@click.pass_obj
def show_command(session: Session, story: str, form: str, as_json: bool) -> None:
    """Show a story with its reports and their entries."""
    with session.open_existing() as app:
        found = app.story(story)
        corrections = app.corrections(found)
        neighbours = app.neighbours(found)
    if as_json or form == "json":
        print_json(story_row(found, corrections, neighbours))
    else:
        print_story(found, corrections)
        _print_neighbours(found.summary, neighbours)


def story_row(
    story: Story, corrections: Sequence[Correction] = (), neighbours: Sequence[StorySummary] = ()
) -> dict[str, Any]:
    """Return a whole story under its documented keys."""
    row = summary_row(story.summary)
    row["neighbours"] = [{"id": one.id, "title": one.title} for one in neighbours]
    row["corrections"] = [asdict(one) for one in corrections]
    row["merged_from"] = story.merged_from
    row["split_from"] = story.split_from
    row["members"] = [
        {
            "id": report.id,
            "agency": report.agency,
            "entries": [member_row(entry, story.summary.canonical_entry) for entry in report.entries],
        }
        for report in story.reports
    ]
    return row


def member_row(entry: Entry, canonical: str) -> dict[str, Any]:
    """Return an entry as a story lists it."""
    return {
        "id": entry.id,
        "title": entry.data.title,
        "url": entry.data.link,
        "feed": entry.feed,
        "publisher": entry.publisher,
        "agency": entry.agency,
        "lang": entry.language,
        "published": entry.data.published,
        "first_seen": entry.first_seen,
        "revisions": entry.revisions,
        "correction": entry.correction,
        "canonical": entry.id == canonical,
    }


def print_story(story: Story, corrections: Sequence[Correction] = ()) -> None:
    """Print a story for people."""
    summary = story.summary
    emit_headline(summary.title)
    own = not summary.agency or summary.agency == summary.publisher
    source = summary.publisher if own else f"{summary.publisher} ({summary.agency})"
    emit_folded(f"{summary.id}  {safe(source)}  {safe(summary.url)}")
    flags = " ".join(str(flag).upper().replace("_", " ") for flag in summary.flags)
    times = plain({"first": summary.first_seen, "last": summary.last_seen})
    counted = three_counts(summary.entries, summary.reports, summary.publishers)
    emit_folded(f"{counted}  first seen {local(times['first'])}, last {local(times['last'])}  {flags}".rstrip())
    if story.merged_from:
        emit_folded(f"merged from {', '.join(story.merged_from)}")
    if story.split_from:
        emit_folded(f"split from {story.split_from}")
    for correction in corrections:
        _print_correction(correction)
    for report in story.reports:
        _print_report(report, summary.canonical_entry)


def _print_neighbours(story: StorySummary, neighbours: Sequence[StorySummary]) -> None:
    if story.storyline is None:
        return
    emit("")
    emit_folded(f"storyline {story.storyline.id}  {safe(story.storyline.title)}", indent=6)
    for one in neighbours:
        emit_folded(f"   {one.id}  {local(plain(one.last_seen))}  {safe(headline(summary_row(one)))}", indent=6)


def _print_correction(correction: Correction) -> None:
    from aggregator.digest.wording import titled

    kind = correction.kind.upper()
    emit("")
    emit_folded(
        f"{click.style(kind, fg='red', bold=True) if colours() else kind}  {local(plain(correction.time))}"
        f"  {safe(correction.publisher)}: {safe(titled(correction.kind, correction.title))}  ({correction.entry})",
        6,
    )
    if correction.text:
        emit_folded(f"      {safe(correction.text)}", 6)
    if correction.stale:
        emit_folded("      still with the old wording:")
    for source in correction.stale:
        emit_folded(
            f"      - {source.entry}  {safe(source.publisher)}: {safe(source.title)}  {safe(source.url)}".rstrip(), 8
        )


def _print_report(report: Report, canonical: str) -> None:
    copies = f"{len(report.entries)} copies of one text" if len(report.entries) > 1 else "1 entry"
    emit("")
    emit_folded(f"report {report.id}  {copies}" + (f"  {safe(report.agency)}" if report.agency else ""))
    for entry in report.entries:
        mark = "*" if entry.id == canonical else " "
        notes = [f"{entry.revisions}x edited"] if entry.revisions else []
        notes += [entry.correction] if entry.correction else []
        when = local(plain(entry.data.published) or plain(entry.first_seen))
        emit_folded(
            f" {mark} {entry.id}  {when}  {safe(entry.publisher)}: {safe(entry.data.title)}"
            + (f"  [{', '.join(notes)}]" if notes else ""),
            6,
        )
        if entry.data.link:
            emit(f"      {safe(entry.data.link)}")


@story_command.command("why")
@click.argument("story")
@click.argument("entry", required=False)
@thing_options
@click.pass_obj
def why_command(session: Session, story: str, entry: str | None, form: str, as_json: bool) -> None:
    """Say why an entry stands in a story, or what keeps it out; without ENTRY, why the newest joined."""
    with session.open_existing() as app:
        why = app.why(story, entry)
    row = {
        "entry": why.entry,
        "sentence": why.sentence,
        "links": [
            {
                "kind": link.kind,
                "entry": link.entry_id,
                "with": link.other_id,
                "method": link.method,
                "score": link.score,
                "threshold": link.threshold,
                "evidence": link.evidence,
                "parameters": link.parameters,
            }
            for link in why.links
        ],
    }
    if as_json or form == "json":
        print_json(row)
        return
    emit_folded(f"{why.entry}: {safe(why.sentence)}", 2)
    for link in why.links if session.verbose else ():
        emit(
            f"  {link.kind}: {link.entry_id} with {link.other_id} by {link.method}, {link.score:.2f} where {link.threshold:.2f} is needed ({link.parameters})"
        )
