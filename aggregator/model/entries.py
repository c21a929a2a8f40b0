"""Entries: what a feed document holds, its text and sketch, and what is stored of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from aggregator.model.feeds import PollHints
from aggregator.model.pickling import pickled_by_fields

LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)  # before every time that is stored

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


# A date with a time of day; midnight means none.
_TIME_OF_DAY = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?::(\d{2}))?")


def exact_time(published: datetime | None, text: str | None, flag: str) -> datetime | None:
    """Return the time of publication to the second; None where only the day is known, or no date can be believed.

    ``text`` is the date as the feed wrote it. The same second twice is no chance; the same midnight is.
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
    given: str = ""  # the entry as it came, where something of ours could not take it: for a report


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
    ill_formed: str | None = None  # what was wrong, where the feed could be read all the same
    bad_guids: bool = False  # several entries share a guid


# --- text and sketches -------------------------------------------------------------------------


@pickled_by_fields
@dataclass(frozen=True, slots=True)
class Document:
    """The plain text of an entry, ready to be compared.

    ``lede`` is the summary where it is not the beginning of the body; ``body`` may be empty.
    """

    title: str
    lede: str
    body: str
    language: str | None  # ISO 639-1, None where it is unknown
    canonical_url: str | None
    content_hash: str  # hex, over title, lede and body after normalisation: what makes an edit an edit

    @property
    def text(self) -> str:
        """All but the title: lede and body."""
        return "\n".join(part for part in (self.lede, self.body) if part)


@pickled_by_fields
@dataclass(frozen=True, slots=True)
class Sketch:
    """MinHash signature of a document's shingles, with what is needed to verify an estimate.

    ``shingles`` is a sorted little-endian uint32 array, ``signature`` one uint32 a permutation;
    ``version`` names scheme, seed, shingling and normaliser: sketches of two versions are never compared.
    """

    version: str
    signature: bytes
    shingles: bytes
    bands: tuple[int, ...]  # signed 64-bit band keys; empty where the text is too short
    words: int  # length of the sketched text in words
    numbers: frozenset[str] | None = None  # of title and first sentences; None where they were not looked for


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry on its way into reports and stories."""

    entry_id: str
    feed: str  # address of the feed
    publisher: str
    document: Document
    sketch: Sketch | None
    time: datetime  # published where it can be believed, else first seen
    dated: bool = True  # False where neither the entry nor its arrival says when the event was


# --- stored ------------------------------------------------------------


_OPENING: Final = 100  # characters


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored entry: the publisher's words and what we found out about them."""

    id: str
    data: EntryData
    feed: str  # what people call the feed
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
    revisions: int  # versions before the present one
    correction: str | None = None  # kind of correction notice that it carries
    from_agency_feed: bool = False
    feed_url: str = ""  # without secrets
    backlog: bool = False  # was in the feed before we followed it, or came from an archive
    agency_form: str | None = None  # how the agency is known: newsroom/wires.py lists the forms
    agency_words: str = ""  # the words that say it; for a copy, the id of the entry that shows it
    opening: str = ""  # of the text, where there is no title

    @property
    def headline(self) -> str:
        """Return the title, or the first words of the text of an entry without one, as short messages are."""
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
        """The sources that the entry speaks for: its publisher, and the agency that published it or on whose site it is.

        An agency that is only named, by a dateline or a byline, is a claim and speaks for no other publisher.
        """
        on_its_site = self.agency_form == "address" and self.agency_words == self.data.link
        if self.agency is None or not (self.is_agency_own or on_its_site):
            return frozenset((self.publisher,))
        return frozenset((self.publisher, self.agency))

    @property
    def seen(self) -> datetime:
        """The time when the desk could have seen the entry: its arrival, or for a backlog its publication."""
        return min(self.time, self.first_seen) if self.backlog else self.first_seen


def by_report(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    """Return report -> its entries, in the order given."""
    reports: dict[str, list[Entry]] = {}
    for entry in entries:
        reports.setdefault(entry.report_id, []).append(entry)
    return reports


def by_time(entry: Entry) -> tuple[datetime, str]:
    """Return the sort key of entries in order of time; the id decides between equal times."""
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
