"""``watch``: saved queries that alert, and the form of alerts on stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from aggregator.cli.output import (
    COUNT,
    Column,
    emit,
    emit_folded,
    json_text,
    limit_option,
    list_options,
    local,
    print_list,
    row_of,
    safe,
)
from aggregator.cli.session import Session
from aggregator.cli.stories import STORY, headline, summary_row
from aggregator.cli.verbs import by_option
from aggregator.desk.alert_targets import shown_target
from aggregator.exceptions import UsageError
from aggregator.newsroom.watches import WatchQuery, described, query_values
from aggregator.text.counts import amount

if TYPE_CHECKING:
    from aggregator.desk.watches import QueryMatch, WatchRow


TALLY = "alerts last_alert waiting given_up last_error"
ALERT = "id watch story=story_id at reason sentence to=target state attempts next_try delivered error"


@click.group("watch")
def watch_command() -> None:
    """Manage watches: saved queries that alert. A story alerts once, and again only for more independent publishers, a correction or new facts."""


def query_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that make up a query; they arrive as ``query``."""
    options = (
        (
            "--word",
            "words",
            "A word in the title or lede: port|harbour for either, evacuat* for words by their beginning.",
        ),
        ("--phrase", "phrases", "A phrase in the title or lede."),
        ("--without", "without", "A word or phrase that must not occur there."),
        ("--publisher", "publishers", "From this publisher; repeated: from any of them."),
        ("--lang", "languages", "In this language, such as en; repeated: in any of them."),
        ("--category", "categories", "Of this category; repeated: of any of them."),
    )

    @wraps(command)  # keeps the options that are declared below this one
    def wrapped(**given: Any) -> Any:
        parts = {name: given.pop(name) for _, name, _ in options}
        return command(query=WatchQuery(**parts, min_publishers=given.pop("min_publishers")), **given)

    made = click.option(
        "--min-publishers",
        type=COUNT,
        default=1,
        show_default=True,
        metavar="N",
        help="Stories carried by at least N publishers.",
    )(wrapped)
    for name, target, explained in reversed(options):
        made = click.option(name, target, multiple=True, metavar="TEXT", help=explained)(made)
    return made


@watch_command.command("add")
@click.argument("name")
@query_options
@click.option(
    "--to",
    "targets",
    multiple=True,
    metavar="TARGET",
    help="Where alerts go: stdout, file:PATH, webhook:URL, mail:ADDRESS, or a chat by its address for Apprise, such as"
    " ntfy://TOPIC; webhook:env:NAME and apprise:env:NAME take the address from the environment. Repeatable."
    "  [default: stdout]",
)
@by_option
@click.pass_obj
def add_command(session: Session, name: str, query: WatchQuery, targets: tuple[str, ...], by: str) -> None:
    """Save a query as NAME. It alerts from the next poll on.

    An entry matches if its title or the beginning of its text has all words and phrases and nothing excluded.
    """
    with session.open_or_create(with_feeds=False) as app:
        doubts = app.watches().add(name, query, targets, by)
    for doubt in doubts:
        click.echo(f"Note: {safe(doubt)}.", err=True)
    emit_folded(f"{safe(name)}: {safe(described(query))}", 2)


@watch_command.command("list")
@list_options
@click.pass_obj
def list_command(session: Session, form: str) -> None:
    """List the watches, their alerts and the state of deliveries."""
    with session.open_existing() as app:
        rows = [watch_row(row) for row in app.watches().all()]
    columns = (
        Column("watch", lambda row: row["name"]),
        Column("query", lambda row: row["sentence"], wrap=True),
        Column("to", lambda row: " ".join(row["to"]), wrap=True),
        Column("alerts", lambda row: str(row["alerts"]), right=True, drop=2),
        Column("last", lambda row: local(row["last_alert"]), drop=1),
        Column("delivery", _delivery, wrap=True),
    )
    print_list(
        rows,
        columns,
        form,
        empty="No watches yet; `watch add` saves one.",
        fields=f"name sentence query to added by {TALLY}",
    )


@watch_command.command("remove")
@click.argument("name")
@click.pass_obj
def remove_command(session: Session, name: str) -> None:
    """Delete a watch with its alerts, including those that are not delivered yet."""
    with session.open_existing() as app:
        removed = app.watches().remove(name)
    click.echo(f"{safe(removed)}: removed.", err=True)


