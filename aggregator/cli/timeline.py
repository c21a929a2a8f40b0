"""``story timeline`` and ``story lags``: when each publisher had a story, and how much later than the first."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.cells import cell_len, set_cell_size

from aggregator.cli.output import (
    Column,
    colours,
    emit,
    form_by_name,
    format_options,
    json_text,
    list_options,
    local,
    output_option,
    plain,
    print_list,
    row_of,
    safe,
)
from aggregator.cli.session import Session
from aggregator.cli.tables import fitted, fold, width_of_output
from aggregator.storage.times import to_text

if TYPE_CHECKING:
    from aggregator.newsroom.timeline import MarkKind, Timeline

# The signs of events; the first one is shown if several are at one position.
SIGNS: dict[MarkKind, str] = {"correction": "×", "report": "●", "copy": "○", "edit": "~"}
_COLOURS = {"correction": "red", "report": "cyan", "copy": "cyan", "edit": "yellow"}
_WRITTEN, _NARROWEST, _WIDEST = 100, 50, 160
_MOST_ROWS = 60
LAGS = "publisher stories first median_lag=median late_lag=late own undated alone"
LAG = "publisher agency entry=entry_id title url time lag entries own dated"
MARK = "time kind entry=entry_id publisher title"


@click.command("timeline")
@click.argument("story")
@format_options("text", "json", "svg", explained="The format; default: by the file's name.")
@output_option("The file to write; - is stdout.", only_file=True)
@click.pass_obj
def timeline_command(session: Session, story: str, form: str | None, output: Path | None) -> None:
    """Show which publisher had a story first, and how much later the others had it."""
    form = form or form_by_name(output, {".svg": "svg", ".json": "json", ".txt": "text", ".md": "text"}, "text")
    with session.open_existing() as app:
        shown = app.timeline(app.story(story))
    if form == "json":
        text = json_text(plain(timeline_row(shown)), indent=2)
    elif form == "svg":
        from aggregator.desk.timeline import timeline_svg

        text = timeline_svg(shown, session.zone()).rstrip("\n")
    else:
        width = width_of_output(piped=_WRITTEN) if output is None else _WRITTEN
        text = "\n".join(picture(shown, width, coloured=colours() and output is None))
    if output is None:
        emit(text)
        return
    from aggregator.config.files import write_output

    write_output(output, f"{text}\n".encode("utf-8", "replace"))


@click.command("lags")
@click.option(
    "--since", default="30d", show_default=True, metavar="TIME", help="Stories active since: 30d, 2026-10-01."
)
@click.option("--until", metavar="TIME", help="Stories first seen before.")
@click.option("--category", help="Stories with an entry of this category.")
@list_options
@click.pass_obj
def lags_command(session: Session, since: str, until: str | None, category: str | None, form: str) -> None:
    """List how often each publisher was first, and how late otherwise. The default is the last 30 days.

    Only stories that another publisher had too count. Lags are in seconds in JSON.
    """
    with session.open_existing() as app:
        found = app.punctuality(session.moment(since), session.moment(until), category)
    rows = [row_of(one, LAGS) | {"median_lag": _seconds(one.median), "late_lag": _seconds(one.late)} for one in found]
    columns = (
        Column("publisher", lambda row: fitted(safe(row["publisher"]), 40)),
        Column("shared stories", lambda row: str(row["stories"]), right=True),
        Column("first", lambda row: str(row["first"]), right=True),
        Column("median", lambda row: _said(row["median_lag"]), right=True),
        Column("9 in 10 within", lambda row: _said(row["late_lag"]), right=True, drop=4),
        Column("own text", lambda row: str(row["own"]), right=True, drop=3),
        Column("undated", lambda row: str(row["undated"]), right=True, drop=2),
        Column("alone", lambda row: str(row["alone"]), right=True, drop=1),
    )
    print_list(rows, columns, form, empty="No stories in this time.", fields=LAGS)


def _seconds(lag: timedelta | None) -> int | None:
    return None if lag is None else int(lag.total_seconds())


def _said(seconds: int | None) -> str:
    if not seconds:
        return "" if seconds is None else "0"
    from aggregator.desk.timeline import waited

    return waited(timedelta(seconds=seconds))


def timeline_row(shown: Timeline) -> dict[str, Any]:
    """Return a timeline with the keys of its JSON; lags are in seconds."""
    return {
        "story": shown.story_id,
        "title": shown.title,
        "first": shown.publishers[0].publisher,
        **row_of(shown, "start end seen"),
        "publishers": [row_of(one, LAG) | {"lag": _seconds(one.lag)} for one in shown.publishers],
        "events": [row_of(one, MARK) for one in shown.marks],
    }


# --- the picture ---------------------------------------------------------------------------------


def picture(shown: Timeline, width: int, *, coloured: bool) -> list[str]:
    """Return a timeline as lines of at most ``width`` columns (50 at least), with a row per publisher and a sign per event."""
    from aggregator.desk.timeline import KINDS, source, waited

    width = min(max(width, _NARROWEST), _WIDEST)
    rows = shown.publishers[:_MOST_ROWS]
    names = {one.publisher: safe(source(one)) for one in rows}
    label = min(max(cell_len(name) for name in names.values()), width // 4)
    late = {one.publisher: waited(one.lag) + ("" if one.dated else "?") for one in rows}
    right = max(len(text) for text in late.values())
    plot = width - label - right - 4
    lines = _heading(shown, width, coloured=coloured)
    lines.append(f"{' ' * label}  {_axis(shown, plot)}")
    for one in rows:
        signs = _signs(shown, one.publisher, plot, coloured=coloured)
        lines.append(
            f"{set_cell_size(fitted(names[one.publisher], label), label)}  {signs}  {late[one.publisher]:>{right}}"
        )
    if len(shown.publishers) > len(rows):
        lines.append(f"… and {len(shown.publishers) - len(rows)} more publishers; --json has them all")
    kinds = [kind for kind in KINDS if any(mark.kind == kind for mark in shown.marks)]
    legend = "   ".join(f"{SIGNS[kind]} {KINDS[kind]}" for kind in kinds)
    undated = "   ? the time of the poll: its entry has no date" if any(not one.dated for one in rows) else ""
    return [*lines, "", *fold(f"{legend}{undated}", width)]


def _heading(shown: Timeline, width: int, *, coloured: bool) -> list[str]:
    from aggregator.desk.timeline import waited

    title = fitted(safe(shown.title), width)
    first = shown.publishers[0]
    facts = [shown.story_id, f"first: {safe(first.publisher)}, {local(to_text(first.time))}"]
    if shown.seen is not None:
        facts.append(f"seen here {waited(shown.seen - first.time) if shown.seen > first.time else 'at once'}")
    return [click.style(title, bold=True) if coloured else title, fitted("  ".join(facts), width), ""]


def _axis(shown: Timeline, plot: int) -> str:
    """Return a line with the first and the last time over the ends of the plot, with the days if they differ."""
    start, end = local(to_text(shown.start)), local(to_text(shown.end))
    if start == end:
        return start
    if start[:10] == end[:10]:
        start, end = start[11:], end[11:]
    elif len(start) + len(end) + 2 > plot:
        start, end = start[5:10], end[5:10]
    return f"{start}{end:>{plot - len(start)}}"


def _signs(shown: Timeline, publisher: str, plot: int, *, coloured: bool) -> str:
    """Return a publisher's row: its signs at their positions, and a line from the first to the last."""
    span = shown.end - shown.start
    order = list(SIGNS)
    at: dict[int, MarkKind] = {}
    for mark in shown.marks:
        if mark.publisher == publisher:
            place = round((plot - 1) * ((mark.time - shown.start) / span)) if span else 0
            at[place] = min(at.get(place, mark.kind), mark.kind, key=order.index)
    first, last = min(at), max(at)
    cells = []
    for place in range(plot):
        if place in at:
            sign = SIGNS[at[place]]
            cells.append(click.style(sign, fg=_COLOURS[at[place]], bold=True) if coloured else sign)
        else:
            cells.append("─" if first < place < last else "·" if place < first else " ")
    return "".join(cells)
