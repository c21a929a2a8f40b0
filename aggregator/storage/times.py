"""Times and durations as stored: ISO 8601 text in UTC, and seconds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import overload

from aggregator.storage.damage import damaged


@overload
def to_text(time: datetime) -> str: ...
@overload
def to_text(time: None) -> None: ...
def to_text(time: datetime | None) -> str | None:
    """Return a time as text, such as ``2026-10-01T12:00:00Z``: in whole seconds, so that texts sort as times do."""
    if time is None:
        return None
    utc = time if time.tzinfo is UTC else time.astimezone(UTC)
    return utc.isoformat()[:19] + "Z"


@overload
def from_text(text: str) -> datetime: ...
@overload
def from_text(text: None) -> None: ...
def from_text(text: str | None) -> datetime | None:
    """Return the time in a text by :func:`to_text`; raises StorageError where the text is damaged."""
    try:
        return None if text is None else datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise damaged(text, "a time") from error


def shown(moment: datetime) -> str:
    """Return a moment to the minute, in UTC, for a sentence."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
