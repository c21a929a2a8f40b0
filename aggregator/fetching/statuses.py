"""HTTP statuses as failures of a feed, with messages for people. Pure."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

from aggregator.fetching.caching import retry_after
from aggregator.model import FetchFailure
from aggregator.parsing.bot_walls import named_wall, wall_in_fields, wall_in_page

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


# Statuses, besides 200, that bot protection sends its pages with.
_WALLS = frozenset({202, 400, 401, 403, 404, 405, 406, 409, 418, 429, 444, 451, 456, 468, 503, *range(520, 530)})


def failure_of_status(
    status: int,
    headers: tuple[tuple[str, str], ...],
    now: datetime,
    *,
    withheld: bool = False,
    page: str = "",
    abroad: bool = False,
) -> FetchFailure:
    """Return the failure for a status other than 200, 304 and redirects.

    ``withheld``: the feed has credentials, but they were not sent because the request went to another origin. ``page`` is
    the beginning of the page that came with the status. ``abroad``: a redirect had led to another host, so the failure
    does not pause the feed's own host.
    """
    wall = _wall(status, headers, page)
    if wall is not None:
        return FetchFailure("http", f"{status_name(status)}: {named_wall(wall)}", status, retry_after(headers, now))
    message = status_name(status)
    if status in _ADVICE:
        message += f": {_ADVICE[status]}"
    if status in (401, 403) and withheld:
        message += "; its credentials are only sent to the address in feeds.yaml, and this is another origin"
    return FetchFailure(
        "gone" if status == HTTPStatus.GONE else "http",
        message,
        status,
        retry_after=retry_after(headers, now),
        host_wide=status in (429, 503) and not abroad,
    )


def _wall(status: int, headers: tuple[tuple[str, str], ...], page: str) -> str | None:
    if status not in _WALLS:
        return None
    return wall_in_fields(headers, refused=status in (403, 429)) or (wall_in_page(page) if page else None)


def status_name(status: int) -> str:
    """Return ``HTTP 404 Not Found``; for unregistered statuses the number alone."""
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"
