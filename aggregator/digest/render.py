"""An edition as Markdown, HTML, plain text, JSON, Atom or JSON Feed (the home of Jinja beside the page).

Every text of the edition is made harmless before a template sees it, and escaped by default on its way out:
HTML and Atom by autoescaping, Markdown by a finaliser. The same edition gives the same bytes.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from functools import cache
from typing import Any, Literal, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from aggregator.digest import wording
from aggregator.digest.escape import harmless, markdown, markdown_address
from aggregator.digest.frozen import to_json
from aggregator.digest.values import Correction, Edition, EditionStory, WhatIsNew
from aggregator.exceptions import UsageError

Format = Literal["md", "html", "text", "json", "atom", "jsonfeed"]
FORMATS: tuple[Format, ...] = get_args(Format)

# The file name suffix and the media type of each format, for those who write or serve one.
SUFFIXES: dict[Format, str] = {
    "md": ".md",
    "html": ".html",
    "text": ".txt",
    "json": ".json",
    "atom": ".atom",
    "jsonfeed": ".feed.json",
}
MEDIA_TYPES: dict[Format, str] = {
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "text": "text/plain; charset=utf-8",
    "json": "application/json",
    "atom": "application/atom+xml",
    "jsonfeed": "application/feed+json",
}

# Names for ids that feed readers keep for ever: changing this makes every old entry new to them.
_NAMES = uuid.UUID("6f1d3a52-0d8e-5d53-9c1e-6a4b8b7f2c10")


def render(edition: Edition, format: str) -> str:
    """Return ``edition`` as text in ``format``; UsageError where there is no such format.

    A story that cannot be written is given by its line alone, or left out where even that fails: a frozen edition would
    fail for ever.
    """
    if format not in FORMATS:
        raise UsageError(f"There is no digest format {format!r}. Choose from {', '.join(FORMATS)}.")
    try:
        return _rendered(edition, format)
    except Exception:  # noqa: BLE001 - whatever a story raises costs that story
        return _rendered(_writable(edition, format), format)


def _writable(edition: Edition, format: str) -> Edition:
    """Return an edition without what cannot be written."""
    empty = replace(edition, corrections=(), sections=())

    def can_be(**parts: Any) -> bool:
        try:
            _rendered(replace(empty, **parts), format)
        except Exception:  # noqa: BLE001
            return False
        return True

    sections = []
    for section in edition.sections:
        bare = ((story, replace(story, quote="", also=(), new=WhatIsNew(), headlines=())) for story in section.stories)
        kept = [
            next((form for form in forms if can_be(sections=(replace(section, stories=(form,)),))), None)
            for forms in bare
        ]
        sections.append(replace(section, stories=tuple(form for form in kept if form is not None)))
    notices = tuple(notice for notice in edition.corrections if can_be(corrections=(notice,)))
    return replace(edition, corrections=notices, sections=tuple(section for section in sections if section.stories))


def _rendered(edition: Edition, format: str) -> str:
    safe = harmless(edition)
    if format == "json":
        return to_json(safe)
    if format == "jsonfeed":
        return _json_feed(safe)
    template = _environment(format).get_template(f"edition.{format}")
    shown = {story.id for story in safe.stories()}
    return template.render(edition=safe, clock=wording.Clock(safe), shown=shown)


def stable_id(*parts: str) -> str:
    """Return the permanent id under which feed readers know an edition, a story or a notice."""
    return f"urn:uuid:{uuid.uuid5(_NAMES, '/'.join(parts))}"


def template(format: Format, name: str) -> Template:
    """Return a template of the digest's, with the escaping of ``format``."""
    return _environment(format).get_template(name)


@cache
def _environment(format: str) -> Environment:
    # Plain text needs no escaping beyond what ``harmless`` does. Markdown has its own, which runs before
    # autoescaping and leaves it nothing to do.
    made = Environment(
        loader=PackageLoader("aggregator.digest"),
        autoescape=format != "text",  # noqa: S701 - a terminal is no HTML
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_escaped if format == "md" else None,
    )
    made.globals |= {
        "wording": wording,
        "stable_id": stable_id,
        "rest_first": _rest_first,
        "br": Markup("  "),
    }
    made.filters |= {
        "fold": wording.fold,
        "address": lambda url: Markup(markdown_address(url)),  # noqa: S704 - quoted by markdown_address
        "inline": lambda text: Markup(markdown(text, starts_line=False)),  # noqa: S704 - escaped by markdown
        "rule": lambda text, sign: sign * min(78, wording.columns(text)),
    }
    return made


def _escaped(value: Any) -> Any:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return Markup(markdown(value))  # noqa: S704 - escaped for Markdown, which is not HTML


def _rest_first(edition: Edition) -> str | None:
    """Return the heading of the first folded section, before which "The rest" is announced."""
    return next((section.title for section in edition.sections if section.key == "rest"), None)


# --- JSON Feed ---------------------------------------------------------------------------------


def _json_feed(edition: Edition) -> str:
    clock = wording.Clock(edition)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": edition.title,
        "description": " ".join(
            filter(
                None,
                (f"{clock.window()}. {wording.polled(edition)}. {wording.chain(edition)}.", wording.ungrouped(edition)),
            )
        ),
        "language": "en",
        "authors": [{"name": edition.title}],
        "items": [
            *(_notice(edition, notice, clock) for notice in edition.corrections),
            *(_item(section.title, story, clock) for section in edition.sections for story in section.stories),
        ],
        "_aggregator": {
            "about": "https://example.org/aggregator",
            "edition": edition.id,
            "nothing_new": edition.nothing_new,
        },
    }
    return json.dumps(feed, ensure_ascii=False, indent=1) + "\n"


def _item(section: str, story: EditionStory, clock: wording.Clock) -> dict[str, object]:
    fragment = _environment("html").get_template("story.fragment").render(story=story, clock=clock)
    item: dict[str, object] = {
        "id": stable_id("story", story.id),
        "url": story.url,
        "title": story.title,
        "content_html": fragment,
        "summary": story.quote or None,
        "date_published": clock.machine(story.first_seen),
        "date_modified": clock.machine(story.last_seen),
        "authors": [{"name": story.publisher}],
        "tags": [section, *(flag.value for flag in story.flags)],
        "language": story.language,
        "_aggregator": {
            "about": "https://example.org/aggregator",
            "story": story.id,
            "entries": story.entries,
            "reports": story.reports,
            "publishers": story.publishers,
        },
    }
    return {key: value for key, value in item.items() if value is not None}


def _notice(edition: Edition, notice: Correction, clock: wording.Clock) -> dict[str, object]:
    item: dict[str, object] = {
        "id": stable_id("correction", notice.entry, notice.kind),
        "url": notice.url,
        "title": f"{wording.kind(notice.kind)}: {wording.titled(notice.kind, notice.title)}",
        "content_html": _environment("html").get_template("notice.fragment").render(notice=notice),
        "date_published": clock.machine(notice.time),
        "authors": [{"name": notice.publisher}],
        "tags": ["correction"],
        "language": notice.language,
    }
    return {key: value for key, value in item.items() if value is not None}
