"""A local server on raw sockets that plays any answer, valid HTTP or not, and records what it was asked."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

RSS = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>Desk</title><link>http://example.org/</link>'
    b"<item><guid>1</guid><title>One</title><link>http://example.org/1</link></item></channel></rss>"
)


@dataclass(frozen=True)
class Asked:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    connection: int  # which connection it came on
    body: bytes = b""


@dataclass
class Visit:
    """A request and the connection it came on, for cases that write to the socket themselves."""

    asked: Asked
    socket: socket.socket
    stopping: threading.Event

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def drip(self, data: bytes, pause: float = 0.03) -> None:
        """Send a byte at a time until the other side has had enough or the server stops."""
        for position in range(len(data)):
            if self.stopping.wait(pause):
                return
            self.socket.sendall(data[position : position + 1])

    def hang(self) -> None:
        """Say nothing until the other side goes away."""
        self.socket.settimeout(0.05)
        while not self.stopping.is_set():
            try:
                if not self.socket.recv(4_096):
                    return
            except TimeoutError:
                continue


# An answer in bytes (the connection is kept if it carries its length), or a function that writes it and whose
# connection is then closed.
Play = bytes | Callable[[Visit], bytes | None]


def answer(
    body: bytes = b"", *headers: str, status: str = "200 OK", length: bool = True, kind: str = "application/rss+xml"
) -> bytes:
    """Return the bytes of an ordinary answer."""
    lines = [f"HTTP/1.1 {status}", *([f"Content-Type: {kind}"] if kind else []), *headers]
    if length and not status.startswith("304"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def moved(location: str, status: str = "302 Found") -> bytes:
    """Return a redirect."""
    return answer(b"", f"Location: {location}", status=status)


@dataclass
class Server:
    """Listens on a loopback address; ``plays`` maps a path, without its query, to what is answered there."""

    context: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    plays: dict[str, Play] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    port: int = 0  # 0: any that is free

    def __enter__(self) -> Self:
        self._stopping = threading.Event()
        self._listener = socket.create_server((self.host, self.port), backlog=128)
        self._listener.settimeout(0.05)
        self.port = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._connections = 0
        self._main = threading.Thread(target=self._accept)
        self._main.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stopping.set()
        with socket.socket() as wake:
            wake.connect((self.host, self.port))
        self._main.join()
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def url(self, path: str = "/feed") -> str:
        return f"{'https' if self.context else 'http'}://{self.host}:{self.port}{path}"

    def on(self, path: str, play: Play) -> str:
        """Play something at a path; returns its address."""
        self.plays[path] = play
        return self.url(path)

    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            self._connections += 1
            thread = threading.Thread(target=self._serve, args=(connection, self._connections))
            self._threads = [*(one for one in self._threads if one.is_alive()), thread]
            thread.start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(0.05)
        try:
            if self.context is not None:
                connection.settimeout(2)
                connection = self.context.wrap_socket(connection, server_side=True)
                connection.settimeout(0.05)
            while self._one(connection, number):
                pass
        except OSError:
            pass  # the other side went away, which is what many cases are about
        finally:
            connection.close()

    def _one(self, connection: socket.socket, number: int) -> bool:
        asked = self._read(connection, number)
        if asked is None:
            return False
        self.asked.append(asked)
        play = self.plays.get(asked.path.partition("?")[0], answer(b"", status="404 Not Found"))
        connection.settimeout(5)
        if callable(play):
            made = play(Visit(asked, connection, self._stopping))
            if made is None:
                return False
            play = made
        connection.sendall(play)
        connection.settimeout(0.05)
        return b"Content-Length" in play or b" 304 " in play[:20]

    def _read(self, connection: socket.socket, number: int) -> Asked | None:
        raw = b""
        while b"\r\n\r\n" not in raw:
            block = self._receive(connection)
            if not block:
                return None
            raw += block
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        while len(body) < int(headers.get("content-length", 0)):
            body += self._receive(connection)
        method, path, _ = first.split(" ", 2)
        return Asked(method, path, headers, raw, number, body)

    def _receive(self, connection: socket.socket) -> bytes:
        while not self._stopping.is_set():
            try:
                return connection.recv(65_536)
            except TimeoutError:
                continue
        return b""
