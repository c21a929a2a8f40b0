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
# Tags that nobody writes about in passing: one at the very beginning, a link, a picture, a closed line break.
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

    Only a text that begins with such a mark is touched, for elsewhere an author may write about them; in HTML they
    mean nothing ``everywhere``, and a browser would hide what they hold.
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
    """A section inside a section ends with the inner mark; the outer one is left over."""
    return text.rstrip().removesuffix("]]>").rstrip() if text.endswith("]]>") and "<![" not in text else text


def without_references(text: str) -> str:
    """Return a text that should be literal with its character references resolved: it was escaped once too often."""
    for _ in range(2):
        if "&" not in text or _REFERENCE.search(text) is None:
            break
        text = _REFERENCE.sub(lambda match: html.unescape(match[0]), with_pairs_joined(text))
    return text


def without_backslashes(title: str) -> str:
    """Return a title without the backslashes that JSON and databases set before quotes and for letters beyond ASCII."""
    if "\\" not in title:
        return title
    title = _CODE_UNITS.sub(_spelt_out, title)
    return _SLASHED_QUOTE.sub(r"\1", title)


def _spelt_out(match: re.Match[str]) -> str:
    units = b"".join(bytes.fromhex(unit) for unit in match[0].split("\\u")[1:])
    try:
        text = units.decode("utf-16-be")
    except UnicodeError:
        return match[0]
    return text if text.isprintable() and not text.isascii() else match[0]


def with_pairs_joined(text: str) -> str:
    """Return ``text`` with two references that spell one character as UTF-16 does made one character."""
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
    """Return whether a literal title has words in tags (``<i>Titanic</i> found``); tags alone are its subject."""
    return "</" in text and _INLINE.search(text) is not None


def unescaped_markup(markup: str) -> str:
    """Return markup whose tags are all escaped, unescaped once; a text that only names tags stays."""
    if "<" in markup or "&lt;" not in markup:
        return markup
    escaped = _ESCAPED_MARKUP.fullmatch(markup) or _ESCAPED_TAG.match(markup) or _ESCAPED_LINK.search(markup)
    return html.unescape(markup) if escaped else markup


def singly_encoded(text: str) -> str:
    """Return a text that was UTF-8, was read as windows-1252 and encoded again, as it was."""
    if text.isascii() or _DOUBLY_ENCODED.search(text) is None:
        return text
    try:
        return text.translate(_WINDOWS_BYTES).encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def read_as_utf8(text: str) -> str:
    """Undo two faults of publishers, as feedparser does: UTF-8 taken for Latin-1, and windows-1252 taken for
    Latin-1."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text if text.isprintable() else text.translate(_WINDOWS_CHARACTERS)
