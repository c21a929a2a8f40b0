"""Unwraps feeds from other documents: a page that shows one, a proxy's JSON, or a text that was escaped as a whole. Pure."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

_OPENING = re.compile(
    r"\s*(?:<\?xml\b|<!DOCTYPE\s+(?:rss|rdf)|<rss\b|<(?:[\w.-]+:)?feed\b|<rdf:RDF\b|\{\s*\"version\"\s*:\s*\"https?:\\?/\\?/jsonfeed)",
    re.IGNORECASE,
)
_CALL = re.compile(r"(?:/\*\*/)?\s*[A-Za-z_$][\w.$]{0,60}\s*\(\s*(?=\{)")  # JSON as a script: callback({...});
_ROOT = re.compile(r"<(rss|rdf:RDF|feed)\s(?:version|xmlns(?::\w+)?)\s*=[^<>]*>", re.IGNORECASE)
_PRE = re.compile(r"<pre\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_ESCAPED = re.compile(r"\s*(?:<\?xml\b[^<>]*>\s*)?(?:<[\w.-]+\b[^<>]*>\s*)?&lt;", re.IGNORECASE)
_DEPTH = 3  # nested wrappers, such as a page in the JSON of a proxy
_AROUND = 200  # characters of other text that a page may contain beside the feed that it shows


def wrapped_feed(text: str) -> str | None:
    """Return the feed that a document wraps, or None if it contains none, or much other text."""
    for _ in range(_DEPTH):
        inner = _inside(text)
        if inner is None:
            return None
        if _OPENING.match(inner):
            return inner
        text = inner
    return None


def _inside(text: str) -> str | None:
    stripped = text.lstrip()
    if stripped[:1] in ("{", '"'):
        return _in_json(stripped)
    if call := _CALL.match(stripped):
        return stripped[call.end() : stripped.rfind(")")]
    if _ESCAPED.match(stripped):
        return html.unescape(_TAG.sub("", stripped)).strip()
    return _shown(stripped) or _embedded(stripped)


def _in_json(text: str) -> str | None:
    """Return the text in a JSON document that looks like a feed or a page, if there is exactly one."""
    try:
        document = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    found = [value for value in _texts(document, 2) if value.lstrip()[:1] in ("<", "{")]
    return found[0] if len(found) == 1 else None


def _texts(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict) and depth:
        for member in value.values():
            yield from _texts(member, depth - 1)


def _shown(page: str) -> str | None:
    """Return the feed that a page shows in ``<pre>``, if it shows little else."""
    start = _PRE.search(page)
    lowered = page.lower()
    end = lowered.rfind("</pre") if start else -1
    if start is None or end < start.end():
        return None
    body = max(lowered.rfind("</head", 0, start.start()), 0)
    around = _TAG.sub("", page[body : start.start()] + page[end:])
    if len(around.strip()) > _AROUND:
        return None
    inner = html.unescape(_TAG.sub("", page[start.end() : end]))
    return inner if _OPENING.match(inner) else None


def _embedded(page: str) -> str | None:
    """Return the feed whose elements are among those of a page, as in a browser's view of a feed."""
    root = _ROOT.search(page)
    if root is None:
        return None
    end = page.rfind(f"</{root[1]}>")
    return page[root.start() : end + len(root[1]) + 3] if end > root.end() else None
