"""Entries whose tags do not match, rewritten one by one, so that a broken one costs no other. Pure.

An end tag that is misspelled or missing turns a document into one that no strict parser reads, and lenient ones give the
words of one entry to its neighbour or to the feed. Here each entry stands alone: what a field holds reaches to its end
tag, else to where the next field begins.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from xml.parsers import expat

_ENTRY = re.compile(r"<((?:[\w.-]+:)?(?:item|entry))(?=[\s>])[^<>]*>", re.IGNORECASE)
_CHANNEL = re.compile(r"<((?:[\w.-]+:)?channel)(?=[\s>])[^<>]*>", re.IGNORECASE)
_ROOT = re.compile(r"<((?:[\w.-]+:)?(?:rss|feed|rdf))\b[^<>]*>", re.IGNORECASE)
_CDATA = re.compile(r"<!\[CDATA\[(.*?)(?:\]\]>|\Z)", re.DOTALL)
_TAG = re.compile(r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<(?P<end>/?)(?P<name>[A-Za-z][\w:.-]*+)(?P<rest>[^<>]*+)>", re.DOTALL)
_ATTRIBUTE = re.compile(r"\s[A-Za-z][\w:.-]*\s*=\s*(?:\"[^\"<]*\"|'[^'<]*')")
_XHTML = re.compile(r"(\stype\s*=\s*[\"'])(?:application/)?xhtml(?:\+xml)?(?=[\"'])", re.IGNORECASE)
_PERSON = re.compile(r"<(?:[\w.-]+:)?name\b[^<>]*>([^<>]*)<", re.IGNORECASE)
# What an entry is known by, said and dated with; the rest of a broken one is left out.
_FIELDS = frozenset(
    {"title", "link", "description", "summary", "content", "content:encoded", "guid", "id", "pubdate", "published",
     "updated", "modified", "issued", "created", "dc:date", "dc:creator", "author", "category"}
)  # fmt: skip
_IGNORED = frozenset({"source", "image", "textinput", "activity:object"})  # their titles and links are not the entry's
_EMPTY = frozenset({"link", "category", "enclosure", "media:content"})  # their content is in attributes


def with_entries_mended(text: str) -> str:
    """Return a document with each entry whose tags do not match rewritten as a list of its fields.

    A document without a feed's root element, or without entries, is returned unchanged.
    """
    starts = list(_ENTRY.finditer(text))
    root = _ROOT.search(text)
    if root is None or not starts or starts[0].start() < root.end():
        return text
    head = text[root.end() : starts[0].start()]
    channel = _CHANNEL.match(head.lstrip())
    opened = channel[0] if channel else ""
    if channel:
        head = head.lstrip()[channel.end() :]
        around = re.compile(rf"</{re.escape(channel[1])}\s*>", re.IGNORECASE).search(head)
        head = head[: around.start()] if around else head
    ends = [start.start() for start in starts[1:]] + [len(text)]
    whole = re.search(rf"</{re.escape(root[1])}", text[starts[-1].end() :], re.IGNORECASE) is not None
    entries = [
        _entry(start, text[start.end() : end], cut=end == len(text) and not whole)
        for start, end in zip(starts, ends, strict=True)
    ]
    close = f"</{channel[1]}>" if channel else ""
    return "".join((text[: root.end()], opened, _whole(head), *entries, close, f"</{root[1]}>"))


def _entry(start: re.Match[str], rest: str, *, cut: bool) -> str:
    """Return an entry with its content, which ends at its end tag or where the next entry begins.

    ``cut``: the document breaks off inside this entry unless its end tag exists, so its last field is incomplete.
    """
    end = next((tag.start() for tag in _TAG.finditer(rest) if tag["end"] and tag["name"] == start[1]), None)
    inside = rest if end is None else rest[:end]
    return f"{start[0]}{_whole(inside, cut=cut and end is None)}</{start[1]}>"


def _whole(inside: str, *, cut: bool = False) -> str:
    """Return the content of an entry unchanged if its tags match, else rewritten as its fields."""
    return inside if _is_well_formed(inside) else "".join(_fields(inside, cut=cut))


def _is_well_formed(inside: str) -> bool:
    parser = expat.ParserCreate()  # knows no namespaces, so prefixes need no declaration
    try:
        parser.Parse(f"<x>{inside}</x>", True)
    except (expat.ExpatError, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class _Tags:
    """The tags of an entry in order, and the positions of the start and end tags of each name."""

    tags: list[re.Match[str]]
    starts: dict[str, list[int]]
    ends: dict[str, list[int]]

    def content_end(self, name: str, start: int) -> int | None:
        """Return the position of a field's end tag; None if there is none, or if the same field begins before it."""
        end = _next(self.ends.get(name, ()), start)
        begun = _next(self.starts.get(name, ()), start)
        return end if end is not None and (begun is None or end < begun) else None


