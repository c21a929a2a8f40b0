"""Entries: as parsed from a document, prepared for comparison, and stored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from aggregator.model.feeds import PollHints
from aggregator.model.pickling import pickled_by_fields

LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)  # before every stored time

# --- what a feed document holds ----------------------------------------------------------------


@pickled_by_fields
@dataclass(frozen=True, slots=True)
class EntryData:
    """The publisher's words, cleaned for safety but not for meaning.

    ``key`` is the identity inside the feed: the guid, else the canonical link, else a hash.
    ``title`` and ``author`` are plain text; ``summary`` and ``content`` are sanitised HTML.
    """

    key: str
    title: str = ""
    guid: str | None = None
    link: str | None = None
    summary: str = ""
    content: str = ""
    author: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    published_text: str | None = None  # the date as the feed wrote it
    date_flag: Literal["ok", "missing", "unreadable", "clamped", "zoneless"] = "ok"
    language: str | None = None
    source_title: str | None = None  # RSS <source>, Atom source/title
    source_url: str | None = None
    canonical_link: str | None = None  # rel=canonical or feedburner:origLink, as given
    categories: tuple[str, ...] = ()


# The time of day in a date; midnight counts as none.
_TIME_OF_DAY = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?")


def exact_time(published: datetime | None, text: str | None, flag: str) -> datetime | None:
    """Return the time of publication to the second; None if only the day is known, or the date cannot be believed.

    ``text`` is the date as the feed wrote it. Two equal seconds are no coincidence, but two equal midnights are.
    """
    if published is None or flag not in ("ok", "zoneless"):
        return None
    time_of_day = _TIME_OF_DAY.search(text or published.isoformat())
    return published if time_of_day is not None and any(int(part) for part in time_of_day.groups() if part) else None


@dataclass(frozen=True, slots=True)
class Skip:
    """An entry left out of a feed or an archive, with the reason."""

    position: int  # entry number in the feed, or line number in the archive; from 1
    reason: str
    given: str = ""  # the original entry, if our own code failed on it; stored for a bug report


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document as values; entries in document order."""

    entries: tuple[EntryData, ...]
    title: str | None = None
    link: str | None = None
    language: str | None = None
    skips: tuple[Skip, ...] = ()
    hints: PollHints = field(default_factory=PollHints)
    format: str = ""  # rss20, atom10, json11 …
    ill_formed: str | None = None  # the fault of a document that could be read nevertheless
    bad_guids: bool = False  # several entries share a guid


# --- text and sketches -------------------------------------------------------------------------


@pickled_by_fields
@dataclass(frozen=True, slots=True)
class Document:
    """The plain text of an entry, prepared for comparison.

    ``lede`` is the summary, unless it is the beginning of the body; ``body`` may be empty.
    """

    title: str
    lede: str
    body: str
    language: str | None  # ISO 639-1, None if unknown
    canonical_url: str | None
    content_hash: str  # hex, of the normalised title, lede and body; an edit changes it

    @property
    def text(self) -> str:
        """Lede and body, without the title."""
        return "\n".join(part for part in (self.lede, self.body) if part)


@pickled_by_fields
@dataclass(frozen=True, slots=True)
class Sketch:
    """MinHash signature of a document's shingles, with the shingles themselves to verify an estimate.

    ``shingles`` is a sorted little-endian uint32 array, ``signature`` has one uint32 per permutation;
    ``version`` names scheme, seed, shingling and normaliser: sketches of different versions are never compared.
    """

    version: str
    signature: bytes
    shingles: bytes
    bands: tuple[int, ...]  # signed 64-bit band keys; empty if the text is too short
    words: int  # length of the sketched text in words
    numbers: frozenset[str] | None = None  # in the title and the first sentences; None if not extracted


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry on its way into reports and stories."""

    entry_id: str
    feed: str  # address of the feed
    publisher: str
    document: Document
    sketch: Sketch | None
    time: datetime  # the published date if it can be believed, else the time of first sight
    dated: bool = True  # False if neither the entry nor its arrival tells when the event was


# --- stored ------------------------------------------------------------


_OPENING: Final = 100  # characters


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored entry: the publisher's words and our findings about them."""

    id: str
    data: EntryData
    feed: str  # the feed's name for people
    publisher: str
    language: str | None
    canonical_url: str | None
    agency: str | None
    authority: int
    category: str | None
    first_seen: datetime
    last_seen: datetime
    time: datetime
    text_length: int  # of the plain text, in characters
    report_id: str
    story_id: str
    revisions: int  # number of earlier versions
    correction: str | None = None  # kind of its correction notice
    from_agency_feed: bool = False
    feed_url: str = ""  # without secrets
    backlog: bool = False  # was in the feed before we followed it, or came from an archive
    agency_form: str | None = None  # how the agency was recognised: newsroom/wires.py lists the forms
    agency_words: str = ""  # the words that name the agency; for a copy, the id of the entry that shows it
    opening: str = ""  # beginning of the text, for an entry without a title

    @property
    def headline(self) -> str:
        """Return the title, or the first words of the text if there is no title, as in short messages."""
        if self.data.title or len(self.opening) <= _OPENING:
            return self.data.title or self.opening
        cut = self.opening[:_OPENING]
        return f"{cut.rpartition(' ')[0] or cut} …"

    @property
    def is_agency_own(self) -> bool:
        """Return whether a wire service published the entry: in its own feed, or under its name."""
        if self.from_agency_feed or self.agency_form == "feed":
            return True
        return self.agency is not None and self.agency.casefold() == self.publisher.casefold()

    @property
    def is_undated_stock(self) -> bool:
        """Return whether the entry was in its feed, undated, before the desk followed it: its time is unknown."""
        return self.backlog and (self.data.published is None or self.data.date_flag not in ("ok", "zoneless"))

    @property
    def sources(self) -> frozenset[str]:
        """The sources that the entry represents: its publisher, and the agency that published it or on whose site it is.

        An agency that only a dateline or a byline names does not count: it is a claim.
        """
        on_its_site = self.agency_form == "address" and self.agency_words == self.data.link
        if self.agency is None or not (self.is_agency_own or on_its_site):
            return frozenset((self.publisher,))
        return frozenset((self.publisher, self.agency))

    @property
    def seen(self) -> datetime:
        """The time at which the desk could first see the entry: its arrival, or its publication for a backlog entry."""
        return min(self.time, self.first_seen) if self.backlog else self.first_seen


def by_report(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return report -> its entries, in the order given."""
    reports: dict[str, list[Entry]] = {}
    for entry in entries:
        reports.setdefault(entry.report_id, []).append(entry)
    return reports


def by_time(entry: Entry) -> tuple[datetime, str]:
    """Return the sort key of an entry: its time, then its id."""
    return entry.time, entry.id


@dataclass(frozen=True, slots=True)
class Revision:
    """An earlier version of an entry, valid from ``seen`` to ``replaced``."""

    entry_id: str
    number: int  # from 1
    title: str
    url: str | None
    text: str
    seen: datetime
    replaced: datetime
