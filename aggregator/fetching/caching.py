"""Header fields about time: freshness and Retry-After. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

RETRY_CAP = timedelta(days=7)  # a Retry-After beyond it is a mistake
_SECONDS = re.compile(r"[0-9]{1,9}")
_DIRECTIVE = re.compile(r'([a-z-]+)\s*(?:=\s*(?:"([^"]*)"|([^\s,;]*)))?')

Fields = Iterable[tuple[str, str]]


def first(fields: Fields, name: str) -> str | None:
    """Return the value of the first field of this lower-case name."""
    return next((value for found, value in fields if found == name), None)


def http_date(text: str) -> datetime | None:
    """Return the time of an HTTP-date in any of its three forms (RFC 9110 5.6.7), or None."""
    try:
        found = parsedate_to_datetime(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def retry_after(fields: Fields, now: datetime) -> datetime | None:
    """Return the time of Retry-After, at most 7 days ahead; None for past, negative or invalid values."""
    text = (first(fields, "retry-after") or "").strip()
    if _SECONDS.fullmatch(text):
        wait = timedelta(seconds=int(text))
    else:
        moment = http_date(text) if text else None
        if moment is None:
            return None
        wait = moment - now
    return now + min(wait, RETRY_CAP) if wait > timedelta(0) else None


def fresh_until(fields: Iterable[tuple[str, str]], now: datetime) -> datetime | None:
    """Return until when an answer counts as fresh: max-age less its age, else Expires (RFC 9111 4.2.1), or None.

    None is also returned for ``no-cache`` and ``no-store``: they demand a new request, but not an earlier one.
    """
    known = list(fields)
    directives = _directives(", ".join(value for name, value in known if name == "cache-control"))
    if "no-cache" in directives or "no-store" in directives:
        return None
    given = directives.get("max-age")
    if given is not None:
        if not _SECONDS.fullmatch(given):
            return None
        return _ahead(now, timedelta(seconds=int(given) - _age(known)))
    expires = http_date(first(known, "expires") or "")
    if expires is None:
        return None
    # Relative to the server's own clock: if it is wrong, Expires and Date are wrong by the same time.
    date = http_date(first(known, "date") or "")
    return _ahead(now, expires - (date or now))


def _ahead(now: datetime, lifetime: timedelta) -> datetime | None:
    return now + min(lifetime, timedelta(days=365)) if lifetime > timedelta(0) else None


def _age(fields: Fields) -> int:
    text = first(fields, "age") or ""
    return int(text) if _SECONDS.fullmatch(text) else 0


def _directives(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _DIRECTIVE.finditer(text.lower()):
        found.setdefault(match[1], match[2] or match[3] or "")
    return found
