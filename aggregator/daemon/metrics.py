"""Figures for Prometheus, on an address of the settings' choice."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from aggregator.model import FeedOutcome
from aggregator.pipeline.health import FeedHealthRow


class Metrics:
    """Counters and gauges of one daemon; served where ``port`` is not 0."""

    def __init__(self, port: int, address: str) -> None:
        self.registry = CollectorRegistry()
        self._polls = Counter("aggregator_polls_total", "Polls by outcome.", ["status"], registry=self.registry)
        self._entries = Counter(
            "aggregator_entries_total", "Entries by what they were.", ["kind"], registry=self.registry
        )
        self._feeds = Gauge("aggregator_feeds", "Feeds by state.", ["state"], registry=self.registry)
        self._gaps = Gauge("aggregator_possible_gaps", "Polls in which no entry was known.", registry=self.registry)
        self._failures = Gauge("aggregator_feed_failures", "Failures in a row.", ["feed"], registry=self.registry)
        self._seconds = Gauge("aggregator_last_pass_seconds", "How long the last pass took.", registry=self.registry)
        if port:
            start_http_server(port, address, registry=self.registry)

    def passed(self, outcomes: Iterable[FeedOutcome], seconds: float) -> None:
        """Count a pass."""
        for outcome in outcomes:
            self._polls.labels(outcome.status).inc()
            for kind in ("new", "updated", "known", "skipped"):
                self._entries.labels(kind).inc(getattr(outcome, kind))
        self._seconds.set(seconds)

    def feeds(self, rows: Iterable[FeedHealthRow]) -> None:
        """Set how the feeds are."""
        listed = list(rows)
        for state in ("ok", "failing", "silent", "gone", "paused", "new"):
            self._feeds.labels(state).set(sum(row.state == state for row in listed))
        self._gaps.set(sum(row.possible_gaps for row in listed))
        for row in listed:
            self._failures.labels(row.feed).set(row.failures)
