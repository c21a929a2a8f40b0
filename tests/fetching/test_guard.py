"""The address guard by itself: spellings, lists of exceptions, and what a list must not look like."""

from __future__ import annotations

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.exceptions import ConfigurationError
from aggregator.fetching.guard import AddressGuard, is_global, number_of


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"]
)
def test_public_addresses_pass(address: str) -> None:
    assert AddressGuard(False).permits("example.org", address, 443)


@pytest.mark.parametrize("address", ["2001::2000:0", "2001:0:4136:e378:8000:63bf:f7f7:f7f7"])
def test_tunnels_that_a_server_of_their_own_choice_opens_are_refused(address: str) -> None:
    assert not AddressGuard(False).permits("example.org", address, 443)  # Teredo, RFC 4380: the second ends at 8.8.8.8


@given(st.ip_addresses())
def test_what_the_standard_library_calls_private_never_passes(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
    ):
        mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
        assert not is_global(address) or mapped is not None


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_disguise(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    plain = is_global(address)
    for disguise in (0xFFFF << 32 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        assert is_global(ipaddress.IPv6Address(disguise)) == plain


@given(st.ip_addresses(v=4))
def test_numbers_mean_what_the_system_takes_them_for(address: ipaddress.IPv4Address) -> None:
    number, (a, b, c, d) = int(address), address.packed
    for text in (
        str(number),
        hex(number),
        f"0{number:o}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{c << 8 | d}",
        f"0x{a:x}.{b}.0{c:o}.{d}",
    ):
        assert number_of(text) == address
        assert socket.inet_aton(text) == address.packed


@pytest.mark.parametrize(
    "host", ["example.org", "1.2.3.4.5", "256.1.1.1", "1.2.3.256", "4294967296", "0x", "08.1.1.1", "1..2", "a1", ""]
)
def test_names_are_no_numbers(host: str) -> None:
    found = number_of(host)
    assert found is None or host == "0x"


def test_the_list_knows_addresses_ports_networks_and_names() -> None:
    guard = AddressGuard(
        "10.0.0.1, 10.0.0.2:8080, [::1]:80, fd00::/8, 192.168.0.0/16:443, Wire.Example, desk.example:8000"
    )
    for host, address, port in [
        ("a", "10.0.0.1", 1),
        ("a", "::ffff:10.0.0.1", 1),
        ("a", "10.0.0.2", 8080),
        ("a", "::1", 80),
        ("a", "fd00::7", 9),
        ("a", "192.168.3.4", 443),
        ("wire.example", "10.9.9.9", 80),
        ("WIRE.example.", "10.9.9.9", 80),
        ("desk.example", "127.0.0.1", 8000),
    ]:
        assert guard.permits(host, address, port), (host, address, port)
    for host, address, port in [
        ("a", "10.0.0.2", 80),
        ("a", "10.0.0.3", 8080),
        ("a", "::1", 81),
        ("a", "192.168.3.4", 80),
        ("desk.example", "127.0.0.1", 80),
        ("x.wire.example", "10.9.9.9", 80),
        ("a", "not an address", 80),
        ("a", "fe80::1%eth0", 80),
    ]:
        assert not guard.permits(host, address, port), (host, address, port)
    assert guard.permits("a", "8.8.8.8", 80), "the list adds to the public addresses"


@pytest.mark.parametrize(
    "text",
    ["10.0.0.1:", "10.0.0.1:port", "10.0.0.1:99999", "a b", "http://10.0.0.1", "10.0.0.1;10.0.0.2", "10.0.0.1,,", "*"],
)
def test_a_list_that_cannot_be_read_is_a_configuration_error(text: str) -> None:
    if text == "10.0.0.1:":
        assert AddressGuard(text).permits("a", "10.0.0.1", 5)
        return
    with pytest.raises(ConfigurationError, match="allow_private_networks"):
        AddressGuard(text)
