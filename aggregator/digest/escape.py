"""Escaping of feeds' text for terminals, Markdown and links.

Feeds are hostile input. Titles reach terminals (escape sequences, bidirectional overrides that reorder a line),
Markdown viewers (links and HTML in a headline) and mail programs (javascript: addresses).
"""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cache
from operator import is_not
from typing import Any, TypeVar
from urllib.parse import quote

from aggregator.text.address import address_of

T = TypeVar("T")

_HARMLESS = (Enum, int, float, datetime)  # an Enum's text is our own
UNTITLED = "(no title)"  # the text of a link to an entry without a title

# ECMA-48 control sequences, and OSC/DCS/SOS/PM/APC strings up to their terminator.
_TERMINAL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
# White space of any kind becomes one space. Bidirectional controls, invisible tag characters, byte order marks, lone
# surrogates and characters that XML 1.0 forbids are removed. Joiners stay, because Persian and emoji need them.
_SPACE = re.compile(r"[\s\x1c-\x1f\x85\u2028\u2029]+")
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\uffff\ufdd0-\ufdef\ud800-\udfff\U000e0000-\U000e0fff]"
)

_MARKDOWN = re.compile(r"([\\`*_\[\]~|$@])")
_MARKDOWN_ENTITY = re.compile(r"&(?=#?\w+;)")
_MARKDOWN_AUTOLINK = re.compile(r"(?i)\b(?:(https?|ftp|mailto|xmpp):|(www)\.)")
_MARKDOWN_BLOCK = re.compile(r"^(?:([-+#=:])|(\d{1,9})([.)]))")

_IN_ADDRESS = "!$&'()*+,;=:@/?%#[]~-._"  # what an address may hold unquoted (RFC 3986)


def plain(text: str) -> str:
    """Return ``text`` as one line without control, escape and bidirectional characters."""
    if text.isascii() and text.isprintable():  # nearly all texts; only their blanks need work
        return text if "  " not in text and text[:1] != " " and text[-1:] != " " else " ".join(text.split())
    return _SPACE.sub(" ", _FORBIDDEN.sub("", _TERMINAL.sub("", _SPACE.sub(" ", text)))).strip()


def link(url: str | None) -> str | None:
    """Return ``url`` in ASCII without user and password if it is a web address; else None."""
    if not url:
        return None
    address = address_of(plain(url))
    if address is None or not re.fullmatch(r"[a-z0-9.:_\[\]-]+", address.host):
        return None
    found = quote(address.href, safe=_IN_ADDRESS)
    if address.target == "/" and not address.fragment and not plain(url).endswith("/"):
        found = found.removesuffix("/")
    return url if found == url else found


def markdown(text: str, *, starts_line: bool = True) -> str:
    """Return ``text`` escaped so that CommonMark and GitHub show it literally: no link, no markup, no block.

    ``starts_line`` is False if other text precedes it on the line, so that it cannot open a list or a heading.
    """
    safe = _MARKDOWN_ENTITY.sub("&amp;", text)
    safe = _MARKDOWN.sub(r"\\\1", safe).replace("<", "&lt;").replace(">", "&gt;")
    safe = _MARKDOWN_AUTOLINK.sub(lambda hit: f"{hit[1]}\\:" if hit[1] else f"{hit[2]}\\.", safe)
    if not starts_line:
        return safe
    return _MARKDOWN_BLOCK.sub(lambda hit: f"\\{hit[1]}" if hit[1] else f"{hit[2]}\\{hit[3]}", safe)


def markdown_address(url: str) -> str:
    """Return a safe address; characters that would end a Markdown link are quoted."""
    return quote(url, safe="!$&+,;=:@/?%#~-._")


def harmless(value: T) -> T:
    """Return a frozen value with every text in it passed through ``plain``, and every ``url`` through ``link``."""
    changed: Any = _harmless(value)
    result: T = changed
    return result


def _harmless_field(name: str, value: Any) -> Any:
    if name == "url":
        return link(value)
    if name == "title":
        return plain(value) or UNTITLED
    return _harmless(value)


def _harmless(value: Any) -> Any:
    if value is None or isinstance(value, _HARMLESS):
        return value
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, tuple):
        parts = tuple(map(_harmless, value))
        return parts if any(map(is_not, parts, value)) else value
    changed: dict[str, Any] = {}
    kind: Any = type(value)
    for name in _field_names(kind):
        before = getattr(value, name)
        after = _harmless_field(name, before)
        if after is not before:
            changed[name] = after
    return replace(value, **changed) if changed else value


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    """Return the fields of a dataclass; none of anything else."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()
