"""Templates of the page; text from feeds is shown on one line, without control characters, escaped."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from aggregator.desk.timeline import KINDS, waited
from aggregator.digest.escape import UNTITLED, link
from aggregator.digest.labels import Labels, labels
from aggregator.digest.wording import Clock, Wording
from aggregator.settings import DigestSettings
from aggregator.text.display import display_text


def environment(say: Labels) -> Environment:
    """Return the page's templates, with labels in the desk's language."""
    made = Environment(
        loader=PackageLoader("aggregator.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.globals |= {"wording": Wording(say), "say": say, "amount": say.amount, "kinds": KINDS}
    made.filters |= {
        "link": link,
        "titled": lambda title: display_text(title) or UNTITLED,
        "waited": lambda lag: say(waited(lag)),
        "machine": lambda moment: Clock.machine(moment),
        "paragraphs": lambda text: [part for part in text.split("\n") if part.strip()],
        "piece": _piece,
        "lasted": _lasted,
    }
    return made


def page(request: Request, name: str, code: int = 200, **values: Any) -> HTMLResponse:
    """Return a page made from a template, with the values that every page needs."""
    known = {
        "request_path": request.url.path,
        "visitor": request.state.visitor,
        "form_token": request.state.form_token,
        "may_edit": request.state.visitor is not None and request.state.visitor.may_edit,
        "desk_title": request.app.state.title,
        "can_log_out": request.app.state.visitors.ask_for_login,
    }
    templates: Environment = request.app.state.templates
    return HTMLResponse(templates.get_template(name).render(**known, **values), code)


def clock_of(digest: DigestSettings, now: datetime) -> Clock:
    """Return the clock for pages shown now: times of today are shown without their day."""
    say = labels(digest.language, digest.templates)
    return Clock(digest.timezone, now, now + timedelta(microseconds=1), say)


def _shown(value: Any) -> Any:
    return display_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _piece(text: str) -> Markup:
    """Return a piece of text with its blanks, because an edit may consist of a blank."""
    kept = "".join(character for character in text if character.isprintable() or character in " \n")
    return Markup.escape(kept)


def _lasted(seconds: float | None) -> str:
    """Return an interval in words."""
    if not seconds:
        return ""
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{max(minutes, 1)} min"
    hours = seconds / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"
