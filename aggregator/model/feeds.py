"""Feeds: their entries in feeds.yaml, their state between polls, and the outcomes of fetches."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is used but never shown: ``repr`` and ``str`` are masked."""

    value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the value itself; only code that sends it calls this."""
        return self.value

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class Feed:
    """A followed feed: one entry of feeds.yaml.

    ``authority`` is 0-100; ``interval`` is set only if feeds.yaml sets it. The address may contain secrets: it must pass
    through ``text.masking`` before it is shown or stored.
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
    # Whether the publishers that its entries name are believed; None: only for agencies and searches.
    speaks_for_others: bool | None = None
    # Whether the whole address is a secret, from a file or the environment.
    secret_address: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class PollHints:
    """The polling hints of a document; absent hints are None or empty."""

    ttl: timedelta | None = None
    update_interval: timedelta | None = None  # sy:updatePeriod / sy:updateFrequency
    skip_hours: frozenset[int] = frozenset()  # GMT, 0-23
    skip_days: frozenset[int] = frozenset()  # Monday is 0
    hub: str | None = None  # WebSub


@dataclass(frozen=True, slots=True)
class FeedState:
    """The state of a feed between polls; every field is a column of table ``feed``."""

    url: str  # address of the next poll; differs from Feed.url after a permanent move
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
    last_new: datetime | None = None  # the last poll with a new entry
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
    permanent_url: str | None = None  # the address after the permanent redirects at the beginning of the chain
    redirected: bool = False  # ``url`` is not the requested address
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class NotModified:
    """A 304 that answers a conditional request."""

    url: str
    headers: tuple[tuple[str, str], ...]
    etag: str | None = None
    last_modified: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class FetchFailure:
    """A fetch that failed; ``message`` is safe to show and contains no secret."""

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
        "duplicate",
        "internal",
        "stopped",  # cancelled by us; says nothing about the feed
    ]
    message: str
    status: int | None = None
    retry_after: datetime | None = None
    host_wide: bool = False  # 429 and 503 concern the whole host
    force_unconditional: bool = False  # after a 304 to an unconditional request
    feeds: tuple[str, ...] = ()  # feed addresses that a web page named
    url: str = field(default="", repr=False)  # the address that failed; may contain secrets
    seconds: float = 0.0


FetchOutcome = Response | NotModified | FetchFailure


@dataclass(frozen=True, slots=True)
class FeedOutcome:
    """The outcome of one feed in a pass; the counts add up to the entries of the document."""

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
    note: str | None = None  # information for a person although nothing failed
    explanation: str = ""  # one line: the outcome and the next step
    feeds: tuple[str, ...] = ()  # suggested in place of a web page
    gap: bool = False  # entries may have been missed since the previous poll
    seconds: float = 0.0
