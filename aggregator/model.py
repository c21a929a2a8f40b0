"""Frozen values that travel between stages.

All times are aware UTC datetimes. Ids that people see are short texts with a leading letter:
entries ``e…``, reports ``r…``, stories ``s…``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is used but never shown: ``repr`` and ``str`` are masked."""

    value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the value itself, for the one place that sends it."""
        return self.value

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class Feed:
    """What we were asked to follow: one entry of feeds.yaml.

    ``authority`` is 0-100; ``interval`` is set only where the desk set it by hand.
    """

    url: str
    name: str | None = None
    publisher: str | None = None
    category: str | None = None
    language: str | None = None
    authority: int = 50
    agency: bool = False
    interval: timedelta | None = None
    headers: tuple[tuple[str, str | Secret], ...] = ()
    user: str | None = None
    password: Secret | None = None
    proxy: Secret | None = None
    verify_tls: bool = True
    host_backoff: bool = True
    paused: bool = False


@dataclass(frozen=True, slots=True)
class PollHints:
    """What a feed document says about how often to poll it; absent hints are None or empty."""

    ttl: timedelta | None = None
    update_interval: timedelta | None = None  # sy:updatePeriod / sy:updateFrequency
    skip_hours: frozenset[int] = frozenset()  # GMT, 0-23
    skip_days: frozenset[int] = frozenset()  # Monday is 0
    hub: str | None = None  # WebSub


@dataclass(frozen=True, slots=True)
class FeedState:
    """What we remember of a feed between polls; every field is a column of table ``feed``."""

    url: str  # where the next poll goes; differs from Feed.url after a permanent move
    etag: str | None = None
    last_modified: str | None = None
    content_hash: str | None = None  # of the last body that was parsed and stored
    next_fetch: datetime | None = None  # None: due now
    last_fetch: datetime | None = None
    last_ok: datetime | None = None
    failures: int = 0  # in a row
    first_failed: datetime | None = None
    last_failed: datetime | None = None
    last_error: str | None = None
    force_unconditional: bool = False
    gone_since: datetime | None = None
    gone: bool = False
    moved_to: str | None = None  # a permanent redirect that has not repeated long enough
    moved_since: datetime | None = None
    moved_seen: int = 0
    learned_interval: timedelta | None = None
    entries_per_week: float | None = None
    last_new: datetime | None = None  # when a poll last brought a new entry
    hints: PollHints = PollHints()
    fresh_until: datetime | None = None  # from Cache-Control or Expires
    bad_guids: bool = False
    ill_formed: str | None = None
    possible_gaps: int = 0  # polls in which no entry was already known
    last_gap: datetime | None = None


# --- outcomes of a fetch -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Response:
    """A complete body that arrived under all limits. ``headers`` has lower-case names."""

    url: str  # the final address
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    content_hash: str  # hex SHA-256 of ``body`` after content decoding
    etag: str | None = None
    last_modified: str | None = None
    permanent_url: str | None = None  # end of the permanent prefix of the redirect chain
    redirected: bool = False  # ``url`` is not the address that was asked for
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class NotModified:
    """A 304 that answers a conditional request."""

    url: str
    headers: tuple[tuple[str, str], ...]
    etag: str | None = None
    last_modified: str | None = None
    permanent_url: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """A fetch that brought nothing; ``message`` is safe to show and holds no secret."""

    kind: Literal[
        "http",
        "gone",
        "timeout",
        "connection",
        "tls",
        "refused",
        "too_large",
        "redirect",
        "protocol",
        "parse",
        "internal",
    ]
    message: str
    status: int | None = None
    retry_after: datetime | None = None
    host_wide: bool = False  # 429 and 503 speak for the whole host
    force_unconditional: bool = False  # a 304 nobody asked for
    feeds: tuple[str, ...] = ()  # feed addresses found where the address was a page
    seconds: float = 0.0


FetchOutcome = Response | NotModified | FetchFailure


# --- what a feed document holds ----------------------------------------------------------------


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


@dataclass(frozen=True, slots=True)
class Skip:
    """An entry left out of a feed or an archive, with the reason."""

    position: int  # entry number in the feed, or line number in the archive; from 1
    reason: str


@dataclass(frozen=True, slots=True)
class ParsedFeed:
    """A feed document as values; entries in document order."""

    entries: tuple[EntryData, ...]
    title: str | None = None
    link: str | None = None
    language: str | None = None
    skips: tuple[Skip, ...] = ()
    hints: PollHints = PollHints()
    format: str = ""  # rss20, atom10, json11 …
    ill_formed: str | None = None  # what was wrong, where the feed could be read all the same
    bad_guids: bool = False  # one guid stood for several entries


# --- text and sketches -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Document:
    """The plain text of an entry, ready to be compared.

    ``lede`` is the summary where it is not the beginning of the body; ``body`` may be empty.
    """

    title: str
    lede: str
    body: str
    language: str | None  # ISO 639-1, None where it cannot be told
    canonical_url: str | None
    content_hash: str  # hex, over title, lede and body after normalisation: what makes an edit an edit


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


@dataclass(frozen=True, slots=True)
class Arrival:
    """An entry on its way into reports and stories."""

    entry_id: str
    feed: str  # address of the feed
    publisher: str
    document: Document
    sketch: Sketch | None
    time: datetime  # published where it can be believed, else first seen
    agency: str | None = None
    dated: bool = True  # False where neither the entry nor its arrival says when the event was


# --- reports and stories -----------------------------------------------------------------------

Evidence = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Match:
    """A verified edge: why an entry stands in its report, or its report in its story.

    ``score`` and ``threshold`` are on the method's own scale, greater is closer; ``parameters`` names
    the version of the settings that decided; ``evidence`` holds JSON values only.
    """

    kind: Literal["copy", "story", "editor"]
    entry_id: str
    other_id: str  # the entry, report or story it was matched with
    method: str
    score: float
    threshold: float
    evidence: Evidence
    parameters: str


class Flag(StrEnum):
    """What a list says of a story beside its counts."""

    NEW = "new"
    UPDATED = "updated"
    CORRECTED = "corrected"
    SINGLE_SOURCE = "single_source"
    EDITED = "edited"


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
    backlog: bool = False  # stood in the feed before we followed it, or came from an archive

    @property
    def seen(self) -> datetime:
        """When the desk could have seen it: on arrival, or for a backlog when it was published."""
        return min(self.time, self.first_seen) if self.backlog else self.first_seen


@dataclass(frozen=True, slots=True)
class Revision:
    """A version of an entry before the present one; it stood from ``seen`` to ``replaced``."""

    entry_id: str
    number: int  # from 1
    title: str
    url: str | None
    text: str
    seen: datetime
    replaced: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """The entries that carry substantially one text."""

    id: str
    agency: str | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class StorySummary:
    """One line of a list: what the story is, who stands for it, how many carry it."""

    id: str
    title: str
    url: str | None
    publisher: str
    agency: str | None
    language: str | None
    category: str | None
    first_seen: datetime
    last_seen: datetime
    entries: int
    reports: int
    publishers: int
    flags: tuple[Flag, ...]
    canonical_entry: str


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """What a list of stories shows: those active between ``since`` and ``until``, filtered and sorted."""

    since: datetime | None = None
    until: datetime | None = None
    match: str | None = None
    min_publishers: int = 1
    publisher: str | None = None
    language: str | None = None
    category: str | None = None
    sort: Literal["latest", "publishers", "entries", "first"] = "latest"
    limit: int | None = 50


@dataclass(frozen=True, slots=True)
class Story:
    """A story with all its reports."""

    summary: StorySummary
    reports: tuple[Report, ...]
    merged_from: tuple[str, ...] = ()
    split_from: str | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """A report opens a story of its own."""

    story_id: str
    report_id: str


@dataclass(frozen=True, slots=True)
class Join:
    """A report joins a story."""

    story_id: str
    report_id: str
    match: Match


@dataclass(frozen=True, slots=True)
class Merge:
    """Two stories are one; the older id stays, the other becomes a redirect."""

    kept: str
    gone: str
    match: Match


@dataclass(frozen=True, slots=True)
class Split:
    """Reports leave a story for one of their own; the larger part keeps the id."""

    story_id: str
    new_story_id: str
    report_ids: tuple[str, ...]
    match: Match


@dataclass(frozen=True, slots=True)
class Move:
    """A report leaves a story for another that it tells more surely."""

    report_id: str
    left: str
    joined: str
    match: Match


StoryChange = Open | Join | Merge | Split | Move


@dataclass(frozen=True, slots=True)
class FeedOutcome:
    """The one terminal status of a feed in a run; counts add up to the entries of the document."""

    feed: str  # name for people
    url: str
    status: Literal["ok", "not_modified", "error", "gone", "skipped"]
    http_status: int | None = None
    new: int = 0
    updated: int = 0
    known: int = 0
    skipped: int = 0
    error: str | None = None
    next_fetch: datetime | None = None
    note: str | None = None  # what a person should know although nothing failed
    explanation: str = ""  # one line: what happened, and what happens next
    feeds: tuple[str, ...] = ()  # offered in place of a page
    seconds: float = 0.0
