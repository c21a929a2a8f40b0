"""Feeds behind the address of a page: found for a person to choose from, never followed by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aggregator.fetching.http import Fetcher
from aggregator.model import Feed, FeedState, FetchFailure, NotModified
from aggregator.parsing.charset import decode
from aggregator.parsing.pages import feed_links, is_page

SEARCHED = 1_000_000  # bytes of a page


@dataclass(frozen=True, slots=True)
class Discovery:
    """What an address turned out to be: a document that may be a feed, or a page with the feeds that it names."""

    url: str  # where redirects ended
    page: bool
    feeds: tuple[str, ...] = ()
    failure: FetchFailure | None = None


def find_feeds(html: bytes, base: str, content_type: str = "") -> tuple[str, ...]:
    """Return the feed addresses that a page names, absolute, http and https only, each once."""
    text, _ = decode(html[:SEARCHED], content_type)
    return feed_links(text, base)


def discover(fetcher: Fetcher, feed: Feed, now: datetime) -> Discovery:
    """Ask for an address and say which feeds it offers; one request, nothing that it names is asked for."""
    outcome = fetcher.fetch(feed, FeedState(feed.url), now)
    if isinstance(outcome, FetchFailure):
        return Discovery(feed.url, page=False, failure=outcome)
    if isinstance(outcome, NotModified):  # cannot be: nothing conditional was asked
        return Discovery(outcome.url, page=False)
    kind = dict(outcome.headers).get("content-type", "")
    text, _ = decode(outcome.body[:SEARCHED], kind)
    if not is_page(text):
        return Discovery(outcome.url, page=False, feeds=(outcome.url,))
    return Discovery(outcome.url, page=True, feeds=feed_links(text, outcome.url))
