"""Parses the bytes of a feed into entries; the only module that uses feedparser.

The steps, in the order that measurements suggest: decode; read JSON Feed with our own reader; read well-formed documents
of the usual kinds with the quick reader; repair; read the rest with feedparser, without its sanitiser and link resolver
(two thirds of its time). The entries of every reader then pass through ``entries.py``.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import datetime
from time import struct_time
from typing import Any

from aggregator.exceptions import NotAFeedError, ParseError
from aggregator.model import ParsedFeed, PollHints
from aggregator.model.faults import described
from aggregator.parsing.bot_walls import named_wall, wall_in_page
from aggregator.parsing.broken_entries import with_entries_mended
from aggregator.parsing.charset import decode
from aggregator.parsing.entries import MAX_AUTHORS, admit
from aggregator.parsing.hints import read_hints
from aggregator.parsing.jsonfeed import looks_like_json, read_json
from aggregator.parsing.links import HTML_TYPES, RELATIONS, suits
from aggregator.parsing.namespaces import known_namespace
from aggregator.parsing.pages import feed_links, is_page
from aggregator.parsing.quick import UnusualError, read_quickly
from aggregator.parsing.raw import Markup, RawEntry, RawFeed, RawText
from aggregator.parsing.repair import breaks_off, repaired, trimmed, with_templates_escaped, without_doctype
from aggregator.parsing.tree import XmlError, read_tree
from aggregator.parsing.wrappers import wrapped_feed
from aggregator.settings import ParseSettings
from aggregator.text.address import joined
from aggregator.text.urls import registrable_domain

# feedparser takes quadratic time over the attributes of one tag: 27 s for 50,000 of them.
_HUGE_TAG = re.compile(r"<([A-Za-z][\w:.-]*+)[^<>]{20000,}+>")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_SPACE = re.compile(r"(\sxmlns(?::[\w.-]+)?\s*=\s*[\"'])(https://[^\"'<>]{5,100})", re.IGNORECASE)
_YANDEX = ("yandex_full-text", "yandex_content", "turbo_content")  # under the usual prefixes
# Header fields for feedparser: the bytes are UTF-8 by now, and no address is given to resolve links against.
_HEADERS = {"content-type": "application/xml; charset=utf-8"}


def parse(
    body: bytes,
    url: str,
    headers: Mapping[str, str],
    now: datetime,
    limits: ParseSettings,
    *,
    bad_guids: bool = False,
) -> ParsedFeed:
    """Return the entries of a feed document, safe to store.

    ``url`` is the address of the body, ``headers`` are its HTTP headers, ``now`` is the time; ``bad_guids`` says that an
    earlier document of this feed used one guid for several entries. Raises NotAFeedError for a web page, with the
    feeds that it names, and ParseError for anything else that is not a feed.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    base = _base(url, lowered)
    text, fault = decode(body, lowered.get("content-type", ""))
    text = text.lstrip(" \t\r\n\f\v\0\ufeff")
    if not text:
        raise ParseError("The answer is empty: no feed, no page, only blanks.")
    link = lowered.get("link", "")
    quoted = wrapped_feed(text) if text[0] == '"' else None
    try:
        raw, hints, found = _read(quoted or text, base, link)
    except ParseError:
        inner = wrapped_feed(text)
        if inner is None:
            raise
        raw, hints, found = _read(inner, base, link)
        if not raw.entries:
            raise
        found = found or "the feed stands inside another document"
    return admit(raw, base, now, limits, hints, found or fault, bad_guids=bad_guids)


def _read(text: str, base: str, link: str) -> tuple[RawFeed, PollHints, str | None]:
    """Return the content of a document, its polling hints, and the faults that were repaired.

    ``link`` is the HTTP header of that name.
    """
    if looks_like_json(text):
        return read_json(text, base)
    text = trimmed(text)
    if is_page(text):
        wall = wall_in_page(text)
        wall_note = f": {named_wall(wall)}" if wall else ""
        raise NotAFeedError(f"This is a web page, not a feed{wall_note}.", feed_links(text, base))
    try:
        raw, fault = read_xml(text, base)
    except ParseError as error:
        opening = " ".join(text[:60].split())
        raise ParseError(f"The answer is no feed that can be read: {error} It begins {opening!r}.") from None
    return raw, read_hints(text, link, base), fault


