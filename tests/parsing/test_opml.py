from __future__ import annotations

import re
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.exceptions import ParseError
from aggregator.model import Feed
from aggregator.parsing.opml import read, write
from tests.bounds.attacks import grows_faster
from tests.examples import examples


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
    ).feeds
    assert feeds == (
        Feed("https://a.example/rss", name="A & B", category="News/Defence", language="de"),
        Feed("https://c.example/rss", name="C", category="News"),
        Feed("http://d.example/rss", name="D", category="Wires/World"),
    )


def test_what_is_no_feed_is_reported() -> None:
    found = read(
        opml(
            '<outline text="No address" type="rss"/><outline text="J" xmlUrl="javascript:alert(1)"/>'
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
        read(opml('<outline text="A & B" xmlUrl="https://a.example/?a=1&b=2"/>')).feeds[0].url
        == "https://a.example/?a=1&b=2"
    )


def test_entities_are_not_expanded_and_depth_is_bounded() -> None:
    bomb = b'<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY x SYSTEM "file:///etc/hostname">]>'
    feeds = read(bomb + opml('<outline text="&b;&x;" xmlUrl="https://a.example/"/>').split(b"?>", 1)[1]).feeds
    assert feeds[0].name == "&b;&x;"
    deep = opml('<outline text="x">' * 20_000 + "</outline>" * 20_000)
    assert read(deep).feeds == ()


@pytest.mark.parametrize("data", [b"", b"x", b"<rss/>", b"<opml><body>", b"\xff\xfe\x00"])
def test_what_is_no_opml_is_an_error(data: bytes) -> None:
    with pytest.raises(ParseError):
        read(data)


_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=20).map(
    lambda s: " ".join(s.split())
)


@settings(max_examples=examples(60))
@given(st.lists(st.tuples(_NAMES, _NAMES.map(lambda s: s.replace("/", "").strip())), max_size=6))
def test_what_is_written_is_read_back(named: list[tuple[str, str]]) -> None:
    feeds = [
        Feed(f"https://a.example/{number}", name=name or None, category=category or None)
        for number, (name, category) in enumerate(named)
    ]
    assert sorted(read(write(feeds, "T <&>")).feeds, key=lambda feed: feed.url) == feeds


def test_what_the_desk_says_of_a_feed_is_written_and_read_back() -> None:
    feeds = (
        Feed("https://a.example/rss", "A", publisher='A & "Co"', authority=80, agency=True),
        Feed("https://b.example/rss", "B", authority=0, paused=True, interval=timedelta(minutes=5)),
        Feed("https://c.example/rss", "C", speaks_for_others=False),
        Feed("https://d.example/rss", "D", speaks_for_others=True),
        Feed("https://e.example/rss", "E"),
    )
    assert read(write(feeds, "T")).feeds == feeds


def test_what_others_write_under_the_same_names_is_passed_over() -> None:
    outline = '<outline text="A" xmlUrl="https://a.example/" publisher="P" authority="very high" paused="true"/>'
    found = read(opml(outline))
    assert (found.feeds, found.skips) == ((Feed("https://a.example/", "A"),), ())


def test_credentials_are_not_written() -> None:
    written = write([Feed("https://user:pass@a.example/rss?api_key=sesame")], "T").decode()
    assert "pass" not in written
    assert "sesame" not in written


def test_an_empty_folder_is_no_error() -> None:
    found = read(opml('<outline text="Later"/><outline text="A" xmlUrl="https://a.example/"/>'))
    assert len(found.feeds) == 1
    assert found.skips == ()


def test_a_list_that_escapes_nothing_is_read() -> None:
    found = read(
        b"""<opml><head><title>R & D</title></head><body>
        <outline text="Law & Order"><!-- <outline text="old" xmlUrl="https://old.example/"/> -->
          <outline text="The "Morning" Post <b>" title='it's ours' xmlUrl="https://post.example/?a=1&copy=2&amp;b=3" type=rss/>
        </outline>
        <outline text=bare xmlUrl=https://bare.example/rss></outline>
        <outline text="half open xmlUrl="https://half.example/rss"/>
        <outline text="After" xmlUrl="https://after.example/rss"/></body></opml>"""
    )
    assert [(feed.url, feed.name, feed.category) for feed in found.feeds] == [
        ("https://post.example/?a=1&copy=2&b=3", "it's ours", "Law & Order"),
        ("https://bare.example/rss", None, None),
        ("https://half.example/rss", "half open", None),
        ("https://after.example/rss", "After", None),
    ]
    assert found.skips == ()


def test_tags_that_are_never_closed_swallow_nothing() -> None:
    feeds = read(
        b"<opml>" + b"".join(b'<outline text="N & %d" xmlUrl="https://n.example/%d">' % (n, n) for n in range(200))
    ).feeds
    assert [feed.url for feed in feeds] == [f"https://n.example/{n}" for n in range(200)]


def test_a_list_that_breaks_off_gives_what_is_whole_and_names_the_rest() -> None:
    found = read(b'<opml><body><outline text="A" xmlUrl="https://a.example/"/><outline text="B" xmlUrl="https://b.exa')
    assert [feed.url for feed in found.feeds] == ["https://a.example/"]
    assert [skip.reason for skip in found.skips] == ["outline 2 (B): no xmlUrl"]


@given(
    st.lists(
        st.text(
            st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp", "Zs"), exclude_characters='<>/;="')
        ),
        min_size=1,
        max_size=6,
    )
)
def test_every_feed_of_an_unescaped_list_is_read(names: list[str]) -> None:
    outlines = "".join(
        f'<outline text="&{name}" xmlUrl="https://a.example/?n={number}&x=1"/>' for number, name in enumerate(names)
    )
    assert [feed.url for feed in read(opml(outlines)).feeds] == [
        f"https://a.example/?n={number}&x=1" for number in range(len(names))
    ]


def test_an_address_that_was_masked_comes_back_paused() -> None:
    found = read(write([Feed("https://a.example/rss?token=sesame", "A"), Feed("https://b.example/rss", "B")], "T"))
    assert {feed.name: (feed.url, feed.paused) for feed in found.feeds} == {
        "A": ("https://a.example/rss?token=***", True),
        "B": ("https://b.example/rss", False),
    }


@pytest.mark.parametrize("pattern", ["a.", "a=", 'a ="b ', "xmlUrl= ", "<outline "])
def test_a_long_list_takes_time_by_its_length(pattern: str) -> None:
    def work(length: int) -> None:
        with suppress(ParseError):
            read(f'<opml><outline text="&" xmlUrl="{pattern * (length // len(pattern))}"/></opml>'.encode())

    work(20_000)
    assert not grows_faster(work, 80_000, 320_000, 12, 0.1)  # by the square it would be sixteen times as long


LISTS = Path(__file__).parents[2].parent / "shared" / "data" / "opml"


@pytest.mark.skipif(not LISTS.is_dir(), reason="the shared lists are not beside the project")
def test_lists_that_people_publish_are_read_whole() -> None:
    for path in sorted(LISTS.glob("*.opml")):
        written = path.read_bytes()
        found = read(written)
        assert len(found.feeds) + len(found.skips) == len(re.findall(rb"xmlUrl\s*=", written, re.IGNORECASE)), path.name
