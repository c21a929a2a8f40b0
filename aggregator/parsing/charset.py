"""Bytes to text, in the order that publishers' mistakes call for.

A byte order mark, the HTTP charset, the XML declaration, UTF-8 (RFC 7303 section 3); names mean what the WHATWG
Encoding Standard says they mean; text that is UTF-8 beats a label that says Latin-1.
"""

from __future__ import annotations

import codecs
import re

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
        ("ascii", "us-ascii", "ansi_x3.4-1968", "iso-8859-1", "iso8859-1", "iso_8859-1", "iso88591", "latin1",
        "latin-1", "l1",
         "cp819", "ibm819", "x-cp1252", "windows-1252"),
        "windows-1252",
    ),
    **dict.fromkeys(("gb2312", "gbk", "gb_2312-80", "chinese", "x-gbk", "csgb2312", "euc-cn"), "gb18030"),
    **dict.fromkeys(("iso-8859-9", "latin5", "l5", "iso8859-9"), "windows-1254"),
    **dict.fromkeys(("iso-8859-11", "tis-620", "tis620", "dos-874", "windows-874"), "cp874"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601", "korean"), "cp949"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "ms_kanji"), "cp932"),
    **dict.fromkeys(("big5", "big5-hkscs", "x-x-big5", "cn-big5"), "big5hkscs"),
    **dict.fromkeys(("utf8", "unicode-1-1-utf-8", "x-unicode20utf8", "utf-8"), "utf-8"),
    **dict.fromkeys(("x-mac-roman", "macintosh"), "mac-roman"),
    "iso-8859-8-i": "iso-8859-8",
    "iso-10646-ucs-2": "utf-16",
    "ucs-2": "utf-16",
}  # fmt: skip
# Codecs of Python that are no charsets of the web; utf-7 is a way round every filter.
_REFUSED = frozenset({"utf-7", "punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})
_WIDE = frozenset({"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"})
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]{0,400}?encoding\s*=\s*[\"']\s*([A-Za-z0-9._:-]{1,40})\s*[\"'][^>]{0,200}>")
_HTTP_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)
_MULTIBYTE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")  # a sign of UTF-8 that some bytes spoil
_HEAD = 1_024  # bytes in which a declaration is looked for


def decode(body: bytes, content_type: str) -> tuple[str, str | None]:
    """Return the text of ``body`` and what was wrong with its encoding, if anything was.

    Never raises: what cannot be decoded becomes U+FFFD.
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return _lenient(body[len(mark) :], name)
    for opening, name in _OPENINGS:
        if opening.match(body):
            return _lenient(body, name)
    labels = _labels(body, content_type)
    for label in labels:
        codec = _codec(label)
        if codec is None:
            continue
        if codec == "windows-1252":
            return _western(body)
        text = _strict(body, codec)
        if text is not None:
            return text, None
    return _unlabelled(body, labels)


def _labels(body: bytes, content_type: str) -> list[str]:
    found = []
    http = _HTTP_CHARSET.search(content_type) if "charset" in content_type.lower() else None
    if http is not None:
        found.append(http[1])
    declared = _DECLARATION.match(body[:_HEAD].decode("latin-1"))
    if declared is not None:
        found.append(declared[1])
    return found


def _unlabelled(body: bytes, labels: list[str]) -> tuple[str, str | None]:
    text = _strict(body, "utf-8")
    if text is not None:
        unusable = next((label for label in labels), None)
        return text, f"encoding: labelled {unusable}, is UTF-8" if unusable else None
    if not labels and not _MULTIBYTE.search(body):
        return _western(body)[0], "encoding: not labelled, and not UTF-8; read as windows-1252"
    wanted = next((codec for codec in map(_codec, labels) if codec is not None), "utf-8")
    text = body.decode(wanted, "replace")
    return text, f"encoding: {text.count(chr(0xFFFD))} places are not {wanted}"


def _western(body: bytes) -> tuple[str, str | None]:
    """Read bytes labelled Latin-1 or ASCII: as UTF-8 if that is what they are, else as windows-1252."""
    text = _strict(body, "utf-8")
    if text is not None:
        return text, None
    # windows-1252 of the WHATWG maps the five bytes that Python leaves undefined to controls
    return body.decode("windows-1252", "_controls"), None


def _controls(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("_controls", _controls)


def _codec(label: str) -> str | None:
    name = label.strip().lower()
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


def _strict(body: bytes, name: str) -> str | None:
    try:
        return body.decode(name)
    except (UnicodeError, ValueError):
        return None


def _lenient(body: bytes, name: str) -> tuple[str, str | None]:
    text = _strict(body, name)
    if text is not None:
        return text, None
    text = body.decode(name, "replace")
    return text, f"encoding: {text.count(chr(0xFFFD))} places are not {name}"
