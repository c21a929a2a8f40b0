"""The page as an ASGI application: routes, access and error pages."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.resources import files

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from aggregator import Aggregator
from aggregator.digest.labels import ENGLISH, Labels, labels
from aggregator.exceptions import AggregatorError, LockedError, NotFoundError, UsageError
from aggregator.settings import WebSettings
from aggregator.web import live, machine_readable, pages, verbs
from aggregator.web.access import AccessMiddleware, AccessRules, host_names
from aggregator.web.newsrooms import Newsrooms
from aggregator.web.rendering import environment, page
from aggregator.web.visitors import Visitors

log = logging.getLogger("aggregator.web")

_STATIC = {"desk.css": "text/css", "desk.js": "text/javascript", "icon.svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the page, with all secrets read: ``users`` maps names to password hashes."""

    owner: str
    users: Mapping[str, str] = field(default_factory=dict)
    token: str = ""


def site(
    opened: Callable[[], Aggregator],
    settings: WebSettings,
    access: Access,
    *,
    host: str,
    title: str,
    say: Labels | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Starlette:
    """Return the page as an application; ``opened`` opens a newsroom, ``host`` is the listening address, ``say`` has the labels."""
    newsrooms = Newsrooms(opened)
    visitors = Visitors(access.users, access.token, settings.session.total_seconds(), clock)
    rules = AccessRules(
        host_names(host, settings.allowed_hosts), access.owner, settings.proxy_header, frozenset(settings.proxies)
    )

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        yield
        app.state.changes.end()
        newsrooms.close()

    made = Starlette(
        routes=_routes(),
        middleware=[Middleware(AccessMiddleware, rules=rules, visitors=visitors)],
        exception_handlers={AggregatorError: _explained, HTTPException: _http, Exception: _unexpected},
        lifespan=running,
    )
    made.state.newsrooms = newsrooms
    made.state.visitors = visitors
    made.state.changes = live.Changes(newsrooms)
    made.state.title = title
    made.state.templates = environment(say or labels(ENGLISH))
    return made


def warm_up(made: Starlette) -> None:
    """Load templates and explanations, so that the first visitors do not wait for them."""
    import_module("aggregator.desk.explain")
    for name in made.state.templates.list_templates():
        made.state.templates.get_template(name)


def _routes() -> list[Route]:
    shown = {
        "/": pages.stories,
        "/story/{story}": pages.story,
        "/entry/{entry}": pages.entry,
        "/search": pages.search,
        "/feeds": pages.feeds,
        "/decisions": pages.decisions,
        "/editions": pages.editions,
        "/digest/{edition}": pages.edition,
        "/stories.atom": machine_readable.atom,
        "/stories.json": machine_readable.json_feed,
        "/health": machine_readable.health,
        "/metrics": machine_readable.metrics,
        "/login": verbs.ask_to_log_in,
        "/static/{name}": _static,
    }
    return [
        *(Route(path, endpoint, methods=["GET"]) for path, endpoint in shown.items()),
        Route("/changes", live.changes, methods=["GET"]),
        Route("/verb/{verb}", verbs.apply_verb, methods=["POST"]),
        Route("/login", verbs.log_in, methods=["POST"]),
        Route("/logout", verbs.log_out, methods=["POST"]),
    ]


def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _STATIC:
        return PlainTextResponse("There is no such file.\n", 404)
    data = (files("aggregator.web") / "static" / name).read_bytes()
    return Response(data, media_type=_STATIC[name], headers={"cache-control": "no-cache"})


def _explained(request: Request, error: Exception) -> Response:
    """Return the page for an AggregatorError."""
    status = 500
    for kind, code in ((NotFoundError, 404), (UsageError, 400), (LockedError, 503)):
        if isinstance(error, kind):
            status = code
            break
    titles = {404: "Not found", 400: "Not understood", 503: "Busy"}
    return page(request, "message.html", status, title=titles.get(status, "Not done"), message=str(error))


def _http(request: Request, error: Exception) -> Response:
    code = error.status_code if isinstance(error, HTTPException) else 500
    message = {
        400: f"The form cannot be read: {getattr(error, 'detail', '')} For a change that is too large for the page use `aggregator story`.",
        404: "There is no such page.",
        405: "This address is not asked for in this way.",
    }.get(code, "Not done.")
    return page(request, "message.html", code, title="Not found" if code == 404 else "Not done", message=message)


def _unexpected(request: Request, error: Exception) -> Response:
    log.error("the page %s failed", request.url.path, exc_info=error)
    return PlainTextResponse("Something went wrong; the log of this page says what.\n", 500)
