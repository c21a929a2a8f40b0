"""Tables for people at any width: columns are dropped in a declared order, the headline never; cut text ends in ``…``."""

from __future__ import annotations

import io
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Literal

import click
from rich.cells import cell_len, set_cell_size

from aggregator.text.display import display_text, fitting_part

Row = Mapping[str, Any]
Place = Literal["column", "headline", "behind"]

SPACIOUS = 110  # columns; from this width on the headline shares a line with the other cells
NARROWEST = 40  # columns; a narrower terminal is treated like this
PIPED = 160  # columns if the width is unknown
_WRAPPED = 24  # the smallest width of a column that wraps
_GAP = 2
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Words that are never cut: addresses and paths, which people copy, and coloured text, which cannot be cut by character.
_WHOLE = re.compile(r"[/\x1b]")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table for people: its heading, and a function that returns the cell of a row.

    ``drop``: if the table is too wide, columns are dropped in this order, 1 first; those with 0 are kept.
    ``place``: ``headline`` has its own line on a narrow terminal, ``behind`` follows it on that line.
    ``under``: the text under the headline instead of the cell, such as a count with its noun.
    ``below``: lines that follow the cell.
    """

    title: str
    show: Callable[[Row], str]
    right: bool = False
    wrap: bool = False
    drop: int = 0
    place: Place = "column"
    under: Callable[[Row], str] | None = None
    below: Callable[[Row], Sequence[str]] = lambda row: ()


def width_of_output(piped: int = PIPED) -> int:
    """Return the width of stdout in columns: COLUMNS if set, else the terminal's width, else ``piped``."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return max(int(columns[:6]), NARROWEST)
    if sys.stdout.isatty():
        return max(shutil.get_terminal_size((80, 24)).columns, NARROWEST)
    return piped


def table_lines(rows: Sequence[Row], columns: Sequence[Column], width: int, *, rule: bool, style: bool) -> list[str]:
    """Return a table as lines of at most ``width`` columns.

    ``rule`` draws a line under the headings; ``style`` makes headings and headlines bold.
    """
    shown = [column for column in columns if any(display_text(column.show(row)) for row in rows)]
    if width < SPACIOUS and any(column.place == "headline" for column in shown):
        return list(_blocks(rows, shown, width, style=style))
    return _grid(rows, shown, width, rule=rule, style=style)


def fold(text: str, width: int, indent: int = 0) -> list[str]:
    """Return a line as lines of at most ``width`` columns; those after the first are indented by ``indent``.

    It is cut between words, or within a word that is wider than a line, such as a sentence in a script without blanks.
    Colours take no space, and may continue on the next line.
    """

    def size(text: str) -> int:
        return cell_len(COLOUR.sub("", text) if "\x1b" in text else text)

    if size(text) <= width:
        return [text]
    lines, line = [], ""
    for gap, word in re.findall(r"(\s*)(\S+)", text):
        if not line.strip() or size(line + gap + word) <= width:
            line += gap + word
        else:
            lines.append(line)
            line = " " * indent + word
        while size(line) > width and not _WHOLE.search(word):
            cut = max(fitting_part(line, width, cell_len), indent + 1)
            lines.append(line[:cut])
            line = " " * indent + line[cut:]
    return [*lines, line]


def fitted(text: str, width: int) -> str:
    """Return a text cut to at most ``width`` terminal columns; a cut text ends in ``…``."""
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


# --- narrow tables: the headline has its own line ---------------------------------------------------


def _blocks(rows: Sequence[Row], columns: Sequence[Column], width: int, *, style: bool) -> Iterator[str]:
    headline = [column for column in columns if column.place != "column"]
    headline.sort(key=lambda column: column.place != "headline")
    facts = _facts(rows, [column for column in columns if column.place == "column" and not column.wrap], width - _GAP)
    for number, row in enumerate(rows):
        if number:
            yield ""
        title = "  ".join(text for column in headline if (text := display_text(column.show(row))))
        for line in fold(title, width):
            yield click.style(line, bold=True) if style else line
        for item in (item for column in headline for item in column.below(row)):
            yield from fold(f"{' ' * _GAP}- {display_text(item)}", width, 2 * _GAP)
        line = " " * _GAP + "  ".join(cells[number] for cells in facts if cells[number].strip()).rstrip()
        if line.strip():
            yield from fold(line, width, _GAP)
        for column in columns:
            if column.wrap and column.place == "column" and (text := display_text((column.under or column.show)(row))):
                yield from fold(" " * _GAP + text, width, _GAP)


