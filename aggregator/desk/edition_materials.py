"""The material of an edition: the stories of its window in their state at its end, and the news in them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TypeVar

from aggregator.clustering.canonical import reports_no_event
from aggregator.clustering.recurring import is_recurring_title
from aggregator.desk.corrections import notices
from aggregator.desk.novelty import what_is_new
from aggregator.desk.reader import Reader
from aggregator.desk.revisions import edited_between, headlines_between
from aggregator.digest.values import Headline, Material, WhatIsNew, Window
from aggregator.ingest.story_rows import story_fields
from aggregator.model import Story, StoryQuery
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.text.headlines import plain_headline
from aggregator.text.tokens import sentences

Edited = Mapping[str, Mapping[str, datetime]]  # story -> entry -> time of its last edit

Value = TypeVar("Value")
Other = TypeVar("Other")

log = logging.getLogger("aggregator.editions")

# An edition shows a few dozen stories; news is computed only for stories that could be among them.
CARRIED_AT_MOST = 60
# The fields of a story's line that are computed from its entries at a given time.
_OF_ITS_TIME = (
    *("title", "url", "publisher", "agency", "canonical_entry"),
    *("entries", "reports", "publishers", "first_seen", "last_seen"),
)


class EditionMaterials:
    """The stories of one edition; entries that arrived since ``moment`` are new.

    A part that raises an error is left out and added to the reader's faults.
    """

    def __init__(self, reader: Reader, asked: StoryQuery, window: Window, moment: datetime) -> None:
        self._reader = reader
        self._window = window
        self._moment = moment
        query = replace(asked, since=window.since, until=window.until, sort="publishers", limit=None)
        self.listed = [summary.id for summary in reader.find(query)]
        edited = edited_between(reader, window.since, window.until)
        self._edited: Edited = edited if asked == StoryQuery() else _about(reader, asked, edited, window)
        self._retitled = _retitled(reader, Window(moment, window.until))

    def all(self) -> list[Material]:
        """Return the material of the listed stories, then of stories in which entries were only edited."""
        materials = [*self._of(self.listed), *self._of_edited()]
        return [replace(one, headlines=self._retitled.get(one.story.summary.id, ())) for one in materials]

    def _of(self, story_ids: Sequence[str]) -> list[Material]:
        reader = self._reader
        stories = []
        for story in reader.load(story_ids, self._window.since, light=True):
            pinned = reader.stories.pinned(story.summary.id)
            then = guarded(reader, story, None, partial(as_of, story, self._window.until, pinned))
            if then is not None:
                stories.append(then)
        texts = reader.entries.texts([story.summary.canonical_entry for story in stories])
        carried = frozenset([story.summary.id for story in stories if self._is_carried(story)][:CARRIED_AT_MOST])
        return [
            self._material(story, texts.get(story.summary.canonical_entry, ""), carried=story.summary.id in carried)
            for story in stories
        ]

    def _is_carried(self, story: Story) -> bool:
        """Return whether a story from before has something that came since."""
        summary, moment = story.summary, self._moment
        edited = max(self._edited.get(summary.id, {}).values(), default=moment)
        return summary.first_seen < moment and (summary.last_seen >= moment or edited > moment)

    def _material(self, story: Story, text: str, *, carried: bool) -> Material:
        reader, summary = self._reader, story.summary
        material = Material(
            story=story,
            sentences=tuple(guarded(reader, story, [], partial(sentences, text, summary.language)))[:6],
            edited=tuple(sorted(self._edited.get(summary.id, {}).items())),
            corrections=guarded(reader, story, (), partial(notices, reader, story, self._window)),
            recurring=guarded(reader, story, False, partial(is_recurring_title, summary.title)),
            running=guarded(reader, story, frozenset(), partial(_running, story)),
        )
        if not carried:
            return material
        news = partial(what_is_new, reader, story, self._moment, self._window.until)
        return replace(material, new=guarded(reader, story, WhatIsNew(), news))

    def _of_edited(self) -> list[Material]:
        """Return the material of stories in which entries were only edited, where that matters to a reader.

        It does where a headline changed, something new was reported, or a correction came. The edits that came last go first.
        """
        known = frozenset(self.listed)
        others = sorted(
            (story_id for story_id in self._edited if story_id not in known),
            key=lambda story_id: (max(self._edited[story_id].values()), story_id),
            reverse=True,
        )
        return [
            material
            for material in self._of(others[:CARRIED_AT_MOST])
            if material.new or material.corrections or self._retitled.get(material.story.summary.id)
        ]


def guarded(reader: Reader, story: Story, otherwise: Other, work: Callable[[], Value]) -> Value | Other:
    """Return the result of ``work`` for a story; where it raises, note the fault and return the default."""
    try:
        return work()
    except Exception as error:
        if is_database_error(error):
            raise
        log.exception("story %s: the edition goes without a part of it", story.summary.id)
        reader.faults.append((story.summary.canonical_entry, error))
        return otherwise


def _retitled(reader: Reader, window: Window) -> dict[str, tuple[Headline, ...]]:
    """Return story id -> changed headlines, from the window's beginning to its end.

    A live blog's headline changes with every turn and is left out.
    """
    found: dict[str, dict[str, Headline]] = {}
    for one in headlines_between(reader, window.since, window.until):
        change = one.change
        headlines = found.setdefault(one.story_id, {})
        first = headlines.pop(change.entry_id, None)  # the latest change comes last
        before = first.before if first else plain_headline(change.before)
        headlines[change.entry_id] = Headline(change.publisher, before, plain_headline(change.after), change.url)
    return {
        story_id: tuple(one for one in headlines.values() if one.before != one.after and not _is_recurring(one.after))
        for story_id, headlines in found.items()
    }


def _running(story: Story) -> frozenset[str]:
    """Return the entries of a story that are live pages, briefings or comments."""
    return frozenset(entry.id for entry in story.entries if reports_no_event(entry))


def _is_recurring(title: str) -> bool:
    try:
        return is_recurring_title(title)
    except Exception:
        log.exception("a headline could not be looked at; it is told")
        return False


def as_of(story: Story, until: datetime, pinned: str | None = None) -> Story:
    """Return a story as it was at a moment, without later entries. A pinned entry stays canonical."""
    reports = []
    for report in story.reports:
        entries = tuple(entry for entry in report.entries if entry.seen < until)
        if entries:
            reports.append(replace(report, entries=entries))
    members = [entry for report in reports for entry in report.entries]
    if len(members) == story.summary.entries:
        return story
    then = story_fields(members, pinned)
    summary = replace(story.summary, **{name: getattr(then, name) for name in _OF_ITS_TIME})
    return replace(story, summary=summary, reports=tuple(reports))


def _about(reader: Reader, asked: StoryQuery, edited: Edited, window: Window) -> Edited:
    """Return the stories with edited entries that a series is about."""
    first = min((reader.stories.summary(story, window.until).last_seen for story in edited), default=window.until)
    about = {summary.id for summary in reader.find(replace(asked, since=first, until=window.until, limit=None))}
    return {story: entries for story, entries in edited.items() if story in about}
