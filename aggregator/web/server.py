"""The page's server: one process with bounded connections and timeouts for idle ones."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.h11_impl import H11Protocol

from aggregator import Aggregator
from aggregator.config.listening import listening_at
from aggregator.config.settings_files import value_text
from aggregator.digest.labels import labels
from aggregator.exceptions import ConfigurationError
from aggregator.settings import Settings, WebSettings
from aggregator.web.access import is_loopback
from aggregator.web.passwords import without_hash
from aggregator.web.site import Access, site, warm_up

# Connections at once; further ones are answered with 503.
_MOST_CONNECTIONS = 200
# Seconds for a client to send a request's head, and between two requests.
_SPEAKS_WITHIN, _KEPT_ALIVE = 10.0, 15
# Seconds that running responses may take when the server stops.
_STOPS_WITHIN = 3
_MOST_HEAD = 32 * 1024  # bytes of a request's head


class TimeoutProtocol(H11Protocol):
    """HTTP protocol that closes connections with an incomplete request head, or without a request."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Start the timer for the first request."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Process received data; the timer stops when a whole head has arrived."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._cancel()
        elif self._deadline is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._cancel()
        self._deadline = self.loop.call_later(_SPEAKS_WITHIN, self._close)

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _close(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()


def check(settings: WebSettings, access: Access) -> None:
    """Raise ConfigurationError if strangers would have access, or nobody would."""
    host, _ = listening_at(settings)
    if problems := without_hash(access.users):
        raise ConfigurationError(problems)
    if not is_loopback(host) and not access.users and not settings.proxy_header:
        raise ConfigurationError(
            f"web.address: {settings.address} can be reached from other machines, and nobody would have to log in."
            " Name users in web.users, or the header of a proxy that asks for a password in web.proxy_header;"
            " or listen on 127.0.0.1."
        )


def made_site(opened: Callable[[], Aggregator], settings: Settings, access: Access) -> Starlette:
    """Return the page application under these settings."""
    check(settings.web, access)
    host, _ = listening_at(settings.web)
    say = labels(settings.digest.language, settings.digest.templates)
    return site(opened, settings.web, access, host=host, title=settings.digest.title, say=say)


def serve(
    opened: Callable[[], Aggregator], settings: Settings, access: Access, announce: Callable[[str], None]
) -> None:
    """Serve the page until stopped; ``announce`` is called with its address. Raises ConfigurationError if it cannot listen."""
    with _listening(settings.web) as listening:
        server = _server(made_site(opened, settings, access))
        announce(f"http://{value_text(settings.web.address)}/")
        server.run(sockets=[listening])


@contextmanager
def served(opened: Callable[[], Aggregator], settings: Settings, access: Access) -> Iterator[None]:
    """Serve the page in the background while the context is open."""
    with _listening(settings.web) as listening:
        server = _server(made_site(opened, settings, access))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="web", daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.should_exit = True
            thread.join(_STOPS_WITHIN + 1)


def _server(app: Starlette) -> uvicorn.Server:
    threading.Thread(target=warm_up, args=(app,), name="web-warming", daemon=True).start()
    config = uvicorn.Config(
        app,
        http=TimeoutProtocol,
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_MOST_CONNECTIONS,
        backlog=128,
        timeout_keep_alive=_KEPT_ALIVE,
        timeout_graceful_shutdown=_STOPS_WITHIN,
        h11_max_incomplete_event_size=_MOST_HEAD,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """A server that ends its event streams when it stops; otherwise it would wait for them."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the event streams, then the server."""
        app: Any = self.config.app
        app.state.changes.end()
        await super().shutdown(sockets)


@contextmanager
def _listening(settings: WebSettings) -> Iterator[socket.socket]:
    host, port = listening_at(settings)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        made = socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise ConfigurationError(
            f"web.address: {settings.address} cannot be listened on ({error.strerror or error}); choose another"
        ) from error
    with made:
        yield made
