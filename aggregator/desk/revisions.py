"""Versions of entries, edits between them, and changed headlines."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.desk.reader import Reader
from aggregator.exceptions import NotFoundError
from aggregator.model import Entry, Story
from aggregator.newsroom.novelty import Version, versions
from aggregator.newsroom.revisions import Change, HeadlineChange, Piece, compare, diff, headline_changes
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.text.counts import enumerated

log = logging.getLogger("aggregator.revisions")


@dataclass(frozen=True, slots=True)
class Edit:
    """The changes of an entry between two of its versions; ``steps`` is the number of edits between them."""

    entry: Entry
    before: Version
    after: Version
    change: Change
    title: tuple[Piece, ...]
    text: tuple[Piece, ...]

    @property
    def first(self) -> int:
        """Return the number of the version before."""
        return self.before.number

    @property
    def last(self) -> int:
        """Return the number of the version after."""
        return self.after.number

    @property
    def steps(self) -> int:
        """Count the edits that lie between the two versions."""
        return self.last - self.first


@dataclass(frozen=True, slots=True)
class Retitled:
    """A changed headline and its story."""

    story_id: str
    change: HeadlineChange


def versions_of(reader: Reader, entries: Sequence[Entry]) -> dict[str, tuple[Version, ...]]:
    """Return entry id -> its versions, oldest first; the last is the present one."""
    texts = reader.entries.texts([entry.id for entry in entries])
    found = {}
    for entry in entries:
        earlier = reader.entries.revisions(entry.id) if entry.revisions else ()
        history = versions(entry, texts.get(entry.id, ""), earlier)
        # a backlog entry's first version existed before the desk followed the feed; dates changed by an edit are not believed
        first = replace(history[0], time=min(history[0].time, entry.seen), written=min(entry.time, entry.first_seen))
        found[entry.id] = (first, *history[1:])
    return found


def until(history: Mapping[str, Sequence[Version]], moment: datetime) -> dict[str, tuple[Version, ...]]:
    """Return the versions before a time; entries that arrived later are left out."""
    kept = {name: tuple(one for one in versions if one.time < moment) for name, versions in history.items()}
    return {name: versions for name, versions in kept.items() if versions}


def entry_edit(reader: Reader, prefix: str, first: int | None = None, last: int | None = None) -> Edit:
    """Return the changes of an entry between two versions, by default between the last two.

    ``first`` alone is compared with the present version. Raises NotFoundError for a version that does not exist.
    """
    entry = reader.entry(prefix)
    history = versions_of(reader, [entry])[entry.id]
    if len(history) == 1 and first is None and last is None:
        raise NotFoundError(f"entry {entry.id} was never edited; `entry show {entry.id}` has its one version")
    kept = {version.number: version for version in history}
    end = max(kept) if last is None else last
    start = max((number for number in kept if number < end), default=end) if first is None else first
    for number in (start, end):
        if number not in kept:
            raise NotFoundError(f"entry {entry.id} has no version {number}; its versions are {_listed(list(kept))}")
    return _edit(entry, kept[start], kept[end])


def _listed(numbers: Sequence[int]) -> str:
    """Return numbers in words; versions in between may be deleted."""
    if numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    return enumerated([str(number) for number in numbers])


def story_edits(reader: Reader, story: Story, since: datetime | None = None) -> tuple[Edit, ...]:
    """Return the edits of a story's entries since a time (by default since first seen), one per entry.

    Each compares the version of that time with the present one; edits are ordered by their end.
    """
    members = [entry for entry in story.entries if entry.revisions]
    found = []
    for entry_id, history in versions_of(reader, members).items():
        standing = 1 if since is None else max(sum(one.time < since for one in history), 1)
        if standing < len(history):
            entry = next(one for one in members if one.id == entry_id)
            found.append(_edit(entry, history[standing - 1], history[-1]))
    return tuple(sorted(found, key=lambda edit: (edit.after.time, edit.entry.id)))


def edited_between(reader: Reader, since: datetime, before: datetime) -> dict[str, dict[str, datetime]]:
    """Return story id -> entry id -> time of its newest version in this window."""
    found: dict[str, dict[str, datetime]] = {}
    for entry in _edited(reader, since, before):
        if not entry.story_id:  # stored while stories were off, or not placed yet
            continue
        moments = [one.replaced for one in reader.entries.revisions(entry.id) if since <= one.replaced < before]
        found.setdefault(entry.story_id, {})[entry.id] = max(moments)
    return found


def headlines_between(reader: Reader, since: datetime, before: datetime) -> tuple[Retitled, ...]:
    """Return the headlines changed in a window, oldest change first."""
    entries = _edited(reader, since, before)
    stories = {entry.id: entry.story_id for entry in entries}
    changes: list[HeadlineChange] = []
    for entry in entries:
        try:
            changes += headline_changes([(entry, reader.entries.revisions(entry.id))], since, before)
        except Exception as error:
            if is_database_error(error):
                raise
            reader.faults.append((entry.id, error))
            log.exception("the headlines of entry %s could not be compared", entry.id)
    changes.sort(key=lambda change: (change.time, change.entry_id))
    return tuple(Retitled(stories[change.entry_id], change) for change in changes)


def _edited(reader: Reader, since: datetime, before: datetime) -> list[Entry]:
    return reader.entries.revised_between(since, before)


def _edit(entry: Entry, before: Version, after: Version) -> Edit:
    return Edit(
        entry=entry,
        before=before,
        after=after,
        change=compare((before.title, before.text), (after.title, after.text)),
        title=diff(before.title, after.title),
        text=diff(before.text, after.text),
    )
