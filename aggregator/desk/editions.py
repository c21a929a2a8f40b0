"""Makes editions: they use the same query as the list, are stored once, and stay identical byte by byte."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from aggregator.desk.edition_materials import EditionMaterials, guarded
from aggregator.desk.edition_series import DAILY, query_of, settings_of
from aggregator.desk.health import edition_health
from aggregator.desk.reader import Reader, just_after
from aggregator.digest.edition import build
from aggregator.digest.frozen import from_json, to_json
from aggregator.digest.story import gains_from
from aggregator.digest.time_zone import time_zone
from aggregator.digest.values import Counts, Edition, FeedHealth, Window, edition_id
from aggregator.exceptions import UsageError
from aggregator.ingest.clocks import AHEAD
from aggregator.model import StoryQuery
from aggregator.model.faults import fault_of
from aggregator.settings import DigestSettings, Settings
from aggregator.storage.database import Store
from aggregator.storage.editions import EditionStore, StoredEdition
from aggregator.storage.entries import EntryStore
from aggregator.storage.faults import FaultStore
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.storage.times import to_text

_DAY = timedelta(days=1)


def day_window(day: date, settings: DigestSettings, now: datetime) -> Window:
    """Return the calendar day in the desk's time zone, cut off at ``now``; raises UsageError if it has not begun."""
    zone = time_zone(settings.timezone)
    start = datetime.combine(day, time(0), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(0), zone).astimezone(UTC)
    return checked_window(Window(start, min(end, just_after(now))))


def given_window(
    store: Store, since: datetime | None, until: datetime | None, now: datetime, series: str = DAILY
) -> Window:
    """Return the window between two times, by default the 24 hours up to and including this second; raises UsageError if it has not begun.

    A window that ends in this second includes it, and the same two times find the same edition later.
    """
    past = until is not None and until < now
    window = checked_window(Window(since or (until or now) - _DAY, until if until and past else just_after(now)))
    if until is None or not past:
        return window
    editions, with_end = EditionStore(store), replace(window, until=just_after(until))
    if editions.get(edition_id(window, series)) is not None:
        return window
    kept = editions.get(edition_id(with_end, series))
    return with_end if kept is not None and until <= kept.made < with_end.until else window


def checked_window(window: Window) -> Window:
    """Return a window; raises UsageError if it has not begun, because its edition would stay empty permanently."""
    if window.since >= window.until:
        raise UsageError(f"the edition from {to_text(window.since)} on cannot be made: that time is yet to come")
    return window


def make_edition(store: Store, settings: Settings, window: Window, now: datetime, series: str = DAILY) -> Edition:
    """Return the edition of a window: the stored one, or a new one, which is then stored.

    It is made from one snapshot of the database, without a lock. A stored edition is ignored if a clock that was ahead made
    it before its window ended, or if it was made before its window began. If the database is read-only, the edition
    is made but not stored. Raises NotFoundError if there is no such series.
    """
    settings = settings_of(settings, series)
    time_zone(settings.digest.timezone)
    window = Window(window.since.replace(microsecond=0), window.until.replace(microsecond=0))
    editions = EditionStore(store)
    with store.snapshot():
        kept = editions.get(edition_id(window, series))
        if kept is not None and not _is_from_future(kept, now):
            return from_json(kept.body)
        before = editions.before(window.since, window.until, series)
        previous = from_json(before.body) if before else None
        health = edition_health(store, window.since, window.until, now)
        reader = Reader(store, now)
        edition = _build(reader, settings, window, health, previous, series)
    shown = sum(1 for _ in edition.stories())
    if store.read_only:
        return edition
    body = to_json(edition)  # a tenth of a second for a thousand stories, while others may write
    with store.transaction():
        kept = editions.get(edition.id)
        if kept is not None and not _is_from_future(kept, now):  # another process was first
            return from_json(kept.body)
        _store_faults(store, reader.faults, now)
        editions.drop_from_future(now + AHEAD)
        editions.add(StoredEdition(edition.id, window.since, window.until, now, body), edition.title, shown)
    return edition


def _store_faults(store: Store, faults: Sequence[tuple[str, Exception]], now: datetime) -> None:
    """Store the faults of entries, or of the canonical entries of stories, for bug reports."""
    entries = EntryStore(store)
    for name, error in faults:
        given = entries.get(name).data
        FaultStore(store).add_for_entry(name, fault_of("digesting", name, error, given), now)


def _is_from_future(kept: StoredEdition, now: datetime) -> bool:
    was_ahead = kept.made > now + AHEAD and kept.until > now + AHEAD
    return was_ahead or kept.made < kept.since  # made before its time had begun


def _build(
    reader: Reader, settings: Settings, window: Window, health: FeedHealth, previous: Edition | None, series: str
) -> Edition:
    asked = query_of(settings, series)
    materials = EditionMaterials(reader, asked, window, gains_from(window, previous))
    stories = None if asked == StoryQuery() else materials.listed
    made = partial(
        build,
        window,
        counts=Counts(*reader.stories.counts_between(window.since, window.until, stories)),
        health=health,
        settings=settings.digest,
        previous=previous,
        stories_off=not settings.stories.enabled,
        series=series,
    )
    found = materials.all()
    try:
        return made(found)
    except Exception as error:
        if is_database_error(error):
            raise
        return made([one for one in found if guarded(reader, one.story, None, partial(made, [one])) is not None])
