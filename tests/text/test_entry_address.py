"""What an address says of the entry behind it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text.entry_address import (
    entry_address,
    is_headline_slug,
    landmarks,
    without_counter,
    without_dispatch_version,
    without_version,
)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://Quay.example/w?utm_source=rss#notice-4", "https://quay.example/w#notice-4"),
        ("https://quay.example/w#?day=3&id=a1", "https://quay.example/w#?day=3&id=a1"),
        ("https://quay.example/w#utm_source=rss", "https://quay.example/w"),
        ("https://quay.example/w#xtor=RSS-3&at_medium=x", "https://quay.example/w"),
        ("https://quay.example/w#comments", "https://quay.example/w"),
        ("https://quay.example/w#", "https://quay.example/w"),
        ("mailto:desk@quay.example", None),
    ],
)
def test_a_fragment_is_part_of_an_address_unless_it_names_a_channel(url: str, address: str | None) -> None:
    assert entry_address(url) == address


@pytest.mark.parametrize(
    ("url", "number", "slug", "named"),
    [
        ("https://quay.example/en/pilots-vote/a-8812345?x=1", "8812345", None, True),
        ("https://quay.example/a/pilots-vote-k7Xq2pLm", "k7Xq2pLm", "pilots-vote-k7xq2plm", True),
        ("https://quay.example/a/pilots-9c1f04d27be8", "9c1f04d27be8", "pilots-9c1f04d27be8", True),
        ("https://quay.example/a/bugs-in-windows11", None, "bugs-in-windows11", True),
        ("https://www.quay.example/pilots-vote-on-pay-8812345.html", "8812345", "pilots-vote-on-pay-8812345", True),
        ("https://quay.example/story?id=8812345", "8812345", None, True),
        ("https://quay.example/2026/03/10/pilots-vote-on-pay", None, "pilots-vote-on-pay", True),
        ("https://quay.example/bulletin/20260310", None, None, False),
        ("https://quay.example/press/2026", None, None, False),
        ("https://quay.example/n/7", None, None, True),
        ("https://quay.example/en/press-releases", None, None, False),
        ("https://quay.example/topic/8812345/latest", "8812345", None, False),
    ],
)
def test_what_names_an_article(url: str, number: str | None, slug: str | None, *, named: bool) -> None:
    place = landmarks(url)
    assert place is not None
    assert (place.host, place.number, place.slug, place.names_an_article) == ("quay.example", number, slug, named)


@pytest.mark.parametrize("text", ["", "N/A", "https://quay.example", "https://quay.example/", "https://[x/1", "tag:1"])
def test_what_has_no_landmarks(text: str) -> None:
    assert landmarks(text) is None


def test_a_counter_stands_behind_a_guid_and_is_small() -> None:
    assert without_counter("https://quay.example/c7rk2#12") == ("https://quay.example/c7rk2", 12)
    assert without_counter("https://quay.example/c7rk2#post-1") is None
    assert without_counter("https://quay.example/c7rk2#20260310") is None
    assert without_counter("7#1") is None


@pytest.mark.parametrize(
    ("guid", "article"),
    [
        ("https://quay.example/a-8812345#1773142820", "https://quay.example/a-8812345"),
        ("urn:newsml:quay.example:20260310:nL1N3A2B4C:2", "urn:newsml:quay.example:20260310:nL1N3A2B4C"),
        ("story-8812345-v3", "story-8812345"),
        ("story-8812345", "story-8812345"),
        ("8812345_20260310120200", "8812345"),
        ("8812345-2026-03-10T12:02:00Z", "8812345"),
        ("https://quay.example/a-8812345?v=2", "https://quay.example/a-8812345"),
        ("8812345 (2)", "8812345"),
        ("https://quay.example/a-8812345?updated=20260310120200", "https://quay.example/a-8812345"),
        ("https://quay.example/?t=1773142820", None),
        ("7#1", None),
        ("the-evening-show-12", None),
        ("tag:quay.example,2026:12", None),
        ("https://quay.example/shows/pilots-12", None),
    ],
)
def test_a_version_stands_behind_the_guid_of_an_article(guid: str, article: str | None) -> None:
    assert without_version(guid) == article


@pytest.mark.parametrize(
    ("guid", "dispatch"),
    [
        ("urn:newsml:quay.example:20260310:nL1N3A2B4C:2", "urn:newsml:quay.example:20260310:nL1N3A2B4C"),
        ("urn:newsml:quay.example:20260310T120000Z:quay-1:13U", "urn:newsml:quay.example:20260310T120000Z:quay-1"),
        ("urn:newsml:quay.example:20260310:260310-99-12345/3", "urn:newsml:quay.example:20260310:260310-99-12345"),
        ("tag:quay.example,2026:newsml_L8N3PQ123:2", "tag:quay.example,2026:newsml_L8N3PQ123"),
        ("urn:newsml:quay.example:20260310:12", None),  # the twelfth dispatch of a day, without a revision
        ("urn:newsml:quay.example:20260310:doc-34az", None),
        ("urn:uuid:8812345:2", None),
    ],
)
def test_a_revision_stands_behind_an_agencys_name_of_a_dispatch(guid: str, dispatch: str | None) -> None:
    assert without_dispatch_version(guid) == dispatch


def test_a_headlines_slug_is_made_of_its_words() -> None:
    assert is_headline_slug("pilots-vote-on-pay", "Pilots vote on pay, again")
    assert not is_headline_slug("world", "World of pilots")
    assert not is_headline_slug("preview", "Preview: Tolle meet Kolm")


@given(st.text(max_size=60) | st.text("htps:/.#?&=-0123ab", max_size=60))
def test_any_text_is_taken(text: str) -> None:
    landmarks(text)
    entry_address(text)
    without_counter(text)
    without_version(text)
