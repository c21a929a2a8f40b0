"""A strict reader of HTTP/1 responses: all limits and framing rules in one place.

The standard library's reader accepts negative chunk sizes, conflicting lengths, endless bodies and malformed header
blocks, and is three times as slow.
"""

from __future__ import annotations

import re
import socket

from aggregator.fetching.faults import FetchError, connection_fault

MAX_HEAD = 65_536  # bytes of status line and header fields; RFC 9112 leaves it to us, servers send 1-4 KB
MAX_FIELDS = 200
MAX_LINE = 4_096  # bytes of a chunk's size line with its extensions
MAX_TRAILERS = 16_384
MAX_FRAMING = 262_144  # bytes of chunk sizes and read-ahead that are allowed besides twice the body
MAX_INTERIM = 5  # answers 1xx before the final one
BLOCK = 65_536
MAX_READS = 8  # for the beginning of a body

_BEGINNING = b"HTTP/1."
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: .*)?", re.DOTALL)
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_END = re.compile(rb"\r?\n\r?\n")
_LENGTH = re.compile(r"[0-9]{1,15}")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?\r?", re.DOTALL)

Fields = list[tuple[str, str]]


class ResponseReader:
    """Reads one answer: the head first, then the body, once."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = b""
        self._at = 0  # bytes of the buffer that are consumed
        self.received = 0  # bytes received, including framing
        self.status = 0
        self.version = 11
        self.fields: Fields = []
        self.finished = False  # the body was read to a certain end
        self._ended = False  # the server closed its side

    # --- head ------------------------------------------------------------------------------------

    def read_head(self) -> None:
        """Read up to the end of the header fields; raises FetchError if this is no HTTP answer."""
        for _ in range(MAX_INTERIM + 1):
            self._read_one_head()
            if self.status >= 200:
                self._length()  # a contradiction is a fault of the head
                return
            if self.status == 101:
                break
        raise FetchError("protocol", "the server sent no final answer")

    def _read_one_head(self) -> None:
        block = self._head_block()
        lines = block.split(b"\n")
        match = _STATUS.fullmatch(lines[0].rstrip(b"\r"))
        if match is None:
            raise FetchError("protocol", "the answer is not HTTP/1")
        self.version, self.status = 10 + int(match[1]), int(match[2])
        self.fields = _fields(lines[1:])

    def _head_block(self) -> bytes:
        start = self._at
        while (end := _END.search(self._buffer, start)) is None:
            have = len(self._buffer) - self._at
            if have > MAX_HEAD:
                break
            if not self._fill():
                raise self._cut_head()
            start = max(have - 3, 0)
            if not self._buffer.startswith(_BEGINNING[: len(self._buffer)]):
                raise FetchError("protocol", "the answer is not HTTP/1")
        if end is None or end.start() - self._at > MAX_HEAD:
            raise FetchError("protocol", f"the answer's header is larger than {MAX_HEAD} bytes")
        block = self._buffer[self._at : end.start()]
        self._at = end.end()
        return block

    def _cut_head(self) -> FetchError:
        if not self.received:
            return FetchError("connection", "the server closed the connection without an answer")
        return FetchError("protocol", "the answer broke off in its header")

    # --- body ------------------------------------------------------------------------------------

    def first(self, name: str) -> str | None:
        """Return the first field of this name (lower case)."""
        return next((value for found, value in self.fields if found == name), None)

    def every(self, name: str) -> list[str]:
        """Return the comma-separated parts of all fields with this name."""
        return [
            part.strip() for found, value in self.fields if found == name for part in value.split(",") if part.strip()
        ]

    def read_body(self, limit: int) -> bytes:
        """Return the whole body as it was sent; raises FetchError where it is cut off, malformed or too large."""
        # "identity" means no coding in an older standard; if a proxy repeats "chunked", it was applied once
        codings = {part.lower() for part in self.every("transfer-encoding")} - {"identity"}
        if codings and codings != {"chunked"}:
            raise FetchError("protocol", "the answer uses a transfer coding that we did not ask for")
        length = self._length()
        if codings:
            return self._chunked(limit)
        if length is None:
            return self._until_closed(limit)
        if length > limit:
            raise _too_large(limit)
        body = self._take(length)
        self.finished = self._at == len(self._buffer)
        return body

    def read_beginning(self, limit: int, read_timeout: float) -> bytes:
        """Return the beginning of a body, as much as a few reads yield; never raises.

        ``read_timeout`` is in seconds, for each read.
        """
        parts = bytearray(self._buffer[self._at : self._at + limit])
        try:
            length = self._length()
            limit = limit if length is None else min(limit, length)
            self._socket.settimeout(read_timeout)
            for _ in range(MAX_READS):
                if len(parts) >= limit or not (block := self._receive(min(BLOCK, limit - len(parts)))):
                    break
                parts += block
        except (FetchError, OSError):
            pass
        return _unchunked(bytes(parts)) if self.every("transfer-encoding") else bytes(parts[:limit])

    def drain(self) -> None:
        """Discard an unwanted body if it has arrived completely; never wait for it."""
        try:
            length = 0 if self.status == 304 else self._length()
        except FetchError:
            return
        here = len(self._buffer) - self._at
        self.finished = length == here and not self.every("transfer-encoding")

    @property
    def reusable(self) -> bool:
        """Whether the connection may serve another request."""
        return self.finished and self.version == 11 and "close" not in map(str.lower, self.every("connection"))

    def _length(self) -> int | None:
        given = self.every("content-length")
        if not given:
            return None
        if len(set(given)) > 1 or _LENGTH.fullmatch(given[0]) is None:
            raise FetchError("protocol", "the answer contradicts itself about its length")
        return int(given[0])

    def _take(self, count: int) -> bytes:
        """Return exactly ``count`` bytes. Memory is allocated for bytes that arrive, not for the announced length."""
        first = self._buffer[self._at : self._at + count]
        have = len(first)
        self._at += have
        if have == count:
            return first
        parts = [first]
        while have < count:
            block = self._receive(min(BLOCK, count - have))
            if not block:
                raise FetchError("protocol", f"the body broke off after {have} of {count} bytes")
            parts.append(block)
            have += len(block)
        return b"".join(parts)

    def _until_closed(self, limit: int) -> bytes:
        parts = [self._buffer[self._at :]]
        have = len(parts[0])
        self._at = len(self._buffer)
        while have <= limit and (block := self._receive(BLOCK)):
            parts.append(block)
            have += len(block)
        if have > limit:
            raise _too_large(limit)
        return b"".join(parts)

    def _chunked(self, limit: int) -> bytes:
        body = bytearray()
        while size := self._chunk_size():
            if len(body) + size > limit:
                raise _too_large(limit)
            if self.received > 2 * len(body) + MAX_FRAMING:
                raise FetchError("protocol", "the body comes in chunks that are smaller than their framing")
            body += self._take(size)
            if self._line() not in (b"\r", b""):
                raise FetchError("protocol", "a chunk of the body is longer than it says")
        self._trailers()
        self.finished = self._at == len(self._buffer) and not self._ended
        return bytes(body)

    def _chunk_size(self) -> int:
        match = _CHUNK.fullmatch(self._line())
        if match is None:
            raise FetchError("protocol", "a chunk of the body has no valid size")
        return int(match[1], 16)

    def _trailers(self) -> None:
        """Read past the trailer; where the server closes before its end, the body is whole all the same: RFC 9112 8."""
        before = self.received
        try:
            while self._line().rstrip(b"\r"):
                if self.received - before > MAX_TRAILERS:
                    raise FetchError("protocol", "the body's trailer is too large")
        except FetchError:
            if not self._ended:
                raise

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n", self._at)) < 0:
            if len(self._buffer) - self._at > MAX_LINE:
                raise FetchError("protocol", "a chunk of the body has no valid size")
            if not self._fill():
                raise FetchError("protocol", "the body broke off before its last chunk")
        line = self._buffer[self._at : end]
        self._at = end + 1
        return line

    def _fill(self) -> bool:
        block = self._receive(BLOCK)
        self._buffer = self._buffer[self._at :] + block
        self._at = 0
        return bool(block)

    def _receive(self, count: int) -> bytes:
        if self._ended:
            return b""
        try:
            block = self._socket.recv(count)
        except OSError as error:
            raise connection_fault(error) from error
        self.received += len(block)
        self._ended = not block
        return block


def _unchunked(data: bytes) -> bytes:
    """Return the content of the complete chunks at the beginning of a chunked body, and of the next one so far."""
    parts, at = [], 0
    while (end := data.find(b"\n", at)) >= 0 and (match := _CHUNK.fullmatch(data, at, end)) is not None:
        size = int(match[1], 16)
        parts.append(data[end + 1 : end + 1 + size])
        at = end + 1 + size + 2
        if not size:
            break
    return b"".join(parts)


def _too_large(limit: int) -> FetchError:
    return FetchError("too_large", f"the body is larger than {limit:,} bytes (fetch.max_bytes)")


def _fields(lines: list[bytes]) -> Fields:
    if len(lines) > MAX_FIELDS:
        raise FetchError("protocol", f"the answer has more than {MAX_FIELDS} header fields")
    fields: Fields = []
    dropped = True
    for line in lines:
        text = line.decode("latin-1")
        if text[:1] in (" ", "\t"):  # obsolete line folding: RFC 9112 5.2
            if not dropped:
                name, value = fields[-1]
                fields[-1] = (name, f"{value} {text.strip()}")
            continue
        name, colon, value = text.partition(":")
        name = name.rstrip(" \t")
        if not colon or _NAME.fullmatch(name) is None:
            dropped = True  # an odd line costs itself, with what is folded into it
            continue
        dropped = False
        fields.append((name.lower(), value.strip(" \t\r")))
    return fields
