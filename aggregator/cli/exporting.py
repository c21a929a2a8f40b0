"""``export``: entries as JSON Lines, CSV or Parquet, on stdout or into a file."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import click

from aggregator.cli.output import form_by_name, json_text, output_option, plain
from aggregator.cli.session import Session
from aggregator.config.files import output_file
from aggregator.exceptions import UsageError
from aggregator.text.display import csv_cell
from aggregator.text.urls import MASK

FORM_OF = {".jsonl": "jsonl", ".csv": "csv", ".parquet": "parquet", ".json": "jsonl", ".txt": "jsonl"}
# The columns of an export without rows.
KEYS = (
    *("id", "key", "feed", "url", "canonical_url", "publisher", "agency", "lang", "title", "published", "first_seen"),
    *("report_id", "story_id", "storyline_id", "canonical", "source", "date", "author", "summary", "body"),
)
LABEL_KEYS = ("id", "lang", "date", "source", "url", "title", "body", "cluster")


@click.command("export")
@click.option("--since", metavar="TIME", help="First seen since: 2h, 3d, yesterday, 2026-10-01.")
@click.option("--until", metavar="TIME", help="First seen before.")
@click.option(
    "--labels", is_flag=True, help="Only entries that editors put together or apart, with `cluster`, for evaluate."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "parquet"]),
    help="The format; default: by the file's name, else jsonl.",
)
@output_option("The file to write; default: stdout, also for -.", only_file=True)
@click.pass_obj
def export_command(
    session: Session, since: str | None, until: str | None, labels: bool, form: str | None, output: Path | None
) -> None:
    """Write entries as JSON Lines, CSV or Parquet. They are in order of arrival, and import can read the JSON Lines."""
    form = form or form_by_name(output, FORM_OF, "jsonl")
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise UsageError("--format parquet is no text for a terminal; name a file with --output")
    if labels and (since is not None or until is not None):
        raise UsageError("--labels writes what editors decided at any time; give it without --since and --until")
    start, end = session.moment(since), session.moment(until)
    if start is not None and end is not None and start >= end:
        raise UsageError(f"--since {since} is not before --until {until}: nothing lies between")
    masked: set[str] = set()
    with session.open_existing() as app, _target(output) as target:
        rows = app.labels() if labels else app.export(start, end)
        write_entries(_watched(rows, masked), form, LABEL_KEYS if labels else KEYS, target)
    if output is not None:
        click.echo(f"{output}: written.", err=True)
    if masked and not session.quiet:
        hold = "addresses of feeds hold" if len(masked) > 1 else "address of a feed holds"
        click.echo(f"{len(masked)} {hold} a secret, masked with {MASK} here.", err=True)


def write_entries(rows: Iterable[Mapping[str, Any]], form: str, keys: Sequence[str], target: BinaryIO) -> None:
    """Write entries as ``jsonl``, ``csv`` or ``parquet``; ``keys`` are the columns if there are no rows."""
    waiting = iter(rows)
    first = next(waiting, None)
    columns = keys if first is None else list(first)
    every = waiting if first is None else chain((first,), waiting)
    if form == "parquet":
        from aggregator.desk.parquet import write_parquet

        write_parquet(every, columns, target)
    elif form == "csv":
        target.write(_csv_line(list(columns)))
        for row in every:
            target.write(_csv_line([_cell(row.get(key)) for key in columns]))
    else:
        for row in every:
            target.write(json_text(plain(row)).encode("utf-8", "replace") + b"\n")


def _watched(rows: Iterable[Mapping[str, Any]], masked: set[str]) -> Iterator[Mapping[str, Any]]:
    """Yield rows, and add masked feed addresses to ``masked``."""
    for row in rows:
        if MASK in str(row.get("feed")):
            masked.add(str(row["feed"]))
        yield row


def _csv_line(cells: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue().encode("utf-8", "replace")


def _cell(value: Any) -> str:
    value = plain(value)
    if value is None:
        return ""
    return ("false", "true")[value] if isinstance(value, bool) else csv_cell(str(value))


@contextmanager
def _target(output: Path | None) -> Iterator[BinaryIO]:
    """Open the output: stdout, or a file that appears when complete."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.flush()
        return
    with output_file(output) as target:
        yield target
