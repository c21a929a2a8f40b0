"""A quick reader for long feeds files in the usual form: one key per line, plain values.

A YAML reader in Python takes half a millisecond per feed. It still reads files in any other form, and files with faults.
"""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq

_ITEM = re.compile(r"(?P<indent> {0,8})- (?P<key>[a-z_]{1,20}): (?P<value>\S(?:.*\S)?)")
_MEMBER = re.compile(r"(?P<indent> {1,10})(?P<key>[a-z_]{1,20}): (?P<value>\S(?:.*\S)?)")
_BLANK = re.compile(r"[ ]*(?:#.*)?")
# A plain value that YAML can only read as a text: it begins with a letter and has no characters with a meaning in YAML.
_TEXT = re.compile(r"[A-Za-z](?:[A-Za-z0-9._~/?=+,;()'&@!$*%-]|:(?=[^\s])|(?<=\S)#| (?=[^\s#]))*")
_DURATION = re.compile(r"[1-9][0-9]{0,5}[a-z]")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_SWITCHES = {"true": True, "false": False}


class _OtherFormError(Exception):
    """The document is of another form."""


def quick_document(text: str) -> CommentedMap | None:
    """Return a list of feeds in the usual form as a document with the lines of its keys; None for any other document."""
    lines = text.split("\n")
    listed = CommentedSeq()
    start = next((number for number, line in enumerate(lines) if not _BLANK.fullmatch(line)), len(lines))
    if start == len(lines) or lines[start] != "feeds:":
        return None
    try:
        _items(lines, start + 1, listed)
    except _OtherFormError:
        return None
    if not listed:
        return None
    document = CommentedMap({"feeds": listed})
    document._yaml_set_line_col(start, 0)
    document._yaml_set_kv_line_col("feeds", [start, 0, start + 1, 0])
    return document


def _items(lines: list[str], start: int, listed: CommentedSeq) -> None:
    indent, one = None, None
    for number, line in enumerate(lines[start:], start):
        if _BLANK.fullmatch(line):
            continue
        item = _ITEM.fullmatch(line)
        member = item or _MEMBER.fullmatch(line)
        if member is None:
            raise _OtherFormError
        place = len(member["indent"])
        if item is not None:
            if indent not in (None, place):
                raise _OtherFormError
            if indent is None:
                listed._yaml_set_line_col(number, place)
            indent, one = place, CommentedMap()
            one._yaml_set_line_col(number, place + 2)
            listed._yaml_set_idx_line_col(len(listed), [number, place + 2])
            listed.append(one)
        elif indent is None or place != indent + 2:
            raise _OtherFormError
        key = member["key"]
        if one is None or key in one:
            raise _OtherFormError
        one[key] = _value(member["value"])
        one._yaml_set_kv_line_col(key, [number, member.start("key"), number, member.start("value")])


def _value(written: str) -> Any:
    if written in _SWITCHES:
        return _SWITCHES[written]
    if _NUMBER.fullmatch(written):
        return int(written)
    if not (_TEXT.fullmatch(written) or _DURATION.fullmatch(written)) or written.casefold() in _WORDS:
        raise _OtherFormError
    return written
