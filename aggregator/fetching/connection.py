"""Connections that check the address before they connect, and read HTTP/1 strictly.

urllib3's pools hold these connections and call ``connect``, ``request`` and ``getresponse``. A name is resolved once, and the
checked address is the one connected to, so a name that resolves differently later gains nothing.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Mapping

from urllib3 import HTTPConnectionPool, HTTPResponse, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from aggregator.fetching.deadline import FetchCall, current
from aggregator.fetching.faults import FetchError, connection_fault, tls_fault
from aggregator.fetching.http1 import ResponseReader
from aggregator.fetching.resolver import SocketAddress

_FORBIDDEN = ("\r", "\n", "\0")


class _GuardedConnection(HTTPConnection):
    """The part that plain and TLS connections share."""

    def _new_conn(self) -> socket.socket:
        call = current()
        timeout = self.timeout if isinstance(self.timeout, int | float) else None
        limit = time.monotonic() + min(call.remaining(), timeout or call.remaining())
        addresses = call.resolver.resolve(self._dns_host, self.port, limit - time.monotonic())
        if not call.proxied:
            addresses = [one for one in addresses if call.guard.permits(self.host, one[1][0], self.port)]
        if not addresses:
            raise FetchError(
                "refused",
                "the host lies in a private network; fetch.allow_private_networks names the ones that may be asked",
            )
        connection = _connect(call, addresses, limit)
        # The next step is a TLS handshake or the request. Neither may outlast the fetch.
        connection.settimeout(min(call.remaining(), timeout or call.remaining()))
        return connection

    def connect(self) -> None:
        super().connect()
        assert self.sock is not None  # noqa: S101 - connected
        current().attach(self.sock)

    def request(  # type: ignore[override]  # urllib3 takes kinds of bodies that we never send
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **_: object,
    ) -> None:
        """Send the request in one piece, with exactly the header fields that the fetcher wrote."""
        call = current()
        if self.sock is not None and call.needs_new_connection:
            self.close()
        call.reused = self.sock is not None
        if self.sock is None:
            self.connect()
        head = [f"{method} {url} HTTP/1.1"]
        for name, value in (headers or {}).items():
            if any(mark in value or mark in name for mark in _FORBIDDEN):
                raise FetchError("internal", f"the request header {name!r} holds a line break")
            head.append(f"{name}: {value}")
        try:
            data = "\r\n".join([*head, "\r\n"]).encode("latin-1")
        except UnicodeEncodeError:
            raise FetchError("internal", "a request header holds characters outside Latin-1") from None
        try:
            self.sock.settimeout(self.timeout)
            call.attach(self.sock)
            self.sock.sendall(data if body is None else data + body)
        except OSError as error:
            raise connection_fault(error) from error
        call.incoming = ResponseReader(self.sock)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3's own overrides it so too
        """Read the head of the answer; ``FetchCall.incoming`` reads the body."""
        call = current()
        incoming = call.incoming
        assert incoming is not None  # noqa: S101 - request() came before
        try:
            self.sock.settimeout(self.timeout)
        except OSError as error:
            raise connection_fault(error) from error
        incoming.read_head()
        return HTTPResponse(
            b"",
            headers=incoming.fields,  # type: ignore[arg-type]  # pairs, so that repeated fields stay
            status=incoming.status,
            version=incoming.version,
            version_string=f"HTTP/1.{incoming.version - 10}",
            preload_content=False,
            decode_content=False,
            enforce_content_length=False,
        )


class PlainConnection(_GuardedConnection):
    """A guarded connection without TLS."""


class TlsConnection(_GuardedConnection, HTTPSConnection):
    """A guarded connection with TLS."""

    def connect(self) -> None:
        try:
            super().connect()
        except ssl.SSLError as error:
            raise tls_fault(error) from error
        except OSError as error:
            if error.errno is None and current().proxied and not isinstance(error, TimeoutError):
                # http.client raises this if CONNECT was answered with another status than 200
                raise FetchError("connection", "the proxy refused to connect us to the server") from error
            raise connection_fault(error) from error


class PlainPool(HTTPConnectionPool):
    """Kept plain connections to one origin."""

    ConnectionCls = PlainConnection  # type: ignore[assignment]  # the pool is typed by a protocol, which ours need not fill


class TlsPool(HTTPSConnectionPool):
    """Kept TLS connections to one origin."""

    ConnectionCls = TlsConnection  # type: ignore[assignment]  # the pool is typed by a protocol, which ours need not fill

    def _validate_conn(self, conn: TlsConnection) -> None:  # type: ignore[override]  # the only kind in this pool
        # The library's method warns about each unverified connection, but feeds.yaml allows these feed by feed.
        if conn.is_closed:
            conn.connect()


def _connect(call: FetchCall, addresses: list[SocketAddress], limit: float) -> socket.socket:
    fault = FetchError("timeout", "the server did not answer in time")
    for position, (family, address) in enumerate(addresses):
        left = min(limit - time.monotonic(), call.remaining())
        if left <= 0:
            break
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            # An address that does not answer must not use up the time of the following ones.
            connection.settimeout(left / (len(addresses) - position))
            connection.connect(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            connection.close()
            fault = connection_fault(error)
            continue
        call.attach(connection)
        return connection
    raise fault