def _base(url: str, headers: Mapping[str, str]) -> str:
    """Return the address of a document: the Content-Location field if it is on the same domain, else ``url``.

    Behind a proxy the field often names the machine that made the document, and it proves nothing (RFC 9110 8.7).
    """
    found = joined(url, headers.get("content-location", "")) or url
    return found if registrable_domain(url) in (None, registrable_domain(found)) else url


def read_xml(text: str, base: str = "") -> tuple[RawFeed, str | None]:
    """Return the content of an XML document, and the faults that were repaired."""
    fault = None
    try:
        return _quickly(text, base), None
    except UnusualError:
        text = with_templates_escaped(without_doctype(text))
    except XmlError as error:
        fault = str(error)
        cut = breaks_off(text)
        text = repaired(without_doctype(text))
        text, raw = _read_repaired(text, base)
        if raw is not None:
            if cut:
                raw.faults.append((len(raw.entries) + 1, f"entry {len(raw.entries) + 1} is cut off"))
            return raw, fault
    return read_with_feedparser(text, base), fault


def _read_repaired(text: str, base: str) -> tuple[str, RawFeed | None]:
    """Return a repaired document, with its broken entries mended if need be, and the quick reader's result, or None."""
    try:
        return text, _quickly(text, base)
    except UnusualError:
        return text, None
    except XmlError:
        text = with_entries_mended(text)
    try:
        return text, _quickly(text, base)
    except (UnusualError, XmlError):
        return text, None


def _quickly(text: str, base: str) -> RawFeed:
    """Return the result of the quick reader. An unexpected error becomes UnusualError, because feedparser may read the document."""
    tree = read_tree(text)
    try:
        return read_quickly(tree, base)
    except (UnusualError, MemoryError):
        raise
    except Exception as error:
        raise UnusualError(described(error)) from error


