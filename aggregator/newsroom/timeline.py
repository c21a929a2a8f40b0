"""The timeline of a story: which publisher was first, and how much later each other one was.

An entry counts from its publisher's date, but never from later than the desk saw it, because edits and republication change
dates. Publishers with the same earliest time are all first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Literal

from aggregator.model import Entry, Story

MarkKind = Literal["report", "copy", "edit", "correction"]

_DATED = frozenset({"ok", "zoneless"})
_LATE = 0.9  # the quantile of a publisher's lags that is given as "late"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened to a story: a report, a copy of one, an edit, a correction."""

    time: datetime
    kind: MarkKind
    entry_id: str
    publisher: str
    title: str


@dataclass(frozen=True, slots=True)
class Lag:
    """A publisher's first entry in a story, and its time after the first entry of all (``lag``).

    ``own``: its text is not a copy of an earlier entry. ``dated``: the time is the publisher's date, not that of the poll.
    """

    publisher: str
    entry_id: str
    title: str
    url: str | None
    agency: str | None
    time: datetime
    lag: timedelta
    entries: int
    own: bool
    dated: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """A story over time: its publishers by time, and all that happened to it, oldest first.

    ``seen`` is when the desk first saw it; None where all its entries are backlog.
    """

    story_id: str
    title: str
    publishers: tuple[Lag, ...]
    marks: tuple[Mark, ...]
    seen: datetime | None

    @property
    def start(self) -> datetime:
        """When the first publisher had the story."""
        return self.publishers[0].time

    @property
    def end(self) -> datetime:
        """When something last happened to the story."""
        return self.marks[-1].time


@dataclass(frozen=True, slots=True)
class Punctuality:
    """The punctuality of a publisher over many stories.

    ``stories`` counts the shared stories, which other publishers had too; ``alone`` counts the others. Of the shared ones,
    ``first`` counts those in which no other publisher was earlier, ``own`` those whose first text was no copy, ``undated`` those
    for which only the time of the poll is known. ``median`` and ``late`` are quantiles (one half, nine tenths) of the lags in
    shared stories; None where there are none.
    """

    publisher: str
    stories: int
    first: int
    alone: int
    own: int
    undated: int
    median: timedelta | None
    late: timedelta | None


def publication_time(entry: Entry) -> datetime:
    """Return when an entry was published, as far as is known."""
    return min(entry.time, entry.first_seen)


def lags(entries: Iterable[Entry]) -> tuple[Lag, ...]:
    """Return the publishers of a story's entries, the first to publish first."""
    ordered = sorted(entries, key=_by_time)
    opened = _openers(ordered)
    mine: dict[str, list[Entry]] = {}
    for entry in ordered:
        mine.setdefault(entry.publisher, []).append(entry)
    return tuple(
        Lag(
            publisher=publisher,
            entry_id=first.id,
            title=first.data.title,
            url=first.data.link,
            agency=first.agency,
            time=publication_time(first),
            lag=publication_time(first) - publication_time(ordered[0]),
            entries=1 + len(later),
            own=first.id in opened,
            dated=first.data.published is not None and first.data.date_flag in _DATED,
        )
        for publisher, (first, *later) in mine.items()
    )


def timeline(
    story: Story, edits: Mapping[str, Sequence[datetime]], corrections: Mapping[str, datetime] | None = None
) -> Timeline:
    """Return the timeline of a story; ``edits`` and ``corrections`` map entry ids to times."""
    entries = sorted(story.entries, key=_by_time)
    opened = _openers(entries)
    corrected = corrections or {}
    marks = []
    for entry in entries:
        moments = edits.get(entry.id, ())
        kind: MarkKind = "report" if entry.id in opened else "copy"
        if entry.id in corrected and corrected[entry.id] not in moments:
            kind = "correction"
        marks.append(_mark(entry, publication_time(entry), kind))
        marks += [_mark(entry, at, "correction" if corrected.get(entry.id) == at else "edit") for at in moments]
    seen = min((entry.first_seen for entry in entries if not entry.backlog), default=None)
    return Timeline(
        story.summary.id,
        story.summary.title,
        lags(entries),
        tuple(sorted(marks, key=lambda mark: (mark.time, mark.entry_id))),
        seen,
    )


def punctuality(stories: Iterable[Sequence[Lag]]) -> tuple[Punctuality, ...]:
    """Return how early each publisher was over these stories; those with the most shared stories first."""
    found: dict[str, _Record] = {}
    for lags_of_story in stories:
        for one in lags_of_story:
            found.setdefault(one.publisher, _Record()).add(one, shared=len(lags_of_story) > 1)
    figures = [record.figures(publisher) for publisher, record in found.items()]
    return tuple(sorted(figures, key=lambda one: (-one.stories, one.median or timedelta(), -one.alone, one.publisher)))


@dataclass(slots=True)
class _Record:
    """Collects a publisher's lags."""

    lags: list[timedelta] = field(default_factory=list)
    alone: int = 0
    own: int = 0
    undated: int = 0

    def add(self, one: Lag, *, shared: bool) -> None:
        """Add the publisher's lag in a story; ``shared`` where other publishers had the story too."""
        if not shared:
            self.alone += 1
            return
        self.lags.append(one.lag)
        self.own += one.own
        self.undated += not one.dated

    def figures(self, publisher: str) -> Punctuality:
        """Return the collected figures."""
        ordered = sorted(self.lags)
        return Punctuality(
            publisher=publisher,
            stories=len(ordered),
            first=sum(not lag for lag in ordered),
            alone=self.alone,
            own=self.own,
            undated=self.undated,
            median=timedelta(seconds=median(lag.total_seconds() for lag in ordered)) if ordered else None,
            late=ordered[ceil(_LATE * len(ordered)) - 1] if ordered else None,
        )


def _by_time(entry: Entry) -> tuple[datetime, str]:
    return publication_time(entry), entry.id


def _openers(ordered: Sequence[Entry]) -> frozenset[str]:
    """Return the ids of the entries that were the first of their report."""
    first: dict[str, str] = {}
    for entry in ordered:
        first.setdefault(entry.report_id, entry.id)
    return frozenset(first.values())


def _mark(entry: Entry, time: datetime, kind: MarkKind) -> Mark:
    return Mark(time, kind, entry.id, entry.publisher, entry.data.title)
