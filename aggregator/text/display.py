"""Feeds' text made safe for terminals, logs and CSV cells."""

from __future__ import annotations

import re
from collections.abc import Callable

# C0 and C1 controls (ESC and newlines among them), bidi marks, embeddings, overrides and isolates, zero-width and
# invisible formatting characters, line and paragraph separators, interlinear marks, tags, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
    "\ud800-\udfff]+"
)
# Whole escape sequences: CSI, OSC and their 8-bit forms, then any other two-character one.
_SEQUENCE = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\\]|\x9d)[^\x07\x1b\x9c]{0,200}(?:\x07|\x1b\\\\|\x9c)|\x1b[ -~]"
)
_BLANK = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]")
_SPACES = re.compile(r" {2,}")
_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")


def fitting_part(line: str, width: int, columns: Callable[[str], int]) -> int:
    """Return how many characters of a line fit into ``width`` columns.

    ``columns`` returns the columns that a character takes. A character that takes none stays with the one before it.
    """
    taken = 0
    for place, character in enumerate(line):
        taken += columns(character)
        if taken > width:
            return place
    return len(line)


def display_text(text: str, limit: int | None = None) -> str:
    """Return ``text`` on one line without characters that steer a terminal or turn the reading direction.

    Breaks and tabs become blanks, other controls are removed. ``limit`` is in characters; a text that is cut ends in ``…``.
    """
    if not text.isprintable() or "  " in text:
        text = _SPACES.sub(" ", _UNSAFE.sub(_blank_or_nothing, _SEQUENCE.sub("", text))).strip()
    if limit is not None and len(text) > limit:
        text = text[: max(limit - 1, 0)].rstrip() + "…"
    return text


def csv_cell(text: str) -> str:
    """Return ``text`` for a CSV or TSV cell: as :func:`display_text`, and a formula is quoted with an apostrophe.

    Numbers keep their sign. The delimiter and quotes are the CSV writer's business.
    """
    text = display_text(text)
    if text.lstrip().startswith(_FORMULA) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def _blank_or_nothing(match: re.Match[str]) -> str:
    return " " if _BLANK.search(match[0]) else ""
