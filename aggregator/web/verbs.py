"""Editors' verbs from the page's forms, applied through the façade."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from aggregator import Aggregator
from aggregator.exceptions import AggregatorError, DecisionError, UsageError
from aggregator.web.access import cookie, is_loopback, local_path
from aggregator.web.newsrooms import Newsrooms
from aggregator.web.rendering import page
from aggregator.web.visitors import TooManyTriesError, Visitor, Visitors

# Seconds within which a form must arrive.
_ARRIVES_WITHIN = 15.0
_MOST_FIELDS = 2_000


def with_form(act: Callable[[Request, FormData], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that passes a posted form to ``act``, and answers 408 if it does not arrive in time."""

    async def endpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(_ARRIVES_WITHIN):
                form = await request.form(max_files=0, max_fields=_MOST_FIELDS)
        except TimeoutError:
            return PlainTextResponse("The form did not arrive in time.\n", 408)
        return await act(request, form)

    return endpoint


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _texts(form: FormData, name: str) -> list[str]:
    return [value.strip() for value in form.getlist(name) if isinstance(value, str) and value.strip()]


@with_form
async def apply_verb(request: Request, form: FormData) -> Response:
    """Carry out the verb that a form names, and redirect to its story."""
    visitor: Visitor = request.state.visitor
    visitors: Visitors = request.app.state.visitors
    if not visitors.is_form_token(visitor, _text(form, "form_token")):
        message = (
            "This form is from an earlier visit, or not from this page. Go back, load the page again, and try again."
        )
        return page(request, "message.html", 403, title="Not done", message=message)
    verb = _VERBS.get(request.path_params["verb"])
    if verb is None:
        return page(request, "message.html", 404, title="Not found", message="There is no such verb.")
    newsrooms: Newsrooms = request.app.state.newsrooms

    def act() -> str:
        with newsrooms.one() as app:
            return verb(app, visitor.name, form)

    try:
        story = await run_in_threadpool(act)
    except AggregatorError as error:
        return page(request, "message.html", 409, title="Not done", message=str(error))
    if not story:
        return RedirectResponse(local_path(_text(form, "back")), 303)
    return RedirectResponse(f"/story/{quote(story, safe='')}{_filters(form)}", 303)


def _filters(form: FormData) -> str:
    address = _text(form, "filters")
    return address if address.startswith("?") and address.isprintable() else ""


def _merge(app: Aggregator, by: str, form: FormData) -> str:
    return app.editor(by).merge([_text(form, "story"), *_wanted(form, "other", "the story to merge with")])


def _split(app: Aggregator, by: str, form: FormData) -> str:
    return app.editor(by).split(_text(form, "story"), _wanted(form, "entry", "an entry to take out"))


def _move(app: Aggregator, by: str, form: FormData) -> str:
    entries = _wanted(form, "entry", "the entry to move")
    (target,) = _wanted(form, "other", "the story to move it to")
    editor = app.editor(by)
    with app.store.transaction():  # all of them, or none
        return [editor.move(entry, target) for entry in entries][-1]


def _pin(app: Aggregator, by: str, form: FormData) -> str:
    entries = _wanted(form, "entry", "the new canonical entry")
    if len(entries) > 1:
        raise UsageError("Mark one entry: a story has only one canonical entry.")
    return app.editor(by).pin(_text(form, "story"), entries[0])


def _forbid(app: Aggregator, by: str, form: FormData) -> str:
    """Keep the marked entries, or without any the whole story, apart from another story."""
    story, entries = _text(form, "story"), _texts(form, "entry")
    others = _texts(form, "other")
    editor = app.editor(by)
    with app.store.transaction():
        if others:
            for kept_apart in entries or [story]:
                editor.forbid(others[0], kept_apart)
        elif len(entries) == 2:
            editor.forbid(*entries)
        else:
            raise UsageError("Name another story, or mark the two entries to keep apart.")
    return story


def _undo(app: Aggregator, by: str, form: FormData) -> str:
    """Undo the last decision, if it is still the one shown."""
    with app.store.transaction():
        in_force = next((one for one in app.decisions(1_000) if one.undone_at is None), None)
        if in_force is None or str(in_force.id) != _text(form, "decision"):
            raise DecisionError("Another verb was given or taken back meanwhile; look at the decisions, then undo.")
        app.editor(by).undo()
    return _text(form, "story")


def _wanted(form: FormData, name: str, what: str) -> list[str]:
    found = _texts(form, name)
    if not found:
        raise UsageError(f"Nothing was marked or named: give {what}.")
    return found


_VERBS: dict[str, Callable[[Aggregator, str, FormData], str]] = {
    "merge": _merge,
    "split": _split,
    "move": _move,
    "pin": _pin,
    "forbid": _forbid,
    "undo": _undo,
}


# --- login and logout ----------------------------------------------------------------------------


def ask_to_log_in(request: Request) -> Response:
    """Show the login form."""
    return page(request, "login.html", wanted=local_path(request.query_params.get("next", "/")), message="")


@with_form
async def log_in(request: Request, form: FormData) -> Response:
    """Check a login and start a session."""
    visitors: Visitors = request.app.state.visitors
    wanted = local_path(_text(form, "next"))
    client = request.client.host if request.client else ""
    # behind a proxy on this machine all visitors share its address, and one who guesses passwords must not lock out the others
    address = "" if is_loopback(client) else client
    password = form.get("password", "")
    try:
        made = await run_in_threadpool(
            visitors.log_in, _text(form, "name"), password if isinstance(password, str) else "", address
        )
    except TooManyTriesError as error:
        return page(request, "login.html", 429, wanted=wanted, message=str(error))
    if made is None:
        return page(request, "login.html", 401, wanted=wanted, message="Name or password is wrong.")
    response = RedirectResponse(wanted, 303)
    response.headers.append("set-cookie", cookie(made, secure=request.url.scheme == "https"))
    return response


@with_form
async def log_out(request: Request, form: FormData) -> Response:
    """End the session."""
    visitor: Visitor = request.state.visitor
    visitors: Visitors = request.app.state.visitors
    if not visitors.is_form_token(visitor, _text(form, "form_token")):
        return page(request, "message.html", 403, title="Not done", message="Load the page again, and log out again.")
    visitors.log_out(visitor.key)
    response = RedirectResponse("/login", 303)
    response.headers.append("set-cookie", cookie("", secure=request.url.scheme == "https", ended=True))
    return response
