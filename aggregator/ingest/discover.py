"""Feed discovery: an address is a feed, or a page that links feeds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aggregator.exceptions import NotAFeedError, ParseError
from aggregator.fetching.http import Fetcher
from aggregator.model import Feed, FeedState, FetchFailure, Response
from aggregator.parsing.feed import parse
from aggregator.settings import Settings
from aggregator.text.masking import shown_address


@dataclass(frozen=True, slots=True)
class Discovery:
    """The feeds or the fault found at an address; ``error`` says why it is no feed, without secrets of the address."""

    is_feed: bool
    feeds: tuple[str, ...] = ()
    error: str | None = None


def discover_feed(feed: Feed, settings: Settings, now: datetime) -> Discovery:
    """Fetch an address once; addresses that it links are not fetched."""
    with Fetcher(settings.fetch) as fetcher:
        outcome = fetcher.fetch(feed, FeedState(feed.url), now)
    if isinstance(outcome, FetchFailure):
        return Discovery(is_feed=False, feeds=outcome.feeds, error=outcome.message)
    if not isinstance(outcome, Response):
        return _no_feed(feed, "answered 304 although nothing conditional was asked")
    try:
        parse(outcome.body, outcome.url, dict(outcome.headers), now, settings.parse)
    except NotAFeedError as error:
        return _no_feed(feed, str(error), error.feeds)
    except ParseError as error:
        return _no_feed(feed, str(error))
    return Discovery(is_feed=True)


def _no_feed(feed: Feed, why: str, feeds: tuple[str, ...] = ()) -> Discovery:
    return Discovery(is_feed=False, feeds=feeds, error=f"{shown_address(feed)}: {why.removesuffix('.')}")
