"""Addresses taken apart once: one reading of each, whatever stands in a feed."""

from __future__ import annotations

import ast
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.digest.escape import link, plain
from aggregator.fetching.faults import FetchError
from aggregator.fetching.targets import target_of
from aggregator.model import EntryData, Feed
from aggregator.newsroom.agencies import agency_of_address
from aggregator.newsroom.publishers import families, publisher_of, publisher_of_feed, publisher_of_link
from aggregator.text.address import MAX_URL, address_of, host_of
from aggregator.text.urls import absolute_url, canonical_url, registrable_domain, request_url
from tests.source import tree_of

PACKAGE = Path(__file__).parent.parent.parent / "aggregator"
# Pieces of which odd addresses are made: each was taken differently by two parsers, or by none.
PIECES = (
    "http://", "https://", "HTTP:", "//", "/", "\\", "@", ":", "[", "]", "[::1]", "[v1.a]", "::", "%", "%5B", "%00", "a", "b.example",
    "h.example", "xn--", "xn--a", "ß", "ﬃ", "。", ".", "..", "0x7f.1", "2130706433", "127.1", ":0", ":80", ":443", ":99999", "?", "#", "#!", ";",
    "&amp;", "\t", "\n", "\0", " ", "\u00a0", "\ud800", "\u202e", "amp", ".amp.html", "m.", "en.m.", "?utm_source=x", "user:pw@", "^", "|", "`",
)  # fmt: skip
ODD = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
ANY = st.one_of(st.text(max_size=60), ODD, ODD.map("http://".__add__), ODD.map("http://h.example".__add__))


@given(ANY)
@example("http://a[b@h.example/")
@example("http://[::1]]@h.example/")
@example("https://[fe80::1%25eth0]/")
@example("http://h.example\\@other.example/")
def test_any_text_is_one_address_with_one_host_or_none(text: str) -> None:
    found = address_of(text)
    if found is None:
        assert canonical_url(text) is None
        assert plain(text) != text or link(text) is None
        assert request_url(text) == text
        return
    assert found.host
    assert found.host == found.host.lower()
    again = address_of(found.href)
    assert again is not None
    assert (again.scheme, again.host, again.port, again.path, again.query) == (
        found.scheme, found.host, found.port, found.path, found.query,
    )  # fmt: skip
    parts = urlsplit(found.href)  # what others read with the library at hand
    assert (parts.scheme, parts.hostname, parts.port) == (found.scheme, found.plain_host, found.port)
    assert found.domain is None or found.host.endswith(found.domain)


@given(ANY)
@example("http://m.m.h.example/")
@example("http://h.example/a-1.amp.amp.html")
@example("http://h.example/a-1/amp/b-2/amp")
@example("http://0../")
def test_a_canonical_address_is_its_own(text: str) -> None:
    once = canonical_url(text)
    if once is not None:
        assert canonical_url(once) == once
        assert address_of(once) is not None
    asked = request_url(text)
    assert request_url(asked) == asked


@given(ANY, ANY)
def test_every_step_that_asks_for_a_host_says_the_same_and_none_raises(text: str, base: str) -> None:
    houses = families([Feed(text), Feed("https://ledger.example/rss", publisher="The Ledger")])
    publisher_of_feed(Feed(text))
    publisher_of_link(text, houses)
    publisher_of(EntryData("k", source_url=text, link=base), "The Ledger", houses, believed=False)
    agency_of_address(text)
    registrable_domain(text)
    resolved = absolute_url(text, base)
    assert resolved is None or address_of(resolved) is not None
    try:
        target = target_of(text)
    except FetchError:
        return
    assert target.host == host_of(text).strip("[]")
    assert target_of(target.url).origin == target.origin


def test_brackets_before_a_host_lead_nowhere() -> None:
    assert absolute_url("http://a[b@h.example/", "https://ledger.example/") is None
    assert host_of("http://a[b@h.example/") == ""
    assert host_of("http://[::1]:8000/x") == "[::1]"
    assert host_of("http://h.example/a[b]?c=[d]") == "h.example"


@pytest.mark.parametrize("text", ["http://h.example/" + "a" * MAX_URL, "http://" + "a." * 40_000 + "example/"])
def test_an_endless_address_is_none(text: str) -> None:
    assert address_of(text) is None
    assert canonical_url(text) is None


def test_nothing_else_takes_an_address_apart() -> None:
    splitting = {"urlsplit", "urlparse", "urljoin", "urlunsplit", "can_ada", "parse_url"}
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Import | ast.ImportFrom) and splitting & {name.name for name in node.names}
    }
    assert users == {"text/address.py"}
