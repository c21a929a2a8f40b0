"""The demonstration's fetcher: ``.example`` addresses are fetched from the loopback server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from aggregator.fetching.http import Fetcher
from aggregator.model import Feed, FeedState, FetchFailure, FetchOutcome, Response
from aggregator.settings import FetchSettings


class DemoFetcher(Fetcher):
    """Fetches ``public/FILE`` from ``base/FILE``; everything stored, including ids, uses the public address."""

    def __init__(self, settings: FetchSettings, public: str, base: str) -> None:
        super().__init__(replace(settings, allow_private_networks=True))
        self._public, self._base = public, base

    def fetch(
        self, feed: Feed, state: FeedState, now: datetime, other_feed: Callable[[str], str | None] = lambda url: None
    ) -> FetchOutcome:
        """Fetch a feed once; the outcome names the public address."""
        on_loopback = replace(feed, url=feed.url.replace(self._public, self._base, 1))
        outcome = super().fetch(on_loopback, replace(state, url=""), now, other_feed)
        if isinstance(outcome, Response):
            return replace(outcome, url=outcome.url.replace(self._base, self._public, 1))
        if isinstance(outcome, FetchFailure):
            feeds = tuple(url.replace(self._base, self._public, 1) for url in outcome.feeds)
            message = outcome.message.replace(self._base, self._public)
            return replace(outcome, message=message, url=feed.url, feeds=feeds)
        return outcome
