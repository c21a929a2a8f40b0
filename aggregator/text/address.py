"""Web addresses, parsed by one parser, so that no two steps disagree on an address.

The parser is the one of browsers (WHATWG). Nothing else in the product splits an address.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urljoin  # noqa: TID251 - here they are joined

import can_ada
from publicsuffixlist import PublicSuffixList

BLANKS = " \t\r\n\f\v\0\u00a0\ufeff\u200b\u200c\u200d\u200e\u200f\u2060"
MAX_URL = 8_192  # characters: beyond it an address is taken for none
_PORTS = {"http": 80, "https": 443}
_AUTHORITY = re.compile(r"[a-z]+:[\\/]*([^\\/?#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Address:
    """An http(s) address that names a host; made by :func:`address_of` alone.

    ``host`` is in lower case and punycode, in brackets where it is an IPv6 address, and ends with no dot.
    """

    scheme: str  # http or https
    host: str
    port: int | None  # None for the scheme's own
    path: str  # begins with a slash; escaped, as the two below
    query: str  # without its mark
    fragment: str  # without its mark
    user: str = ""  # user and password are unescaped
    password: str = ""

    @property
    def authority(self) -> str:
        """Host and port, without user and password."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def target(self) -> str:
        """The target of a request line: path and query."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def href(self) -> str:
        """The whole address without user and password."""
        return f"{self.scheme}://{self.authority}{self.target}{'#' + self.fragment if self.fragment else ''}"

    @property
    def request(self) -> str:
        """The address without user, password and fragment; two addresses that request the same document have the same."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def number(self) -> int:
        """The port to connect to: the given one, else the scheme's own."""
        return _PORTS[self.scheme] if self.port is None else self.port

    @property
    def plain_host(self) -> str:
        """The host without the brackets of an IPv6 address, as a resolver wants it."""
        return self.host.strip("[]")

    @property
    def domain(self) -> str | None:
        """The registrable domain by the Public Suffix List that ships with the library; None for an address by number."""
        return domain_of_host(self.host)


@lru_cache(maxsize=8_192)
def address_of(text: str) -> Address | None:
    """Parse a text as an http(s) address; return None where it is not one. Never raises."""
    text = text.strip(BLANKS)
    if len(text) > MAX_URL:
        return None
    try:
        parsed = can_ada.parse(text)
        scheme = parsed.protocol.removesuffix(":")
        host = parsed.hostname.removesuffix(".")
        if scheme not in _PORTS or parsed.port == "0" or "" in host.split("."):
            return None
    except (ValueError, TypeError):  # TypeError: half a surrogate pair
        return None
    if _has_stray_brackets(text, host):
        return None
    return Address(
        scheme,
        host,
        int(parsed.port) if parsed.port else None,
        parsed.pathname,
        parsed.search.removeprefix("?"),
        parsed.hash.removeprefix("#"),
        unquote(parsed.username),
        unquote(parsed.password),
    )


def address_of_site(text: str) -> Address | None:
    """Parse an address, or a host name without a scheme."""
    return address_of(text if "://" in text else "http://" + text)


def is_front_page(url: str) -> bool:
    """Return whether an http(s) address is that of a site as a whole."""
    address = address_of(url)
    return address is not None and address.path == "/" and not address.query and not address.fragment


def address_as_typed(text: str) -> str:
    """Return an address as a person means it: ``example.org/rss`` as https, ``feed:`` as its address; others unchanged."""
    text = text.strip(BLANKS)
    if text.lower().startswith("feed:"):
        rest = text[5:].lstrip("/")
        return rest if rest.lower().startswith(("http:", "https:")) else f"http://{rest}"
    return f"https://{text}" if _names_a_host(text) else text


def _names_a_host(text: str) -> bool:
    """Return whether a text begins with a host of two labels or more, as an address without scheme does."""
    host = text.replace("?", "/").replace("#", "/").partition("/")[0]
    name, colon, port = host.partition(":")
    if any(letter.isspace() or letter == "@" for letter in host) or (colon and not port.isdecimal()):
        return False
    labels = name.split(".")
    return len(text) <= MAX_URL and len(labels) > 1 and all(labels) and labels[-1][0].isalpha()


def host_of(text: str) -> str:
    """Return the host of an address, empty where it has none.

    Politeness is counted by host, so http and https count together.
    """
    address = address_of(text)
    return address.host if address is not None else ""


def joined(base: str, reference: str) -> str | None:
    """Return a reference resolved against a base, not yet parsed; None where it cannot be resolved."""
    try:
        return urljoin(base, reference)
    except ValueError:
        return None


@lru_cache(maxsize=4_096)
def domain_of_host(host: str) -> str | None:
    """Return the registrable domain of a host name (``news.bbc.co.uk`` gives ``bbc.co.uk``), or None."""
    host = host.rstrip(".")
    if not host or host.startswith("[") or host.rsplit(".", 1)[-1].isdigit():
        return None
    found: str | None = _suffixes().privatesuffix(host)
    return found


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(only_icann=True)


def _has_stray_brackets(text: str, host: str) -> bool:
    """Return whether the host has brackets that do not enclose one IPv6 address; other parsers cannot read it."""
    if "[" not in text and "]" not in text:
        return False
    authority = _AUTHORITY.match(text)
    given = authority[1] if authority is not None else text
    if not host.startswith("["):
        return "[" in given or "]" in given
    return given.count("[") != 1 or given.count("]") != 1
