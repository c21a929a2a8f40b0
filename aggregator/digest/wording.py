"""The phrases of a digest: counts, times, flags, and the text between links."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aggregator.digest.values import Edition, EditionSection, EditionStory, FeedNote
from aggregator.exceptions import ConfigurationError
from aggregator.model import Flag
from aggregator.text.counts import amount
from aggregator.text.counts import three_counts as counted

# Spelled out rather than left to strftime, whose words follow the locale of the process.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_LABELS = {
    Flag.NEW: "NEW",
    Flag.UPDATED: "UPDATED",
    Flag.CORRECTED: "CORRECTED",
    Flag.KILLED: "KILLED",
    Flag.SINGLE_SOURCE: "SINGLE SOURCE",
    Flag.EDITED: "EDITED",
}
# Feeds that are well are named only for what they may have missed.
_TROUBLES = {"failing": "Failing", "silent": "Silent", "gone": "Gone"}
_SINCE = {"failing": "last read", "silent": "last entry", "gone": "last read"}
_KINDS = {"kill": "Killed", "withdrawal": "Withdrawn", "retraction": "Retracted"}
# How a title says its kind itself.
_SAID = {
    "correction": "correct(?:ion|ed|s)",
    "kill": "kill(?:ed)?",
    "withdrawn": "withdrawn",
    "retraction": "retract(?:ion|ed)",
    "clarification": "clarif(?:ication|ied)",
}


def label(flag: Flag) -> str:
    """Return a flag as a desk reads it."""
    return _LABELS[flag]


def kind(name: str) -> str:
    """Return the kind of a correction notice as a word."""
    return _KINDS.get(name, name.replace("_", " ").capitalize())


def titled(name: str, title: str) -> str:
    """Return a notice's title as it is printed behind its kind: without that word where it begins with it."""
    said = _SAID.get(name, re.escape(name))
    found = re.match(rf"(?:[\[(【]?(?:{said})[\])】]?\s*(?:[:：–—|-]\s*|(?<=[\])】])\s*))+(?=\S)", title, re.IGNORECASE)
    return title[found.end() :] if found else title


def three_counts(story: EditionStory) -> str:
    """Return the three honest counts of a story."""
    return counted(story.entries, story.reports, story.publishers)


def storyline_opened(section: EditionSection, story: EditionStory) -> str:
    """Return the title of the storyline that begins with this story in a section; empty where it has one story there."""
    if story.storyline is None:
        return ""
    together = [one.id for one in section.stories if one.storyline and one.storyline.id == story.storyline.id]
    return story.storyline.title if len(together) > 1 and together[0] == story.id else ""


def gained(story: EditionStory) -> str:
    """Return what a carried-over story gained since the previous edition; empty where nothing is known or gained."""
    gains = (
        (story.gained_entries, "entry", "entries"),
        (story.gained_reports, "report", "reports"),
        (story.gained_publishers, "publisher", "publishers"),
    )
    parts = [f"+{amount(number, one, many)}" for number, one, many in gains if number and number > 0]
    return ", ".join(parts)


def beyond(story: EditionStory) -> str:
    """Return what follows the links of "Also": ``+17 more (12 AP copies)``."""
    copies = ", ".join(amount(number, f"{agency} copy", f"{agency} copies") for agency, number in story.copies)
    parts = [f"+{story.more} more"] if story.more else []
    return " ".join((*parts, *([f"({copies})"] if copies else [])))


def chain(edition: Edition) -> str:
    """Return how entries became stories."""
    counts = edition.counts
    if edition.stories_off and not counts.reports:
        return f"{amount(counts.entries, 'entry', 'entries')}, stories switched off"
    return " → ".join(
        (
            amount(counts.entries, "entry", "entries"),
            amount(counts.reports, "report", "reports"),
            amount(counts.stories, "story", "stories"),
        )
    )


def ungrouped(edition: Edition) -> str:
    """Return what a reader must know where stories are switched off; empty where they are not."""
    if not edition.stories_off:
        return ""
    came = amount(edition.counts.entries, "entry", "entries")
    return f"Stories are switched off: stories.enabled is false. {came} came in during this window; search finds them."


def polled(edition: Edition) -> str:
    """Return how the feeds did, in a few words."""
    health = edition.health
    return f"{amount(health.polled, 'feed', 'feeds')} polled, {health.failed} failed, {health.silent} silent"