def _facts(rows: Sequence[Row], columns: Sequence[Column], width: int) -> list[list[str]]:
    """Return the values below the headlines, column by column: as many columns as fit, in order of priority."""
    kept = {column: [display_text((column.under or column.show)(row)) for row in rows] for column in columns}
    kept = {column: cells for column, cells in kept.items() if any(cells)}
    for column in sorted((column for column in kept if column.drop), key=lambda column: column.drop):
        if (
            max(sum(cell_len(cells[number]) + _GAP for cells in kept.values()) for number in range(len(rows)))
            <= width + _GAP
        ):
            break
        del kept[column]
    # ids and times are aligned
    return [
        [set_cell_size(cell, max(map(cell_len, cells))) if cell else cell for cell in cells] for cells in kept.values()
    ]


# --- wide tables: one line per row ------------------------------------------------------------------


def _grid(rows: Sequence[Row], columns: Sequence[Column], width: int, *, rule: bool, style: bool) -> list[str]:
    gap = 3 if rule else 2
    kept = _fitting(rows, columns, width, gap)
    lines = None if rule or style else _aligned(rows, kept, width, gap)
    return _folded(rows, kept, width, rule=rule, style=style) if lines is None else lines


def _folded(rows: Sequence[Row], kept: Sequence[Column], width: int, *, rule: bool, style: bool) -> list[str]:
    """Return a table printed by rich, which folds wide cells and takes a tenth of a millisecond per cell."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD if rule else None, pad_edge=False, show_edge=False, header_style="bold")
    for column in kept:
        table.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=not column.wrap,
            overflow="fold" if column.wrap else "ellipsis",
        )
    for row in rows:
        table.add_row(*(Text("\n".join(_cell(column, row))) for column in kept))
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=style, no_color=not style, highlight=False).print(table)
    return [line.rstrip() for line in out.getvalue().rstrip("\n").split("\n")]


def _aligned(rows: Sequence[Row], columns: Sequence[Column], width: int, gap: int) -> list[str] | None:
    """Return a plain table as rich would print it, without loading rich; None if more than one column, or a word, is too wide."""
    if any(column.below(row) for column in columns for row in rows):
        return None
    cells = [[display_text(text) for text in (column.title, *map(column.show, rows))] for column in columns]
    widths = [max(map(cell_len, column)) for column in cells]
    over = sum(widths) + gap * (len(columns) - 1) - width
    if over > 0:
        wide = [number for number, column in enumerate(columns) if column.wrap]
        if len(wide) != 1:
            return None
        widths[wide[0]] -= over
        if max(cell_len(word) for text in cells[wide[0]] for word in text.split(" ")) > widths[wide[0]]:
            return None
    lines = []
    for row in zip(*cells, strict=True):
        parts = (fold(text, most) for text, most in zip(row, widths, strict=True))
        for line in zip_longest(*parts, fillvalue=""):
            padded = []
            for column, text, most in zip(columns, line, widths, strict=True):
                blank = " " * (most - cell_len(text))
                padded.append(blank + text if column.right else text + blank)
            lines.append((" " * gap).join(padded).rstrip())
    return lines


def _cell(column: Column, row: Row) -> list[str]:
    return [display_text(column.show(row)), *(f"- {display_text(line)}" for line in column.below(row))]


def _fitting(rows: Sequence[Row], columns: Sequence[Column], width: int, gap: int) -> list[Column]:
    """Return the columns that fit: columns with a drop number are dropped in its order, the others may wrap."""
    kept = list(columns)
    for leaving in sorted((column for column in columns if column.drop), key=lambda column: column.drop):
        needed = gap * (len(kept) - 1)
        for column in kept:
            natural = max(cell_len(display_text(text)) for text in (column.title, *map(column.show, rows)))
            needed += min(natural, _WRAPPED) if column.wrap else natural
        if needed <= width:
            break
        kept.remove(leaving)
    return kept
