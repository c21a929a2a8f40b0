"""Making editions: chosen by the same query as the list, frozen once, byte-identical ever after."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import TypeVar

from aggregator.clustering.canonical import tells_no_event
from aggregator.clustering.recurring import is_recurring_title
from aggregator.desk.corrections import notices
from aggregator.desk.edition_series import DAILY, query_of, settings_of
from aggregator.desk.edition_windows import zone_of
from aggregator.desk.health import edition_health
from aggregator.desk.novelty import what_is_new
from aggregator.desk.reader import Reader, just_after
from aggregator.desk.revisions import edited_between, headlines_between
from aggregator.digest.edition import (
    Counts,
    Edition,
    FeedHealth,
    Headline,
    Material,
    WhatIsNew,
    Window,
    build,
    edition_id,
)
from aggregator.digest.frozen import from_json, to_json
from aggregator.digest.story import gains_from
from aggregator.exceptions import UsageError
from aggregator.ingest.clocks import AHEAD
from aggregator.ingest.story_rows import story_fields
from aggregator.model import Story, StoryQuery
from aggregator.model.faults import fault_of
from aggregator.settings import DigestSettings, Settings
from aggregator.storage.database import Store, is_database_error
from aggregator.storage.editions import EditionStore, StoredEdition
from aggregator.storage.entries import EntryStore
from aggregator.storage.faults import FaultStore
from aggregator.storage.times import to_text
from aggregator.text.headlines import plain_headline
from aggregator.text.tokens import sentences

Edited = Mapping[str, Mapping[str, datetime]]  # story -> entry -> when it was edited last

Fault = tuple[str, Exception]  # an entry of which, or of whose story, something could not be made
Value = TypeVar("Value")
Other = TypeVar("Other")

log = logging.getLogger("aggregator.editions")

# An edition shows a few dozen stories; what is new is worked out only for those that could be among them.
CARRIED_AT_MOST = 60


def day_window(day: date, settings: DigestSettings, now: datetime) -> Window:
    """Return the calendar day in the desk's time zone, cut off at ``now``; UsageError where it is yet to begin."""
    zone = zone_of(settings)
    start = datetime.combine(day, time(0), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(0), zone).astimezone(UTC)
    return checked_window(Window(start, min(end, just_after(now))))


def checked_window(window: Window) -> Window:
    """Return a window; UsageError where it has no time in it: frozen now, it would be empty for good."""
    if window.since >= window.until:
        raise UsageError(f"the edition from {to_text(window.since)} on cannot be made: that time is yet to come")
    return window


def make_edition(store: Store, settings: Settings, window: Window, now: datetime, series: str = DAILY) -> Edition:
    """Return the edition of a window: the frozen one where there is one, else made and frozen now.

    It is made from one snapshot of the database, without a lock on it. One that was made of a window that
    is yet to end, by a clock that was ahead, does not stand, nor one that was made before its window began.
    Where the database can only be read it is made and not frozen. NotFoundError where there is no such series.
    """
    settings, query = settings_of(settings, series), query_of(settings, series)
    zone_of(settings.digest)
    window = Window(window.since.replace(microsecond=0), window.until.replace(microsecond=0))
    editions = EditionStore(store)
    with store.snapshot():
        kept = editions.get(edition_id(window, series))
        if kept is not None and not _is_from_future(kept, now):
            return from_json(kept.body)
        before = editions.before(window.since, window.until, series)
        previous = from_json(before.body) if before else None
        health = edition_health(store, window.since, window.until, now)
        faults: list[Fault] = []
        edition = _build(store, settings, window, health, previous, now, faults, query, series)
    shown = sum(1 for _ in edition.stories())
    if store.read_only:
        return edition
    body = to_json(edition)  # a tenth of a second for a thousand stories, while others may write
    with store.transaction():
        kept = editions.get(edition.id)
        if kept is not None and not _is_from_future(kept, now):  # another process was first
            return from_json(kept.body)
        _keep(store, faults, now)
        editions.drop_from_future(now + AHEAD)
        editions.add(StoredEdition(edition.id, window.since, window.until, now, body), edition.title, shown)
    return edition


def _keep(store: Store, faults: Sequence[Fault], now: datetime) -> None:
    """Store the faults of entries, or of the canonical entries of stories, for reports."""
    entries = EntryStore(store)
    for name, error in faults:
        given = entries.get(name).data
        FaultStore(store).keep_of_entry(name, fault_of("digesting", name, error, given), now)


def _guarded(faults: list[Fault], story: Story, otherwise: Other, work: Callable[[], Value]) -> Value | Other:
    """Return the result of ``work`` for a story; where it raises, note the fault and return the default."""
    try:
        return work()
    except Exception as error:
        if is_database_error(error):
            raise
        log.exception("story %s: the edition goes without a part of it", story.summary.id)
        faults.append((story.summary.canonical_entry, error))
        return otherwise


def _is_from_future(kept: StoredEdition, now: datetime) -> bool:
    was_ahead = kept.made > now + AHEAD and kept.until > now + AHEAD
    return was_ahead or kept.made < kept.since  # made before its time had begun


