"""Writing the scheduled editions in all their formats, and mailing them: one for each time at which one is due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from aggregator.config.documents import write_atomically
from aggregator.digest.edition import Edition, Window
from aggregator.digest.render import SUFFIXES, render
from aggregator.exceptions import AggregatorError
from aggregator.pipeline.editions import zone_of
from aggregator.pipeline.mailing import mail_edition
from aggregator.settings import DigestSettings
from aggregator.storage.editions import EditionStore
from aggregator.storage.times import from_text, to_text

if TYPE_CHECKING:
    from aggregator.pipeline.desk import Desk
    from aggregator.storage.database import Store

log = logging.getLogger("aggregator.publishing")

# Until when the scheduled editions reached that were written and mailed last, as a list; and where one moment was kept.
PUBLISHED = "digests_published_until"
_PUBLISHED_LAST = "digest_published_until"
# Editions that are made one by one after a long stop, and how many the list above holds. What came before is made as one.
MISSED_AT_MOST = 31
_REMEMBERED = 2 * MISSED_AT_MOST


def publish_due(
    desk: Desk, stop: Event | None = None, told: Callable[[Sequence[Path]], None] = lambda paths: None
) -> list[Path]:
    """Make the editions that came due since the last one; write each in every format, mail it where recipients are named.

    Each covers what was seen between two times at which one was due, also when it is made late: after more than a month
    one covers all but the last 31. It is noted as done after the mail went out: what failed is tried again by the next
    call, with the same bytes and Message-ID. Nothing is made for a time in which the desk asked no feed at all. What was
    stored and is not placed yet is placed before. ``told`` hears of each edition; ``stop`` is heeded between two.
    """
    windows = [window for window in missed_windows(desk) if polled(desk.store, window)]
    if windows:
        desk.place_waiting(stop)
    written: list[Path] = []
    fault: Exception | None = None
    for window in windows:
        if stop is not None and stop.is_set():
            break
        try:
            paths = _publish(desk, window)
        except (AggregatorError, OSError):
            raise  # a mail server, a full disk: what hinders this one hinders the next
        except Exception as error:
            log.exception("the edition of %s cannot be made; `digest --since --until` makes it by hand", window.until)
            fault = error
            continue
        told(paths)
        written += paths
    if fault is not None and not written:
        raise fault
    return written


def missed_windows(desk: Desk) -> list[Window]:
    """Return the windows of the editions that came due and are not published, the oldest first."""
    now, settings = desk.clock(), desk.settings.digest
    last = due_window(now, settings)
    done = published(desk.store, now)
    if done is None:
        return [last]
    windows: list[Window] = []
    window = last
    while window.until > done and len(windows) < MISSED_AT_MOST:
        windows.append(window)
        window = due_window(window.since, settings)
    windows.reverse()
    if windows and windows[0].since > done:
        windows.insert(0, Window(done, windows[0].since))
    return windows


def published(store: Store, now: datetime) -> datetime | None:
    """Return until when the scheduled editions reach that are written and mailed; what a clock wrote that was ahead does not count."""
    return max((moment for moment in _published(store) if moment <= now), default=None)


def _published(store: Store) -> list[datetime]:
    facts = EditionStore(store)
    last, listed = facts.fact(_PUBLISHED_LAST), facts.fact(PUBLISHED)
    return [from_text(text) for text in (listed.split() if listed else [last] if last else [])]


def _publish(desk: Desk, window: Window) -> list[Path]:
    edition = desk.edition(since=window.since, until=window.until)
    written = _write(desk, edition)
    mail = desk.settings.mail
    if mail.server and mail.recipients:
        mail_edition(edition, mail)
    now = desk.clock()
    with desk.store.transaction():
        done = sorted({*(moment for moment in _published(desk.store) if moment <= now), window.until})[-_REMEMBERED:]
        EditionStore(desk.store).remember(PUBLISHED, " ".join(to_text(moment) for moment in done))
    return written


def due_window(now: datetime, settings: DigestSettings) -> Window:
    """Return the window of the edition that came due last: from one morning to the next by the desk's clock, 23 hours or 25 where it is changed."""
    zone = zone_of(settings)
    local = now.astimezone(zone)
    until = datetime.combine(local.date(), settings.time, zone)
    if until.astimezone(UTC) > now:
        until = datetime.combine(local.date() - timedelta(days=1), settings.time, zone)
    since = datetime.combine(until.date() - timedelta(days=1), settings.time, zone)
    return Window(since.astimezone(UTC), until.astimezone(UTC))


def polled(store: Store, window: Window) -> bool:
    """Tell whether the desk asked any feed in a window."""
    found = store.connection.execute(
        "SELECT EXISTS (SELECT 1 FROM poll WHERE at >= ? AND at < ?)", (to_text(window.since), to_text(window.until))
    ).fetchone()
    return bool(found[0])


def _write(desk: Desk, edition: Edition) -> list[Path]:
    settings = desk.settings.digest
    folder = Path(settings.directory)
    if not folder.is_absolute() and desk.store.path is not None:
        folder = desk.store.path.parent / folder
    last = edition.until - timedelta(microseconds=1)  # an edition that closes at midnight is that of the day that ends
    day = last.astimezone(zone_of(settings)).strftime("%Y-%m-%d")
    written = []
    for form in settings.formats:
        path = folder / f"digest-{day}{SUFFIXES[form]}"
        write_atomically(path, render(edition, form).encode("utf-8"))
        written.append(path)
    return written
