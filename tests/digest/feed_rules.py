"""The rules of RFC 4287 and JSON Feed 1.1 as a table of assertions: each says where it stands, and finds what breaks it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, fromstring

ATOM = "{http://www.w3.org/2005/Atom}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_MEDIA = re.compile(r"[\w.+-]+/[\w.+-]+")
_ACTING = frozenset({"script", "iframe", "object", "embed", "style", "form", "link", "meta", "base"})

Faults = Iterator[str]


class _Acting(HTMLParser):
    """Notes what in a fragment would do something: elements that act, handlers, addresses that are no web address."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ACTING:
            self.found.append(tag)
        for name, value in attrs:
            if name.startswith("on") or (
                name in ("href", "src") and urlsplit(value or "").scheme not in ("http", "https")
            ):
                self.found.append(f"{name}={value}")


def _acts(fragment: str) -> list[str]:
    reader = _Acting()
    reader.feed(fragment)
    return reader.found


@dataclass(frozen=True)
class Rule:
    """A rule, where it is written, and what finds the places that break it."""

    where: str
    says: str
    broken: Callable[[Any], Faults]


def _entries(feed: Element) -> list[Element]:
    return feed.findall(f"{ATOM}entry")


def _both(feed: Element) -> list[Element]:
    return [feed, *_entries(feed)]


def _text(element: Element, name: str) -> str:
    found = element.find(ATOM + name)
    return "" if found is None else (found.text or "")


def _exactly_one(name: str) -> Callable[[Element], Faults]:
    def broken(feed: Element) -> Faults:
        for element in _both(feed):
            if len(element.findall(ATOM + name)) != 1:
                yield f"{len(element.findall(ATOM + name))} {name} in {element.tag}"

    return broken


def _at_most_one(name: str) -> Callable[[Element], Faults]:
    def broken(feed: Element) -> Faults:
        for element in _both(feed):
            if len(element.findall(ATOM + name)) > 1:
                yield name

    return broken


def _is_iri(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.scheme) and not re.search(r"[\s<>\"{}|\\^`]", text)


def _root(feed: Element) -> Faults:
    if feed.tag != f"{ATOM}feed":
        yield feed.tag


def _ids(feed: Element) -> Faults:
    for element in _both(feed):
        if not _is_iri(_text(element, "id")) or _text(element, "id") != _text(element, "id").strip():
            yield _text(element, "id")


def _different_ids(feed: Element) -> Faults:
    ids = [_text(element, "id") for element in _both(feed)]
    if len(ids) != len(set(ids)):
        yield "an id twice"


def _dates(feed: Element) -> Faults:
    for element in _both(feed):
        for name in ("updated", "published"):
            for found in element.findall(ATOM + name):
                text = found.text or ""
                if not _DATE.fullmatch(text):
                    yield text
                else:
                    datetime.fromisoformat(text)


def _authors(feed: Element) -> Faults:
    if feed.find(f"{ATOM}author") is None:
        for entry in _entries(feed):
            if entry.find(f"{ATOM}author") is None:
                yield _text(entry, "id")


def _persons(feed: Element) -> Faults:
    for author in feed.iter(f"{ATOM}author"):
        if len(author.findall(f"{ATOM}name")) != 1 or not _text(author, "name").strip():
            yield "a person without one name"


def _self(feed: Element) -> Faults:
    if len([link for link in feed.findall(f"{ATOM}link") if link.get("rel") == "self"]) != 1:
        yield "no rel=self"


def _alternates(feed: Element) -> Faults:
    for element in _both(feed):
        kinds = [
            (link.get("type"), link.get("hreflang"))
            for link in element.findall(f"{ATOM}link")
            if link.get("rel", "alternate") == "alternate"
        ]
        if len(kinds) != len(set(kinds)):
            yield _text(element, "id")


def _linked_or_told(feed: Element) -> Faults:
    for entry in _entries(feed):
        alternate = any(link.get("rel", "alternate") == "alternate" for link in entry.findall(f"{ATOM}link"))
        if not alternate and entry.find(f"{ATOM}content") is None:
            yield _text(entry, "id")


