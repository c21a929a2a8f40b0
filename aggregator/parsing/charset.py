"""Decoding bytes to text: charsets are tried in the order that publishers' mistakes require.

The basis is RFC 7303 section 3: byte order mark, HTTP charset, XML declaration, UTF-8. Names mean what the WHATWG
Encoding Standard says. Two rules differ: valid UTF-8 overrides a label that says otherwise, and the XML declaration
overrides an HTTP charset that is only a server's default. If no label fits all bytes, ``mixtures.py`` reads them field by field.
"""

from __future__ import annotations

import codecs
import re
from itertools import islice

from aggregator.parsing.cyrillic import intended_charset
from aggregator.parsing.mixtures import WESTERN, by_fields, seeming_charset
from aggregator.parsing.supersets import strict

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The first characters of a document ("<?", "<r") in encodings that hide them from an ASCII reader.
_OPENINGS = (
    (re.compile(rb"\x00\x00\x00[<\s]"), "utf-32-be"),
    (re.compile(rb"[<\s]\x00\x00\x00"), "utf-32-le"),
    (re.compile(rb"\x00[<\s]\x00[^\x00]"), "utf-16-be"),
    (re.compile(rb"[<\s]\x00[^\x00]\x00"), "utf-16-le"),
    (re.compile(rb"\x4c\x6f\xa7\x94"), "cp037"),
)
_ALIASES = {
    **dict.fromkeys(
        ("ascii", "us-ascii", "ansi_x3.4-1968", "iso-8859-1", "iso8859-1", "iso_8859-1", "iso_8859-1:1987", "iso88591",
         "iso-ir-100", "csisolatin1", "latin1", "latin-1", "l1", "cp819", "ibm819", "cp1252", "x-cp1252",
         "windows-1252"),
        WESTERN,
    ),
    **dict.fromkeys(
        ("gb2312", "gbk", "gb_2312", "gb_2312-80", "chinese", "x-gbk", "csgb2312", "csiso58gb231280", "iso-ir-58",
         "euc-cn", "cp936", "ms936", "windows-936"),
        "gb18030",
    ),
    **dict.fromkeys(("iso-8859-9", "latin5", "l5", "iso8859-9", "csisolatin5", "x-cp1254"), "windows-1254"),
    # koi8-u has Ukrainian letters in place of eight box-drawing characters, which no feed uses
    **dict.fromkeys(("koi8-r", "koi8_r", "koi8", "koi", "cskoi8r"), "koi8-u"),
    **dict.fromkeys(("iso-8859-11", "iso8859-11", "tis-620", "tis620", "dos-874", "windows-874"), "cp874"),
    **dict.fromkeys(
        ("euc-kr", "euckr", "cseuckr", "csksc56011987", "iso-ir-149", "ks_c_5601-1987", "ks_c_5601-1989", "ksc5601",
         "ksc_5601", "korean", "windows-949", "ms949", "uhc"),
        "cp949",
    ),
    **dict.fromkeys(
        ("shift_jis", "shift-jis", "shiftjis", "sjis", "x-sjis", "ms_kanji", "csshiftjis", "ms932", "windows-31j",
         "cswindows31j"),
        "cp932",
    ),
    **dict.fromkeys(
        ("euc-jp", "eucjp", "x-euc-jp", "cseucpkdfmtjapanese", "ujis", "eucjp-ms", "eucjp-win", "cp51932", "euc_jp"),
        "euc_jp",
    ),
    **dict.fromkeys(("iso-2022-jp", "csiso2022jp", "iso2022jp", "cp50220", "cp50221"), "iso2022_jp"),
    **dict.fromkeys(("big5", "big-5", "big5-hkscs", "x-x-big5", "cn-big5", "csbig5", "big5-eten", "cp950"), "big5hkscs"),
    **dict.fromkeys(("utf8", "unicode-1-1-utf-8", "unicode11utf8", "x-unicode20utf8", "utf-8"), "utf-8"),
    **dict.fromkeys(("x-mac-roman", "macintosh", "mac", "csmacintosh"), "mac-roman"),
    **dict.fromkeys(("x-mac-cyrillic", "x-mac-ukrainian"), "mac-cyrillic"),
    **{f"x-cp125{number}": f"windows-125{number}" for number in (0, 1, 3, 5, 6, 7, 8)},
    "koi8-ru": "koi8-u",
    "iso-8859-8-i": "iso-8859-8",
    **dict.fromkeys(("gb-2312", "gbk2312", "gb_18030", "gb-18030"), "gb18030"),
    **dict.fromkeys(("utf8mb4", "utf-8mb4", "utf8-bom", "utf-8-bom"), "utf-8"),
    "sjis-win": "cp932",
    "x-mac-ce": "mac-latin2",
    "iso-10646-ucs-2": "utf-16",
    "ucs-2": "utf-16",
}  # fmt: skip
_WINDOWS_LABEL = re.compile(r"(?:x-)?(?:win|windows|cp|ansi)[-_]?(125[0-8])")  # win-1251, cp-1251, windows1251
# Codecs of Python that are no charsets of the web; utf-7 could hide markup from every filter.
_REFUSED = frozenset({"utf-7", "punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_WIDE = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]{0,400}?encoding\s*=\s*[\"']\s*([A-Za-z0-9._:-]{1,40})\s*[\"'][^>]{0,200}>")
_HTTP_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
# ISO charset -> the Windows charset that documents with its label are often in. Bytes that are control characters in the
# ISO charset, but quotation marks and letters in the Windows one, show that.
_OF_WINDOWS = {
    "iso8859-2": "cp1250", "iso8859-5": "cp1251", "iso8859-6": "cp1256", "iso8859-7": "cp1253", "iso8859-8": "cp1255",
    "iso8859-13": "cp1257",
}  # fmt: skip
_WINDOWS_BYTE = re.compile(rb"[\x80-\x84\x86-\x9f]")
_MULTIBYTE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_BY_CHANCE = 4  # this many UTF-8 sequences are no coincidence in another charset
# Charsets of one language: a document with the label of one is often in the other.
_SIBLINGS = (("cp932", "euc_jp"), ("gb18030", "big5hkscs"))  # the one that accepts more bytes first
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_PAIRED = frozenset({"cp932", "euc_jp", "gb18030", "big5hkscs", "cp949"})
_SAMPLE = 100_000  # characters
_HEAD = 1_024  # bytes in which a declaration is looked for


def decode(body: bytes, content_type: str) -> tuple[str, str | None]:
    """Return the text of ``body`` and the fault of its encoding, if any.

    Never raises: bytes that cannot be decoded become U+FFFD.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _lenient(body[len(mark) :], name)
    for opening, name in _OPENINGS:
        if opening.match(body):
            return _lenient(body, name)
    codecs_named = [codec for label in _labels(body, content_type) if (codec := _codec(label)) is not None]
    return _as_labelled(body, codecs_named)


def _labels(body: bytes, content_type: str) -> list[str]:
    """Return the HTTP charset and the declared one, the more credible first."""
    found = []
    http = _HTTP_CHARSET.search(content_type) if "charset" in content_type.lower() else None
    if http is not None:
        found.append(http[1])
    declared = _DECLARATION.match(body[:_HEAD].decode("latin-1"))
    if declared is not None:
        found.append(declared[1])
    if len(found) > 1 and _codec(found[0]) == WESTERN:
        found.reverse()  # a server's default, not a word about this document
    return found


def _as_labelled(body: bytes, named: list[str]) -> tuple[str, str | None]:
    if "iso2022_jp" in named and b"\x1b" in body and (text := strict(body, "iso2022_jp")) is not None:
        return text, None
    text = strict(body, "utf-8")
    if text is not None and not _is_chance(body, named):
        legacy = [name for name in named if name not in ("utf-8", WESTERN)]
        says_otherwise = bool(legacy) and legacy[0] == named[0] and not text.isascii()
        return text, f"encoding: labelled {legacy[0]}, is utf-8" if says_otherwise else None
    for name in named:
        cyrillic = intended_charset(body, name)
        if cyrillic and (text := strict(body, cyrillic)) is not None:
            return text, f"encoding: labelled {name}, is {cyrillic}"
        windows = _OF_WINDOWS.get(codecs.lookup(name).name)
        if windows and _WINDOWS_BYTE.search(_MULTIBYTE.sub(b"", body)) and (text := strict(body, windows)) is not None:
            return text, f"encoding: labelled {name}, is {windows}"
        if name != WESTERN and (text := strict(body, name)) is not None and not _is_katakana(text, name):
            return text, None if name == named[0] else f"encoding: labelled {named[0]}, is {name}"
    return _as_it_seems(body, named)


def _is_chance(body: bytes, named: list[str]) -> bool:
    """Return whether bytes fit their labelled two-byte charset and are valid UTF-8 only by coincidence."""
    if not named or named[0] not in _PAIRED or body.isascii():
        return False
    return (
        sum(1 for _ in islice(_MULTIBYTE.finditer(body), _BY_CHANCE)) < _BY_CHANCE
        and strict(body, named[0]) is not None
    )


def _is_katakana(text: str, codec: str) -> bool:
    """Return whether a text is mainly half-width katakana, as EUC-JP read as Shift_JIS is."""
    if codec != "cp932":
        return False
    letters = _NOT_ASCII.findall(text[:_SAMPLE])
    narrow = [letter for letter in letters if "\uff61" <= letter <= "\uff9f"]
    return 2 * len(narrow) > len(letters)


def _as_it_seems(body: bytes, named: list[str]) -> tuple[str, str | None]:
    """Read bytes that fit no label, or only a label for Latin letters."""
    for family in _SIBLINGS:
        for name in reversed(family) if set(family) & set(named) else ():
            if (text := strict(body, name)) is not None:
                return text, f"encoding: labelled {named[0]}, is {name}"
    label = next((name for name in named if name != WESTERN), None)
    if label is None and not _MULTIBYTE.search(body):
        seems = seeming_charset(body)
        text = strict(body, seems) if seems != WESTERN else None
        if text is not None:
            return text, f"encoding: {'labelled ' + WESTERN if named else 'not labelled'}, seems {seems}"
        fault = None if named else f"encoding: not labelled, and not UTF-8; read as {WESTERN}"
        return body.decode(WESTERN, "_controls"), fault
    return by_fields(body, label or "utf-8")


def _codec(label: str) -> str | None:
    name = label.strip().lower()
    if windows := _WINDOWS_LABEL.fullmatch(name):
        name = f"windows-{windows[1]}"
    name = _ALIASES.get(name, name)
    try:
        codec = codecs.lookup(name)
        if codec.name in _REFUSED or name in _WIDE or not _is_text(codec):
            return None
    except (LookupError, ValueError):
        return None
    return name


def _is_text(codec: codecs.CodecInfo) -> bool:
    try:
        return isinstance(b"<".decode(codec.name), str)
    except (LookupError, UnicodeError, ValueError):
        return False


def _lenient(body: bytes, name: str) -> tuple[str, str | None]:
    text = strict(body, name)
    if text is not None:
        return text, None
    if name == "utf-8":
        return by_fields(body, name)
    text = body.decode(name, "replace")
    return text, f"encoding: {text.count(chr(0xFFFD))} places are not {name}"
