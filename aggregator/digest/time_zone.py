"""The time zone of the setting ``digest.timezone``."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aggregator.exceptions import ConfigurationError


def time_zone(name: str) -> ZoneInfo:
    """Return the time zone with a name, such as Europe/Brussels; raises ConfigurationError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder of zones, or a very long name
        raise ConfigurationError(
            f"digest.timezone: no time zone is called {name!r}; use a name like Europe/Brussels"
        ) from error
