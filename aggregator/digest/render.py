"""Renders an edition as Markdown, HTML, plain text, JSON, Atom or JSON Feed. Only this module and ``web`` use Jinja.

Every text of the edition is made harmless before a template gets it, and is escaped by default when it is rendered:
autoescaping does it for HTML and Atom, a finaliser for Markdown. The same edition gives the same bytes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache, partial
from typing import Any, cast, get_args

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PackageLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
)
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from aggregator.digest import wording
from aggregator.digest.escape import harmless, markdown, markdown_address
from aggregator.digest.frozen import to_json
from aggregator.digest.labels import ENGLISH, labels
from aggregator.digest.values import Correction, Edition, EditionSection, EditionStory, WhatIsNew
from aggregator.exceptions import ConfigurationError, UsageError
from aggregator.settings import PROJECT_ADDRESS, Format

FORMATS: tuple[Format, ...] = get_args(Format)

# The file name suffix and the media type of each format.
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

LINE = 78  # columns of plain text, which suit mail programs

# The namespace of ids, which feed readers store permanently: with another one, every old entry would be new to them.
_NAMES = uuid.UUID("6f1d3a52-0d8e-5d53-9c1e-6a4b8b7f2c10")


def render(edition: Edition, format: str, width: int = LINE) -> str:
    """Return ``edition`` as text in ``format``; UsageError for an unknown format.

    ``width`` is how many columns the lines of plain text have.
    A story that cannot be written is given by its line alone, or left out where even that fails: a frozen edition would
    fail for ever.
    """
    if format not in FORMATS:
        raise UsageError(f"There is no digest format {format!r}. Choose from {', '.join(FORMATS)}.")
    try:
        return _rendered(edition, format, width=width)
    except Exception:  # noqa: BLE001 - an error in one story costs only that story
        return _rendered(_writable(edition, format), format, width=width)


def render_own(edition: Edition, format: str, folder: str, width: int = LINE) -> str:
    """Return ``edition`` rendered with the templates and labels in a desk's own folder, over the shipped ones.

    Raises ConfigurationError, with file and line where they are known, where they cannot.
    """
    try:
        return _rendered(edition, format, folder, width)
    except ConfigurationError:
        raise
    except Exception as error:
        raise ConfigurationError(f"digest.templates: {_place(error, format, folder)}: {error}") from error


def _place(error: Exception, format: str, folder: str) -> str:
    """Return the file, and the line if known, in which a desk's template failed."""
    line = error.lineno if isinstance(error, TemplateSyntaxError) else None
    name = getattr(error, "name", None) or f"edition.{format}"
    traceback = error.__traceback__
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if file.startswith(folder):
            name, line = file, traceback.tb_lineno
        traceback = traceback.tb_next
    return f"{name}:{line}" if line else str(name)


def _writable(edition: Edition, format: str) -> Edition:
    """Return an edition without the stories and corrections that cannot be rendered."""
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


def _rendered(edition: Edition, format: str, folder: str = "", width: int = LINE) -> str:
    safe = harmless(edition)
    if format == "json":
        return to_json(safe)
    words = spoken(safe.language, folder)
    if format == "jsonfeed":
        return _JsonFeed(safe, words, folder).text()
    shown = {story.id for story in safe.stories()}
    made = template(cast(Format, format), f"edition.{format}", folder, width)
    return made.render(edition=safe, clock=wording.Clock.of(safe, words.say), shown=shown, wording=words, say=words.say)


def spoken(language: str, folder: str = "") -> wording.Wording:
    """Return the phrases of a language; English if an older or another desk's edition has an unknown language."""
    try:
        return wording.Wording(labels(language, folder))
    except ConfigurationError:
        if folder:
            raise
        return wording.Wording(labels(ENGLISH))


def stable_id(*parts: str) -> str:
    """Return the permanent id of an edition, a story or a notice for feed readers."""
    return f"urn:uuid:{uuid.uuid5(_NAMES, '/'.join(parts))}"