def health(note: FeedNote, clock: Clock) -> str:
    """Return what the desk should know about a feed, in one line."""
    state = _TROUBLES.get(note.state, "")
    since = f", {_SINCE[note.state]} {clock.short(note.since)}" if state and note.since else ""
    gaps = f"{amount(note.possible_gaps, 'poll', 'polls')} may have missed entries" if note.possible_gaps else ""
    sentence = ". ".join(part.rstrip(". ") for part in (state + since, note.message if state else "", gaps) if part)
    return sentence[:1].upper() + sentence[1:]


class Clock:
    """Times as the desk reads them, in its zone; the edition's own day is left unsaid."""

    def __init__(self, edition: Edition) -> None:
        self._set(edition.timezone, edition.since, edition.until)

    @classmethod
    def of(cls, timezone: str, since: datetime, until: datetime) -> Self:
        """Return the clock of a window, without an edition."""
        made = cls.__new__(cls)
        made._set(timezone, since, until)
        return made

    def _set(self, timezone: str, since: datetime, until: datetime) -> None:
        try:
            self._zone = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ConfigurationError(
                f"digest.timezone: there is no time zone {timezone!r}. Use a name such as Europe/Warsaw or UTC."
            ) from error
        self._since, self._until = since, until

    def start(self) -> str:
        """Return when the window opened."""
        return self.short(self._since)

    def short(self, moment: datetime) -> str:
        """Return ``06:12`` on the edition's last day, ``Mon 9 Mar 23:10`` on another."""
        local = moment.astimezone(self._zone)
        time = f"{local:%H:%M}"
        if local.date() == (self._until - timedelta(microseconds=1)).astimezone(self._zone).date():
            return time
        return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1][:3]} {time}"

    def seen(self, story: EditionStory) -> str:
        """Return when a story was first and last seen, once where it is the same minute."""
        first, last = self.short(story.first_seen), self.short(story.last_seen)
        return f"Seen {first}" if first == last else f"First seen {first}, last {last}"

    def day(self) -> str:
        """Return the date of the edition, ``10 March 2026``: that of the last day it covers, so that midnight ends one."""
        local = (self._until - timedelta(microseconds=1)).astimezone(self._zone)
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"

    def window(self) -> str:
        """Return the window in the desk's time zone and in UTC."""
        start, end = self._since.astimezone(self._zone), self._until.astimezone(self._zone)
        close = f"{end:%H:%M}" if start.date() == end.date() else _full(end)
        local = f"{_full(start)} – {close} {_zone_name(end)}"
        if end.utcoffset() == start.utcoffset() == timedelta():
            return local
        utc = f"{self._since.astimezone(UTC):%H:%M}", f"{self._until.astimezone(UTC):%H:%M}"
        return f"{local} ({utc[0]} – {utc[1]} UTC)"

    @staticmethod
    def machine(moment: datetime) -> str:
        """Return ``moment`` in UTC for machines."""
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _full(local: datetime) -> str:
    return f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year} {local:%H:%M}"


def _zone_name(local: datetime) -> str:
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


# --- plain text --------------------------------------------------------------------------------

_WORD = re.compile(r"\[[A-Z ]{1,20}\](?!\S)|\S+")  # a flag is one word


def columns(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fold(text: str, indent: str = "", first: str | None = None, width: int = 78) -> str:
    """Wrap ``text`` at ``width`` columns, the first line led by ``first``; addresses and flags are never broken."""
    lines: list[str] = []
    line, empty = (indent if first is None else first), True
    for word in _WORD.findall(text):
        if not empty and columns(line) + 1 + columns(word) > width:
            lines.append(line)
            line, empty = indent, True
        if empty:
            line += word
        else:
            line += f" {word}"
        empty = False
        while columns(line) > width and "://" not in line:
            cut = _cut(line, width)
            lines.append(line[:cut])
            line = indent + line[cut:]
    return "\n".join((*lines, line)) if text else ""


def _cut(line: str, width: int) -> int:
    """Return how many characters of ``line`` fit ``width`` columns."""
    taken = 0
    for place, character in enumerate(line):
        taken += _columns(character)
        if taken > width:
            return place
    return len(line)
