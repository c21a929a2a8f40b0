"""Request targets: an address split into its origin, its request line and its credentials. Pure."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import lru_cache

from aggregator.fetching.faults import FetchError
from aggregator.text.address import MAX_URL, address_of, joined


@dataclass(frozen=True, slots=True)
class Target:
    """A request target; ``url`` holds neither user information nor fragment."""

    url: str
    scheme: str
    host: str
    port: int
    netloc: str  # for the Host field
    path: str  # with the query
    authorization: str | None  # from user information in the address

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port; credentials are sent to one origin only."""
        return (self.scheme, self.host, self.port)


@lru_cache(maxsize=4_096)
def target_of(url: str) -> Target:
    """Parse an address; raises FetchError if it is no http or https address."""
    url = url.strip()
    if len(url) > MAX_URL:
        raise FetchError("refused", f"the address is longer than {MAX_URL} characters")
    if not url[:8].lower().startswith(("http://", "https://")):
        raise FetchError("refused", "only http and https addresses are fetched")
    address = address_of(url)
    if address is None:
        raise FetchError("refused", "the address cannot be used: check its spelling")
    return Target(
        address.request,
        address.scheme,
        address.plain_host,
        address.number,
        address.authority,
        address.target,
        basic(address.user, address.password) if address.user or address.password else None,
    )


def resolve(base: Target, location: str) -> Target:
    """Return the target of a redirect; user information that a server puts into it is not sent."""
    try:
        # Header fields are read as Latin-1; servers that do not escape their addresses write UTF-8.
        location = location.encode("latin-1").decode("utf-8")
    except UnicodeError:
        pass
    path, mark, query = location.strip().partition("?")
    target = joined(base.url, path.replace("\\", "/") + mark + query)
    if target is None:
        raise FetchError("redirect", "the redirect leads to an address that cannot be used")
    if not target.lower().startswith(("http://", "https://")):
        raise FetchError("redirect", "the redirect leads to an address that is neither http nor https")
    return target_of(target)


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization field: RFC 7617, in UTF-8."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")
