"""The transport adapter for requests: guarded connections, one TLS context, no retries or redirects of its own.

The library would read the CA bundle for each TLS connection (24-36 ms of CPU against 2-3 ms with one context),
take proxies and credentials from the environment, and follow redirects with the body decompressed whole.
"""

from __future__ import annotations

import logging
import ssl
import threading
from collections.abc import Iterator, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import BaseHTTPResponse, HTTPConnectionPool
from urllib3.util import create_urllib3_context

from aggregator.fetching.connection import PlainPool, TlsPool
from aggregator.fetching.targets import Target, target_of

# The library logs the addresses that it requests, with any secret in them.
logging.getLogger("urllib3").setLevel(logging.ERROR)

_POOLS = {"http": PlainPool, "https": TlsPool}


class FeedAdapter(HTTPAdapter):
    """Sends prepared requests over guarded connections, and keeps connections for further requests.

    ``origins`` is the largest number of origins with kept connections, ``connections`` the largest number for each origin.
    """

    def __init__(self, *, origins: int, connections: int, ca_file: str = "") -> None:
        self._ca_file = ca_file
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        super().__init__(pool_connections=origins, pool_maxsize=connections)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def context(self, verify: bool) -> ssl.SSLContext:
        """Return the TLS context, made when first needed and then shared by all connections."""
        with self._lock:
            if verify not in self._contexts:
                self._contexts[verify] = self._new_context(verify)
            return self._contexts[verify]

    def _new_context(self, verify: bool) -> ssl.SSLContext:
        context = create_urllib3_context()
        if not verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            return context
        context.load_verify_locations(cafile=DEFAULT_CA_BUNDLE_PATH)
        if self._ca_file:
            context.load_verify_locations(cafile=self._ca_file)
        return context

    def get_connection_with_tls_context(
        self,
        request: PreparedRequest,
        verify: Any,
        proxies: Mapping[str, str] | None = None,
        cert: Any = None,
    ) -> HTTPConnectionPool:
        """Return the pool of connections to the request's origin."""
        target = target_of(request.url or "")
        manager: Any = self.poolmanager
        if proxies:
            manager = self.proxy_manager_for(proxies[target.scheme])
            manager.pool_classes_by_scheme = _POOLS
        options: dict[str, Any] = {}
        if target.scheme == "https":
            options = {
                "ssl_context": self.context(bool(verify)),
                "cert_reqs": "CERT_REQUIRED" if verify else "CERT_NONE",
            }
        pool: HTTPConnectionPool = manager.connection_from_host(
            target.host, target.port, target.scheme, pool_kwargs=options
        )
        return pool

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Do nothing: the TLS context verifies. The library would load the CA bundle for each pool."""

    def request_url(self, request: PreparedRequest, proxies: Mapping[str, str] | None) -> str:
        """Return the target for the request line: the whole address if a proxy forwards the request, else the path."""
        target = target_of(request.url or "")
        return target.url if proxies and target.scheme == "http" else target.path

    def build_response(self, req: PreparedRequest, resp: BaseHTTPResponse) -> Response:
        """Return the library's response without filling a cookie jar and without guessing the encoding."""
        response = Response()
        response.status_code = resp.status
        response.headers = CaseInsensitiveDict(resp.headers)
        response.raw = resp
        response.url = req.url or ""
        response.request = req
        return response


class FeedSession(Session):
    """A session of requests over one :class:`FeedAdapter`. The fetcher handles redirects and cookies itself.

    It reads nothing from the environment, and threads may share it.
    """

    def __init__(self, adapter: FeedAdapter) -> None:
        super().__init__()
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.adapters.clear()
        for scheme in _POOLS:
            self.mount(f"{scheme}://", adapter)

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        """Yield no further request: the library would first read the whole body without a limit."""
        return iter(())


def prepare(target: Target, method: str, headers: dict[str, str], body: bytes | None = None) -> PreparedRequest:
    """Return a request that is ready to be sent. It is built directly, because ``target`` is parsed and cached already."""
    request = PreparedRequest()
    request.method = method
    request.url = target.url
    request.headers = headers  # type: ignore[assignment]  # a plain dictionary: their case is ours
    request.body = body
    return request
