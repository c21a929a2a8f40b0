"""Undoing excessive escapes: CDATA marks, references, surrogates, UTF-8 read as Latin-1."""

from __future__ import annotations

import html
import re

_CDATA_OPEN = re.compile(r"<!(?:--)?\[CDATA\[", re.IGNORECASE)
_CDATA_CLOSE = re.compile(r"\]\](?:--)?>")
_ESCAPED_CDATA = re.compile(r"\s*&(?:amp;)?lt;!\[CDATA\[", re.IGNORECASE)
_REFERENCE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_CODE_UNITS = re.compile(r"(?:\\u[0-9a-fA-F]{4}){1,200}")
_SLASHED_QUOTE = re.compile(r"\\(['\"])")
_HIGH = r"&#(?:5529[6-9]|55[3-9]\d{2}|56[0-2]\d{2}|563[01]\d|[xX]0{0,2}[dD][89abAB][0-9a-fA-F]{2});"
_LOW = r"&#(?:563[2-9]\d|56[4-9]\d{2}|57[0-2]\d{2}|573[0-3]\d|5734[0-3]|[xX]0{0,2}[dD][c-fC-F][0-9a-fA-F]{2});"
_PAIR = re.compile(f"({_HIGH})({_LOW})")
_BLOCK = r"(?:p|div|br|h[1-6]|ul|ol|li|blockquote|table|figure|section|article|img|a|b|i|em|strong|span)"
_ESCAPED_MARKUP = re.compile(rf"\s*&lt;{_BLOCK}\b.*&lt;/{_BLOCK}&gt;\s*", re.IGNORECASE | re.DOTALL)
# Tags that authors do not merely mention: one at the very beginning, a link, a picture, a closed line break.
_ESCAPED_TAG = re.compile(
    rf"\s*&lt;{_BLOCK}(?:\s(?:[^&]|&quot;|&\#39;|&amp;){{0,300}})?&gt;(?=.*&lt;/)", re.IGNORECASE | re.DOTALL
)
_ESCAPED_LINK = re.compile(
    r"&lt;(?:a\s(?:[^&]|&quot;|&#39;){0,300}?\bhref|img\s(?:[^&]|&quot;|&#39;){0,300}?\bsrc)\s*=|&lt;br\s?/&gt;",
    re.IGNORECASE,
)
_MARKUP_START = re.compile(rf"\s*<{_BLOCK}\b[^<>]*>", re.IGNORECASE)
_MARKUP_END = re.compile(rf"</?{_BLOCK}\b[^<>]*>\s*", re.IGNORECASE)
_INLINE = re.compile(
    r"<(b|i|em|strong|u|s|span|sub|sup|small|cite|q|mark|font|a)(?:\s[^<>]{0,300})?>[^<>\s](?:[^<>]{0,300}[^<>\s])?</\1>",
    re.IGNORECASE,
)
# A lead byte of UTF-8 and its first continuation, both read as windows-1252.
_DOUBLY_ENCODED = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u20ac\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u017d"
    "\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u017e\u0178]"
)
_WINDOWS_CHARACTERS = {
    code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", "ignore"))
}
_WINDOWS_BYTES = {ord(character): code for code, character in _WINDOWS_CHARACTERS.items()}


def without_cdata_marks(text: str, *, everywhere: bool = False) -> str:
    """Return ``text`` without the marks of a CDATA section that was escaped, doubled or left open.

    Only a text that begins with such a mark is changed, because elsewhere an author may write about them. With
    ``everywhere``, for HTML, marks inside are removed too: they have no meaning there, and a browser would hide their content.
    """
    if "CDATA[" not in text and "cdata[" not in text:
        return _without_end_mark(text)
    if _ESCAPED_CDATA.match(text):
        text = html.unescape(text)
        text = html.unescape(text) if _ESCAPED_CDATA.match(text) else text
    for _ in range(3):  # as deep as they were seen inside one another
        opening = _CDATA_OPEN.match(text.lstrip())
        if opening is None:
            break
        text = _CDATA_CLOSE.sub("", text.lstrip()[opening.end() :]).strip()
    if everywhere and _CDATA_OPEN.search(text):
        text = _CDATA_CLOSE.sub("", _CDATA_OPEN.sub("", text))
    return text


def _without_end_mark(text: str) -> str:
    """Return a text without the end mark that is left over where one section was put inside another."""
    return text.rstrip().removesuffix("]]>").rstrip() if text.endswith("]]>") and "<![" not in text else text


def without_references(text: str) -> str:
    """Return a literal text with its character references resolved; a publisher escaped it once too often."""
    for _ in range(2):
        if "&" not in text or _REFERENCE.search(text) is None:
            break
        text = _REFERENCE.sub(lambda match: html.unescape(match[0]), with_surrogates_joined(text))
    return text


def without_backslashes(title: str) -> str:
    r"""Return a title without the escapes of JSON and databases: ``\'`` and ``\"``, and ``\u00e9`` for letters beyond ASCII."""
    if "\\" not in title:
        return title
    title = _CODE_UNITS.sub(_decoded_units, title)
    return _SLASHED_QUOTE.sub(r"\1", title)


def _decoded_units(match: re.Match[str]) -> str:
    units = b"".join(bytes.fromhex(unit) for unit in match[0].split("\\u")[1:])
    try:
        text = units.decode("utf-16-be")
    except UnicodeError:
        return match[0]
    return text if text.isprintable() and not text.isascii() else match[0]


def with_surrogates_joined(text: str) -> str:
    """Return ``text`` with each pair of references to UTF-16 surrogates replaced by the character that they encode."""
    return _PAIR.sub(_joined, text) if "&#" in text else text


def _joined(match: re.Match[str]) -> str:
    high, low = (_code(reference[2:-1]) for reference in (match[1], match[2]))
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


def _code(digits: str) -> int:
    return int(digits[1:], 16) if digits[0] in "xX" else int(digits)


def is_markup(text: str) -> bool:
    """Return whether a text that should be literal is markup from its first to its last character."""
    if "</" not in text or _MARKUP_START.match(text) is None:
        return False
    return _MARKUP_END.fullmatch(text, text.rindex("<")) is not None


def has_inline_markup(text: str) -> bool:
    """Return whether a literal title has words in tags (``<i>Titanic</i> found``); a tag without words is the title's subject."""
    return "</" in text and _INLINE.search(text) is not None


def unescaped_markup(markup: str) -> str:
    """Return markup with all its tags escaped unescaped once; a text that only mentions tags is returned unchanged."""
    if "<" in markup or "&lt;" not in markup:
        return markup
    escaped = _ESCAPED_MARKUP.fullmatch(markup) or _ESCAPED_TAG.match(markup) or _ESCAPED_LINK.search(markup)
    return html.unescape(markup) if escaped else markup


def singly_encoded(text: str) -> str:
    """Return the original of a text whose UTF-8 bytes were read as windows-1252 and encoded again."""
    if text.isascii() or _DOUBLY_ENCODED.search(text) is None:
        return text
    try:
        return text.translate(_WINDOWS_BYTES).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def read_as_utf8(text: str) -> str:
    """Return a text with two faults of publishers undone, as feedparser does: UTF-8 or windows-1252 taken for Latin-1."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text if text.isprintable() else text.translate(_WINDOWS_CHARACTERS)
