"""Templates of the page. Text from feeds is text: on one line, without control characters, escaped."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from aggregator.desk.timeline import KINDS, waited
from aggregator.digest.escape import UNTITLED, link
from aggregator.digest.labels import ENGLISH, labels
from aggregator.digest.wording import Clock, Wording
from aggregator.text.counts import amount
from aggregator.text.display import display_text


@cache
def environment() -> Environment:
    """Return the page's templates."""
    made = Environment(
        loader=PackageLoader("aggregator.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.globals |= {"wording": Wording(labels(ENGLISH)), "kinds": KINDS, "amount": amount}
    made.filters |= {
        "link": link,
        "titled": lambda title: display_text(title) or UNTITLED,
        "waited": waited,
        "machine": lambda moment: Clock.machine(moment),
        "paragraphs": lambda text: [part for part in text.split("\n") if part.strip()],
        "piece": _piece,
        "lasted": _lasted,
    }
    return made


def page(request: Request, name: str, code: int = 200, **values: Any) -> HTMLResponse:
    """Return a page made from a template, with what every page knows."""
    known = {
        "request_path": request.url.path,
        "visitor": request.state.visitor,
        "form_token": request.state.form_token,
        "may_rule": request.state.visitor is not None and request.state.visitor.may_rule,
        "desk_title": request.app.state.title,
        "can_log_out": request.app.state.visitors.ask_for_login,
    }
    return HTMLResponse(environment().get_template(name).render(**known, **values), code)


def clock_of(timezone: str, since: datetime, now: datetime) -> Clock:
    """Return how times are shown now: today's without their day."""
    return Clock.of(timezone, since, now + timedelta(microseconds=1))


def _shown(value: Any) -> Any:
    return display_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _piece(text: str) -> Markup:
    """Return a piece of a text with its blanks as they stand: what an edit changed may be one."""
    kept = "".join(character for character in text if character.isprintable() or character in " \n")
    return Markup.escape(kept)


def _lasted(seconds: float | None) -> str:
    """Return an interval as people say it."""
    if not seconds:
        return ""
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{max(minutes, 1)} min"
    hours = seconds / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"
