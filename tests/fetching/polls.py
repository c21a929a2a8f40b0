"""Polls as values: a feed that was asked before, and what the next answer makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aggregator.fetching.politeness import DocumentRead, PollContext, after_failure, after_response
from aggregator.model import Feed, FeedState, FetchFailure, ParsedFeed, PollHints, Response
from aggregator.settings import FetchSettings

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)  # a Monday
URL = "https://example.org/feed"
FEED = Feed(URL)
SETTINGS = FetchSettings()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
KNOWN = FeedState(
    URL, etag='"1"', last_ok=NOW - HOUR, learned_interval=HOUR, entries_per_week=42.0, last_new=NOW - HOUR
)


def answered(**fields: str) -> Response:
    headers = tuple((name.replace("_", "-"), value) for name, value in fields.items())
    return Response(URL, 200, headers, b"x", "hash", etag=fields.get("etag", '"1"'))


def polled(
    state: FeedState = KNOWN,
    feed: Feed = FEED,
    hints: PollHints = PollHints(),  # noqa: B008 - frozen
    new: int = 1,
    known: int = 9,
    jitter: float = 0.0,
    now: datetime = NOW,
    response: Response | None = None,
    published: Sequence[datetime] = (),
    last_size: int | None = None,
) -> FeedState:
    read = DocumentRead(ParsedFeed((), hints=hints), new, known, published, last_size=last_size)
    return after_response(PollContext(feed, state, now, jitter, SETTINGS), response or answered(), read)


def wait(state: FeedState, now: datetime = NOW) -> timedelta:
    assert state.next_fetch is not None
    return state.next_fetch - now


def failed(state: FeedState = KNOWN, feed: Feed = FEED, jitter: float = 0.0, **fields: object) -> FeedState:
    failure = FetchFailure(**{"kind": "http", "message": "no", **fields})  # type: ignore[arg-type]
    return after_failure(PollContext(feed, state, NOW, jitter, SETTINGS), failure)


def through(permanent: str | None, final: str = "https://new.example/feed") -> Response:
    return replace(answered(), url=final, permanent_url=permanent, redirected=True)