def read_with_feedparser(text: str, base: str = "") -> RawFeed:
    """Return feedparser's result for a document; raises ParseError if it finds no feed.

    ``base`` is the address of the document; it is needed only if the document sets xml:base.
    """
    text = _SPACE.sub(lambda match: match[1] + (known_namespace(match[2]) or match[2]), text)
    data = _HUGE_TAG.sub(r"<\1>", text).encode("utf-8", "replace")
    # without an initial address, feedparser applies the base of one entry to the next
    headers = _HEADERS | {"content-location": base} if "xml:base" in text and base else dict(_HEADERS)
    try:
        import feedparser  # type: ignore[import-untyped]  # 6 MB in each process that most desks never need

        result = feedparser.parse(
            io.BytesIO(data), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except MemoryError:
        raise ParseError("The document needs more memory to parse than a worker may have.") from None
    except Exception as error:  # noqa: BLE001  a foreign parser on foreign bytes: whatever it raises is a fault of this document
        raise ParseError(f"The document breaks the parser ({type(error).__name__}: {str(error)[:200]}).") from None
    if not result.version and not result.entries:
        raise ParseError("No feed was found in it.")
    return _raw_feed(result)


def _raw_feed(result: Any) -> RawFeed:
    head = result.feed
    raw = RawFeed(
        format=result.version or "",
        title=_text(head.get("title"), head.get("title_detail"), result.version),
        link=_string(head.get("link")) or None,
        language=_string(head.get("language")) or None,
        authors=_authors(head) if (result.version or "").startswith("atom") else [],
    )
    for number, entry in enumerate(result.entries, 1):
        try:
            raw.entries.append(_raw_entry(entry, raw.format, raw.language))
        except MemoryError:
            raise  # the worker's, not the entry's
        except Exception as error:  # noqa: BLE001 - whatever an entry raises costs that entry
            raw.faults.append((number, f"entry {number} cannot be read: {type(error).__name__}"))
    return raw


def _raw_entry(entry: Any, form: str, language: str | None) -> RawEntry:
    links = [link for link in entry.get("links", ()) if link.get("href")]
    source = entry.get("source") or {}
    return RawEntry(
        guid=_string(entry.get("id")) or None,
        guid_is_link=bool(entry.get("guidislink")) or form in ("rss090", "rss10"),
        link=_link(entry, links, form, language),
        other_link=next((link["href"] for link in links if _relation(link) == "alternate"), None),
        canonical_link=_string(entry.get("feedburner_origlink"))
        or next((link["href"] for link in links if _relation(link) == "canonical"), None),
        enclosure=_enclosure(entry, links),
        title=_text(entry.get("title") or entry.get("itunes_title"), entry.get("title_detail"), form),
        summary=_summary(entry, form),
        contents=_contents(entry, form),
        authors=_authors(entry),
        source_authors=_authors(source) if form.startswith("atom") else [],
        published_text=_string(_own(entry, "published")) or None,
        published_read=_time(_own(entry, "published_parsed")),
        updated_text=_string(_own(entry, "updated")) or None,
        updated_read=_time(_own(entry, "updated_parsed")),
        created_text=_string(entry.get("created") or entry.get("prism_publicationdate")) or None,
        created_read=_time(entry.get("created_parsed")),
        language=_string(entry.get("language")) or None,
        source_title=_string(source.get("title")) or None,
        source_url=_string(source.get("href")) or _string(source.get("link")) or _string(source.get("id")) or None,
        categories=[_string(tag.get("label")) or _string(tag.get("term")) for tag in entry.get("tags", ())],
    )


def _contents(entry: Any, form: str) -> list[RawText]:
    """Return the texts of an entry, with Yandex's element for the full text (used in Russia), which feedparser does not know."""
    found = [_text(one.get("value"), one, form) for one in entry.get("content", ()) if _is_readable(one)]
    return found + [_text(entry[name], None, form) for name in _YANDEX if name in entry]


def _is_readable(content: Any) -> bool:
    """Return whether a content is text. Content of another type is a file (RFC 4287 4.1.3.3), which feedparser may have decoded."""
    kind = _string(content.get("type")).split(";")[0].strip().lower()
    if "/" not in kind or kind.startswith("text/") or kind.endswith(("xml", "html")):
        return True
    value = "".join(line.strip() for line in _string(content.get("value")).split("\n"))
    return value.isprintable() and "\ufffd" not in value and not _BASE64.fullmatch(value)


def _relation(link: Any) -> str:
    return _string(link.get("rel")).strip().lower().removeprefix(RELATIONS) or "alternate"


def _link(entry: Any, links: list[Any], form: str, language: str | None) -> str | None:
    """Return the address of the page.

    It is None if feedparser copied an id that is no address, or used the text of a link with another relation.
    """
    link = _string(entry.get("link"))
    pages = [one for one in links if _relation(one) == "alternate" and _string(one.get("type")) in HTML_TYPES]
    pages = pages if form.startswith("atom") else pages[::-1]
    if pages:
        wanted = _string(entry.get("language")) or language
        link = _string(max(pages, key=lambda one: suits(_string(one.get("hreflang")), wanted))["href"])
    elif any(link == one["href"] for one in links):
        link = ""
    return link if link and (link != entry.get("id") or "://" in link) else None


def _enclosure(entry: Any, links: list[Any]) -> str | None:
    """Return the first file that belongs to an entry."""
    found = [_string(link["href"]) for link in links if _relation(link) == "enclosure"]
    found += [_string(content.get("url")) for content in entry.get("media_content", ())]
    return next((address for address in found if address), None)


def _authors(entry: Any) -> list[str]:
    """Return the authors that feedparser lists, or the one that it names."""
    listed = [name for author in entry.get("authors", ())[:MAX_AUTHORS] if (name := _byline(author))]
    return listed if len(listed) > 1 else list(filter(None, [_string(entry.get("author")) or "".join(listed)]))


def _byline(author: Any) -> str:
    name, email = _string(author.get("name")), _string(author.get("email"))
    return f"{name} ({email})" if name and email else name or email


def _summary(entry: Any, form: str) -> RawText:
    """Return the summary unless it is feedparser's copy of the content."""
    value = entry.get("summary")
    contents = entry.get("content", ())
    if value and "summary_detail" not in entry and any(content.get("value") == value for content in contents):
        return RawText()
    return _text(value, entry.get("summary_detail"), form)


def _own(entry: Any, name: str) -> object:
    """Return a member without feedparser's mapping of one date to another, which emits a warning."""
    return dict.get(entry, name)


def _text(value: object, detail: Any, form: str) -> RawText:
    kind = (detail or {}).get("type", "text/html")
    markup = Markup.HTML
    if kind in ("text/plain", "text", "plain"):
        markup = Markup.TEXT if form.startswith("atom") else Markup.GUESS
    base = _string((detail or {}).get("base"))
    return RawText(_string(value), markup, base if base.startswith(("http://", "https://")) else None)


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _time(value: object) -> struct_time | None:
    return struct_time(value) if isinstance(value, tuple) else None
