"""Writes data to stdout: tables for people; JSON, JSON Lines, CSV and TSV for programs. Text of feeds is made harmless."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from aggregator.cli.tables import COLOUR, Row, fold, table_lines, width_of_output
from aggregator.cli.tables import Column as Column  # commands take their columns from here, and the makers of rows
from aggregator.desk.rows import keys_of
from aggregator.desk.rows import row_of as row_of
from aggregator.exceptions import UsageError
from aggregator.model import Skip
from aggregator.storage.times import to_text
from aggregator.text.display import csv_cell, display_text

# Characters that JSON does not escape by itself: DEL and C1, soft hyphens, bidi and other invisible marks, lone surrogates.
_STEERING = re.compile(
    "[\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f\ud800-\udfff]"
)

_PLAIN = "\x1b[0m"  # ends a style
# The range of options for a number of rows: more would not fit a table, and far more would exceed SQLite's integers.
COUNT = click.IntRange(1, 1_000_000)


# Endings that name a format: some commands write some of these formats, and none writes the others.
_OTHER_FORMATS = frozenset((
    ".atom", ".csv", ".doc", ".docx", ".eml", ".epub", ".gif", ".gz", ".htm", ".html", ".jpeg", ".jpg",
    ".json", ".jsonl", ".md", ".mht", ".mhtml", ".ods", ".odt", ".opml", ".parquet", ".pdf", ".png", ".ps",
    ".rss", ".rtf", ".svg", ".tex", ".tsv", ".txt", ".xhtml", ".xls", ".xlsx", ".xml", ".yaml", ".yml",
    ".zip",
))  # fmt: skip

STDOUT = Path("-")  # means stdout in an option for a file
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def output_option(explained: str, *, only_file: bool = False) -> Decorator:
    """Return a decorator that adds ``--output`` to a command, which gets None for stdout.

    With ``only_file`` a folder is refused as a wrong value of the option, not when it is written.
    """
    return click.option(
        "--output",
        type=click.Path(path_type=Path, dir_okay=not only_file),
        callback=lambda _context, _parameter, value: None if value == STDOUT else value,
        metavar="FILE" if only_file else None,
        help=explained,
    )


def format_options(*forms: str, explained: str, default: str | None = None) -> Decorator:
    """Return a decorator that adds ``--format`` and ``--json`` to a command, which gets one of the forms as ``form``."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(command)  # keeps the options that are declared below these
        def wrapper(form: str | None, as_json: bool, **given: Any) -> Any:
            return command(form="json" if as_json else form, **given)

        made = click.option("--json", "as_json", is_flag=True, help="Short for --format json.")(wrapper)
        choice = click.Choice(forms)
        return click.option("--format", "form", type=choice, default=default, show_default=True, help=explained)(made)

    return add


list_options = format_options("table", "json", "jsonl", "csv", "tsv", explained="The format.", default="table")
thing_options = format_options("text", "json", explained="The format.", default="text")


def limit_option(default: int = 50) -> Decorator:
    """Return a decorator that adds ``--limit`` to a command that prints a list."""
    return click.option(
        "--limit", type=COUNT, default=default, show_default=True, metavar="N", help="The largest number of rows."
    )


def form_by_name(output: Path | None, forms: Mapping[str, str], otherwise: str) -> str:
    """Return the form that a file's ending names, of ``forms`` (ending -> form); UsageError for that of another kind of file.

    A name without an ending, or with one that no program knows, leaves the usual form.
    """
    ending = output.suffix.lower() if output is not None else ""
    if ending in forms:
        return forms[ending]
    if ending in _OTHER_FORMATS:
        known = ", ".join(dict.fromkeys(forms))
        raise UsageError(f"--output {output}: no {ending} is written; give it one of {known}, or name the --format")
    return otherwise


def print_list(
    rows: Iterable[Row],
    columns: Sequence[Column],
    form: str,
    *,
    empty: str = "",
    fields: str = "",
) -> None:
    """Print rows in the requested form.

    If there are none, ``empty`` is printed for people on stderr, and the keys of ``fields`` are the header for programs.
    """
    made = [plain(row) for row in rows]
    if form == "json":
        emit(json_text(made, indent=2))
    elif form == "jsonl":
        for row in made:
            emit(json_text(row))
    elif form in ("csv", "tsv"):
        _print_cells(made, "," if form == "csv" else "\t", fields)
    elif made:
        for line in table_lines(made, columns, width_of_output(), rule=sys.stdout.isatty(), style=colours()):
            emit(line)
    elif empty:
        click.echo(empty, err=True)


def print_left_out(file: Path, skip: Skip) -> None:
    """Print the number of a line of an archive that was left out, with the reason."""
    click.echo(f"{file}:{skip.position}: left out: {safe(skip.reason)}", err=True)


def print_json(value: Any) -> None:
    """Print one value as JSON."""
    emit(json_text(plain(value), indent=2))


def json_text(value: Any, indent: int | None = None) -> str:
    """Return JSON with readable text; characters that could control a terminal or reverse its lines are escaped."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _STEERING.sub(lambda found: json.dumps(found[0])[1:-1], text)


def emit(text: str) -> None:
    """Write a line of data to stdout as UTF-8, whatever the locale."""
    click.echo(text.encode("utf-8", "replace") + b"\n", nl=False)


def plain(value: Any) -> Any:
    """Return a value as JSON values: times as ISO 8601 in UTC, tuples as lists."""
    if isinstance(value, datetime):
        return to_text(value)
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    return value


def local(text: str | None) -> str:
    """Return an ISO time in the terminal's time zone, for people."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")


def safe(value: object) -> str:
    """Return a value as one harmless line for a terminal."""
    return "" if value is None else display_text(str(value))


def colours() -> bool:
    """Return whether stdout should be coloured."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def styled(text: str, **style: Any) -> str:
    """Return a text in a style if stdout should be coloured."""
    return click.style(text, **style) if colours() else text


def emit_folded(text: str, indent: int = 0) -> None:
    """Print a line for people, wrapped to the terminal; further lines are indented by ``indent``."""
    style = ""
    for line in fold(text, width_of_output(), indent):
        margin = line[: len(line) - len(line.lstrip(" "))]
        shown = style + line[len(margin) :]
        style = "".join(COLOUR.findall(shown.rpartition(_PLAIN)[2]))
        emit(margin + shown + (_PLAIN if style else ""))  # a style ends with its line, so that no margin is coloured


def emit_note(text: str, indent: int = 0) -> None:
    """Write a line for people to stderr, wrapped like in :func:`emit_folded`."""
    for line in fold(text, width_of_output(), indent):
        click.echo(line, err=True)


def emit_headline(title: str) -> None:
    """Write a whole headline for people, wrapped at words, and bold if stdout should be coloured."""
    for line in fold(safe(title), width_of_output()):
        emit(styled(line, bold=True))


def _print_cells(rows: Sequence[Row], delimiter: str, fields: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(rows[0].keys() if rows else keys_of(fields))
    for row in rows:
        writer.writerow([_cell(value) for value in row.values()])
    emit(out.getvalue().rstrip("\n"))


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list) and not any(isinstance(part, Mapping) for part in value):
        return csv_cell(" ".join(str(part) for part in value))
    if isinstance(value, Mapping | list):
        return csv_cell(json_text(value))
    return csv_cell(value) if isinstance(value, str) else value