def _links(feed: Element) -> Faults:
    for link in feed.iter(f"{ATOM}link"):
        address = link.get("href", "")
        if not address or re.search(r"[\s<>\"{}|\\^`]", address):
            yield f"href {address!r}"
        if link.get("type") is not None and not _MEDIA.fullmatch(link.get("type", "")):
            yield f"type {link.get('type')}"


def _texts(feed: Element) -> Faults:
    for name in ("title", "subtitle", "summary", "rights"):
        for found in feed.iter(ATOM + name):
            if found.get("type", "text") not in ("text", "html", "xhtml") or len(found):
                yield name


def _contents(feed: Element) -> Faults:
    for entry in _entries(feed):
        found = entry.findall(f"{ATOM}content")
        if len(found) > 1 or any(one.get("type", "text") not in ("text", "html", "xhtml") or len(one) for one in found):
            yield _text(entry, "id")


def _categories(feed: Element) -> Faults:
    for category in feed.iter(f"{ATOM}category"):
        if not category.get("term"):
            yield "a category without a term"


def _languages(feed: Element) -> Faults:
    for element in feed.iter():
        if element.get(XML_LANG) is not None and not _LANGUAGE.fullmatch(element.get(XML_LANG, "")):
            yield element.get(XML_LANG, "")


def _harmless_html(feed: Element) -> Faults:
    for content in feed.iter(f"{ATOM}content"):
        yield from _acts(content.text or "")


def _newest(feed: Element) -> Faults:
    moments = [datetime.fromisoformat(_text(entry, "updated")) for entry in _entries(feed)]
    if moments and datetime.fromisoformat(_text(feed, "updated")) < max(moments):
        yield "the feed is older than an entry of it"


ATOM_RULES = (
    Rule("RFC 4287, 2", "the document is an atom:feed", _root),
    Rule("RFC 4287, 4.1.1, 4.1.2", "feed and entry have one id", _exactly_one("id")),
    Rule("RFC 4287, 4.1.1, 4.1.2", "feed and entry have one title", _exactly_one("title")),
    Rule("RFC 4287, 4.1.1, 4.1.2", "feed and entry have one updated", _exactly_one("updated")),
    *(
        Rule("RFC 4287, 4.1.1, 4.1.2", f"feed and entry have one {name} at most", _at_most_one(name))
        for name in ("generator", "icon", "logo", "rights", "subtitle", "published", "summary", "source", "content")
    ),
    Rule("RFC 4287, 4.1.1", "feed or each entry has an author", _authors),
    Rule("RFC 4287, 3.2", "a person has one name", _persons),
    Rule("RFC 4287, 4.1.1", "a feed says where it stands: rel=self", _self),
    Rule("RFC 4287, 4.1.1, 4.1.2", "no two alternate links of one type and language", _alternates),
    Rule("RFC 4287, 4.1.2", "an entry without an alternate link has content", _linked_or_told),
    Rule("RFC 4287, 4.2.6", "an id is an absolute IRI", _ids),
    Rule("RFC 4287, 4.2.6", "no id stands for two things", _different_ids),
    Rule("RFC 4287, 3.3", "dates are those of RFC 3339", _dates),
    Rule("RFC 4287, 4.2.7", "links have an address, and a media type where they give one", _links),
    Rule("RFC 4287, 3.1", "texts are text, html or xhtml, without children", _texts),
    Rule("RFC 4287, 4.1.3", "content is text, html or xhtml, without children", _contents),
    Rule("RFC 4287, 4.2.2", "a category has a term", _categories),
    Rule("RFC 4287, 2", "xml:lang is a language tag", _languages),
    Rule("RFC 4287, 5", "html does nothing", _harmless_html),
    Rule("RFC 4287, 4.2.15", "a feed is as new as its newest entry", _newest),
)


# --- JSON Feed -------------------------------------------------------------------------------------


def _version(feed: Any) -> Faults:
    if feed.get("version") != "https://jsonfeed.org/version/1.1":
        yield str(feed.get("version"))


def _feed_texts(feed: Any) -> Faults:
    if not (isinstance(feed.get("title"), str) and feed["title"]):
        yield "title"
    if not isinstance(feed.get("items"), list):
        yield "items"


def _feed_addresses(feed: Any) -> Faults:
    for name in ("home_page_url", "feed_url", "next_url", "icon", "favicon"):
        if name in feed and urlsplit(feed[name]).scheme not in ("http", "https"):
            yield name


