"""A reader for JSON Feed 1 and 1.1, which the released feedparser lacks."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import cast

from aggregator.exceptions import ParseError
from aggregator.model import PollHints
from aggregator.model.faults import described
from aggregator.parsing.raw import Markup, RawEntry, RawFeed, RawText
from aggregator.text.urls import absolute_url

_DIGITS = 100


def looks_like_json(text: str) -> bool:
    """Return whether a document begins as a JSON object does."""
    return text.lstrip().startswith("{")


def read_json(text: str, base: str) -> tuple[RawFeed, PollHints]:
    """Return the content of a JSON Feed; raises ParseError where the text is no JSON or no feed."""
    try:
        document = json.loads(text.strip(), strict=False, parse_int=whole_number)
    except (ValueError, RecursionError) as error:
        raise ParseError(f"The document begins like JSON but is not: {error}.") from None
    if not isinstance(document, dict):
        raise ParseError("The document is JSON, but no JSON Feed.")
    members = cast("dict[str, object]", document)
    entries = members.get("items")
    version = _text(members.get("version"))
    if not isinstance(entries, list) or ("jsonfeed" not in version and "title" not in members):
        raise ParseError("The document is JSON, but no JSON Feed: it has no list of items under a version or title.")
    feed = RawFeed(
        format="json11" if version.rstrip("/").endswith("1.1") else "json1",
        title=RawText(_text(members.get("title")), Markup.TEXT),
        link=_text(members.get("home_page_url")) or None,
        language=_text(members.get("language")) or None,
    )
    for number, entry in enumerate(entries, 1):
        if not isinstance(entry, dict):
            feed.faults.append((number, f"entry {number} is no JSON object"))
            continue
        try:
            feed.entries.append(_entry(cast("dict[str, object]", entry)))
        except MemoryError:
            raise  # the worker's, not the entry's
        except Exception as error:  # noqa: BLE001 - whatever an entry raises costs that entry
            feed.faults.append((number, f"entry {number} cannot be read: {described(error)}"))
    return feed, _hints(members, base)


def whole_number(digits: str) -> int | str:
    """Return an integer; one with absurdly many digits stays text, since parsing takes quadratic time."""
    return int(digits) if len(digits) <= _DIGITS else digits


def _entry(members: dict[str, object]) -> RawEntry:
    contents = []
    if markup := _text(members.get("content_html")):
        contents.append(RawText(markup, Markup.HTML))
    elif text := _text(members.get("content_text")):
        contents.append(RawText(text, Markup.TEXT))
    link = _text(members.get("url"))
    return RawEntry(
        guid=_text(members.get("id")) or None,
        link=link or _text(members.get("external_url")) or None,
        title=RawText(_text(members.get("title")), Markup.TEXT),
        summary=RawText(_text(members.get("summary")), Markup.TEXT),
        contents=contents,
        enclosure=_attachment(members),
        authors=_authors(members),
        published_text=_text(members.get("date_published")) or None,
        updated_text=_text(members.get("date_modified")) or None,
        language=_text(members.get("language")) or None,
        categories=[_text(tag) for tag in _list(members.get("tags")) if _text(tag)],
    )


def _authors(members: dict[str, object]) -> list[str]:
    authors = _list(members.get("authors")) or [members.get("author")]
    return [_text(author.get("name")) for author in authors if isinstance(author, dict)]


def _attachment(members: dict[str, object]) -> str | None:
    files = (_text(one.get("url")) for one in _list(members.get("attachments")) if isinstance(one, dict))
    return next((url for url in files if url), None)


def _hints(members: dict[str, object], base: str) -> PollHints:
    hub = next((_text(hub.get("url")) for hub in _list(members.get("hubs")) if isinstance(hub, dict)), "")
    ttl = members.get("ttl")  # outside the standard, but seen
    minutes = ttl if isinstance(ttl, int) and 0 < ttl < 5_000_000 else 0
    return PollHints(ttl=timedelta(minutes=minutes) if minutes else None, hub=absolute_url(hub, base) if hub else None)


def _text(value: object) -> str:
    """Return a string or a number as text; ids of either kind are met in the wild."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    try:
        return str(value)
    except ValueError:  # more digits than Python is willing to write out
        return ""


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
