"""Reads lists of feeds: OPML, tables and plain lists of addresses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aggregator.exceptions import NotFoundError, ParseError, StorageError
from aggregator.model import Feed
from aggregator.parsing.feed_lists import read_list
from aggregator.parsing.opml import is_opml, read
from aggregator.text.masking import is_masked, shown_address


def read_subscriptions(path: Path) -> tuple[tuple[Feed, ...], tuple[str, ...]]:
    """Return the feeds of an OPML file, a table or a list of addresses, with notes on those left out or paused."""
    try:
        data = path.read_bytes()
        found = read(data) if is_opml(data) else read_list(data)
    except FileNotFoundError as error:
        raise NotFoundError(f"{path}: no such file") from error
    except OSError as error:
        raise StorageError(f"{path}: cannot be read ({error.strerror})") from error
    except ParseError as error:
        raise ParseError(f"{path}: {error}") from error
    notes = [f"left out: {skip.reason}" for skip in found.skips]
    notes += [
        f"{feed.name or feed.url}: taken over paused, for its address lost its secret when the list was written; complete {feed.url}"
        for feed in found.feeds
        if is_masked(feed.url)
    ]
    return found.feeds, tuple(notes)


def masked(feeds: Sequence[Feed]) -> tuple[str, ...]:
    """Return the names of feeds whose address is masked in an OPML list."""
    shown = [(feed, shown_address(feed)) for feed in feeds]
    return tuple(feed.name or address for feed, address in shown if address != feed.url)
