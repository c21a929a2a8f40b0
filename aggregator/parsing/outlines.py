"""Reads subscription lists that are not well-formed XML, tag by tag.

People and careless programs write lists with unescaped ``&`` and ``<``, quotation marks inside values, tags that are
never closed, or a cut-off end. The attributes of each tag can still be read.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_left
from collections.abc import Iterator
from xml.etree.ElementTree import Element

MAX_OUTLINES = 200_000
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_TAG = re.compile(r"<(/?)(?:[\w.-]{1,40}:)?(outline|body|head|opml)(?=[\s/>])", re.IGNORECASE)
_VALUE = re.compile(r"(?P<name>[A-Za-z_][\w:.-]{0,60})\s{0,20}=\s{0,20}(?P<quote>[\"'])")
# A value ends at a quotation mark that is followed by another attribute or the end of the tag; earlier ones belong to it.
_END = re.compile(r"[\"'](?=\s{0,200}(?:[A-Za-z_][\w:.-]{0,60}\s{0,20}=\s{0,20}[\"']|/?>|$))")
# The address alone, for tags whose quotation marks are not in pairs.
_ADDRESS = re.compile(
    r"\bxmlUrl\s{0,20}=\s{0,20}[\"']?\s{0,20}(?P<value>[^\s\"'<>]{1,4096})(?=[\s\"'<>])", re.IGNORECASE
)
_BEGUN = re.compile(r"[\"\s]{0,200}\bxmlUrl\s{0,200}=", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_LONGEST = 8_000  # characters of a tag; no real list has longer ones


def read_outlines(text: str) -> Element | None:
    """Return a list's body with its outlines inside one another; None where the text holds no outline."""
    text = _COMMENT.sub("", text)
    body = Element("body")
    open_ones = [body]
    tags = list(_TAG.finditer(text))[:MAX_OUTLINES]
    for number, tag in enumerate(tags):
        if tag[2].lower() != "outline":
            continue
        if len(open_ones) > 1 and (tag[1] or "xmlUrl" in open_ones[-1].attrib):
            open_ones.pop()  # a feed contains no other feed, so the next tag closes an unclosed one
        if tag[1]:
            continue
        end = tags[number + 1].start() if number + 1 < len(tags) else len(text)
        written = text[tag.end() : end].strip()[:_LONGEST]
        outline = Element("outline", _attributes(written))
        open_ones[-1].append(outline)
        if not _is_closed(written):
            open_ones.append(outline)
    return body if len(body) else None


def _is_closed(written: str) -> bool:
    """Return whether a tag is self-closing."""
    return written.rpartition(">")[0].rstrip().endswith("/")


def _values(written: str) -> Iterator[tuple[str, str]]:
    """Yield names and values of a tag, in time linear in its length."""
    ends: dict[str, list[int]] = {'"': [], "'": []}
    for end in _END.finditer(written):
        ends[end[0]].append(end.start())
    place = 0
    while (begun := _VALUE.search(written, place)) is not None:
        place, later = begun.end(), ends[begun["quote"]]
        number = bisect_left(later, place)
        if number < len(later):
            yield begun["name"], written[place : later[number]]
            place = later[number] + 1


def _attributes(written: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in _values(written):
        name = name.rpartition(":")[2].lower()
        found.setdefault("xmlUrl" if name == "xmlurl" else name, _plain(value))
    if "xmlUrl" in found or "xmlurl" not in written.lower():
        return found
    address = _ADDRESS.search(written)
    found["type"] = "rss"  # a feed was meant, also where its address is cut off
    if address is not None:
        found["xmlUrl"] = _plain(address["value"])
    # a value that has swallowed the address ends before it
    return {name: value if name == "xmlUrl" else _BEGUN.split(value)[0] for name, value in found.items()}


def _plain(value: str) -> str:
    """Return a value with its references decoded; an ``&`` without a ``;`` is kept, even before the name of a character."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), value)
