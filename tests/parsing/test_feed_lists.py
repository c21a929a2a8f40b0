"""Lists of feeds as people keep them: an address a line, and tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.exceptions import ParseError
from aggregator.parsing.feed_lists import read_list
from aggregator.parsing.opml import is_opml

PLAIN = b"""# what the night desk reads

https://wire.example/feed
harbour.example/rss The Harbour
<https://angle.example/atom>
not an address
https://wire.example/feed
feed://old.example/rss
"""


def test_an_address_a_line() -> None:
    found = read_list(PLAIN)
    assert [(feed.url, feed.name) for feed in found.feeds] == [
        ("https://wire.example/feed", None),
        ("https://harbour.example/rss", "The Harbour"),
        ("https://angle.example/atom", None),
        ("http://old.example/rss", None),
    ]
    assert [(skip.position, skip.reason.partition(": ")[2]) for skip in found.skips] == [
        (6, "'not' is no http(s) address"),
        (7, "named twice"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_with_a_heading(delimiter: str) -> None:
    table = (
        ["Title", "Feed URL", "Folder", "authority", "agency", "other"],
        ["The Wire", "wire.example/feed", "world", "80", "yes", "x"],
        ["", "https://b.example/rss", "", "", "", ""],
        ["No address", "", "", "", "", ""],
        ["Heavy", "https://c.example/rss", "", "many", "", ""],
        ['"Quoted"', "https://d.example/rss"],
    )
    found = read_list("\r\n".join(delimiter.join(row) for row in table).encode("utf-16"))
    assert [(one.url, one.name, one.category, one.authority, one.agency) for one in found.feeds] == [
        ("https://wire.example/feed", "The Wire", "world", 80, True),
        ("https://b.example/rss", None, None, 50, False),
        ("https://d.example/rss", "Quoted", None, 50, False),
    ]
    assert [skip.reason for skip in found.skips] == [
        "line 4: no address",
        "line 5: authority 'many' is no whole number from 0 to 100",
    ]


def test_a_table_without_a_heading() -> None:
    [first, second] = read_list(b"https://a.example/rss,Alpha,world\nb.example/rss,,\n").feeds
    assert (first.url, first.name, first.category) == ("https://a.example/rss", "Alpha", "world")
    assert (second.url, second.name) == ("https://b.example/rss", None)


@pytest.mark.parametrize("data", [b"some words\nand more", b"SQLite format 3\0\0\0", b"name,size\na,3\n"])
def test_a_file_of_another_kind_is_said_to_be_one(data: bytes) -> None:
    with pytest.raises(ParseError):
        read_list(data)


def test_markup_is_left_to_opml() -> None:
    assert is_opml(b"  <?xml version='1.0'?><opml/>")
    assert is_opml(b"junk before <opml version='1.0'>")
    assert not is_opml(PLAIN)


@given(st.binary(max_size=400))
def test_no_bytes_bring_it_down(data: bytes) -> None:
    try:
        found = read_list(data)
    except ParseError:
        return
    assert all(feed.url.startswith(("http://", "https://")) for feed in found.feeds)
