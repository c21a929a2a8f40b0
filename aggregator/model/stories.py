"""Reports, stories and storylines, and the evidence that links them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from aggregator.model.entries import Entry

Evidence = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Match:
    """A verified edge: the reason why an entry is in its report, a report in its story, or two stories in one storyline.

    ``score`` and ``threshold`` are on the method's own scale, and greater means closer; ``parameters`` names the
    version of the settings that decided; ``evidence`` contains JSON values only.
    """

    kind: Literal["copy", "story", "editor", "tie"]
    entry_id: str
    other_id: str  # the entry, report or story it was matched with
    method: str
    score: float
    threshold: float
    evidence: Evidence
    parameters: str


class Flag(StrEnum):
    """A flag of a story in lists."""

    NEW = "new"
    UPDATED = "updated"
    CORRECTED = "corrected"
    KILLED = "killed"
    SINGLE_SOURCE = "single_source"
    EDITED = "edited"


@dataclass(frozen=True, slots=True)
class Report:
    """The entries that carry substantially one text."""

    id: str
    agency: str | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class StorylineMention:
    """The storyline of a story, with the number of its stories."""

    id: str
    title: str
    stories: int


@dataclass(frozen=True, slots=True)
class StorySummary:
    """A story in a list: its canonical entry, counts, times and flags."""

    id: str
    title: str
    url: str | None
    publisher: str
    agency: str | None
    language: str | None
    category: str | None
    first_seen: datetime
    last_seen: datetime
    entries: int
    reports: int
    publishers: int
    flags: tuple[Flag, ...]
    canonical_entry: str
    storyline: StorylineMention | None = None


@dataclass(frozen=True, slots=True)
class StorylineSummary:
    """A storyline in a list: its title, the three counts over its stories, and their number."""

    id: str
    title: str  # the name that an editor gave, else the title of its leading story
    name: str | None
    named_by: str | None
    first_seen: datetime
    last_seen: datetime
    entries: int
    reports: int
    publishers: int
    stories: int


@dataclass(frozen=True, slots=True)
class Storyline:
    """A storyline with its stories, the latest first; a story without one has ``summary`` None."""

    summary: StorylineSummary | None
    stories: tuple[StorySummary, ...]


class StoryFields(NamedTuple):
    """The fields of a story's row, computed from its entries; each is a column of table ``story``."""

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


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """A query for stories: active between ``since`` and ``until``, filtered and sorted."""

    since: datetime | None = None
    until: datetime | None = None
    match: str | None = None
    min_publishers: int = 1
    publisher: str | None = None
    language: str | None = None
    category: str | None = None
    sort: Literal["latest", "publishers", "entries", "first"] = "latest"
    limit: int | None = 50


@dataclass(frozen=True, slots=True)
class Story:
    """A story with all its reports."""

    summary: StorySummary
    reports: tuple[Report, ...]
    merged_from: tuple[str, ...] = ()
    split_from: str | None = None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries of all reports, report by report."""
        return tuple(entry for report in self.reports for entry in report.entries)
