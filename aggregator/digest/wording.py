"""Phrases of a digest in the language of its labels: counts, times, flags, and the text between links."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Self

from aggregator.digest.labels import ENGLISH, Labels, labels
from aggregator.digest.time_zone import time_zone
from aggregator.digest.values import Edition, EditionSection, EditionStory, FeedNote, Source
from aggregator.model import Flag
from aggregator.text.display import fitting_part
from aggregator.text.headlines import letters

_LABELS = {
    Flag.NEW: "NEW",
    Flag.UPDATED: "UPDATED",
    Flag.CORRECTED: "CORRECTED",
    Flag.KILLED: "KILLED",
    Flag.SINGLE_SOURCE: "SINGLE SOURCE",
    Flag.EDITED: "EDITED",
}
# Healthy feeds are named only if polls may have missed entries.
_TROUBLES = {"failing": "Failing", "silent": "Silent", "gone": "Gone"}
_SINCE = {"failing": "last read {time}", "silent": "last entry {time}", "gone": "last read {time}"}
_KINDS = {"kill": "Killed", "withdrawn": "Withdrawn", "retraction": "Retracted"}
# Words at the beginning of a title that name the kind of notice.
_KIND_WORDS = {
    "correction": "correct(?:ion|ed|s)",
    "kill": "kill(?:ed)?",
    "withdrawn": "withdrawn",
    "retraction": "retract(?:ion|ed)",
    "clarification": "clarif(?:ication|ied)",
}


_HEADLINE = 200  # characters of another outlet's headline
BRIEF = 5  # lines at the top of an edition that has more stories


def titled(name: str, title: str) -> str:
    """Return a notice's title without the word of its kind at the beginning, since the kind is printed before it."""
    words = _KIND_WORDS.get(name, re.escape(name))
    found = re.match(
        rf"(?:[\[(【]?(?:{words})[\])】]?\s*(?:[:：–—|-]\s*|(?<=[\])】])\s*))+(?=\S)", title, re.IGNORECASE
    )
    return title[found.end() :] if found else title


class Wording:
    """The phrases of a digest in one language."""

    titled = staticmethod(titled)

    def __init__(self, labels: Labels) -> None:
        self.say = labels

    def label(self, flag: Flag) -> str:
        """Return the label of a flag."""
        return self.say(_LABELS[flag])

    def kind(self, name: str) -> str:
        """Return the kind of a correction notice as a word."""
        return self.say(_KINDS.get(name, name.replace("_", " ").capitalize()))

    def section(self, section: EditionSection) -> str:
        """Return the heading of a section; a category is not translated."""
        ours = section.key != "rest" or section.title == "Other"
        return self.say(section.title) if ours else section.title

    def three_counts(self, story: EditionStory) -> str:
        """Return the three counts of a story: entries, independent reports, publishers."""
        independent = self.say("{number} independent", number=self.say.number(story.reports))
        entries, publishers = self.say.amount(story.entries, "entry"), self.say.amount(story.publishers, "publisher")
        return f"{entries} · {independent} · {publishers}"

    @staticmethod
    def brief(edition: Edition) -> tuple[EditionStory, ...]:
        """Return the stories listed at the top; none if the edition is short."""
        if sum(len(section.stories) for section in edition.sections) <= BRIEF:
            return ()
        named = (story for section in edition.sections if not section.folded for story in section.stories)
        return tuple(islice(named, BRIEF))

    @staticmethod
    def row_flags(story: EditionStory) -> tuple[Flag, ...]:
        """Return the flags of a row under "The rest", without "single source" for a single entry."""
        return tuple(flag for flag in story.flags if flag != Flag.SINGLE_SOURCE or story.entries > 1)

    @staticmethod
    def storyline_opened(section: EditionSection, story: EditionStory) -> str:
        """Return the title of the storyline that begins with this story in a section; empty for a single story."""
        if story.storyline is None:
            return ""
        together = [one.id for one in section.stories if one.storyline and one.storyline.id == story.storyline.id]
        return story.storyline.title if len(together) > 1 and together[0] == story.id else ""

    def gained(self, story: EditionStory) -> str:
        """Return the gains of a carried-over story since the previous edition; empty if there are none, or if unknown."""
        gains = (
            (story.gained_entries, "entry"),
            (story.gained_reports, "report"),
            (story.gained_publishers, "publisher"),
        )
        return ", ".join(f"+{self.say.amount(number, noun)}" for number, noun in gains if number and number > 0)

    @staticmethod
    def cut(title: str) -> str:
        """Return a headline cut to about three lines."""
        return title if len(title) <= _HEADLINE else title[: _HEADLINE - 1].rstrip() + "…"

    @staticmethod
    def told(story: EditionStory) -> tuple[Source, ...]:
        """Return the sources of "Also" whose headline differs from the story's."""
        own = letters(story.title)
        return tuple(one for one in story.also if one.title and letters(one.title) != own)

    def others(self, story: EditionStory) -> tuple[Source, ...]:
        """Return the sources of "Also" that carry the story's headline: copies, as a rule."""
        told = self.told(story)
        return tuple(one for one in story.also if one not in told)

    def beyond(self, story: EditionStory) -> str:
        """Return the text after the links of "Also": ``+17 more (12 AP copies)``."""
        copies = ", ".join(self.say.amount(number, "copy", agency=agency) for agency, number in story.copies)
        parts = [self.say("+{number} more", number=self.say.number(story.more))] if story.more else []
        return " ".join((*parts, *([f"({copies})"] if copies else [])))

    def chain(self, edition: Edition) -> str:
        """Return the counts of entries, reports and stories."""
        counts, amount = edition.counts, self.say.amount
        entries = amount(counts.entries, "entry")
        if edition.stories_off and not counts.reports:
            return self.say("{entries}, stories switched off", entries=entries)
        return " → ".join((entries, amount(counts.reports, "report"), amount(counts.stories, "story")))

    def ungrouped(self, edition: Edition) -> str:
        """Return the note that stories are switched off; empty if they are on."""
        if not edition.stories_off:
            return ""
        return self.say(
            "Stories are switched off: stories.enabled is false. {entries} came in during this window; search finds them.",
            entries=self.say.amount(edition.counts.entries, "entry"),
        )

    def polled(self, edition: Edition) -> str:
        """Return the numbers of polled, failed and silent feeds."""
        health = edition.health
        return self.say(
            "{feeds} polled, {failed} failed, {silent} silent",
            feeds=self.say.amount(health.polled, "feed"),
            failed=health.failed,
            silent=health.silent,
        )

    def health(self, note: FeedNote, clock: Clock) -> str:
        """Return the note on a feed, in one line."""
        state = self.say(_TROUBLES[note.state]) if note.state in _TROUBLES else ""
        since = f", {self.say(_SINCE[note.state], time=clock.short(note.since))}" if state and note.since else ""
        polls = self.say.amount(note.possible_gaps, "poll")
        gaps = self.say("{polls} may have missed entries", polls=polls) if note.possible_gaps else ""
        parts = (state + since, note.message if state else "", gaps)
        sentence = ". ".join(part.rstrip(". ") for part in parts if part)
        return sentence[:1].upper() + sentence[1:]


