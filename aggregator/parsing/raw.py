"""Raw values that the readers of all formats return: a publisher's words, unchanged.

They are not safe to store or to show before they have passed through ``entries.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from time import struct_time


class Markup(Enum):
    """The markup of a text."""

    TEXT = "text"  # literally
    HTML = "html"
    GUESS = "guess"  # the format leaves it open


@dataclass(slots=True)
class RawText:
    """A text with its markup and base."""

    value: str = ""
    markup: Markup = Markup.GUESS
    base: str | None = None


@dataclass(slots=True)
class RawEntry:
    """One entry as a reader found it."""

    guid: str | None = None
    guid_is_link: bool = False
    link: str | None = None
    other_link: str | None = None  # an alternate that is not said to be HTML
    canonical_link: str | None = None
    enclosure: str | None = None  # a file that belongs to the entry
    title: RawText = field(default_factory=RawText)
    summary: RawText = field(default_factory=RawText)
    contents: list[RawText] = field(default_factory=list)
    authors: list[str] = field(default_factory=list)
    source_authors: list[str] = field(default_factory=list)  # of the feed that an entry was taken from
    published_text: str | None = None
    published_read: struct_time | None = None  # as feedparser read it
    updated_text: str | None = None
    updated_read: struct_time | None = None
    created_text: str | None = None
    created_read: struct_time | None = None
    language: str | None = None
    source_title: str | None = None
    source_url: str | None = None
    categories: list[str] = field(default_factory=list)


@dataclass(slots=True)
class RawFeed:
    """A document as a reader found it."""

    format: str = ""
    title: RawText = field(default_factory=RawText)
    link: str | None = None
    language: str | None = None
    authors: list[str] = field(default_factory=list)  # of the entries that name none (RFC 4287 4.2.1, JSON Feed 1.1)
    entries: list[RawEntry] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)  # entries that could not be read: number, reason
