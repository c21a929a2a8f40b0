"""Renders editions with a desk's own templates and labels; faults in them never prevent an edition."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from aggregator.digest.labels import labels
from aggregator.digest.render import FORMATS, LINE, render, render_own
from aggregator.digest.sample import sample_edition
from aggregator.digest.values import Edition
from aggregator.exceptions import ConfigurationError
from aggregator.settings import DigestSettings, Settings

log = logging.getLogger("aggregator.editions")

Rendered = Callable[[Edition, str], str]


def templates_folder(settings: DigestSettings, database: Path | None) -> str:
    """Return the folder of the desk's own templates, relative to the database's folder; empty if there is none."""
    if not settings.templates:
        return ""
    return str((database.parent if database else Path()).absolute() / os.path.expanduser(settings.templates))  # noqa: PTH111 - see alert_targets


def renderer(settings: DigestSettings, database: Path | None, width: int = LINE) -> Rendered:
    """Return a function that renders an edition with the desk's own templates, or with the shipped ones if those fail.

    ``width`` is the width of plain text in columns.
    """
    folder = templates_folder(settings, database)
    failed: set[str] = set()  # a mail is rendered up to a dozen times until it fits, but its fault is logged once

    def rendered(edition: Edition, format: str) -> str:
        if folder and not failed and not Path(folder).is_dir():
            failed.update(FORMATS)
            log.warning("digest.templates: there is no folder %s; the shipped templates are used", folder)
        if folder and format not in failed:
            try:
                return render_own(edition, format, folder, width)
            except ConfigurationError as error:
                failed.add(format)
                log.warning("%s; the shipped template is used", error)
        return render(edition, format, width)

    return rendered


def faults(settings: Settings, database: Path | None) -> list[str]:
    """Return the faults of the digest's languages and templates, each tried with a sample edition."""
    folder = templates_folder(settings.digest, database)
    if folder and not Path(folder).is_dir():
        return [f"digest.templates: there is no folder {folder}"]
    found: list[str] = []
    languages = {settings.digest.language, *(one.language for one in settings.digest.editions.values() if one.language)}
    for language in sorted(languages):
        try:
            labels(language, folder)
        except ConfigurationError as error:
            found += error.problems
            continue
        for format in FORMATS if folder else ():
            try:
                render_own(sample_edition(language), format, folder)
            except ConfigurationError as error:
                found += error.problems
    return list(dict.fromkeys(found))
