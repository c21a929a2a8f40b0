"""Lists of feeds that are not OPML: one address per line, or a table (CSV, TSV or with semicolons)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from aggregator.exceptions import ParseError
from aggregator.model import Feed, Skip
from aggregator.parsing.charset import decode
from aggregator.parsing.subscriptions import Subscriptions, address_in_list, take

# Accepted names of a table's columns, in lower case without blanks, dashes and underscores.
_COLUMNS = {
    "url": ("url", "xmlurl", "feedurl", "rssurl", "feed", "rss", "address", "link"),
    "name": ("name", "title", "text", "feedtitle", "feedname"),
    "publisher": ("publisher", "source", "outlet"),
    "category": ("category", "folder", "section", "group", "tag"),
    "language": ("language", "lang"),
    "authority": ("authority",),
    "agency": ("agency",),
}
_WITHOUT_HEADING = ("url", "name", "category")
_MOST_CELL = 1_000_000


def read_list(data: bytes) -> Subscriptions:
    """Return the feeds of a plain list or a table, and a skip with a reason for each line that names none.

    A text is a table if its heading has a column for the address, or if its first cell is an address; without a heading
    the columns are address, name and category. In a plain list blank lines and lines that begin with ``#`` are ignored.
    Raises ParseError if there are lines but none names a feed: the file is of another kind.
    """
    text = decode(data, "")[0].lstrip("\ufeff")
    if "\0" in text:
        raise ParseError("The file is no text: OPML, a table (CSV) or an address a line is wanted.")
    rows = _table(text) or _plain(text)
    feeds: dict[str, Feed] = {}
    skips: list[Skip] = []
    for number, values in rows:
        reason = _take(feeds, values)
        if reason:
            skips.append(Skip(number, f"line {number}: {reason}"))
    if skips and not feeds:
        raise ParseError(f"No feed is in it, as OPML, as a table or as an address a line; {skips[0].reason}.")
    return Subscriptions(tuple(feeds.values()), tuple(skips))


def _plain(text: str) -> list[tuple[int, dict[str, str]]]:
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        address, _, name = line.strip().partition(" ")
        if address and not address.startswith("#"):
            rows.append((number, {"url": address.strip("<>,;"), "name": "" if name.lstrip().startswith("#") else name}))
    return rows


def _table(text: str) -> list[tuple[int, dict[str, str]]]:
    """Return the rows of a table with their line numbers, by our names of the columns; empty if the text is no table."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        return []
    delimiter = max(",;\t", key=lines[0].count)
    head = next(csv.reader([lines[0]], delimiter=delimiter))
    named = {_known(cell): place for place, cell in reversed(list(enumerate(head))) if _known(cell)}
    if "url" in named:
        return list(_cells(text, delimiter, named, skip=1))
    if delimiter in lines[0] and address_in_list(head[0]) is not None:
        return list(_cells(text, delimiter, {name: place for place, name in enumerate(_WITHOUT_HEADING)}, skip=0))
    return []


def _known(cell: str) -> str:
    folded = "".join(cell.lower().split()).replace("_", "").replace("-", "")
    return next((name for name, spelled in _COLUMNS.items() if folded in spelled), "")


def _cells(text: str, delimiter: str, named: Mapping[str, int], skip: int) -> Iterator[tuple[int, dict[str, str]]]:
    csv.field_size_limit(_MOST_CELL)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield reader.line_num, {"fault": str(error)}
            continue
        if row is None:
            return
        if not any(cell.strip() for cell in row) or row[0].startswith("#"):
            continue
        if skip:
            skip -= 1
            continue
        yield reader.line_num, {name: row[place].strip() for name, place in named.items() if place < len(row)}


def _take(feeds: dict[str, Feed], values: Mapping[str, str]) -> str | None:
    """Add a feed to the list, or return the reason why not."""
    if "fault" in values:
        return f"cannot be read: {values['fault']}"
    given = values.get("url", "")
    if not given:
        return "no address"
    return take(feeds, given, values)
