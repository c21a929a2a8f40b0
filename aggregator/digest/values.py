"""The frozen values of a digest: the inputs and the content of an edition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Self

from aggregator.model import Entry, Flag, Story

SectionKey = Literal["top", "developing", "new", "rest"]


@dataclass(frozen=True, slots=True)
class Window:
    """The time an edition covers, ``since`` included and ``until`` excluded; aware UTC datetimes."""

    since: datetime
    until: datetime

    def holds(self, moment: datetime) -> bool:
        """Return whether ``moment`` lies in the window."""
        return self.since <= moment < self.until


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of a window: entries, reports among them, and their stories."""

    entries: int = 0
    reports: int = 0
    stories: int = 0


@dataclass(frozen=True, slots=True)
class FeedNote:
    """A feed that needs the desk's attention; ``state`` is that of ``feeds health``, ``message`` is safe to show.

    ``since`` is when the feed was read last; of a silent one, when its last entry came. ``possible_gaps`` counts those of
    the window.
    """

    feed: str
    url: str
    state: str
    message: str = ""
    since: datetime | None = None
    possible_gaps: int = 0


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """The numbers of feeds that were polled, failed and fell silent, with notes on feeds that need attention."""

    polled: int = 0
    failed: int = 0
    silent: int = 0
    notes: tuple[FeedNote, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """One outlet's entry in a story, which "Also" links to."""

    entry: str
    publisher: str
    title: str
    url: str | None
    agency: str | None = None
    language: str | None = None

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Return an entry as a source."""
        return cls(entry.id, entry.publisher, entry.data.title, entry.data.link, entry.agency, entry.language)


@dataclass(frozen=True, slots=True)
class Passage:
    """A sentence that is new in the story, and its publisher."""

    text: str
    publisher: str = ""
    url: str | None = None
    time: datetime | None = None


@dataclass(frozen=True, slots=True)
class WhatIsNew:
    """The sentences, numbers and names of a story that are new since the previous edition."""

    passages: tuple[Passage, ...] = ()
    numbers: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.passages or self.numbers or self.names)


@dataclass(frozen=True, slots=True)
class Headline:
    """A headline that an outlet changed during the window."""

    publisher: str
    before: str
    after: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction or withdrawal that arrived in the window.

    ``stale`` names the outlets whose copies still carry the old wording.
    """

    story: str
    entry: str
    kind: str
    publisher: str
    title: str
    url: str | None
    time: datetime
    text: str = ""
    agency: str | None = None
    language: str | None = None
    stale: tuple[Source, ...] = ()


@dataclass(frozen=True, slots=True)
class Material:
    """The material of one story, from which an edition is made.

    ``sentences`` are those of the canonical entry's plain text in order; ``edited`` says, by entry id, when the present
    version of an edited entry came; ``headlines`` are those changed in the window; ``corrections`` of None has the
    notices derived from the entries that carry one; ``recurring`` says that the title names a slot of the day rather than
    an event, such as the weather or a live blog; ``running`` are the entries that are such pages, or comment.
    """

    story: Story
    sentences: tuple[str, ...] = ()
    new: WhatIsNew = WhatIsNew()
    edited: tuple[tuple[str, datetime], ...] = ()
    corrections: tuple[Correction, ...] | None = None
    headlines: tuple[Headline, ...] = ()
    recurring: bool = False
    running: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EditionStoryline:
    """The storyline of a story."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class EditionStory:
    """One story of an edition.

    ``quote`` is taken from the canonical entry and never generated; ``more`` counts the outlets that ``also``
    leaves out; ``copies`` counts, by agency, the outlets' entries that carry its text; the ``gained`` counts are
    against the previous edition, None where the story is new; ``facts`` counts what is new in a story carried over, shown
    or not.
    """

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
    independent: int
    score: float
    flags: tuple[Flag, ...]
    canonical_entry: str
    quote: str = ""
    also: tuple[Source, ...] = ()
    more: int = 0
    copies: tuple[tuple[str, int], ...] = ()
    new: WhatIsNew = WhatIsNew()
    gained_entries: int | None = None
    gained_reports: int | None = None
    gained_publishers: int | None = None
    headlines: tuple[Headline, ...] = ()
    recurring: bool = False
    facts: int = 0
    storyline: EditionStoryline | None = None


@dataclass(frozen=True, slots=True)
class EditionSection:
    """A list of stories under one heading; ``more`` counts those left out, ``folded`` sections open on demand."""

    key: SectionKey
    title: str
    stories: tuple[EditionStory, ...]
    folded: bool = False
    more: int = 0


@dataclass(frozen=True, slots=True)
class Edition:
    """A frozen edition. ``known`` has the ids of all stories that it was made from, shown or not."""

    id: str
    title: str
    since: datetime
    until: datetime
    timezone: str
    counts: Counts
    health: FeedHealth
    corrections: tuple[Correction, ...]
    sections: tuple[EditionSection, ...]
    known: tuple[str, ...] = ()
    previous: str | None = None
    stories_off: bool = False  # entries were stored but not grouped into stories
    language: str = "en"  # of the labels
    series: str = ""  # its name in digest.editions; empty for the daily edition

    @property
    def nothing_new(self) -> bool:
        """Return whether there is neither a story nor a correction to show, and no entry without a story."""
        waiting = self.stories_off and self.counts.entries > 0
        return not waiting and not self.corrections and not any(section.stories for section in self.sections)

    def stories(self) -> Iterator[EditionStory]:
        """Yield every story shown, in reading order."""
        for section in self.sections:
            yield from section.stories


def edition_id(window: Window, series: str = "") -> str:
    """Return the id of a series' edition of ``window``: readable, sortable, and the same in every run."""
    moments = (f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}" for moment in (window.since, window.until))
    return "-".join((*moments, series) if series else moments)
