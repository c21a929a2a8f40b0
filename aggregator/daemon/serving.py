"""A small HTTP server for metrics that idle connections cannot exhaust."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

# Connections at a time, and seconds for the request and the answer of each. A scraper needs one connection.
MOST, DEADLINE = 16, 10.0

App = Callable[[dict[str, Any], Any], Iterable[bytes]]


class _Handler(WSGIRequestHandler):
    def log_message(self, *words: object) -> None:
        """Log nothing: there is a request every few seconds."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def __init__(self, family: socket.AddressFamily, address: tuple[str, int]) -> None:
        self.address_family = family
        self._free = threading.BoundedSemaphore(MOST)
        super().__init__(address, _Handler)

    def verify_request(self, request: object, client_address: object) -> bool:
        """Accept a connection if there are fewer than MOST, else close it."""
        return self._free.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection and close it at its deadline, even if it sends one byte at a time."""
        timer = threading.Timer(DEADLINE, _shut, (request,))
        timer.daemon = True
        timer.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            timer.cancel()
            self._free.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Log nothing: the client closed the connection."""


def _shut(connection: socket.socket) -> None:
    with suppress(OSError):  # closed already
        connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def served(app: App, address: str, port: int) -> Iterator[int]:
    """Serve a WSGI application while the context is open; yields the port. Raises OSError if the address cannot be used."""
    family, _, _, _, where = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    with _Server(family, (str(where[0]), int(where[1]))) as server:
        server.set_app(app)
        thread = threading.Thread(target=server.serve_forever, name="figures", daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()
