"""What an HTTP status means for a feed, as a failure with a message for people. Pure."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from aggregator.fetching.caching import first, retry_after
from aggregator.model import FetchFailure

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})

_ADVICE = {
    401: "it wants a user and password, or others than it was given",
    403: "it refuses us",
    404: "there is nothing at this address",
    406: "it has nothing that we accept",
    410: "the feed is gone for good",
    429: "it was asked too often",
    451: "it may not be shown for legal reasons",
    503: "it is overloaded or under repair",
}


def failure_of_status(
    status: int, headers: tuple[tuple[str, str], ...], now: datetime, *, withheld: bool = False
) -> FetchFailure:
    """Return the failure that a status other than 200, 304 and redirects is.

    ``withheld``: the feed has credentials, and they were not sent because another origin was asked.
    """
    if first(headers, "cf-mitigated") == "challenge":
        return FetchFailure("http", f"{named(status)}: blocked by bot check", status, retry_after(headers, now))
    message = named(status)
    if status in _ADVICE:
        message += f": {_ADVICE[status]}"
    if status in (401, 403) and withheld:
        message += "; its credentials are only sent to the address in feeds.yaml, and this is another origin"
    return FetchFailure(
        "gone" if status == HTTPStatus.GONE else "http",
        message,
        status,
        retry_after=retry_after(headers, now),
        host_wide=status in (429, 503),
    )


def named(status: int) -> str:
    """Return ``HTTP 404 Not Found``; unregistered statuses stand alone."""
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"