def _next(places: Sequence[int], start: int) -> int | None:
    at = bisect_left(places, start)
    return places[at] if at < len(places) else None


def _tags(text: str) -> _Tags:
    tags = [tag for tag in _TAG.finditer(text) if tag["name"]]
    starts: dict[str, list[int]] = defaultdict(list)
    ends: dict[str, list[int]] = defaultdict(list)
    for tag in tags:
        (ends if tag["end"] else starts)[tag["name"].lower()].append(tag.start())
    return _Tags(tags, starts, ends)


def _fields(inside: str, *, cut: bool) -> list[str]:
    """Return the fields of an entry whose tags do not match, each well-formed; the last one is left out if it is ``cut``."""
    found = _tags(inside)
    fields: list[str] = []
    past = 0
    for place, tag in enumerate(found.tags):
        name = tag["name"].lower()
        if tag["end"] or tag.start() < past:
            continue
        is_empty = tag["rest"].rstrip().endswith("/")
        if name in _FIELDS and not is_empty:
            end = found.content_end(name, tag.end())
            past = end if end is not None else _open_end(found.tags, place, len(inside))
            if cut and past == len(inside):
                break
            fields.append(_field(tag, inside[tag.end() : past]))
        elif name in _EMPTY:
            fields.append(f"<{tag['name']}{_attributes(tag['rest'])}/>")
        elif name in _IGNORED and not is_empty:
            past = found.content_end(name, tag.end()) or past
    return fields


def _open_end(tags: list[re.Match[str]], place: int, end: int) -> int:
    """Return where a field without an end tag ends: before the next field, and before the end tags that precede it."""
    following = place + 1
    while following < len(tags) and (tags[following]["end"] or tags[following]["name"].lower() not in _FIELDS):
        following += 1
    end = tags[following].start() if following < len(tags) else end
    last = following - 1
    while last > place and tags[last]["end"] and not tags[last].string[tags[last].end() : end].strip():
        end = tags[last].start()
        last -= 1
    return end


def _field(tag: re.Match[str], content: str) -> str:
    attributes = _XHTML.sub(r"\1html", _attributes(tag["rest"]))
    if tag["name"].lower() == "author" and (person := _PERSON.search(content)):
        content = person[1]
    return f"<{tag['name']}{attributes}>{_as_text(content)}</{tag['name']}>"


def _attributes(rest: str) -> str:
    return "".join(dict.fromkeys(match[0] for match in _ATTRIBUTE.finditer(rest)))


def _as_text(content: str) -> str:
    """Return the content of a field as character data: its tags become escaped markup."""
    parts = []
    at = 0
    for section in _CDATA.finditer(content):
        parts += [_escaped(content[at : section.start()]), _escaped(section[1].replace("&", "&amp;"))]
        at = section.end()
    return "".join((*parts, _escaped(content[at:])))


def _escaped(text: str) -> str:
    return text.replace("<", "&lt;").replace(">", "&gt;")
