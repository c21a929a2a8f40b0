"""Subscription lists in OPML, read and written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from aggregator.exceptions import ParseError
from aggregator.model import Feed, Skip
from aggregator.parsing.charset import decode
from aggregator.parsing.outlines import read_outlines
from aggregator.parsing.subscriptions import Subscriptions, address_in_list, take
from aggregator.parsing.tree import XmlError, local_name, read_tree
from aggregator.settings import PROJECT_ADDRESS
from aggregator.text.clean import one_line
from aggregator.text.masking import shown_address

MAX_DEPTH = 50  # categories inside one another
_SEPARATOR = "/"  # between nested categories
_START = re.compile(r"<(?:\?xml|!DOCTYPE|!--|opml\b)", re.IGNORECASE)
# Attributes of an outline for a page or a feed. An outline without these and without children is an empty folder.
_TARGETS = ("htmlurl", "url", "type")
# The namespace of keys of feeds.yaml that OPML has no name for.
_PREFIX, _NAMESPACE = "aggregator", PROJECT_ADDRESS
_OURS = f"{{{_NAMESPACE}}}"


def read(data: bytes) -> Subscriptions:
    """Return the feeds of an OPML document and the outlines that were skipped; raises ParseError if it is no OPML.

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
            address = address.strip()
            named = name if name not in (address, address_in_list(address)) else ""
            reason = take(feeds, address, _values(outline, named, category, attributes))
            if reason:
                skips.append(Skip(number, f"outline {number} ({name[:80] or 'without a name'}): {reason}"))
        elif not children and any(attributes.get(target) for target in _TARGETS):
            skips.append(Skip(number, f"outline {number} ({name[:80] or 'without a name'}): no xmlUrl"))
        if children and depth < MAX_DEPTH:
            inner = _SEPARATOR.join(part for part in (category, name) if part) if address is None else category
            stack.extend((child, inner, depth + 1) for child in reversed(children))
    return Subscriptions(tuple(feeds.values()), tuple(skips))


def is_opml(data: bytes) -> bool:
    """Return whether a document looks like XML, and so like OPML; otherwise it is a plain list or a table."""
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


def _values(outline: Element, name: str, category: str, attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the values of an outline's feed: from the usual attributes, and from ours, which other readers ignore."""
    ours = {tag.removeprefix(_OURS): value.strip() for tag, value in outline.attrib.items() if tag.startswith(_OURS)}
    # by the specification this is a list of paths; the first one names the section
    own_category = one_line(attributes.get("category", "").partition(",")[0]).strip(_SEPARATOR)
    return {**ours, "name": name, "category": category or own_category, "language": attributes.get("language", "")}


def write(feeds: Sequence[Feed], title: str) -> bytes:
    """Return an OPML 2.0 document of the feeds, nested by category; credentials in addresses are masked."""
    tree: dict[str, list[Feed]] = {}
    for feed in feeds:
        tree.setdefault(feed.category or "", []).append(feed)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<opml version="2.0" xmlns:{_PREFIX}={quoteattr(_NAMESPACE)}>',
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
    ours = {
        "publisher": feed.publisher,
        "authority": str(feed.authority) if feed.authority != Feed("").authority else None,
        "agency": "true" if feed.agency else None,
        "paused": "true" if feed.paused else None,
        "interval": f"{feed.interval.total_seconds():.0f}s" if feed.interval else None,
        "speaks_for_others": None if feed.speaks_for_others is None else str(feed.speaks_for_others).lower(),
    }
    attributes = {"language": feed.language, **{f"{_PREFIX}:{key}": value for key, value in ours.items()}}
    written = "".join(f" {key}={quoteattr(one_line(value))}" for key, value in attributes.items() if value)
    return f'<outline type="rss" text={name} title={name} xmlUrl={quoteattr(url)}{written}/>'
