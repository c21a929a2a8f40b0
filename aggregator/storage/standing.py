"""The fields of a row of ``story``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StoryFields:
    """The fields of a story's row, computed from its entries."""

    title: str
    url: str | None
    publisher: str
    agency: str | None
    language: str | None
    category: str | None
    entries: int
    reports: int
    publishers: int
    first_seen: datetime
    last_seen: datetime
    canonical_entry: str
    corrected: bool
    edited: bool