def story_item(
    story: EditionStory,
    html: str,
    clock: wording.Clock,
    *,
    modified: datetime,
    tags: Sequence[str],
    page: str | None = None,
) -> dict[str, object]:
    """Return a story as an item of JSON Feed; ``page`` is the address of its page on this desk, if any."""
    return _given(
        {
            "id": stable_id("story", story.id),
            "url": page or story.url,
            "external_url": story.url if page else None,
            "title": story.title,
            "content_html": html,
            "summary": story.quote or None,
            "date_published": clock.machine(story.first_seen),
            "date_modified": clock.machine(modified),
            "authors": [{"name": story.publisher}] if story.publisher else None,
            "tags": tags,
            "language": story.language,
            "_aggregator": {
                "about": PROJECT_ADDRESS,
                "story": story.id,
                "entries": story.entries,
                "reports": story.reports,
                "publishers": story.publishers,
            },
        }
    )


def _given(item: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in item.items() if value is not None}


def template(format: Format, name: str, folder: str = "", width: int = LINE) -> Template:
    """Return a template from ``folder``, or the shipped one of that name, with the escaping of ``format``."""
    return _environment(format, folder, width).get_template(name)


@cache
def _environment(format: str, folder: str, width: int) -> Environment:
    shipped = PackageLoader("aggregator.digest")
    # a desk's own template may extend a shipped one: {% extends "shipped/edition.html" %}
    own = ChoiceLoader([FileSystemLoader(folder), PrefixLoader({"shipped": shipped}), shipped])
    # Plain text needs no escaping beyond ``harmless``. Markdown has its own escaping, which runs before autoescaping and
    # marks its result as safe.
    made = (SandboxedEnvironment if folder else Environment)(
        loader=own if folder else shipped,
        autoescape=format != "text",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_escaped if format == "md" else None,
    )
    made.globals |= {
        "stable_id": stable_id,
        "rest_first": _rest_first,
        "br": Markup("  "),
    }
    made.filters |= {
        "fold": partial(wording.fold, width=width),
        "address": lambda url: Markup(markdown_address(url)),  # noqa: S704 - quoted by markdown_address
        "inline": lambda text: Markup(markdown(text, starts_line=False)),  # noqa: S704 - escaped by markdown
        "rule": lambda text, sign: sign * min(width, wording.columns(text)),
    }
    return made


def _escaped(value: Any) -> Any:
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return Markup(markdown(value))  # noqa: S704 - escaped for Markdown, which is not HTML


def _rest_first(edition: Edition) -> str | None:
    """Return the title of the first folded section, which follows the heading "The rest"."""
    return next((section.title for section in edition.sections if section.key == "rest"), None)


# --- JSON Feed ---------------------------------------------------------------------------------


class _JsonFeed:
    """An edition as JSON Feed 1.1."""

    def __init__(self, edition: Edition, words: wording.Wording, folder: str) -> None:
        self._edition = edition
        self._words = words
        self._folder = folder
        self._clock = wording.Clock.of(edition, words.say)

    def text(self) -> str:
        edition, words = self._edition, self._words
        summary = f"{self._clock.window()}. {words.polled(edition)}. {words.chain(edition)}."
        feed = {
            "version": "https://jsonfeed.org/version/1.1",
            "title": edition.title,
            "description": " ".join(filter(None, (summary, words.ungrouped(edition)))),
            "language": words.say.language,
            "authors": [{"name": edition.title}],
            "items": [
                *(self._notice(notice) for notice in edition.corrections),
                *(self._item(section, story) for section in edition.sections for story in section.stories),
            ],
            "_aggregator": {
                "about": PROJECT_ADDRESS,
                "edition": edition.id,
                "nothing_new": edition.nothing_new,
            },
        }
        return json.dumps(feed, ensure_ascii=False, indent=1) + "\n"

    def _fragment(self, name: str, **values: Any) -> str:
        made = template("html", name, self._folder)
        return made.render(clock=self._clock, wording=self._words, say=self._words.say, **values)

    def _item(self, section: EditionSection, story: EditionStory) -> dict[str, object]:
        html = self._fragment("story.fragment", story=story)
        tags = [self._words.section(section), *(flag.value for flag in story.flags)]
        return story_item(story, html, self._clock, modified=story.last_seen, tags=tags)

    def _notice(self, notice: Correction) -> dict[str, object]:
        return _given(
            {
                "id": stable_id("correction", notice.entry, notice.kind),
                "url": notice.url,
                "title": f"{self._words.kind(notice.kind)}: {self._words.titled(notice.kind, notice.title)}",
                "content_html": self._fragment("notice.fragment", notice=notice),
                "date_published": self._clock.machine(notice.time),
                "authors": [{"name": notice.publisher}],
                "tags": ["correction"],
                "language": notice.language,
            }
        )
