"""``story``: one story, its reports, explanations, and editors' verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.diffs import story_diff_command
from aggregator.cli.output import (
    emit,
    emit_folded,
    emit_headline,
    local,
    plain,
    print_json,
    row_of,
    safe,
    styled,
    thing_options,
)
from aggregator.cli.session import Session
from aggregator.cli.stories import headline, summary_row
from aggregator.cli.story_news import new_command
from aggregator.cli.timeline import lags_command, timeline_command
from aggregator.cli.verbs import VERBS
from aggregator.digest.wording import titled
from aggregator.text.counts import three_counts

if TYPE_CHECKING:
    from aggregator.desk.explain import Why
    from aggregator.desk.explain_ties import TieWhy
    from aggregator.digest.values import Correction
    from aggregator.model import Report, Story, StorySummary


MEMBER = "id title=data.title url=data.link feed publisher agency lang=language published=data.published first_seen revisions correction"
LINK = "kind entry=entry_id with=other_id method score threshold evidence parameters"


@click.group("story")
def story_command() -> None:
    """Show, explain and change one story."""


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
def show_command(session: Session, story: str, form: str) -> None:
    """Show a story with its reports and their entries."""
    with session.open_existing() as app:
        found = app.story(story)
        corrections = app.corrections(found)
        neighbours = app.neighbours(found)
        ties = app.ties(found, neighbours)
    if form == "json":
        print_json(story_row(found, corrections, neighbours, ties))
    else:
        print_story(found, corrections)
        _print_neighbours(found.summary, neighbours, ties)


def story_row(
    story: Story,
    corrections: Sequence[Correction] = (),
    neighbours: Sequence[StorySummary] = (),
    ties: Mapping[str, TieWhy] | None = None,
) -> dict[str, Any]:
    """Return a whole story with its documented keys."""
    row = summary_row(story.summary)
    row["neighbours"] = [
        {"id": one.id, "title": one.title, "why": ties[one.id].sentence if ties and one.id in ties else None}
        for one in neighbours
    ]
    row["corrections"] = [asdict(one) for one in corrections]
    row["merged_from"] = story.merged_from
    row["split_from"] = story.split_from
    row["members"] = [
        {
            "id": report.id,
            "agency": report.agency,
            "entries": [
                {**row_of(entry, MEMBER), "canonical": entry.id == story.summary.canonical_entry}
                for entry in report.entries
            ],
        }
        for report in story.reports
    ]
    return row


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


def _print_neighbours(story: StorySummary, neighbours: Sequence[StorySummary], ties: Mapping[str, TieWhy]) -> None:
    if story.storyline is None:
        return
    emit("")
    emit_folded(f"storyline {story.storyline.id}  {safe(story.storyline.title)}", indent=6)
    for one in neighbours:
        emit_folded(f"   {one.id}  {local(plain(one.last_seen))}  {safe(headline(summary_row(one)))}", indent=6)
        if one.id in ties:
            emit_folded(f"      {safe(ties[one.id].sentence)}", indent=6)


def _print_correction(correction: Correction) -> None:
    emit("")
    emit_folded(
        f"{styled(correction.kind.upper(), fg='red', bold=True)}  {local(plain(correction.time))}"
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
            f" {mark} {entry.id}  {when}  {safe(entry.publisher)}: {safe(entry.headline)}"
            + (f"  [{', '.join(notes)}]" if notes else ""),
            6,
        )
        if entry.data.link:
            emit(f"      {safe(entry.data.link)}")


@story_command.command("why")
@click.argument("story")
@click.argument("entry", required=False, metavar="[ENTRY|STORY]")
@thing_options
@click.pass_obj
def why_command(session: Session, story: str, entry: str | None, form: str) -> None:
    """Explain why an entry is in a story, or why it is not. Without ENTRY, explain the newest entry.

    For two stories, explain what ties them into one storyline, or what is missing.
    """
    with session.open_existing() as app:
        if entry is not None and entry.strip().lower().startswith("s"):
            tie = app.why_tied(story, entry)
            row = row_of(tie, "story other storyline through")
            _print_why(session, f"{tie.story} with {tie.other}", row, tie, form)
        else:
            why = app.why(story, entry)
            _print_why(session, why.entry, {"entry": why.entry}, why, form)


def _print_why(session: Session, about: str, row: Mapping[str, object], why: Why | TieWhy, form: str) -> None:
    if form == "json":
        print_json({**row, "sentence": why.sentence, "links": [row_of(link, LINK) for link in why.links]})
        return
    emit_folded(f"{about}: {safe(why.sentence)}", 2)
    for link in why.links if session.verbose else ():
        emit_folded(
            f"  {link.kind}: {link.entry_id} with {link.other_id} by {link.method}, {link.score:.2f} where {link.threshold:.2f} is needed ({link.parameters})",
            4,
        )
