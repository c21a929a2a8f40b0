"""``stories``: the list of stories, and a story as a row."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.output import COUNT, Column, limit_option, list_options, local, print_list, row_of
from aggregator.cli.session import Session
from aggregator.desk import rows
from aggregator.exceptions import UsageError
from aggregator.model import StoryQuery
from aggregator.text.counts import amount, three_counts
from aggregator.text.language import NO_LANGUAGE, primary_language

if TYPE_CHECKING:
    from aggregator.model import Storyline, StorySummary


@click.command("stories")
@click.option("--since", metavar="TIME", help="Active since: 2h, 3d, yesterday, 2026-10-01.")
@click.option("--until", metavar="TIME", help="First seen before.")
@click.option("--match", metavar="TEXT", help="With an entry that has all these words, as in `search`.")
@click.option(
    "--min-publishers", type=COUNT, default=1, show_default=True, metavar="N", help="Carried by at least N publishers."
)
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
@limit_option()
@click.option("--storylines", is_flag=True, help="Show related stories together, by storyline.")
@list_options
@click.pass_obj
def stories_command(
    session: Session,
    /,
    since: str | None,
    until: str | None,
    lang: str | None,
    storylines: bool,
    form: str,
    **filters: Any,
) -> None:
    """List stories, newest first."""
    if lang is not None and primary_language(lang) is None:
        raise UsageError(f"--lang {NO_LANGUAGE.format(lang)}")
    query = StoryQuery(since=session.moment(since), until=session.moment(until), language=lang, **filters)
    with session.open_existing() as app:
        if storylines:
            listed = [storyline_row(line) for line in app.stories_by_storyline(query)]
        else:
            listed = [summary_row(story) for story in app.stories(query)]
    print_list(
        listed,
        STORYLINE_COLUMNS if storylines else STORY_COLUMNS,
        form,
        empty=f"No stories fit{session.stories_note}.",
        fields=STORYLINE if storylines else STORY,
    )


def summary_row(summary: StorySummary) -> dict[str, Any]:
    """Return a story as a row with its documented keys."""
    return row_of(summary, STORY) | {
        "flags": [str(flag) for flag in summary.flags],
        "storyline": None if summary.storyline is None else asdict(summary.storyline),
    }


def storyline_row(line: Storyline) -> dict[str, Any]:
    """Return a storyline as a row with its documented keys; the id is null for a story without a storyline."""
    summary = line.summary or line.stories[0]
    return {
        "id": None if line.summary is None else line.summary.id,
        **row_of(summary, "title first_seen last_seen entries reports publishers"),
        "named_by": None if line.summary is None else line.summary.named_by,
        "stories": [summary_row(story) for story in line.stories],
    }


ENTRIES = Column(
    "entries",
    lambda row: str(row["entries"]),
    right=True,
    under=lambda row: three_counts(row["entries"], row["reports"], row["publishers"]),
)
INDEPENDENT = Column("independent", lambda row: str(row["reports"]), right=True, under=lambda row: "")
PUBLISHERS = Column("publishers", lambda row: str(row["publishers"]), right=True, under=lambda row: "")

STORYLINE = "id title first_seen last_seen entries reports publishers named_by stories"
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
    """Return the headlines of a storyline's stories; none for a story without a storyline."""
    return [headline(story) for story in row["stories"]] if row["id"] else []


STORY = f"{rows.STORY} storyline"
STORY_COLUMNS = (
    Column("id", lambda row: row["id"]),
    Column("last seen", lambda row: local(row["last_seen"]), drop=1),
    ENTRIES,
    INDEPENDENT,
    PUBLISHERS,
    Column("story", lambda row: headline(row), wrap=True, place="headline"),
    Column("", lambda row: " ".join(flag.upper().replace("_", " ") for flag in row["flags"]), place="behind"),
)


def headline(row: Any) -> str:
    """Return a story's title with its publisher."""
    source = (
        row["publisher"]
        if not row["agency"] or row["agency"] == row["publisher"]
        else f"{row['publisher']}/{row['agency']}"
    )
    return f"{row['title']} ({source})"
