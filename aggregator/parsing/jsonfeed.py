"""A reader for JSON Feed 1 and 1.1, which the released feedparser lacks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import cast

from aggregator.exceptions import ParseError
from aggregator.model import PollHints
from aggregator.model.faults import described
from aggregator.parsing.raw import Markup, RawEntry, RawFeed, RawText
from aggregator.text.urls import absolute_url

_DIGITS = 100
_ITEMS = re.compile(r'"items"\s*:\s*\[')
_BETWEEN_ENTRIES = re.compile(r"[}\]]\s*,\s*(?=\{)")
# a string, or a trailing comma; a string without an end also matches, so that matching stays linear
_LAST_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+(?:"|\Z))|,(?=\s*+[}\]])', re.DOTALL)
_BLANK = re.compile(r"[\s,]*")
_MOST_BROKEN = 100  # broken entries of a document at most, because each may be scanned to its end


def looks_like_json(text: str) -> bool:
    """Return whether a document begins as a JSON object does."""
    return text.lstrip().startswith("{")


def read_json(text: str, base: str) -> tuple[RawFeed, PollHints, str | None]:
    """Return the content of a JSON Feed, its polling hints, and the fault that was repaired.

    Raises ParseError if the text is no JSON or no feed.
    """
    fault = None
    try:
        document = _DECODER.decode(text.strip())
    except (ValueError, RecursionError) as error:
        fault = str(error)
        document = _salvaged(text)
        if not document:
            raise ParseError(f"The document begins like JSON but is not: {error}.") from None
    if not isinstance(document, dict):
        raise ParseError("The document is JSON, but no JSON Feed.")
    members = cast("dict[str, object]", document)
    entries = _entries(members.get("items"))
    version = _text(members.get("version"))
    if not isinstance(entries, list) or ("jsonfeed" not in version and "title" not in members):
        raise ParseError("The document is JSON, but no JSON Feed: it has no list of items under a version or title.")
    feed = RawFeed(
        format="json11" if version.rstrip("/").endswith("1.1") else "json1",
        title=RawText(_text(members.get("title")), Markup.TEXT),
        link=_text(members.get("home_page_url")) or None,
        language=_text(members.get("language")) or None,
        authors=_authors(members),
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
    return feed, _hints(members, base), fault


def _entries(items: object) -> object:
    """Return the list of entries; PHP writes a list from which entries were removed as an object with numbers as names."""
    numbered = isinstance(items, dict) and all(name.isdecimal() for name in items)
    return list(cast("dict[str, object]", items).values()) if numbered else items


def _salvaged(text: str) -> dict[str, object]:
    """Return the readable parts of a cut-off or broken JSON Feed: the members before its entries, and its whole entries."""
    text = _LAST_COMMA.sub(lambda match: match[1] or "", text)
    begun = _ITEMS.search(text)
    if begun is None:
        return {}
    try:
        head = _DECODER.decode(f"{text[: begun.start()].strip().rstrip(',')}}}")
    except (ValueError, RecursionError):
        return {}
    entries: list[object] = []
    place, broken = _after_blanks(text, begun.end()), 0
    while place < len(text) and broken < _MOST_BROKEN and (broken or text[place] != "]"):
        try:
            entry, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            broken += 1
            if text[place] == "{":
                entries.append(None)
            following = _BETWEEN_ENTRIES.search(text, place)
            place = following.end() if following else len(text)
        else:
            if not broken or (isinstance(entry, dict) and "id" in entry):  # others are parts of a broken entry
                entries.append(entry)
        place = _after_blanks(text, place)
    return {**head, "items": entries} if any(isinstance(entry, dict) for entry in entries) else {}


def _after_blanks(text: str, place: int) -> int:
    found = _BLANK.match(text, place)
    return found.end() if found else place


def whole_number(digits: str) -> int | str:
    """Return an integer; a number with very many digits stays text, because parsing it takes quadratic time."""
    return int(digits) if len(digits) <= _DIGITS else digits


_DECODER = json.JSONDecoder(strict=False, parse_int=whole_number)


def _entry(members: dict[str, object]) -> RawEntry:
    contents = []
    if markup := _text(members.get("content_html")):
        contents.append(RawText(markup, Markup.HTML))
    elif text := _text(members.get("content_text")):
        contents.append(RawText(text, Markup.TEXT))
    link = _text(members.get("url")) or _text(members.get("external_url"))
    guid = _text(members.get("id"))
    return RawEntry(
        guid=guid or None,
        guid_is_link=guid.startswith(("http://", "https://")),
        link=link or None,
        title=RawText(_text(members.get("title")), Markup.TEXT),
        summary=RawText(_text(members.get("summary")), Markup.TEXT),
        contents=contents,
        enclosure=_attachment(members),
        authors=_authors(members),
        published_text=_text(members.get("date_published")) or None,
        updated_text=_text(members.get("date_modified")) or None,
        language=_text(members.get("language")) or None,
        categories=_tags(members.get("tags")),
    )


def _authors(members: dict[str, object]) -> list[str]:
    """Return the names of authors, who are objects in the standard and plain names in some feeds."""
    named = members.get("authors") or members.get("author")
    authors = named if isinstance(named, list) else [named]
    return _names(authors)


def _tags(tags: object) -> list[str]:
    listed = tags.split(",") if isinstance(tags, str) else _list(tags)
    return _names(listed)


def _names(listed: Iterable[object]) -> list[str]:
    """Return the names of listed objects; a text is itself a name."""
    names = (_text(one.get("name") if isinstance(one, dict) else one) for one in listed)
    return [name for name in names if name]


def _attachment(members: dict[str, object]) -> str | None:
    files = (_text(one.get("url")) for one in _list(members.get("attachments")) if isinstance(one, dict))
    return next((url for url in files if url), None)


def _hints(members: dict[str, object], base: str) -> PollHints:
    hub = next((_text(hub.get("url")) for hub in _list(members.get("hubs")) if isinstance(hub, dict)), "")
    ttl = members.get("ttl")  # outside the standard, but seen
    minutes = ttl if isinstance(ttl, int) and 0 < ttl < 5_000_000 else 0
    return PollHints(ttl=timedelta(minutes=minutes) if minutes else None, hub=absolute_url(hub, base) if hub else None)


def _text(value: object) -> str:
    """Return a string or a number as text; feeds use both as ids."""
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
