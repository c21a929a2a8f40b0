"""Writing the scheduled edition in all its formats, and mailing it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.config.documents import write_atomically
from aggregator.digest.render import SUFFIXES, render
from aggregator.pipeline.mailing import mail_edition

if TYPE_CHECKING:
    from aggregator.pipeline.desk import Desk


def publish(desk: Desk) -> list[Path]:
    """Make the edition of the last 24 hours, write it in every format wanted, mail it where recipients are named."""
    settings = desk.settings
    edition = desk.edition()
    folder = Path(settings.digest.directory)
    if not folder.is_absolute() and desk.store.path is not None:
        folder = desk.store.path.parent / folder
    day = edition.until.strftime("%Y-%m-%d")
    written = []
    for form in settings.digest.formats:
        path = folder / f"digest-{day}{SUFFIXES[form]}"
        write_atomically(path, render(edition, form).encode("utf-8"))
        written.append(path)
    if settings.mail.server and settings.mail.recipients:
        mail_edition(edition, settings.mail)
    return written
