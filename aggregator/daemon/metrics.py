"""Figures for Prometheus, on an address of the settings' choice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest, make_wsgi_app

from aggregator.daemon.serving import served
from aggregator.desk.health import FeedHealthRow, Status
from aggregator.exceptions import ConfigurationError
from aggregator.model import FeedOutcome


class Metrics:
    """Counters and gauges of one daemon, served while the context is open where ``port`` is not 0."""

    def __init__(self, port: int, address: str) -> None:
        self.registry = CollectorRegistry()
        self._polls = Counter("aggregator_polls_total", "Polls by outcome.", ["status"], registry=self.registry)
        self._entries = Counter(
            "aggregator_entries_total", "Entries by what they were.", ["kind"], registry=self.registry
        )
        self._feeds = Gauge("aggregator_feeds", "Feeds by state.", ["state"], registry=self.registry)
        self._gaps = Gauge("aggregator_possible_gaps", "Polls in which no entry was known.", registry=self.registry)
        self._failures = Gauge("aggregator_feed_failures", "Failures in a row.", ["feed"], registry=self.registry)
        self._silent = Gauge(
            "aggregator_feed_silent",
            "1 where a feed is silent beyond its own rhythm.",
            ["feed"],
            registry=self.registry,
        )
        self._feed_gaps = Gauge(
            "aggregator_feed_possible_gaps",
            "Polls of a feed in which no entry was known.",
            ["feed"],
            registry=self.registry,
        )
        self._capped = Counter(
            "aggregator_capped_lookups_total",
            "Look-ups that a cap cut short, of copies and for stories.",
            ["of"],
            registry=self.registry,
        )
        self._capped_before: dict[str, int] = {}
        self._seconds = Gauge("aggregator_last_pass_seconds", "How long the last pass took.", registry=self.registry)
        self._port = port
        self._address = address
        self._serving = ExitStack()

    def __enter__(self) -> Self:
        if not self._port:
            return self
        try:
            self._serving.enter_context(served(make_wsgi_app(self.registry), self._address, self._port))
        except OSError as error:
            raise ConfigurationError(
                f"run.metrics_port: {self._address}:{self._port} cannot be listened on ({error.strerror or error});"
                " choose another, or 0 for none"
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._serving.close()

    @property
    def served(self) -> bool:
        """Return whether anybody can read the figures."""
        return bool(self._port)

    def passed(self, outcomes: Iterable[FeedOutcome], seconds: float, capped: Mapping[str, int]) -> None:
        """Count a pass; ``capped`` is how many look-ups were cut short by now, by what was looked for."""
        for outcome in outcomes:
            self._polls.labels(outcome.status).inc()
            for kind in ("new", "updated", "known", "skipped"):
                self._entries.labels(kind).inc(getattr(outcome, kind))
        for of, count in capped.items():
            self._capped.labels(of).inc(max(0, count - self._capped_before.get(of, 0)))
        self._capped_before = {**capped}
        self._seconds.set(seconds)

    def forget(self) -> None:
        """Forget the figures of single feeds: some may be followed no more."""
        for figure in (self._failures, self._silent, self._feed_gaps):
            figure.clear()

    def feeds(self, rows: Iterable[FeedHealthRow]) -> None:
        """Set how the feeds are."""
        listed = list(rows)
        for state in ("ok", "failing", "silent", "gone", "paused", "new"):
            self._feeds.labels(state).set(sum(row.state == state for row in listed))
        self._gaps.set(sum(row.possible_gaps for row in listed))
        for row in listed:
            self._failures.labels(row.feed).set(row.failures)
            self._silent.labels(row.feed).set(row.state == "silent")
            self._feed_gaps.labels(row.feed).set(row.possible_gaps)


EXPOSITION_TYPE = CONTENT_TYPE_LATEST


def exposition(status: Status, rows: Iterable[FeedHealthRow]) -> bytes:
    """Return the database's figures in Prometheus' format, for scrapers that do not ask the daemon."""
    registry = CollectorRegistry()
    for name in ("entries", "reports", "stories"):
        Gauge(f"aggregator_stored_{name}", f"{name.capitalize()} in the database.", registry=registry).set(
            getattr(status, name)
        )
    for name in ("last_poll", "last_edition"):
        moment = getattr(status, name)
        if moment is not None:
            said = f"When {name.replace('_', ' ')} was, in seconds since 1970."
            Gauge(f"aggregator_{name}_timestamp_seconds", said, registry=registry).set(moment.timestamp())
    listed = list(rows)
    states = Gauge("aggregator_feeds", "Feeds by state.", ["state"], registry=registry)
    failures = Gauge("aggregator_feed_failures", "Failures in a row.", ["feed"], registry=registry)
    for state in ("ok", "failing", "silent", "gone", "paused", "new"):
        states.labels(state).set(sum(row.state == state for row in listed))
    for row in listed:
        failures.labels(row.feed).set(row.failures)
    return generate_latest(registry)
