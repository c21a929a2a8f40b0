"""A server for each test, and fetching with limits short enough for a test."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aggregator.fetching.http import Fetcher
from aggregator.model import Feed, FeedState, FetchFailure, FetchOutcome, NotModified, Response
from aggregator.settings import FetchSettings
from tests.fetching.server import Server

NOW = datetime(2026, 10, 5, 12, 0, tzinfo=UTC)  # a Monday
SETTINGS = FetchSettings(
    allow_private_networks=True, timeout=2.0, connect_timeout=1.0, read_timeout=0.6, max_bytes=200_000,
    max_decoded_bytes=1_000_000, per_host=32, host_delay=0.0,
)  # fmt: skip


@dataclass
class Aggregator:
    """Fetches from the server under changed settings, and says what came of it."""

    settings: FetchSettings = SETTINGS

    def fetch(self, feed: Feed | str, state: FeedState | None = None, **settings: Any) -> FetchOutcome:
        feed = Feed(feed) if isinstance(feed, str) else feed
        with Fetcher(replace(self.settings, **settings)) as fetcher:
            return fetcher.fetch(feed, state or FeedState(feed.url), NOW)

    def response(self, feed: Feed | str, state: FeedState | None = None, **settings: Any) -> Response:
        outcome = self.fetch(feed, state, **settings)
        assert isinstance(outcome, Response), outcome
        return outcome

    def unchanged(self, feed: Feed | str, state: FeedState | None = None, **settings: Any) -> NotModified:
        outcome = self.fetch(feed, state, **settings)
        assert isinstance(outcome, NotModified), outcome
        return outcome

    def failure(self, feed: Feed | str, state: FeedState | None = None, **settings: Any) -> FetchFailure:
        outcome = self.fetch(feed, state, **settings)
        assert isinstance(outcome, FetchFailure), outcome
        return outcome


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test asks a name server: addresses by number and this machine's name are all there is."""
    real = socket.getaddrinfo

    def lookup(host: str, port: int, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0) -> Any:
        flags |= 0 if host.rstrip(".") == "localhost" else socket.AI_NUMERICHOST
        return real(host, port, family, type, proto, flags)

    monkeypatch.setattr("socket.getaddrinfo", lookup)


@pytest.fixture
def app() -> Aggregator:
    return Aggregator()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running