@watch_command.command("test")
@click.argument("name", required=False)
@query_options
@click.option("--since", default="7d", show_default=True, metavar="TIME", help="Since: 7d, yesterday, 2026-10-01.")
@limit_option()
@list_options
@click.pass_obj
def test_command(session: Session, name: str | None, query: WatchQuery, since: str, limit: int, form: str) -> None:
    """Show which stories a watch or a query would have caught. Nothing is sent.

    NAME is a saved watch. Alerts are computed from the entries' present versions.
    """
    if (name is None) == (not query):
        raise UsageError("name a watch, or give a query by --word, --phrase, --publisher …; not both")
    moment = session.moment(since) or session.clock()
    with session.open_existing() as app:
        watches = app.watches()
        wanted = query if name is None else watches.named(name).query
        rows = [match_row(one) for one in watches.test(wanted, moment, limit)]
    columns = (
        Column("id", lambda row: row["id"]),
        Column("first alert", lambda row: local(row["alerts"][0]["at"]), drop=2),
        Column("alerts", lambda row: " ".join(one["reason"].replace("_", " ") for one in row["alerts"])),
        Column(
            "publishers",
            lambda row: str(row["publishers"]),
            right=True,
            drop=1,
            under=lambda row: amount(row["publishers"], "publisher"),
        ),
        Column("story", headline, wrap=True, place="headline"),
    )
    print_list(
        rows,
        columns,
        form,
        empty=f"Nothing would have been caught since {safe(since)}.",
        fields=f"{STORY} matched alerts",
    )


@watch_command.command("log")
@click.argument("name", required=False)
@limit_option()
@list_options
@click.pass_obj
def log_command(session: Session, name: str | None, limit: int, form: str) -> None:
    """List alerts of one watch or of all, newest first, with the state of each delivery."""
    with session.open_existing() as app:
        rows = [row_of(one, ALERT) | {"to": shown_target(one.target)} for one in app.watches().log(name, limit)]
    columns = (
        Column("at", lambda row: local(row["at"])),
        Column("watch", lambda row: row["watch"]),
        Column("story", lambda row: row["story"], drop=2),
        Column("alert", lambda row: row["sentence"], wrap=True, place="headline"),
        Column("to", lambda row: row["to"], wrap=True, drop=1),
        Column("state", lambda row: row["state"].replace("_", " ")),
        Column("error", lambda row: row["error"] or "", wrap=True),
    )
    print_list(rows, columns, form, empty="No alerts yet.", fields=ALERT)


def watch_row(row: WatchRow) -> dict[str, Any]:
    """Return a watch with its documented keys."""
    return {
        "name": row.watch.name,
        "sentence": described(row.watch.query),
        "query": query_values(row.watch.query),
        "to": [shown_target(target) for target in row.watch.targets],
        **row_of(row.watch, "added by"),
        **row_of(row.tally, TALLY),
    }


def match_row(catch: QueryMatch) -> dict[str, Any]:
    """Return a matching story as a row: its line, what matched, and the alerts."""
    alerts = [
        {"at": at, "reason": cause.reason, "sentence": cause.sentence, "entries": list(cause.entries)}
        for at, cause in catch.alerts
    ]
    return {**summary_row(catch.summary), "matched": catch.matched, "alerts": alerts}


def _delivery(row: Mapping[str, Any]) -> str:
    parts = [f"{row[state]} {state.replace('_', ' ')}" for state in ("waiting", "given_up") if row[state]]
    return ", ".join(parts) + (f": {row['last_error']}" if parts and row["last_error"] else "")


# --- alerts on stdout ------------------------------------------------------------------------------


def announce(payload: Mapping[str, Any]) -> None:
    """Print an alert on stdout: a line for people on a terminal, JSON in a pipe."""
    emit(alert_line(payload) if sys.stdout.isatty() else json_text(dict(payload)))
    sys.stdout.flush()


def announce_to(stderr: bool) -> Callable[[Mapping[str, Any]], None]:
    """Return a function that prints alerts as lines for people, on stdout or stderr."""
    return lambda payload: click.echo(alert_line(payload), err=stderr)


def alert_line(payload: Mapping[str, Any]) -> str:
    """Return an alert on one harmless line."""
    story = payload["story"]
    parts = (local(payload["at"]), f"ALERT {payload['watch']}:", headline(story), f"- {payload['sentence']}")
    return safe(" ".join((*parts, story["url"] or "", story["id"])))
