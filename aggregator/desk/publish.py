"""Publishes scheduled editions: writes them in all formats and mails them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Protocol

from aggregator.config.files import write_named
from aggregator.desk.edition_series import DAILY, names, settings_of, times
from aggregator.desk.edition_windows import MISSED_AT_MOST, missed
from aggregator.desk.layouts import renderer
from aggregator.desk.mailing import Mailed, mail_edition, mail_waiting
from aggregator.desk.subscription import Desk, folder_of, publish_stories
from aggregator.digest.render import SUFFIXES
from aggregator.digest.time_zone import time_zone
from aggregator.digest.values import Edition, Window
from aggregator.exceptions import AggregatorError, DeliveryError
from aggregator.newsroom.alerts import Sent
from aggregator.settings import DigestSettings
from aggregator.storage.database import Store
from aggregator.storage.editions import EditionStore
from aggregator.storage.feeds import FeedStore
from aggregator.storage.sqlite_errors import is_database_error
from aggregator.storage.times import from_text, to_text

log = logging.getLogger("aggregator.publishing")

# Facts: the ends of the last published editions of a series; and, from an earlier release, only of the last one.
PUBLISHED = "digests_published_until"
_PUBLISHED_LAST = "digest_published_until"
# The number of ends in the list.
_REMEMBERED = 2 * MISSED_AT_MOST


@dataclass(frozen=True, slots=True)
class Published:
    """The result of publishing: the files of editions, and the deliveries of alerts."""

    files: tuple[Path, ...]
    alerts: Sent


class Newsroom(Desk, Protocol):
    """The part of the façade that publishing uses."""

    def follow_publishers(self, stop: Event | None = None) -> int:
        """Change stored entries of feeds with a new publisher or category; return the number of entries."""

    def place_waiting(self, stop: Event | None = None) -> None:
        """Place stored entries that are not placed yet."""

    def edition(self, *, since: datetime | None = None, until: datetime | None = None, series: str = DAILY) -> Edition:
        """Return the edition of a window in a series; it is stored when first made."""


def publish_due(
    app: Newsroom, stop: Event | None = None, announce: Callable[[Sequence[Path]], None] = lambda paths: None
) -> list[Path]:
    """Make the due editions of every series; write each in every format, and mail it if there are recipients.

    Each covers the time since the previous one in its series, even if it is made late; after more than a month, one edition
    covers the time before the last 31. An edition is recorded as published after its mail was sent; if it fails, the next
    call tries again, with the same bytes and Message-ID. An edition of a time without polls and without entries is written
    but not mailed, and no series begins with one. First, stored entries are placed and get the present names of publishers.
    ``announce`` gets the files of each edition; ``stop`` is checked between two editions.
    """
    _mail_again(app)
    due = [(window, series) for series in names(app.settings) for window in missed_windows(app, series)]
    due.sort(key=lambda one: one[0].until)
    if due:
        app.follow_publishers(stop)
        app.place_waiting(stop)
    written: list[Path] = []
    fault: Exception | None = None
    for window, series in due:
        if stop is not None and stop.is_set():
            break
        try:
            paths = _publish(app, window, series)
        except Exception as error:
            if isinstance(error, AggregatorError | OSError) or is_database_error(error):
                raise  # a mail server or a full disk, which would stop the next edition as well
            log.exception("the edition of %s cannot be made; `digest --since --until` makes it by hand", window.until)
            fault = error
            continue
        announce(paths)
        written += paths
    if fault is not None and not written:
        raise fault
    return written


def missed_windows(app: Newsroom, series: str = DAILY) -> list[Window]:
    """Return the windows of a series that are due and not published, the oldest first."""
    now = app.clock()
    done = published(app.store, now, series)
    windows = missed(done, now, app.settings.digest, times(app.settings, series))
    return [window for window in windows if done is not None or polled(app.store, window)]


def published(store: Store, now: datetime, series: str = DAILY) -> datetime | None:
    """Return the end of the last published edition of a series; times in the future, which a wrong clock wrote, are ignored."""
    return max((moment for moment in _published(store, series) if moment <= now), default=None)


def _published(store: Store, series: str) -> list[datetime]:
    facts = EditionStore(store)
    listed = facts.fact(_fact(series))
    last = facts.fact(_PUBLISHED_LAST) if series == DAILY else None
    return [from_text(text) for text in (listed.split() if listed else [last] if last else [])]


def _fact(series: str) -> str:
    return PUBLISHED if series == DAILY else f"{PUBLISHED} {series}"


def _publish(app: Newsroom, window: Window, series: str) -> list[Path]:
    edition = app.edition(since=window.since, until=window.until, series=series)
    written = _write(app, edition)
    mail = settings_of(app.settings, series).mail
    if mail.server and mail.recipients and _is_worth_mailing(app, edition, window):
        _log_mailed(mail_edition(app.store, edition, mail, renderer(app.settings.digest, app.store.path)))
    now = app.clock()
    with app.store.transaction():
        done = sorted({*(moment for moment in _published(app.store, series) if moment <= now), window.until})
        done = done[-_REMEMBERED:]
        EditionStore(app.store).remember(_fact(series), " ".join(to_text(moment) for moment in done))
    return written


def _is_worth_mailing(app: Newsroom, edition: Edition, window: Window) -> bool:
    """Return whether an edition is mailed; an empty one is mailed only if feeds were polled."""
    if polled(app.store, window) or not edition.nothing_new:
        return True
    log.info("the edition of %s is written and not mailed: no feed was asked, and nothing came", window.until)
    return False


def _mail_again(app: Newsroom) -> None:
    """Retry recipients whom the mail server could not accept before; failures do not affect the new editions."""
    mails = {series: settings_of(app.settings, series).mail for series in names(app.settings)}
    if not app.settings.mail.server or not any(mail.recipients for mail in mails.values()):
        return
    try:
        for mailed in mail_waiting(app.store, mails, app.clock(), renderer(app.settings.digest, app.store.path)):
            _log_mailed(mailed)
    except DeliveryError as error:
        log.warning("mailing an edition again failed: %s", error)


def _log_mailed(mailed: Mailed) -> None:
    for one in mailed.refused:
        what = "refused" if one.final else "not taken now, tried again for a day"
        log.warning("the digest for %s was %s (%s); nobody else is concerned", one.recipient, what, one.answer)


def polled(store: Store, window: Window) -> bool:
    """Return whether any feed was polled in a window."""
    return FeedStore(store).was_polled(window.since, window.until)


def _write(app: Newsroom, edition: Edition) -> list[Path]:
    settings = settings_of(app.settings, edition.series).digest
    folder = folder_of(app) or Path(settings.directory)
    name = f"digest-{edition.series}-" if edition.series else "digest-"
    before = _published(app.store, edition.series)
    day = _day(edition.until, settings)
    several = len(times(app.settings, edition.series)) > 1
    if several or any(moment < edition.until and _day(moment, settings) == day for moment in before):
        # Also of a second one, after a change of the hour
        day += edition.until.astimezone(time_zone(settings.timezone)).strftime("-%H%M")
    latest = all(moment <= edition.until for moment in before)
    written, rendered = [], renderer(settings, app.store.path)
    for form in settings.formats:
        path = folder / f"{name}{day}{SUFFIXES[form]}"
        data = rendered(edition, form).encode("utf-8")
        write_named(path, data)
        if latest:  # an edition made late for a past day must not replace the newest one
            write_named(folder / f"{name}latest{SUFFIXES[form]}", data)
        written.append(path)
    publish_stories(app)  # the index links to the feeds of stories
    return written


def _day(until: datetime, settings: DigestSettings) -> str:
    """Return the day of an edition; an edition that ends at midnight belongs to the day that ends."""
    return (until - timedelta(microseconds=1)).astimezone(time_zone(settings.timezone)).strftime("%Y-%m-%d")
