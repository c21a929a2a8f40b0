"""Reads documents in several encodings field by field; the only module that uses resiliparse's charset detector."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice

from resiliparse.parse.encoding import detect_encoding

from aggregator.parsing.supersets import strict

WESTERN = "windows-1252"
MAX_FIELDS = 20_000  # a document with more unreadable fields is not a mixture of encodings
_FIELD = re.compile(rb"[^<>]+")
_HIGH = re.compile(rb"[\x80-\xff]+")
_SURROGATES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
# A character without its last byte
_CUT = re.compile(rb"(?:[\xe0-\xef][\x80-\xbf]|[\xf0-\xf4][\x80-\xbf]{1,2})[.\s]*$")
_ENOUGH = 12  # non-ASCII bytes needed for a guess
_FOREIGN = 2.5  # mean length of runs of non-ASCII bytes: Latin scripts have one or two, others whole words
_SAMPLE = 20_000  # bytes given to the detector
_CODECS = {"shift_jis": "cp932", "big5": "big5hkscs", "gbk": "gb18030", "euc-kr": "cp949", "euc_kr": "cp949"}


def seeming_charset(data: bytes) -> str:
    """Return the likely charset of bytes that are not UTF-8; windows-1252 if nothing indicates another."""
    runs = _HIGH.findall(data[: 50 * _SAMPLE])
    high = sum(map(len, runs))
    if high < _ENOUGH or high < _FOREIGN * len(runs):
        return WESTERN
    sample = b" ".join(islice(_beyond_ascii(data), 500))[:_SAMPLE]
    found = detect_encoding(sample)
    if found in (None, "utf-8") and _is_korean(sample):
        return "cp949"
    name = _CODECS.get(found, found) if found else WESTERN
    return WESTERN if name in ("utf-8", "cp1252", "iso8859-1", "latin-1") else name


def _is_korean(sample: bytes) -> bool:
    """Return whether bytes decoded as Korean are mainly syllables; the detector wrongly calls such bytes UTF-8."""
    letters = [letter for letter in sample.decode("cp949", "ignore") if letter > "\x7f"]
    return 2 * sum("\uac00" <= letter <= "\ud7a3" for letter in letters) > len(letters)


def by_fields(body: bytes, label: str) -> tuple[str, str | None]:
    """Return the text of a document that is only partly in its labelled charset, and a description of the fault.

    Each field, from one tag to the next, is decoded as a whole: as UTF-8, else in the labelled charset, else in the charset
    that the remaining fields seem to be in. If none fits, single bytes among ASCII are read as windows-1252, and the rest
    becomes U+FFFD.
    """
    unread = (field for field in _beyond_ascii(body) if _read(field, ("utf-8", label)) is None)
    neither = list(islice(unread, MAX_FIELDS + 1))
    if len(neither) > MAX_FIELDS:
        return body.decode("utf-8", "_stray"), f"encoding: more than {MAX_FIELDS:,} fields are not {label}"
    guess = seeming_charset(b"<".join(neither))
    mended = 0

    def read(match: re.Match[bytes]) -> bytes:
        nonlocal mended
        if match[0].isascii():
            return match[0]
        text = _read(match[0], ("utf-8", label))
        if text is None:
            text = strict(match[0], guess) if guess != WESTERN else None
            text = _by_bytes(match[0]) if text is None else text
            mended += 1
        return text.encode("utf-8", "replace")

    text = _FIELD.sub(read, body).decode("utf-8", "replace")
    lost = text.count("\ufffd")
    if not mended:
        return text, f"encoding: some fields are {label}, others utf-8"
    how = f"places that cannot be read: {lost}" if lost else f"read as {guess}"
    return text, f"encoding: fields that are not {label}: {mended}; {how}"


def _by_bytes(field: bytes) -> str:
    if _SEQUENCE.search(field) is None and _CUT.search(field) is None:
        return field.decode(WESTERN, "_controls")
    return field.decode("utf-8", "_stray")


def _beyond_ascii(data: bytes) -> Iterator[bytes]:
    return (match[0] for match in _FIELD.finditer(data) if not match[0].isascii())


def _read(field: bytes, names: tuple[str, ...]) -> str | None:
    return next((text for name in names if (text := strict(field, name)) is not None), None)


def _stray(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    data, start, end = error.object, error.start, error.end
    pair = _SURROGATES.match(data, start)
    if pair is not None:  # UTF-16 that was encoded by halves
        return pair[0].decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16"), pair.end()
    alone = end - start == 1 and not data[start - 1 : start] > b"\x7f" and not data[end : end + 1] > b"\x7f"
    return (data[start:end].decode(WESTERN, "replace") if alone else "\ufffd"), end


def _controls(error: UnicodeError) -> tuple[str, int]:
    """Read the five bytes that Python's windows-1252 leaves undefined as control characters, like browsers."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("_stray", _stray)
codecs.register_error("_controls", _controls)
