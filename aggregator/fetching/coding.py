"""Decoding of content encodings under a size limit; a truncated stream is an error."""

from __future__ import annotations

import zlib

from aggregator.fetching.faults import FetchError

_GZIP = frozenset({"gzip", "x-gzip"})
# The registered codings (RFC 9110 18.6). Any other name (aws-chunked, utf-8) is ignored.
_CODINGS = _GZIP | {"deflate", "br", "zstd", "compress", "x-compress", "dcb", "dcz", "aes128gcm", "exi", "pack200-gzip"}
_PACKED = b"\x1f\x8b\x08"  # the first bytes of a gzip file; no text begins with them
_ZLIB = b"\x78"  # the first byte of a zlib stream
PREVIEW = 4_000_000  # bytes that are decompressed before the rest is measured; few feeds are larger
STEP = 1_000_000
MAX_COPIED = 1_000_000_000  # bytes copied for a file of many members: after each member the rest of the body is copied
_GZIP_WINDOW = 31  # zlib's number for: gzip header, any window


def decode(body: bytes, codings: list[str], limit: int) -> bytes:
    """Return the body without its content coding, at most ``limit`` bytes of it.

    Unknown names are ignored. The first bytes of the body decide whether it is compressed, because some servers compress a
    feed without saying so, and others say so without doing it. Raises FetchError for a coding we did not ask for, for more
    than one, and for a stream that is cut off, damaged or larger than the limit (zlib itself accepts a stream that is
    cut off). A gzip file may have several members (RFC 1952 2.2).
    """
    wanted = [coding.lower() for coding in codings if coding.lower() in _CODINGS]
    if not wanted:
        return _gunzip(body, limit) if body[:3] == _PACKED else body
    if len(wanted) > 1:
        raise FetchError("protocol", "the body has more than one content coding")
    coding = wanted[0]
    if coding not in _GZIP | {"deflate"}:
        raise FetchError("protocol", "the body has a content coding that we did not ask for")
    if _is_text(body):
        return body
    if body[:3] == _PACKED:  # under either name
        once = _gunzip(body, limit)
        return _gunzip(once, limit) if once[:3] == _PACKED else once  # a packed file that the server packed again
    return _inflate(body, limit) if coding == "deflate" or body[:1] == _ZLIB else _gunzip(body, limit)


def _is_text(body: bytes) -> bool:
    """Return whether a body begins like a feed or a page; no compressed body begins so."""
    return body[:1_000].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"<", b"{")


def beginning(data: bytes, codings: list[str], limit: int) -> bytes:
    """Return the decoded beginning of a body that is not read as a feed, at most ``limit`` bytes; never raises."""
    if not any(coding.lower() in _GZIP | {"deflate"} for coding in codings):
        return data[:limit]
    window = _GZIP_WINDOW if data[:2] == _PACKED[:2] else zlib.MAX_WBITS
    try:
        return zlib.decompressobj(window).decompress(data, limit)
    except zlib.error:
        return b""


def _gunzip(body: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    have = copied = 0
    rest = body
    while rest[:2] == b"\x1f\x8b" or not parts:
        part, rest = _one_stream(rest, _GZIP_WINDOW, limit - have)
        parts.append(part)
        have += len(part)
        copied += len(rest)
        if copied > MAX_COPIED:
            raise FetchError("protocol", "the compressed body has too many parts")
        rest = rest.lstrip(b"\0")  # padding after a member; anything else that follows does not belong to the file
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _inflate(body: bytes, limit: int) -> bytes:
    """Decompress a zlib stream (RFC 9110 8.4.1.2), or the raw deflate stream that some servers send instead."""
    try:
        return _one_stream(body, zlib.MAX_WBITS, limit)[0]
    except FetchError as fault:
        if fault.kind == "too_large" or body[:1] == _ZLIB:
            raise
        return _one_stream(body, -zlib.MAX_WBITS, limit)[0]


def _one_stream(data: bytes, window: int, limit: int) -> tuple[bytes, bytes]:
    decoder = zlib.decompressobj(window)
    try:
        part = decoder.decompress(data, min(limit + 1, PREVIEW))
        if len(part) == PREVIEW <= limit and decoder.unconsumed_tail:
            _measure(decoder.copy(), decoder.unconsumed_tail, limit - len(part))
            part += decoder.decompress(decoder.unconsumed_tail, limit + 1 - len(part))
    except zlib.error as error:
        raise FetchError("protocol", "the compressed body is damaged") from error
    if len(part) > limit:
        raise _too_large()
    if not decoder.eof:
        raise FetchError("protocol", "the compressed body is cut off")
    return part, decoder.unused_data


def _measure(decoder: zlib._Decompress, tail: bytes, limit: int) -> None:
    """Decompress the rest once without keeping it, so that a decompression bomb costs a few megabytes, not the whole limit."""
    have = 0
    while tail and not decoder.eof:
        have += len(decoder.decompress(tail, STEP))
        if have > limit:
            raise _too_large()
        tail = decoder.unconsumed_tail


def _too_large() -> FetchError:
    return FetchError("too_large", "the body is too large once decompressed (fetch.max_decoded_bytes)")