def _item_ids(feed: Any) -> Faults:
    ids = [item.get("id") for item in feed["items"]]
    if not all(isinstance(one, str) and one for one in ids) or len(ids) != len(set(ids)):
        yield "ids"


def _item_contents(feed: Any) -> Faults:
    for item in feed["items"]:
        if not (item.get("content_html") or item.get("content_text")):
            yield str(item.get("id"))


def _item_addresses(feed: Any) -> Faults:
    for item in feed["items"]:
        for name in ("url", "external_url", "image", "banner_image"):
            if name in item and urlsplit(item[name]).scheme not in ("http", "https"):
                yield item[name]


def _item_dates(feed: Any) -> Faults:
    for item in feed["items"]:
        for name in ("date_published", "date_modified"):
            if name in item and not _DATE.fullmatch(item[name]):
                yield item[name]


def _item_authors(feed: Any) -> Faults:
    for holder in (feed, *feed["items"]):
        if "author" in holder or not all(author.get("name") for author in holder.get("authors", ())):
            yield "authors"


def _item_tags(feed: Any) -> Faults:
    for item in feed["items"]:
        if not all(isinstance(tag, str) and tag for tag in item.get("tags", ())):
            yield "tags"


def _item_languages(feed: Any) -> Faults:
    for holder in (feed, *feed["items"]):
        if "language" in holder and not _LANGUAGE.fullmatch(holder["language"]):
            yield holder["language"]


def _extensions(feed: Any) -> Faults:
    known = {
        *(
            "version",
            "title",
            "home_page_url",
            "feed_url",
            "description",
            "user_comment",
            "next_url",
            "icon",
            "favicon",
        ),
        *(
            "authors",
            "language",
            "expired",
            "hubs",
            "items",
            "id",
            "url",
            "external_url",
            "content_html",
            "content_text",
        ),
        *("summary", "image", "banner_image", "date_published", "date_modified", "tags", "attachments"),
    }
    for holder in (feed, *feed["items"]):
        for key in holder:
            if key not in known and not re.fullmatch(r"_[A-Za-z]\w*", key):
                yield key


def _no_nulls(feed: Any) -> Faults:
    for holder in (feed, *feed["items"]):
        for key, value in holder.items():
            if value is None:
                yield key


def _harmless_items(feed: Any) -> Faults:
    for item in feed["items"]:
        yield from _acts(item.get("content_html", ""))


JSON_RULES = (
    Rule("JSON Feed 1.1, Top-level", "version is that of 1.1", _version),
    Rule("JSON Feed 1.1, Top-level", "title and items are there", _feed_texts),
    Rule("JSON Feed 1.1, Top-level", "addresses are whole", _feed_addresses),
    Rule("JSON Feed 1.1, Items", "ids are strings, each once", _item_ids),
    Rule("JSON Feed 1.1, Items", "an item has content_html or content_text", _item_contents),
    Rule("JSON Feed 1.1, Items", "addresses are whole", _item_addresses),
    Rule("JSON Feed 1.1, Items", "dates are those of RFC 3339", _item_dates),
    Rule("JSON Feed 1.1, Authors", "authors have names, and `author` is of 1.0", _item_authors),
    Rule("JSON Feed 1.1, Items", "tags are strings", _item_tags),
    Rule("JSON Feed 1.1, Items", "language is a tag of RFC 5646", _item_languages),
    Rule("JSON Feed 1.1, Extensions", "other keys begin with an underscore and a letter", _extensions),
    Rule("JSON Feed 1.1, Items", "what is not known is left out", _no_nulls),
    Rule("JSON Feed 1.1, Security", "html does nothing", _harmless_items),
)


def atom_faults(text: str) -> list[str]:
    """Return which rules an Atom document breaks, and where."""
    feed = fromstring(text.encode("utf-8"))
    return [f"{rule.where}: {rule.says}: {fault}" for rule in ATOM_RULES for fault in rule.broken(feed)]


def json_faults(text: str) -> list[str]:
    """Return which rules a JSON Feed breaks, and where."""
    feed = json.loads(text)
    return [f"{rule.where}: {rule.says}: {fault}" for rule in JSON_RULES for fault in rule.broken(feed)]
