"""The address guard: which addresses may be connected to, against requests into private networks."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from aggregator.exceptions import ConfigurationError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"", "false", "no", "off", "0"})

# Refused in addition to the addresses that the standard library calls private, which differ between Python versions:
# the IANA registries of special-purpose addresses, and Azure's internal service with a public address (168.63.129.16).
_SPECIAL_4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/3", "168.63.129.16/32",
    )
)  # fmt: skip
_UNICAST_6 = ipaddress.IPv6Network("2000::/3")  # the only global unicast space assigned so far
_SPECIAL_6 = tuple(ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "3fff::/20"))
# Ranges of IPv6 that carry an IPv4 address in their last 32 bits: RFC 4291 2.5.5.1, RFC 6052 2.1.
_CARRIERS = (ipaddress.IPv6Network("::/96"), ipaddress.IPv6Network("64:ff9b::/96"))


@dataclass(frozen=True, slots=True)
class _Rule:
    """One allowed network or host; ``port`` None means every port."""

    port: int | None
    network: Network | None = None
    host: str | None = None


class AddressGuard:
    """Decides which addresses may be connected to.

    ``allow`` is ``fetch.allow_private_networks``. False permits only global addresses, True permits every address. A
    comma-separated list of addresses, networks or host names, each with or without ``:port``, is permitted in addition
    to the global ones. Raises ConfigurationError if the list cannot be read.
    """

    def __init__(self, allow: bool | str) -> None:
        text = str(allow).strip()
        self._all = text.lower() in _YES
        self._rules = () if self._all or text.lower() in _NO else tuple(_rule(part) for part in text.split(","))

    def permits(self, host: str, address: str, port: int) -> bool:
        """Return whether a connection to ``address`` at ``port``, which ``host`` resolved to, may be made."""
        if self._all:
            return True
        try:
            # A zone ("fe80::1%eth0") occurs only with link-local addresses, and the address alone decides.
            parsed = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        return is_global(parsed) or any(_matches(rule, host.lower().rstrip("."), parsed, port) for rule in self._rules)

    def permits_name(self, host: str, port: int) -> bool:
        """Return whether a proxy may resolve a name. Numbers count as addresses, ``localhost`` and names below it as loopback."""
        name = host.lower().rstrip(".")
        if name == "localhost" or name.endswith(".localhost"):
            return self.permits(host, "127.0.0.1", port)
        number = number_of(name)
        return number is None or self.permits(host, str(number), port)


def number_of(host: str) -> Address | None:
    """Return the address that a host written as a number means, in any spelling the system's resolver accepts, else None.

    ``127.1``, ``2130706433``, ``0x7f.1`` and ``0177.0.0.1`` are all 127.0.0.1.
    """
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        pass
    parts = host.split(".")
    if not 1 <= len(parts) <= 4:
        return None
    try:
        values = [_number(part) for part in parts]
    except ValueError:
        return None
    head, tail = values[:-1], values[-1]
    if any(value > 255 for value in head) or tail >= 256 ** (5 - len(parts)):
        return None
    total = tail
    for position, value in enumerate(head):
        total += value << (24 - 8 * position)
    return ipaddress.IPv4Address(total)


def is_global(address: Address) -> bool:
    """Return whether an address belongs to the public internet; an IPv4 address embedded in IPv6 is checked instead."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not any(address in network for network in _SPECIAL_4)
    embedded = _embedded(address)
    if embedded is not None:
        return is_global(embedded)
    return address.is_global and address in _UNICAST_6 and not any(address in network for network in _SPECIAL_6)


def _embedded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in _CARRIERS):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _number(part: str) -> int:
    if not part.isascii() or not part.isalnum():
        raise ValueError(part)
    if part.startswith("0x"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if part.startswith("0") and part != "0" else int(part)


def _rule(part: str) -> _Rule:
    part = part.strip().lower()
    host, port = _split_port(part)
    try:
        return _Rule(port, network=ipaddress.ip_network(host, strict=False))
    except ValueError:
        pass
    labels = host.rstrip(".").split(".")
    if labels[-1].isdecimal() or not all(label.replace("-", "").isalnum() for label in labels):
        raise ConfigurationError(
            f"fetch.allow_private_networks: {part!r} is neither an address, a network nor a host name; "
            "write true, false or a list such as '10.0.0.1, 127.0.0.1:8765'"
        )
    return _Rule(port, host=host.rstrip("."))


def _split_port(part: str) -> tuple[str, int | None]:
    if part.startswith("["):
        host, _, rest = part[1:].partition("]")
        port = rest.removeprefix(":")
    elif part.count(":") == 1:
        host, _, port = part.partition(":")
    else:
        return part, None
    if port and not (port.isascii() and port.isdigit() and int(port) < 65_536):
        raise ConfigurationError(f"fetch.allow_private_networks: {part!r} has no port number after the colon")
    return host, int(port) if port else None


def _matches(rule: _Rule, host: str, address: Address, port: int) -> bool:
    if rule.port is not None and rule.port != port:
        return False
    if rule.host is not None:
        return rule.host == host
    mapped = _embedded(address) if isinstance(address, ipaddress.IPv6Address) else None
    return rule.network is not None and any(found in rule.network for found in (address, mapped) if found is not None)
