"""Writing the scheduled edition in all its formats, and mailing it: once for each time at which one is due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.config.files import write_output
from aggregator.digest.edition import Edition, Window
from aggregator.digest.render import SUFFIXES, render
from aggregator.pipeline.editions import zone_of
from aggregator.pipeline.mailing import mail_edition
from aggregator.settings import DigestSettings
from aggregator.storage.editions import EditionStore
from aggregator.storage.times import to_text

if TYPE_CHECKING:
    from aggregator.pipeline.desk import Desk

# Until when the last scheduled edition reached that was written and mailed.
PUBLISHED = "digest_published_until"


def publish_due(desk: Desk) -> list[Path]:
    """Make the edition that came due last, unless that is done; write it in every format, mail it where recipients are named.

    It covers what was seen between the last two times at which one was due, also when it is made late. It is noted as
    done after the mail went out: what failed is tried again by the next call, with the same bytes and Message-ID.
    Nothing is made for a day on which the desk asked no feed at all.
    """
    window = due_window(desk.clock(), desk.settings.digest)
    facts = EditionStore(desk.store)
    done = facts.fact(PUBLISHED)
    if (done is not None and done >= to_text(window.until)) or not _polled(desk, window):
        return []
    edition = desk.edition(since=window.since, until=window.until)
    written = _write(desk, edition)
    mail = desk.settings.mail
    if mail.server and mail.recipients:
        mail_edition(edition, mail)
    with desk.store.transaction():
        facts.remember(PUBLISHED, to_text(window.until))
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


def _polled(desk: Desk, window: Window) -> bool:
    found = desk.store.connection.execute(
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
        write_output(path, render(edition, form).encode("utf-8"))
        written.append(path)
    return written
