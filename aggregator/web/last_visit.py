"""The time of a visitor's last visit, kept in a cookie."""

from __future__ import annotations

from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

COOKIE = "aggregator_looks"
# A visitor who returns after this time begins a new visit.
_PAUSE = timedelta(minutes=30)
_KEPT = timedelta(days=90)


def last_visit(request: Request, now: datetime) -> datetime | None:
    """Return the end of the previous visit; None at a first visit."""
    before, latest = _read(request, now)
    if latest is not None and now - latest >= _PAUSE:
        return latest
    return before


def note_visit(request: Request, response: Response, now: datetime) -> None:
    """Record the present time as a visit in the cookie."""
    before, latest = last_visit(request, now), now
    value = "_".join(str(int(moment.timestamp())) if moment else "0" for moment in (before, latest))
    response.set_cookie(
        COOKIE,
        value,
        max_age=int(_KEPT.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )


def _read(request: Request, now: datetime) -> tuple[datetime | None, datetime | None]:
    first, _, second = request.cookies.get(COOKIE, "").partition("_")
    return _moment(first, now), _moment(second, now)


def _moment(text: str, now: datetime) -> datetime | None:
    if not (text.isascii() and text.isdecimal() and len(text) < 12):
        return None
    found = datetime.fromtimestamp(int(text), now.tzinfo)
    return found if now - _KEPT <= found <= now else None
