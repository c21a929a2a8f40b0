"""Chooses among several links of an entry, and resolves relative addresses. Pure."""

from __future__ import annotations

import html
import re

from aggregator.text import address

_NOTHING = frozenset({"undefined", "null", "none", "nan", "#"})
_ANCHOR = re.compile(r"<a\b[^<>]{0,500}?\shref\s*=\s*[\"']?([^\"'<>\s]+)", re.IGNORECASE)
RELATIONS = (
    "http://www.iana.org/assignments/relation/"  # before a relation that is spelled as an address: RFC 4287 4.2.7.2
)
HTML_TYPES = frozenset({"html", "xhtml", "text/html", "application/xhtml+xml"})


def joined(base: str, own: str, document: str) -> str:
    """Return the base of addresses inside an element with the xml:base ``own``.

    ``base`` is the base of the enclosing elements ('' if they set none), ``document`` the document's address.
    """
    if not own:
        return base
    found = address.joined(base or document, own)
    if found is None:
        return base
    return found if found.lower().startswith(("http://", "https://")) else base


def suits(language: str | None, wanted: str | None) -> int:
    """Return how well a link's language suits: 2 the wanted one, 1 unknown, 0 another."""
    if not language:
        return 1
    if not wanted:
        return 0
    one, other = (tag.lower().replace("_", "-").split("-")[0] for tag in (language, wanted))
    return 2 if one == other else 0


def address_in(link: str) -> str:
    """Return the address of a link; it may be wrapped in ``<a href=…>``. A word such as ``undefined`` gives an empty text."""
    anchor = _ANCHOR.search(link) if "<" in link else None
    link = html.unescape(anchor[1]) if anchor else link
    return "" if link.strip().lower() in _NOTHING else link


def resolved(base: str, reference: str) -> str:
    """Return an address resolved against a base; unchanged without a base or where they do not fit."""
    return (address.joined(base, reference) if base else None) or reference
