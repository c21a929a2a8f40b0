"""The series of editions: the daily one, whose name is empty, and those of ``digest.editions``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import time

from aggregator.exceptions import NotFoundError
from aggregator.model import StoryQuery
from aggregator.settings import EditionSettings, Settings
from aggregator.text.display import display_text

DAILY = ""


def names(settings: Settings) -> list[str]:
    """Return the names of all series that are made on schedule, the daily one first where it is."""
    return [*([DAILY] if settings.digest.daily else []), *sorted(settings.digest.editions)]


def times(settings: Settings, series: str) -> Sequence[time]:
    """Return the times of day at which a series is due, by the desk's clock."""
    return (settings.digest.time,) if series == DAILY else named(settings, series).time


def named(settings: Settings, series: str) -> EditionSettings:
    """Return the settings of a series other than the daily one; NotFoundError lists the series."""
    try:
        return settings.digest.editions[series]
    except KeyError:
        known = ", ".join(sorted(settings.digest.editions))
        hint = f"there are {known}" if known else "digest.editions names none; without --edition the daily one is made"
        raise NotFoundError(f"no edition is called {display_text(series)!r}; {hint}") from None


def settings_of(settings: Settings, series: str) -> Settings:
    """Return the settings under which a series is made, written and mailed."""
    if series == DAILY:
        return settings
    own = named(settings, series)
    title = own.title or f"{settings.digest.title}: {series.replace('-', ' ')}"
    digest = replace(settings.digest, title=title, formats=own.formats or settings.digest.formats)
    digest = replace(digest, language=own.language or digest.language)
    return replace(settings, digest=digest, mail=replace(settings.mail, recipients=own.recipients))


def query_of(settings: Settings, series: str) -> StoryQuery:
    """Return which stories a series is about."""
    if series == DAILY:
        return StoryQuery()
    own = named(settings, series)
    return StoryQuery(
        match=own.match or None,
        min_publishers=own.min_publishers,
        publisher=own.publisher or None,
        language=own.lang or None,
        category=own.category or None,
    )