class Clock:
    """Formats times in the desk's zone, without the day if it is the edition's own day."""

    def __init__(self, timezone: str, since: datetime, until: datetime, say: Labels | None = None) -> None:
        self._say = say or labels(ENGLISH)
        self._zone = time_zone(timezone)
        self._since, self._until = since, until

    @classmethod
    def of(cls, edition: Edition, say: Labels | None = None) -> Self:
        """Return the clock of an edition."""
        return cls(edition.timezone, edition.since, edition.until, say)

    def start(self) -> str:
        """Return the beginning of the window."""
        return self.short(self._since)

    def short(self, moment: datetime) -> str:
        """Return ``06:12`` on the edition's last day, ``Mon 9 Mar 23:10`` on another."""
        local = moment.astimezone(self._zone)
        time = f"{local:%H:%M}"
        if local.date() == (self._until - timedelta(microseconds=1)).astimezone(self._zone).date():
            return time
        return self._written(self._say.moment, local)

    def seen(self, story: EditionStory) -> str:
        """Return when a story was first and last seen; one time if both are the same minute."""
        first, last = self.short(story.first_seen), self.short(story.last_seen)
        if first == last:
            return self._say("Seen {time}", time=first)
        return self._say("First seen {first}, last {last}", first=first, last=last)

    def day(self) -> str:
        """Return the date of the edition, ``10 March 2026``: the last day that it covers, so an edition until midnight has the ending day."""
        local = (self._until - timedelta(microseconds=1)).astimezone(self._zone)
        return self._written(self._say.date, local)

    def window(self) -> str:
        """Return the window in the desk's time zone and in UTC."""
        start, end = self._since.astimezone(self._zone), self._until.astimezone(self._zone)
        close = f"{end:%H:%M}" if start.date() == end.date() else self._full(end)
        local = f"{self._full(start)} – {close} {_zone_name(end)}"
        if end.utcoffset() == start.utcoffset() == timedelta():
            return local
        utc = f"{self._since.astimezone(UTC):%H:%M}", f"{self._until.astimezone(UTC):%H:%M}"
        return f"{local} ({utc[0]} – {utc[1]} UTC)"

    def _full(self, local: datetime) -> str:
        return self._written(self._say.full, local)

    def _written(self, form: str, local: datetime) -> str:
        # not by strftime, whose words depend on the locale of the process
        return form.format(
            weekday=self._say.days[local.weekday()],
            day=local.day,
            month=self._say.months[local.month - 1],
            short_month=self._say.short_months[local.month - 1],
            year=local.year,
            time=f"{local:%H:%M}",
        )

    @staticmethod
    def machine(moment: datetime) -> str:
        """Return ``moment`` in UTC for machines."""
        return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _zone_name(local: datetime) -> str:
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


# --- plain text --------------------------------------------------------------------------------

_WORD = re.compile(r"\[[A-Z ]{1,20}\](?!\S)|\S+")  # a flag is one word


def columns(text: str) -> int:
    """Return the width of ``text`` in terminal columns."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def fold(text: str, indent: str = "", first: str | None = None, width: int = 78) -> str:
    """Return ``text`` wrapped at ``width`` columns; ``first`` precedes the first line; addresses and flags are never broken."""
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
            cut = fitting_part(line, width, _columns)
            lines.append(line[:cut])
            line = indent + line[cut:]
    return "\n".join((*lines, line)) if text else ""
