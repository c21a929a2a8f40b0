"""Entries by their traits, for tests of identity."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from aggregator.newsroom.identity import recognise_moved
from aggregator.newsroom.identity_traits import Identity

NOON = datetime(2026, 3, 10, 12, 17, 5, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0, minute=0, second=0)


def entry(
    name: str,
    title: str = "Dredger freed",
    address: str | None = "https://quay.example/news",
    at: datetime | None = NOON,
    text: str = "x",
    *,
    guid: str | None = None,
    seen: datetime | None = None,
) -> Identity:
    moment = at if at is not None and at != at.replace(hour=0, minute=0, second=0) else None
    return Identity(name, name, title, address, text, guid or name, at, moment, seen)


def bare(name: str, title: str, at: datetime | None, text: str) -> Identity:
    """Return an entry without guid and address."""
    return replace(entry(name, title, None, at, text), guid=None)


def found(
    document: Sequence[Identity],
    stored: Sequence[Identity],
    known: Collection[str] = (),
    present: Collection[str] = (),
) -> dict[str, str]:
    return recognise_moved(document, known, stored, present)


LATER = NOON + timedelta(hours=3)
SECOND = timedelta(seconds=1)
