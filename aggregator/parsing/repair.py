"""Repairs faulty XML as text, so that a strict parser can read it.

Documents are repaired before a lenient parser reads them, because lenient parsers corrupt links. Document types are
removed from all documents; the other repairs apply only to documents that a strict parser refused.
"""

from __future__ import annotations

import re
from html.entities import html5

from aggregator.text.escapes import with_surrogates_joined

_FIRST_TAG = re.compile(r"<[A-Za-z]")
# Everything that may precede a document type; possessive, so that no document causes backtracking.
_DOCTYPE = re.compile(r"(?:\s++|<\?.*?\?>|<!--.*?-->)*+(?P<start><!DOCTYPE\b)", re.IGNORECASE | re.DOTALL)
_DOCTYPE_MARK = re.compile(r"[\"'\[\]>]|<!--")
_ENTITY = re.compile(
    r"<!ENTITY\s+([A-Za-z_][\w.-]{0,40})\s+(?:\"([^\"&%<]{0,200})\"|'([^'&%<]{0,200})'|[\"']&#(x?[0-9a-fA-F]{1,6});[\"'])\s*>"
)
_REFERENCE = re.compile(r"&([A-Za-z_][\w.-]{0,40});")
_MAX_EXPANSION = 1_000_000  # characters that a document's own entities may add

_ROOT = re.compile(r"<(?:\?xml|!DOCTYPE|!--|(?:[\w.-]+:)?(?:rss|feed|rdf|channel)\b)", re.IGNORECASE)
_ROOT_NAME = re.compile(r"<((?:[\w.-]+:)?(?:rss|feed|rdf|channel))\b", re.IGNORECASE)
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*>")
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LITERAL = r"<!\[CDATA\[.*?(?:\]\]>|\Z)"
# A tag with blanks after its opening bracket, or with the backslash that JSON writes before a slash.
_LOOSE_TAG = re.compile(
    r"<(?:\s{1,3}(/?)|\\?(/)\s{0,3})(?=(?:rss|channel|item|title|link|description|pubdate|guid|author|category|feed|entry|summary|"
    r"content|updated|published|id|content:encoded|dc:creator|dc:date)\s{0,3}>)",
    re.IGNORECASE,
)
# A plain-text field that contains markup of a site's template.
_TEMPLATED = re.compile(
    r"(<(link|pubdate|dc:date|guid)\b[^<>]{0,300}>)\s{0,99}(<(?:a|time|span)\b.{0,1000}?)(?=</\2\s{0,9}>)",
    re.IGNORECASE | re.DOTALL,
)
_COMMENT = re.compile(rf"({_LITERAL})|<!--.*?(?:-->|\Z)", re.DOTALL)
_AMPERSAND = re.compile(
    rf"({_LITERAL})|&(?:#(\d{{1,8}}|[xX][0-9a-fA-F]{{1,7}});?|([A-Za-z][A-Za-z0-9]{{1,30}});)?", re.DOTALL
)
_BARE_LESS = re.compile(rf"({_LITERAL})|<(?![A-Za-z_/!?])", re.DOTALL)
_CDATA_OPEN = "<![CDATA["
_CDATA_SPELLING = re.compile(r"<!\s{0,9}\[\s{0,9}CDATA\s{0,9}\[", re.IGNORECASE)
_FIELD_OPEN = re.compile(r"<([A-Za-z_][\w:.-]{0,60})(?:\s[^<>]{0,500})?>\s{0,99}\Z")
_ATTRIBUTE_UNQUOTED = re.compile(
    r"(<[A-Za-z][\w:.-]*(?:\s+[\w:.-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*\s+[\w:.-]+=)([^\s\"'<>=]+)(?=[\s/>])"
)
_PREFIX = re.compile(r"<([A-Za-z_][\w.-]*):[A-Za-z_]|\s([A-Za-z_][\w.-]*):[A-Za-z_][\w.-]*\s*=\s*[\"']")
_DECLARED = re.compile(r"\sxmlns:([A-Za-z_][\w.-]*)")
_ENTRY_END = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_ENTRY_START = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)[\s>]", re.IGNORECASE)
_XML_NAMES = frozenset({"lt", "gt", "amp", "quot", "apos"})
# The meaning of numeric references between 128 and 159 on the web (WHATWG HTML, 13.2.5.80).
_C1 = dict(zip(range(0x80, 0xA0), bytes(range(0x80, 0xA0)).decode("cp1252", "replace"), strict=True))
_NAMESPACES = {
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "media": "http://search.yahoo.com/mrss/",
    "atom": "http://www.w3.org/2005/Atom",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}


