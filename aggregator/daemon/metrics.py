"""Metrics for Prometheus, served at ``run.metrics_address`` and ``run.metrics_port``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import Self

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, generate_latest, make_wsgi_app

from aggregator.daemon.serving import served
from aggregator.desk.health import FeedHealthRow, Status
from aggregator.exceptions import ConfigurationError
from aggregator.model import FeedOutcome


class FeedFigures:
    """The gauges of feeds, which the daemon and the page both serve."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.states = Gauge("aggregator_feeds", "Feeds by state.", ["state"], registry=registry)
        self.failures = Gauge("aggregator_feed_failures", "Failures in a row.", ["feed"], registry=registry)

    def set(self, rows: Sequence[FeedHealthRow]) -> None:
        """Set the gauges from the health of the feeds."""
        for state in ("ok", "failing", "silent", "gone", "paused", "new"):
            self.states.labels(state).set(sum(row.state == state for row in rows))
        for row in rows:
            self.failures.labels(row.feed).set(row.failures)


class Metrics:
    """Counters and gauges of one daemon, served while the context is open unless ``port`` is 0."""

    def __init__(self, port: int, address: str) -> None:
        self.registry = registry = CollectorRegistry()
        self._polls = Counter("aggregator_polls_total", "Polls by outcome.", ["status"], registry=registry)
        self._entries = Counter("aggregator_entries_total", "Entries by what they were.", ["kind"], registry=registry)
        self._feeds = FeedFigures(registry)
        self._gaps = Gauge("aggregator_possible_gaps", "Polls in which no entry was known.", registry=registry)
        silent = "1 where a feed is silent beyond its own rhythm."
        self._silent = Gauge("aggregator_feed_silent", silent, ["feed"], registry=registry)
        gaps = "Polls of a feed in which no entry was known."
        self._feed_gaps = Gauge("aggregator_feed_possible_gaps", gaps, ["feed"], registry=registry)
        cut = "Look-ups that a cap cut short, of copies and for stories."
        self._capped = Counter("aggregator_capped_lookups_total", cut, ["of"], registry=registry)
        self._capped_before: dict[str, int] = {}
        self._seconds = Gauge("aggregator_last_pass_seconds", "How long the last pass took.", registry=registry)
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

    def __exit__(self, *raised: object) -> None:
        self._serving.close()

    @property
    def served(self) -> bool:
        """Return whether the metrics are served."""
        return bool(self._port)

    def passed(self, outcomes: Iterable[FeedOutcome], seconds: float, capped: Mapping[str, int]) -> None:
        """Count a pass; ``capped`` is the number of look-ups that a limit cut short so far, by kind."""
        for outcome in outcomes:
            self._polls.labels(outcome.status).inc()
            for kind in ("new", "updated", "known", "skipped"):
                self._entries.labels(kind).inc(getattr(outcome, kind))
        for of, count in capped.items():
            self._capped.labels(of).inc(max(0, count - self._capped_before.get(of, 0)))
        self._capped_before = {**capped}
        self._seconds.set(seconds)

    def forget(self) -> None:
        """Clear the metrics of single feeds, because some may no longer be followed."""
        for figure in (self._feeds.failures, self._silent, self._feed_gaps):
            figure.clear()

    def feeds(self, rows: Iterable[FeedHealthRow]) -> None:
        """Set the gauges from the health of the feeds."""
        listed = list(rows)
        self._feeds.set(listed)
        self._gaps.set(sum(row.possible_gaps for row in listed))
        for row in listed:
            self._silent.labels(row.feed).set(row.state == "silent")
            self._feed_gaps.labels(row.feed).set(row.possible_gaps)


EXPOSITION_TYPE = CONTENT_TYPE_LATEST


def exposition(status: Status, rows: Iterable[FeedHealthRow]) -> bytes:
    """Return metrics of the database in Prometheus' format, for scrapers that do not use the daemon's endpoint."""
    registry = CollectorRegistry()
    for name in ("entries", "reports", "stories"):
        Gauge(f"aggregator_stored_{name}", f"{name.capitalize()} in the database.", registry=registry).set(
            getattr(status, name)
        )
    for name in ("last_poll", "last_edition"):
        moment = getattr(status, name)
        if moment is not None:
            documentation = f"When {name.replace('_', ' ')} was, in seconds since 1970."
            Gauge(f"aggregator_{name}_timestamp_seconds", documentation, registry=registry).set(moment.timestamp())
    FeedFigures(registry).set(list(rows))
    return generate_latest(registry)
