"""The quick reader says what feedparser says, over every document that it does not refuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.exceptions import ParseError
from aggregator.model import EntryData, ParsedFeed, PollHints
from aggregator.parsing.charset import decode
from aggregator.parsing.entries import admit
from aggregator.parsing.feed import read_with_feedparser
from aggregator.parsing.quick import UnusualError, read_quickly
from aggregator.parsing.raw import RawFeed
from aggregator.parsing.repair import trimmed, without_doctype
from aggregator.parsing.tree import XmlError, read_tree
from aggregator.settings import ParseSettings
from aggregator.text.clean import plain_text
from tests.parsing.corpora import NOW, files

FIELDS = (
    "guid",
    "link",
    "title",
    "published",
    "updated",
    "published_text",
    "date_flag",
    "source_title",
    "canonical_link",
    "author",
)
# What differs on purpose: feedparser takes a picture's caption or a podcast's second summary for the content,
# lets the second
# replace the first, takes the last of several channel-like titles, and an empty dc:creator for the author.
ON_PURPOSE = {
    **dict.fromkeys(
        ("cloudblog.rss", "HuffPostCanada.xml", "pagination-links.rss", "mediacontent-dupes.xml"), "content"
    ),
    **dict.fromkeys(("feed-itunes-season.xml", "Media.xml", "test3.xml"), "content"),
    "rss_2.0_ch9.xml": "content summary",
    **dict.fromkeys(("ep1_v4a.xml", "ep2_v4a.xml", "v4.xml", "v5.xml"), "title"),
    "customfields.rss": "author",
    # several vocabularies name the author: the last one's word stands, feedparser mixes them
    **dict.fromkeys(
        ("itunes-missing-image.rss", "itunes-category.rss", "itunes-keywords.rss"), "author summary content"
    ),
    "reddit-home.rss": "guid",  # an id is compared as it stands
    **dict.fromkeys(("rss20.xml", "rss093.xml"), "author"),  # "address (name)" of several authors
    "guid.xml": "link",  # a relative permalink
    "entry_link_multiple2.xml": "link",  # feedparser takes a link that is no page
}


def both(body: bytes) -> tuple[ParsedFeed, ParsedFeed] | None:
    text = decode(body, "")[0].lstrip()
    if text.startswith("{"):
        return None
    text = trimmed(text)
    try:
        quick = read_quickly(read_tree(text))
        slow = read_with_feedparser(without_doctype(text))
    except (UnusualError, XmlError, ParseError):
        return None
    return safe(quick), safe(slow)


def safe(raw: RawFeed) -> ParsedFeed:
    return admit(raw, "https://feeds.example/rss", NOW, ParseSettings(), PollHints(), None)


def differences(name: str, one: EntryData, other: EntryData) -> list[tuple[str, str, object, object]]:
    found: list[tuple[str, str, object, object]] = [
        (name, field, getattr(one, field), getattr(other, field)) for field in FIELDS
    ]
    found += [
        (name, field, words(getattr(one, field)), words(getattr(other, field))) for field in ("summary", "content")
    ]
    file = name.rsplit("/", 1)[-1]
    return [each for each in found if each[2] != each[3] and each[1] not in ON_PURPOSE.get(file, "")]


def words(markup: str) -> list[str]:
    return plain_text(markup).split()


@pytest.mark.costly
@pytest.mark.parametrize(("archive", "every"), [("captured", 2), ("conformance", 6)])
def test_quick_reader_agrees_with_feedparser(archive: str, every: int) -> None:
    compared, wrong = 0, []
    for name, body in files(archive, every=every):
        if "/w3c+feedvalidator/" in f"/{name}" or "/namespace/" in name or "not_inline" in name:
            continue  # faulty on purpose: which reading is right is open; those of one sort are listed above
        pair = both(body)
        if pair is None or len(pair[0].entries) != len(pair[1].entries):
            continue
        for one, other in zip(pair[0].entries, pair[1].entries, strict=True):
            compared += 1
            wrong += differences(name, one, other)
    assert wrong == []
    assert compared > 100


def test_own_files_agree_with_feedparser() -> None:
    compared = 0
    for path in sorted((Path(__file__).parent / "feeds").glob("*.xml")):
        pair = both(path.read_bytes())
        if pair is not None:
            compared += 1
            assert [
                differences(path.name, *entries) for entries in zip(pair[0].entries, pair[1].entries, strict=True)
            ] == [[] for _ in pair[0].entries]
    assert compared > 5


@pytest.mark.parametrize(
    "text",
    [
        '<rss version="2.0"><channel><item><title base="http://x/">a</title></item></channel></rss>',
        '<rss version="2.0"><channel><item><description>a<b>c</b></description></item></channel></rss>',
        '<rss version="2.0"><channel><item><pubDate>tomorrow</pubDate></item></channel></rss>',
        '<rss version="2.0"><channel><item><item/></item></channel></rss>',
        '<rss version="2.0"></rss>',
        "<opml/>",
    ],
)
def test_the_unusual_is_left_to_feedparser(text: str) -> None:
    with pytest.raises(UnusualError):
        read_quickly(read_tree(text))
