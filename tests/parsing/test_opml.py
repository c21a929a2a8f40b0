from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.exceptions import ParseError
from aggregator.model import Feed
from aggregator.parsing.opml import read, read_all, write


def opml(outlines: str) -> bytes:
    return (
        f'<?xml version="1.0"?><opml version="1.1"><head><title>x</title></head><body>{outlines}</body></opml>'.encode()
    )


def test_nested_outlines_become_categories_and_attributes_have_no_case() -> None:
    feeds = read(
        opml(
            '<outline text="News"><outline title="Defence">'
            '<outline TEXT="A &amp; B" XMLURL="https://a.example/rss" Language="de"/>'
            '</outline><outline text="C" type="rss" url="https://c.example/rss"/></outline>'
            '<outline text="D" xmlUrl="feed://d.example/rss" category="/Wires/World,/Europe"/>'
        )
    )
    assert feeds == (
        Feed("https://a.example/rss", name="A & B", category="News/Defence", language="de"),
        Feed("https://c.example/rss", name="C", category="News"),
        Feed("http://d.example/rss", name="D", category="Wires/World"),
    )


def test_what_is_no_feed_is_reported() -> None:
    found = read_all(
        opml(
            '<outline text="No address"/><outline text="J" xmlUrl="javascript:alert(1)"/>'
            '<outline text="A" xmlUrl="https://a.example/"/><outline text="Again" xmlUrl="https://a.example/"/>'
        )
    )
    assert [feed.name for feed in found.feeds] == ["A"]
    assert [(skip.position, skip.reason.split(": ", 1)[1]) for skip in found.skips] == [
        (1, "no xmlUrl"),
        (2, "'javascript:alert(1)' is no http(s) address"),
        (4, "named twice"),
    ]


def test_bare_ampersands_are_mended() -> None:
    assert (
        read(opml('<outline text="A & B" xmlUrl="https://a.example/?a=1&b=2"/>'))[0].url == "https://a.example/?a=1&b=2"
    )


def test_entities_are_not_expanded_and_depth_is_bounded() -> None:
    bomb = b'<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY x SYSTEM "file:///etc/hostname">]>'
    feeds = read(bomb + opml('<outline text="&b;&x;" xmlUrl="https://a.example/"/>').split(b"?>", 1)[1])
    assert feeds[0].name == "&b;&x;"
    deep = opml('<outline text="x">' * 20_000 + "</outline>" * 20_000)
    assert read(deep) == ()


@pytest.mark.parametrize("data", [b"", b"x", b"<rss/>", b"<opml><body>", b"\xff\xfe\x00"])
def test_what_is_no_opml_is_an_error(data: bytes) -> None:
    with pytest.raises(ParseError):
        read(data)


_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20).map(
    lambda s: " ".join(s.split())
)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(_NAMES, _NAMES.map(lambda s: s.replace("/", "").strip())), max_size=6))
def test_what_is_written_is_read_back(named: list[tuple[str, str]]) -> None:
    feeds = [
        Feed(f"https://a.example/{number}", name=name or None, category=category or None)
        for number, (name, category) in enumerate(named)
    ]
    assert sorted(read(write(feeds, "T <&>")), key=lambda feed: feed.url) == feeds


def test_credentials_are_not_written() -> None:
    written = write([Feed("https://user:pass@a.example/rss?api_key=sesame")], "T").decode()
    assert "pass" not in written
    assert "sesame" not in written
