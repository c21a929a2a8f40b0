"""``fetch``: one pass now, and the outcome of each feed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.output import Column, list_options, print_list, row_of, safe
from aggregator.cli.progress import progress
from aggregator.cli.session import Session
from aggregator.cli.tables import fitted
from aggregator.cli.watch import announce_to
from aggregator.exceptions import PARTLY_FAILED, DeliveryError
from aggregator.model import FeedOutcome
from aggregator.text.counts import amount

if TYPE_CHECKING:
    from aggregator.app import Aggregator


@click.command("fetch")
@click.argument("feeds", nargs=-1, metavar="[FEED]...")
@click.option("--all", "everything", is_flag=True, help="Poll every feed, due or not.")
@list_options
@click.pass_obj
def fetch_command(session: Session, feeds: tuple[str, ...], everything: bool, form: str) -> int:
    """Poll the feeds that are due, the named ones, or all.

    FEED is a name, a title, a publisher or an address, or a part of one. The exit code is 4 if a feed failed.
    """
    people = form == "table"
    with session.open_or_create(with_feeds=True) as app:
        with progress("fetching", quiet=session.quiet) as advance:
            outcomes = app.fetch(
                feeds,
                everything=everything,
                progress=lambda _, done, total: advance(done, total),
                placing=lambda done, total: advance(done, total, "placing in stories"),
            )
        due = app.next_due()
        nothing = (
            "Nothing is due"
            + (f" until {due.astimezone():%Y-%m-%d %H:%M}" if due else "")
            + "; --all polls every feed."
        )
        print_list(map(outcome_row, in_order(outcomes)), FETCH_COLUMNS, form, empty=nothing, fields=OUTCOME)
        if people and outcomes and not session.quiet:
            click.echo(summary(outcomes), err=True)
        # a program that reads stdout wants the list and nothing else
        app.deliver(announce_to(stderr=not people))
        if any(outcome.new or outcome.updated for outcome in outcomes):
            _publish(app)
    return PARTLY_FAILED if any(outcome.status == "error" for outcome in outcomes) else 0


def _publish(app: Aggregator) -> None:
    """Write the stories for subscribers; a failure does not fail the fetch."""
    try:
        app.publish_stories()
    except DeliveryError as error:
        click.echo(f"aggregator: the stories were not written for subscribers: {safe(str(error))}", err=True)


def in_order(outcomes: Iterable[FeedOutcome]) -> list[FeedOutcome]:
    """Return outcomes in the order of the list: failures first, then by name."""
    return sorted(outcomes, key=lambda one: (one.status != "error", one.feed.casefold(), one.url))


def outcome_row(outcome: FeedOutcome) -> dict[str, Any]:
    """Return an outcome with its documented keys."""
    return row_of(outcome, OUTCOME) | {"seconds": round(outcome.seconds, 3)}


OUTCOME = "feed url status http_status new updated known skipped error next_fetch note explanation feeds seconds"
FETCH_COLUMNS = (
    Column("feed", lambda row: fitted(safe(row["feed"]), 32)),
    Column("status", lambda row: row["status"]),
    Column("new", lambda row: str(row["new"] or ""), right=True, drop=3),
    Column("updated", lambda row: str(row["updated"] or ""), right=True, drop=2),
    Column("known", lambda row: str(row["known"] or ""), right=True, drop=1),
    Column("what happened, what next", lambda row: what_happened(row), wrap=True),
)


def what_happened(row: Any) -> str:
    """Return the part of an outcome that a person should know."""
    parts = [row["explanation"] or row["note"] or ""]
    if row["note"] and row["explanation"] and row["note"] not in row["explanation"]:
        parts.append(row["note"])
    if row["feeds"]:
        parts.append("feeds on that page: " + ", ".join(row["feeds"]))
    return "; ".join(part for part in parts if part)


def summary(outcomes: Iterable[FeedOutcome]) -> str:
    """Return the totals of a pass."""
    listed = list(outcomes)
    failed = sum(outcome.status == "error" for outcome in listed)
    new, updated = sum(outcome.new for outcome in listed), sum(outcome.updated for outcome in listed)
    return f"{amount(len(listed), 'feed')}: {amount(new, 'new entry', 'new entries')}, {updated} edited, {amount(failed, 'feed')} failed."
