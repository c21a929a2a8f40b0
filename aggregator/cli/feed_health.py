"""``feeds health``: the health of each feed, and its entries that could not be processed."""

from __future__ import annotations

from dataclasses import asdict

import click

from aggregator.cli.output import Column, list_options, local, print_list, safe
from aggregator.cli.session import Session
from aggregator.cli.tables import fitted


@click.command("health")
@list_options
@click.option(
    "--faults", is_flag=True, help="List entries that could not be processed, with their content, for a bug report."
)
@click.pass_obj
def health_list_command(session: Session, form: str, faults: bool) -> None:
    """Show the health of each feed: failing, silent, gone, possible gaps."""
    if faults:
        _list_faults(session, form)
        return
    with session.open_existing(with_feeds=True) as app:
        rows = [asdict(row) for row in app.feed_health()]
    columns = (
        Column("feed", lambda row: fitted(safe(row["feed"]), 32)),
        Column("state", lambda row: row["state"]),
        Column("last ok", lambda row: local(row["last_ok"]), drop=3),
        Column("failures", lambda row: str(row["failures"] or ""), right=True, drop=4),
        Column(
            "a day", lambda row: f"{row['entries_per_day']:.1f}" if row["entries_per_day"] else "", right=True, drop=1
        ),
        Column("gaps", lambda row: str(row["possible_gaps"] or ""), right=True, drop=2),
        Column("what happened, what next", lambda row: row.get("explanation") or row["last_error"] or "", wrap=True),
    )
    print_list(
        rows,
        columns,
        form,
        empty="No feed is followed yet.",
        fields="feed url state last_ok last_error failures interval next_fetch entries_per_day possible_gaps explanation faults",
    )


def _list_faults(session: Session, form: str) -> None:
    with session.open_existing(with_feeds=True) as app:
        rows = app.faulty_entries()
    columns = (
        Column("feed", lambda row: fitted(safe(row["feed"]), 32)),
        Column("step", lambda row: row["step"]),
        Column("entry", lambda row: fitted(safe(row["entry"]), 40), drop=3),
        Column("last", lambda row: local(row["last"]), drop=1),
        Column("times", lambda row: str(row["times"]), right=True, drop=2),
        Column("error", lambda row: row["error"], wrap=True),
    )
    print_list(
        rows,
        columns,
        form,
        empty="Every entry could be processed.",
        fields="feed step entry error first last times given",
    )