def _build(
    store: Store,
    settings: Settings,
    window: Window,
    health: FeedHealth,
    previous: Edition | None,
    now: datetime,
    faults: list[Fault],
    asked: StoryQuery,
    series: str,
) -> Edition:
    reader = Reader(store, now)
    reader.faults = faults
    query = replace(asked, since=window.since, until=window.until, sort="publishers", limit=None)
    listed = [summary.id for summary in reader.find(query)]
    edited: Edited = edited_between(reader, window.since, window.until)
    if is_filtered := asked != StoryQuery():
        edited = _about(reader, asked, edited, window)
    moment = gains_from(window, previous)
    retitled = _retitled(reader, Window(moment, window.until))
    materials = _materials(reader, listed, edited, window, moment, faults)
    materials += _notices_and_headlines(reader, listed, edited, window, moment, retitled, faults)
    materials = [replace(one, headlines=retitled.get(one.story.summary.id, ())) for one in materials]
    made = partial(
        build,
        window,
        counts=Counts(*reader.stories.counts_between(window.since, window.until, listed if is_filtered else None)),
        health=health,
        settings=settings.digest,
        previous=previous,
        stories_off=not settings.stories.enabled,
        series=series,
    )
    try:
        return made(materials)
    except Exception as error:
        if is_database_error(error):
            raise
        return made([one for one in materials if _guarded(faults, one.story, None, partial(made, [one])) is not None])


def _materials(
    reader: Reader,
    story_ids: Sequence[str],
    edited: Edited,
    window: Window,
    moment: datetime,
    faults: list[Fault],
) -> list[Material]:
    """Return the material of an edition, of these stories as they were when the window closed.

    What is new in them is what came since ``moment``.
    """
    stories = []
    for story in reader.load(story_ids, window.since, light=True):
        pinned = reader.stories.pinned(story.summary.id)
        then = _guarded(faults, story, None, partial(as_of, story, window.until, pinned))
        if then is not None:
            stories.append(then)
    texts = reader.entries.texts([story.summary.canonical_entry for story in stories])
    carried = [
        story.summary.id
        for story in stories
        if story.summary.first_seen < moment
        and (
            story.summary.last_seen >= moment or max(edited.get(story.summary.id, {}).values(), default=moment) > moment
        )
    ]
    fresh = frozenset(carried[:CARRIED_AT_MOST])
    materials = []
    for story in stories:
        summary = story.summary
        text = texts.get(summary.canonical_entry, "")
        material = Material(
            story=story,
            sentences=tuple(_guarded(faults, story, [], partial(sentences, text, summary.language)))[:6],
            edited=tuple(sorted(edited.get(summary.id, {}).items())),
            corrections=_guarded(faults, story, (), partial(notices, reader, story, window)),
            recurring=_guarded(faults, story, False, partial(is_recurring_title, summary.title)),
            running=_guarded(faults, story, frozenset(), partial(_running, story)),
        )
        if summary.id in fresh:
            news = partial(what_is_new, reader, story, moment, window.until)
            material = replace(material, new=_guarded(faults, story, WhatIsNew(), news))
        materials.append(material)
    return materials


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
    return frozenset(entry.id for entry in story.entries if tells_no_event(entry))


def _is_recurring(title: str) -> bool:
    try:
        return is_recurring_title(title)
    except Exception:
        log.exception("a headline could not be looked at; it is told")
        return False


def _notices_and_headlines(
    reader: Reader,
    listed: Sequence[str],
    edited: Edited,
    window: Window,
    moment: datetime,
    retitled: Mapping[str, Sequence[Headline]],
    faults: list[Fault],
) -> list[Material]:
    """Return the material of stories in which entries were only edited, where that matters to a reader.

    It does where a headline changed, something new was reported, or a correction came. The edits that came last go first.
    """
    known = frozenset(listed)
    others = sorted(
        (story_id for story_id in edited if story_id not in known),
        key=lambda story_id: (max(edited[story_id].values()), story_id),
        reverse=True,
    )
    return [
        material
        for material in _materials(reader, others[:CARRIED_AT_MOST], edited, window, moment, faults)
        if material.new or material.corrections or retitled.get(material.story.summary.id)
    ]


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
    summary = replace(
        story.summary,
        title=then.title,
        url=then.url,
        publisher=then.publisher,
        agency=then.agency,
        entries=then.entries,
        reports=then.reports,
        publishers=then.publishers,
        first_seen=then.first_seen,
        last_seen=then.last_seen,
        canonical_entry=then.canonical_entry,
    )
    return replace(story, summary=summary, reports=tuple(reports))


def _about(reader: Reader, asked: StoryQuery, edited: Edited, window: Window) -> Edited:
    """Return the stories with edited entries that a series is about."""
    first = min((reader.stories.summary(story, window.until).last_seen for story in edited), default=window.until)
    about = {summary.id for summary in reader.find(replace(asked, since=first, until=window.until, limit=None))}
    return {story: entries for story, entries in edited.items() if story in about}
