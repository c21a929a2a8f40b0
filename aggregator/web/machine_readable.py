"""Pages for programs: feeds of stories, health and metrics."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from aggregator import Aggregator
from aggregator.daemon.metrics import EXPOSITION_TYPE, exposition
from aggregator.digest.subscription import MEDIA_TYPES, SubscriptionFormat, render_subscription
from aggregator.web.conditional import conditional
from aggregator.web.lists import filters_of
from aggregator.web.newsrooms import Newsrooms
from aggregator.web.pages import view

_STORIES = 100
# The longest time since the last poll and pass of a healthy daemon, as in `aggregator health`.
_ALLOWED = timedelta(minutes=15)


def _subscription(request: Request, app: Aggregator, form: SubscriptionFormat) -> Response:
    """Return the stories as a feed; the filters of the list narrow it."""
    filters = replace(filters_of(request.query_params), page=1)
    found = app.subscription(filters.query(app.clock(), _STORIES))
    shown = replace(found, base=str(request.base_url), page=True, query=filters.address.removeprefix("?"))
    return conditional(request, render_subscription(shown, form), MEDIA_TYPES[form])


@view
def atom(request: Request, app: Aggregator) -> Response:
    """``/stories.atom``."""
    return _subscription(request, app, "atom")


@view
def json_feed(request: Request, app: Aggregator) -> Response:
    """``/stories.json``."""
    return _subscription(request, app, "json")


@view
def health(request: Request, app: Aggregator) -> Response:
    """``/health``: 200 if the daemon is healthy, else 503; only visitors with access get the reasons."""
    faults = app.faults(_ALLOWED)
    body: dict[str, object] = {"status": "failing" if faults else "ok"}
    if request.state.visitor is not None:
        body["faults"] = faults
    return JSONResponse(body, 503 if faults else 200)


@view
def metrics(request: Request, app: Aggregator) -> Response:
    """``/metrics``, for Prometheus."""
    newsrooms: Newsrooms = request.app.state.newsrooms
    return Response(exposition(newsrooms.status(app), newsrooms.feed_health(app)), media_type=EXPOSITION_TYPE)