def without_doctype(text: str) -> str:
    """Return ``text`` without its document type; short plain-text entities that it declares are expanded.

    Entities that name files, addresses or other entities stay undeclared, so nothing is fetched and no document explodes.
    """
    match = _DOCTYPE.match(text)
    if match is None:
        return text
    start, end = match.start("start"), _doctype_end(text, match.end())
    subset, rest = text[start:end], text[end:]
    entities = {
        match[1]: _character(match[4]) if match[4] else match[2] or match[3] or "" for match in _ENTITY.finditer(subset)
    }
    if entities:
        budget = [_MAX_EXPANSION]
        rest = _REFERENCE.sub(lambda match: _expanded(match, entities, budget), rest)
    return text[:start] + rest


def _doctype_end(text: str, position: int) -> int:
    """Return the end of the declaration that begins before ``position``; brackets and quotes are taken into account."""
    depth, quote, comment_end = 0, "", position
    for match in _DOCTYPE_MARK.finditer(text, position):
        mark = match[0]
        if match.start() < comment_end:
            continue
        if quote:
            quote = "" if mark == quote else quote
        elif mark == "<!--":
            comment_end = text.find("-->", match.end()) + 3
            if comment_end < 3:
                break
        elif mark in "\"'":
            quote = mark
        elif mark in "[]":
            depth = max(depth + (1 if mark == "[" else -1), 0)
        elif depth == 0:
            return match.end()
    first_tag = _FIRST_TAG.search(text, position)
    return first_tag.start() if first_tag else len(text)


def _expanded(match: re.Match[str], entities: dict[str, str], budget: list[int]) -> str:
    value = entities.get(match[1])
    if value is None or budget[0] < len(value):
        return match[0]
    budget[0] -= len(value)
    return value.replace("]]>", "")


def with_templates_escaped(text: str) -> str:
    """Return ``text`` with the markup inside links and dates escaped, because parsers lose the attributes of inline markup."""
    return _TEMPLATED.sub(lambda match: match[1] + match[3].replace("<", "&lt;"), text)


def trimmed(text: str) -> str:
    """Return ``text`` from the first tag of a feed on, without leading blanks, byte order marks and server messages."""
    if text.startswith("<"):
        return text
    stripped = text.lstrip(" \t\r\n\f\v\0\ufeff\u200b\u00a0")
    if stripped.startswith("<"):
        return stripped
    root = _ROOT.search(text)
    return text[root.start() :] if root else stripped


def repaired(text: str) -> str:
    """Return ``text`` with all faults repaired that need no guess about its structure.

    Repaired are: text around the document, control characters, impossible or undeclared references, bare ``&`` and ``<``,
    comments, attributes without quotes, undeclared prefixes, and a cut-off document (its whole entries are kept).
    """
    root = _ROOT.search(text)
    text = text[root.start() :] if root else text
    text = "<?xml version='1.0'?>" + _DECLARATION.sub("", without_doctype(text))
    if _CONTROLS.search(text):
        text = _CONTROLS.sub("", text)
    text = _LOOSE_TAG.sub(lambda match: f"<{match[1] or match[2] or ''}", text)
    text = _with_sections_closed(_CDATA_SPELLING.sub(_CDATA_OPEN, text))
    if "<!--" in text:
        text = _COMMENT.sub(lambda match: match[1] or "", text)
    text = _AMPERSAND.sub(_reference, with_surrogates_joined(text))
    text = _BARE_LESS.sub(lambda match: match[1] or "&lt;", text)
    text = _with_quotes(text)
    name = _ROOT_NAME.search(text)
    if name is None:
        return text
    return _closed(_declared(text, name), name[1])


