"""Addresses taken apart for a request: origin, what goes on the request line, and what must not be sent on."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urljoin, urlsplit

from requests import PreparedRequest

from aggregator.fetching.faults import FetchError

_PORTS = {"http": 80, "https": 443}
MAX_URL = 8_192  # characters; servers refuse longer ones


@dataclass(frozen=True, slots=True)
class Target:
    """An address that can be asked for; ``url`` holds neither user information nor fragment."""

    url: str
    scheme: str
    host: str
    port: int
    netloc: str  # for the Host field
    path: str  # with the query
    authorization: str | None  # from user information in the address

    @property
    def origin(self) -> tuple[str, str, int]:
        """What credentials belong to: scheme, host and port."""
        return (self.scheme, self.host, self.port)


@lru_cache(maxsize=4_096)
def target_of(url: str) -> Target:
    """Take an address apart; raises FetchError where it is none of http or https."""
    url = url.strip()
    if len(url) > MAX_URL:
        raise FetchError("refused", f"the address is longer than {MAX_URL} characters")
    if not url[:8].lower().startswith(("http://", "https://")):
        raise FetchError("refused", "only http and https addresses are fetched")
    try:
        prepared = PreparedRequest()
        prepared.prepare_url(url, None)
        parts = urlsplit(prepared.url or "")
        host, port = parts.hostname, parts.port
    except (ValueError, UnicodeError) as error:  # requests' own derive from ValueError
        raise FetchError("refused", "the address cannot be used: check its spelling") from error
    if not host or "%" in host or "\\" in parts.netloc:
        raise FetchError("refused", "the address names no host")
    scheme = parts.scheme.lower()
    shown = f"[{host}]" if ":" in host else host
    netloc = shown if port in (None, _PORTS[scheme]) else f"{shown}:{port}"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(f"{scheme}://{netloc}{path}", scheme, host, port or _PORTS[scheme], netloc, path, _authorization(url))


def resolve(base: Target, location: str) -> Target:
    """Return where a redirect leads; user information that a server puts into it is not used."""
    try:
        # Header fields are read as Latin-1; servers that do not escape their addresses write UTF-8.
        location = location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        pass
    try:
        joined = urljoin(base.url, location.strip())
    except ValueError as error:
        raise FetchError("redirect", "the redirect leads to an address that cannot be used") from error
    if not joined.lower().startswith(("http://", "https://")):
        raise FetchError("redirect", "the redirect leads to an address that is neither http nor https")
    return target_of(joined)


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization field: RFC 7617, in UTF-8."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")


def _authorization(url: str) -> str | None:
    information, mark, _ = urlsplit(url).netloc.rpartition("@")
    if not mark or not information:
        return None
    user, _, password = information.partition(":")
    return basic(unquote(user), unquote(password))
