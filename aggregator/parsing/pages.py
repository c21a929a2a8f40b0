"""Recognises web pages in place of a feed, and finds the feeds that they link to."""

from __future__ import annotations

import html
import re

from aggregator.text.urls import absolute_url

MAX_FEEDS = 50
_SEARCHED = 1_000_000  # characters of a page
_FIRST_TAG = re.compile(r"<([A-Za-z][\w:.-]*)")
_FEED_ROOT = re.compile(r"<(?:[\w.-]+:)?(?:rss|feed|rdf)\b[^>]{0,4000}>|<channel\b", re.IGNORECASE)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_PAGE_TAGS = frozenset(
    {"html", "head", "body", "title", "meta", "script", "style", "div", "p", "a", "b", "br", "center", "font", "h1",
     "h2", "h3", "h4", "hr", "i", "img", "link", "main", "nav", "noscript", "pre", "section", "span", "strong",
     "table", "ul", "header", "footer", "iframe", "form"}
)  # fmt: skip
# No "<" inside, not even in quotes, so that the search for the end of an unclosed tag does not cover the whole page.
_LINK = re.compile(r"<link\b((?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*+)>", re.IGNORECASE)
_BASE = re.compile(r"<base\b((?:[^<>\"']|\"[^<\"]*\"|'[^<']*')*+)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(?<![A-Za-z-])([A-Za-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))")
_FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "application/json",
     "application/x-rss+xml", "application/x-atom+xml", "application/xml", "text/xml", "text/rss", "text/rss+xml",
     "text/atom+xml"}
)  # fmt: skip
_NO_FEED = re.compile(r"oembed|wp-json|manifest|/comments/feed", re.IGNORECASE)


def is_page(text: str) -> bool:
    """Return whether a document is a web page rather than a feed."""
    head = _COMMENT.sub("", text[:_SEARCHED]) if "<!--" in text[:_SEARCHED] else text[:_SEARCHED]
    first = _FIRST_TAG.search(head)
    if first is None:
        return "<!doctype html" in head[:2_000].lower()
    name = first[1].lower()
    if name in ("html", "xhtml:html"):
        return True
    return name in _PAGE_TAGS and _FEED_ROOT.search(head) is None


def feed_links(page: str, base: str) -> tuple[str, ...]:
    """Return the feed addresses that a page names by ``<link rel=alternate>``, absolute, in its order, each once.

    Feeds of comments come last; other schemes than http(s) are left out.
    """
    page = page[:_SEARCHED]
    named = _BASE.search(page)
    href = _attributes(named[1]).get("href") if named else None
    base = (absolute_url(href, base) if href else None) or base
    found: dict[str, bool] = {}
    for link in _LINK.finditer(page):
        attributes = _attributes(link[1])
        relations = attributes.get("rel", "").lower().split()
        kind = attributes.get("type", "").split(";")[0].strip().lower()
        if kind not in _FEED_TYPES or not ({"alternate", "feed"} & set(relations)) or "stylesheet" in relations:
            continue
        address = absolute_url(attributes.get("href", ""), base)
        if address is None or (
            kind in ("application/json", "text/xml", "application/xml") and _NO_FEED.search(address)
        ):
            continue
        found.setdefault(address, "comment" in (address + attributes.get("title", "")).lower())
    ordered = sorted(found, key=lambda address: found[address])
    return tuple(ordered[:MAX_FEEDS])


def _attributes(text: str) -> dict[str, str]:
    return {
        match[1].lower(): html.unescape(match[2] or match[3] or match[4] or "").strip()
        for match in _ATTRIBUTE.finditer(text)
    }