def _with_sections_closed(text: str) -> str:
    """Return a document with each unclosed CDATA section closed before the end tag of its field.

    If there is no such end tag, the document breaks off inside the section, and the section is removed.
    """
    parts: list[str] = []
    at = end = 0
    while (start := text.find(_CDATA_OPEN, at)) >= 0:
        inside = start + len(_CDATA_OPEN)
        end = text.find("]]>", inside) if 0 <= end < inside else end
        following = text.find(_CDATA_OPEN, inside, max(end, 0)) if end >= 0 else -1
        if end >= 0 and following < 0:
            parts.append(text[at : end + 3])
            at = end + 3
            continue
        field = _FIELD_OPEN.search(text, max(start - 700, 0), start)
        limit = following if following >= 0 else len(text)
        close = text.find(f"</{field[1]}", inside, limit) if field else -1
        if close < 0 and end < 0:
            return "".join((*parts, text[at:start]))
        stop, mark = (close, "]]>") if close >= 0 else (end + 3, "")  # else a section inside a section
        parts.append(text[at:stop] + mark)
        at = stop
    return "".join((*parts, text[at:]))


def breaks_off(text: str) -> bool:
    """Return whether a document ends inside an entry that is not its first."""
    starts, ends = [match.start() for match in _ENTRY_START.finditer(text)], _ENTRY_END.findall(text)
    return len(starts) == len(ends) + 1 > 1 and not _ENTRY_END.search(text, starts[-1])


def _reference(match: re.Match[str]) -> str:
    if match[1]:
        return match[1]
    if match[2]:
        return _character(match[2]) if _is_impossible(match[2]) else f"&#{match[2].lower()};"
    name = match[3]
    if not name:
        return "&amp;" + match[0][1:]
    if name in _XML_NAMES:
        return match[0]
    character = html5.get(name + ";")
    return character if character is not None and "<" not in character and "&" not in character else f"&amp;{name};"


def _code(digits: str) -> int:
    return int(digits[1:], 16) if digits[0] in "xX" else int(digits)


def _is_impossible(digits: str) -> bool:
    code = _code(digits)
    return (
        code in _C1
        or (code < 32 and code not in (9, 10, 13))
        or 0xD800 <= code <= 0xDFFF
        or code in (0xFFFE, 0xFFFF)
        or code > 0x10FFFF
    )


def _character(digits: str) -> str:
    code = _code(digits)
    if code in _C1:
        return _C1[code]
    return "\ufffd" if _is_impossible(digits) else {38: "&amp;", 60: "&lt;"}.get(code, chr(code))


def _with_quotes(text: str) -> str:
    for _ in range(8):  # one unquoted attribute of each tag a round
        text, changed = _ATTRIBUTE_UNQUOTED.subn(r'\1"\2"', text)
        if not changed:
            break
    return text


def _declared(text: str, root: re.Match[str]) -> str:
    used = {match[1] or match[2] for match in _PREFIX.finditer(text)}
    missing = sorted(used - {"xml", "xmlns"} - set(_DECLARED.findall(text)))
    declarations = "".join(
        f' xmlns:{prefix}="{_NAMESPACES.get(prefix.lower(), "urn:undeclared:" + prefix)}"' for prefix in missing
    )
    return text[: root.end()] + declarations + text[root.end() :] if declarations else text


def _closed(text: str, root: str) -> str:
    """Return the document ending with its root's end tag: text after it is cut; if missing, it is added after the last whole entry."""
    end = text.rfind(f"</{root}>")
    if end >= 0:
        return text[: end + len(root) + 3]
    ends = [match.end() for match in _ENTRY_END.finditer(text)]
    if not ends:
        return text
    kept = text[: ends[-1]]
    opened = "channel" if root.lower() == "rss" and "<channel" in kept and "</channel>" not in kept else ""
    return kept + (f"</{opened}>" if opened else "") + f"</{root}>"
