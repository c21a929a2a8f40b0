"""Subscription lists in OPML, read and written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from aggregator.exceptions import ParseError
from aggregator.model import Feed, Skip
from aggregator.parsing.charset import decode
from aggregator.parsing.outlines import read_outlines
from aggregator.parsing.tree import XmlError, local_name, read_tree
from aggregator.text.address import address_as_typed
from aggregator.text.clean import one_line
from aggregator.text.masking import is_masked, shown_address
from aggregator.text.urls import absolute_url, mask_secrets

MAX_FEEDS = 50_000
MAX_DEPTH = 50  # categories inside one another
_SEPARATOR = "/"  # between nested categories
_START = re.compile(r"<(?:\?xml|!DOCTYPE|!--|opml\b)", re.IGNORECASE)
# What an outline has that means a page or a feed; without these and without children it is an empty folder.
_TARGETS = ("htmlurl", "url", "type")


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """A list as read: the feeds, and the outlines that are none, with reasons."""

    feeds: tuple[Feed, ...]
    skips: tuple[Skip, ...]


def read(data: bytes) -> tuple[Feed, ...]:
    """Return the feeds of an OPML document; raises ParseError where it is none."""
    return read_all(data).feeds


def read_all(data: bytes) -> Subscriptions:
    """Return the feeds of an OPML document and what was left out; raises ParseError where it is no OPML.

    Attribute names are compared without case, nested outlines become categories joined by ``/``.
    """
    feeds: dict[str, Feed] = {}
    skips: list[Skip] = []
    number = 0
    stack = [(child, "", 0) for child in reversed(_outlines(_root(data)))]
    while stack:
        outline, category, depth = stack.pop()
        number += 1
        attributes = {local_name(name).lower(): value for name, value in outline.attrib.items()}
        name = one_line(attributes.get("title") or attributes.get("text") or "")
        children = _outlines(outline)
        address = attributes.get("xmlurl") or (
            attributes.get("url") if attributes.get("type", "").lower() in ("rss", "atom") else None
        )
        if address is not None:
            reason = _add(feeds, address, name, category, attributes)
            if reason:
                skips.append(Skip(number, f"outline {number} ({name[:80] or 'without a name'}): {reason}"))
        elif not children and any(attributes.get(target) for target in _TARGETS):
            skips.append(Skip(number, f"outline {number} ({name[:80] or 'without a name'}): no xmlUrl"))
        if children and depth < MAX_DEPTH:
            inner = _SEPARATOR.join(part for part in (category, name) if part) if address is None else category
            stack.extend((child, inner, depth + 1) for child in reversed(children))
    return Subscriptions(tuple(feeds.values()), tuple(skips))


def is_opml(data: bytes) -> bool:
    """Return whether a document means to be XML, and so OPML; else it is a plain list or a table."""
    text = decode(data[:100_000], "")[0].lstrip("\ufeff \t\r\n").lower()
    return text.startswith("<") or "<opml" in text or "<outline" in text


def _root(data: bytes) -> Element:
    text = decode(data, "")[0]
    start = _START.search(text)
    text = text[start.start() :] if start else text.strip()
    try:
        root = read_tree(text)
    except XmlError as error:
        body = read_outlines(text)
        if body is None:
            raise ParseError(
                f"The file is no OPML: it is not well-formed ({error}), and no outline is in it."
            ) from None
        return body
    if local_name(root.tag).lower() != "opml":
        raise ParseError(f"The file is XML, but no OPML: its root element is <{local_name(root.tag)}>.")
    return next(
        (child for child in root if isinstance(child.tag, str) and local_name(child.tag).lower() == "body"), root
    )


def _outlines(element: Element) -> list[Element]:
    return [child for child in element if isinstance(child.tag, str) and local_name(child.tag).lower() == "outline"]


def _add(feeds: dict[str, Feed], address: str, name: str, category: str, attributes: dict[str, str]) -> str | None:
    """Take a feed into the list, or return why not."""
    address = address.strip()
    url = absolute_url(address_as_typed(address), "")
    if url is None:
        return f"{mask_secrets(address)[:200]!r} is no http(s) address"
    if url in feeds:
        return "named twice"
    if len(feeds) >= MAX_FEEDS:
        return f"over the limit of {MAX_FEEDS} feeds"
    # a list of paths, by the specification: the first is the one that a section can be named by
    own_category = one_line(attributes.get("category", "").partition(",")[0]).strip(_SEPARATOR)
    language = attributes.get("language", "").strip()
    named = name if name not in (address, url) else ""
    feeds[url] = Feed(
        url=url,
        name=named or None,
        category=category or own_category or None,
        language=language or None,
        paused=is_masked(url),  # nothing can be fetched there until the secret is put in again
    )
    return None


def write(feeds: Sequence[Feed], title: str) -> bytes:
    """Return an OPML 2.0 document of the feeds, nested by category; credentials in addresses are masked."""
    tree: dict[str, list[Feed]] = {}
    for feed in feeds:
        tree.setdefault(feed.category or "", []).append(feed)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        f"<head><title>{escape(one_line(title))}</title></head>",
    ]
    lines.append("<body>")
    for category in sorted(tree):
        parts = [part for part in category.split(_SEPARATOR) if part]
        lines += [f"<outline text={quoteattr(one_line(part))}>" for part in parts]
        lines += [_outline(feed) for feed in tree[category]]
        lines += ["</outline>"] * len(parts)
    return "\n".join([*lines, "</body>", "</opml>", ""]).encode("utf-8", "replace")


def _outline(feed: Feed) -> str:
    url = shown_address(feed)
    name = quoteattr(one_line(feed.name or url))
    language = f" language={quoteattr(feed.language)}" if feed.language else ""
    return f'<outline type="rss" text={name} title={name} xmlUrl={quoteattr(url)}{language}/>'
