"""Decoders for the East Asian charsets as the web uses them: supersets of the standards and of Python's codecs.

The WHATWG Encoding Standard includes the rows that NEC and IBM added to EUC-JP and ISO-2022-JP, those of ETEN and Hong
Kong in Big5, and a euro sign in GBK. Python's codecs for these charsets refuse such characters, so they are read
through Python's codecs for other encodings of the same tables.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

_ESCAPE = re.compile(rb"\x1b(\$[@B]|\$\(D|\([BJI])")


def strict(body: bytes, codec: str) -> str | None:
    """Return the text of ``body`` if all of it can be decoded in the codec's superset, else None."""
    try:
        if codec == "iso2022_jp":
            return _as_euc(body).decode("euc_jp", "_larger_set")
        return body.decode(codec, "_larger_set" if codec in _LARGER else "strict")
    except (UnicodeError, ValueError):
        return None


def _larger_set(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    for width, read in _LARGER.get(error.encoding, ()):
        try:
            return read(error.object[error.start : error.start + width]), error.start + width
        except (UnicodeError, ValueError, IndexError):
            continue
    raise error


def _nec(pair: bytes) -> str:
    """Read a pair of EUC-JP as the same row and cell of Shift_JIS, whose codec knows the added rows."""
    row, cell = pair[0] - 0xA0, pair[1] - 0xA0
    if not (1 <= row <= 94 and 1 <= cell <= 94):
        raise ValueError("no row and cell")
    first = (row - 1) // 2 + (0x81 if row < 63 else 0xC1)
    second = cell + 0x9E if row % 2 == 0 else cell + (0x3F if cell < 64 else 0x40)
    return bytes((first, second)).decode("cp932")


def _as_euc(body: bytes) -> bytes:
    """Return ISO-2022-JP as EUC-JP, which has the same tables without escapes."""
    parts = _ESCAPE.split(body)
    out = [parts[0]]
    for mode, part in zip(parts[1::2], parts[2::2], strict=True):
        if mode in (b"(B", b"(J"):
            out.append(part)
        elif mode == b"(I":
            out.append(b"".join(b"\x8e" + bytes((byte | 0x80,)) for byte in part))
        elif mode == b"$(D":
            out.append(b"".join(b"\x8f" + _high(part[at : at + 2]) for at in range(0, len(part), 2)))
        else:
            out.append(_high(part))
    return b"".join(out)


def _high(data: bytes) -> bytes:
    return bytes(byte | 0x80 if byte > 0x20 else byte for byte in data)


def _through(codec: str) -> Callable[[bytes], str]:
    return lambda data: data.decode(codec)


_LARGER: dict[str, tuple[tuple[int, Callable[[bytes], str]], ...]] = {
    "euc_jp": ((2, _nec), (2, _through("euc_jis_2004")), (3, _through("euc_jis_2004"))),
    "cp932": ((2, _through("shift_jis_2004")),),
    "big5hkscs": ((2, _through("cp950")),),
    "gb18030": ((1, lambda data: "\u20ac" if data == b"\x80" else data.decode("ascii")),),
}
codecs.register_error("_larger_set", _larger_set)
