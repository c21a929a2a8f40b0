"""One request and its response, under limits and a deadline."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from aggregator.fetching.adapter import FeedAdapter, FeedSession, prepare
from aggregator.fetching.coding import beginning, decode
from aggregator.fetching.deadline import FetchCall, Watchdog, set_current
from aggregator.fetching.faults import FetchError
from aggregator.fetching.guard import AddressGuard
from aggregator.fetching.http1 import ResponseReader
from aggregator.fetching.resolver import Resolver
from aggregator.fetching.targets import Target
from aggregator.model import Secret
from aggregator.settings import FetchSettings

KEPT_ORIGINS = 64  # origins with kept connections at most; more than are requested at once
_WITH_BODY = frozenset({200, 203})
_PAGE_BYTES = 32_768  # bytes of a page that comes instead of a feed: enough to recognise bot protection
_BODY_TIMEOUT = 2.0  # seconds for each read of such a page


@dataclass(frozen=True, slots=True)
class OutgoingRequest:
    """A request to send; ``headers`` contain no framing fields."""

    target: Target
    headers: dict[str, str]
    method: str = "GET"
    body: bytes | None = None
    verify: bool = True
    proxy: Secret | None = None


@dataclass(frozen=True, slots=True)
class IncomingResponse:
    """The response to a request; ``body`` is decoded, and empty unless the status is 200 or 203.

    ``page`` is the beginning of the page that came with another status.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    page: str = ""


class Transport:
    """The parts that all requests share: kept connections, the TLS context, the resolver and the watchdog."""

    def __init__(self, settings: FetchSettings, *, origins: int = KEPT_ORIGINS) -> None:
        self._settings = settings
        self._guard = AddressGuard(settings.allow_private_networks)
        self._resolver = Resolver()
        self._watchdog = Watchdog()
        self._adapter = FeedAdapter(
            origins=min(origins, KEPT_ORIGINS), connections=max(settings.workers, 1), ca_file=settings.ca_file
        )
        self._session = FeedSession(self._adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all running requests, and close every connection and thread."""
        self._watchdog.close()
        self._resolver.close()
        self._session.close()

    def close_idle(self) -> None:
        """Close the connections that wait for another request."""
        self._adapter.close()

    def cancel_all(self) -> None:
        """End all running requests; later ones are sent as usual."""
        self._watchdog.cancel_all()

    @contextmanager
    def call(self, *, proxied: bool = False) -> Iterator[FetchCall]:
        """Limit the requests of this thread inside the block to ``fetch.timeout`` seconds in all."""
        call = FetchCall(time.monotonic() + self._settings.timeout, self._guard, self._resolver, proxied=proxied)
        self._watchdog.watch(call)
        set_current(call)
        try:
            yield call
        except Exception as error:
            if call.cancelled:
                raise FetchError("stopped", "the fetch was called off") from error
            if call.expired:
                raise FetchError(
                    "timeout", f"not done within {self._settings.timeout:g} seconds (fetch.timeout)"
                ) from error
            raise
        finally:
            self._watchdog.forget(call)
            set_current(None)

    def send(self, call: FetchCall, request: OutgoingRequest) -> IncomingResponse:
        """Send a request and read its answer; send it again if a kept connection turns out to be closed.

        Raises FetchError, or any exception of the HTTP stack.
        """
        self._check_proxied_host(request)
        call.needs_new_connection = False
        call.incoming = None
        try:
            return self._send(call, request)
        except Exception:
            # A server may close a kept connection just as the request leaves: RFC 9112 9.3.1.
            unanswered = call.incoming is None or not call.incoming.received
            if not (call.reused and unanswered) or call.expired or request.method != "GET":
                raise
        call.needs_new_connection = True
        return self._send(call, request)

    def _send(self, call: FetchCall, request: OutgoingRequest) -> IncomingResponse:
        settings, left = self._settings, call.remaining()
        proxies = None if request.proxy is None else {request.target.scheme: request.proxy.reveal()}
        headers = {"Host": request.target.netloc, **request.headers}
        if request.body is not None:
            headers["Content-Length"] = str(len(request.body))
        response = self._session.send(
            prepare(request.target, request.method, headers, request.body),
            stream=True,
            allow_redirects=False,
            timeout=(min(settings.connect_timeout, left), min(settings.read_timeout, left)),
            verify=request.verify,
            proxies=proxies,
        )
        incoming = call.incoming
        assert incoming is not None  # noqa: S101 - the connection made it
        body, page = b"", ""
        try:
            if incoming.status in _WITH_BODY:
                body = incoming.read_body(settings.max_bytes)
            elif _is_page(incoming):
                data = incoming.read_beginning(_PAGE_BYTES, min(_BODY_TIMEOUT, settings.read_timeout, call.remaining()))
                page = beginning(data, incoming.every("content-encoding"), 4 * _PAGE_BYTES).decode("utf-8", "replace")
            else:
                incoming.drain()
        finally:
            call.detach()
            if call.expired or not incoming.reusable:
                response.raw.close()
            response.raw.release_conn()
        if body:
            body = decode(body, incoming.every("content-encoding"), settings.max_decoded_bytes)
        return IncomingResponse(incoming.status, tuple(incoming.fields), body, page)

    def _check_proxied_host(self, request: OutgoingRequest) -> None:
        """Check the host name that a proxy would connect to; we do not learn the address that the proxy uses."""
        target = request.target
        if request.proxy is not None and not self._guard.permits_name(target.host, target.port):
            raise FetchError("refused", "the host lies in a private network, and a proxy does not change that")


def _is_page(incoming: ResponseReader) -> bool:
    """Return whether the response is a web page with an error status (or 202)."""
    failed = incoming.status >= 400 or incoming.status == 202
    return failed and "html" in (incoming.first("content-type") or "").lower()
