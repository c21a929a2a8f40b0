"""What the quick reader does not refuse it reads in full: it never says less than feedparser would."""

from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.exceptions import ParseError
from aggregator.model import EntryData, ParsedFeed, PollHints
from aggregator.parsing import quick
from aggregator.parsing.charset import decode
from aggregator.parsing.entries import admit
from aggregator.parsing.feed import read_with_feedparser
from aggregator.parsing.quick import UnusualError, read_quickly
from aggregator.parsing.raw import RawFeed
from aggregator.parsing.repair import repaired, trimmed, without_doctype
from aggregator.parsing.tree import XmlError, read_tree
from aggregator.settings import ParseSettings
from aggregator.text.clean import plain_text
from tests.examples import examples
from tests.parsing.corpora import NOW, files

BASE = "https://feeds.example/rss"
FIELDS = ("guid", "link", "title", "author", "published", "updated", "source_title", "source_url", "canonical_link")
# The inside of pictures' and podcasts' own elements, which feedparser takes for the entry's.
NOT_THE_ENTRYS_OWN = re.compile(r"duplicate_description\.xml$|rss_2\.0_ch9\.xml$")


def both(text: str) -> tuple[ParsedFeed, ParsedFeed] | None:
    """Return what both readers make of a document, as it goes through the door; None where one of them refuses it."""
    try:
        tree = read_tree(text)
    except XmlError:
        text = repaired(without_doctype(text))
        try:
            tree = read_tree(text)
        except XmlError:
            return None
    try:
        mine = read_quickly(tree, BASE)
        other = read_with_feedparser(without_doctype(text), BASE)
    except (UnusualError, ParseError):
        return None
    return admitted(mine), admitted(other)


def admitted(raw: RawFeed) -> ParsedFeed:
    return admit(raw, BASE, NOW, ParseSettings(), PollHints(), None)


def is_guess(field: str, data: EntryData) -> bool:
    """Tell whether feedparser made a link of an id that is none, against a base."""
    return field == "link" and data.guid is not None and data.link == data.guid


def words(data: EntryData) -> set[str]:
    return set(f"{data.title} {plain_text(data.summary)} {plain_text(data.content)}".split())


def less(mine: ParsedFeed, other: ParsedFeed) -> list[object]:
    """Return in what the first says less than the second."""
    if len(mine.entries) < len(other.entries):
        return [("entries", len(mine.entries), len(other.entries))]
    found: list[object] = [
        field for field in ("title", "language") if getattr(other, field) and not getattr(mine, field)
    ]
    for number, (one, two) in enumerate(zip(mine.entries, other.entries, strict=False)):
        fields = (field for field in FIELDS if getattr(two, field) and not getattr(one, field))
        found += [(number, field, getattr(two, field)) for field in fields if not is_guess(field, two)]
        if two.categories and not one.categories:
            found.append((number, "categories", two.categories))
        if missing := words(two) - words(one):
            found.append((number, "words", sorted(missing)[:5]))
    return found


def test_over_our_own_files() -> None:
    compared = 0
    for path in sorted((Path(__file__).parent / "feeds").glob("*.xml")):
        pair = both(trimmed(decode(path.read_bytes(), "")[0].lstrip()))
        if pair is not None:
            compared += 1
            assert (path.name, less(*pair)) == (path.name, [])
    assert compared > 5


@pytest.mark.costly
@pytest.mark.parametrize(("archive", "every"), [("captured", 3), ("conformance", 8)])
def test_over_the_files_beside_the_project(archive: str, every: int) -> None:
    compared, wrong = 0, []
    for name, body in files(archive, every=every):
        text = decode(body, "")[0].lstrip()
        if text.startswith("{") or NOT_THE_ENTRYS_OWN.search(name):
            continue
        pair = both(trimmed(text))
        if pair is not None:
            compared += 1
            if found := less(*pair):
                wrong.append((name, found[:4]))
    assert wrong == []
    assert compared > 50


# --- generated -----------------------------------------------------------------------------------

NAMESPACES = {
    "": ["", "http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/", "http://unheard.example/of"],
    "dc": ["http://purl.org/dc/elements/1.1/", "https://purl.org/dc/elements/1.1/", "http://dc.example/"],
    "content": ["http://purl.org/rss/1.0/modules/content/", "https://purl.org/rss/1.0/modules/content/"],
    "media": ["http://search.yahoo.com/mrss/", "http://search.yahoo.com/mrss"],
    "itunes": ["http://www.itunes.com/dtds/podcast-1.0.dtd", "https://www.itunes.com/dtds/podcast-1.0.dtd"],
    "atom": ["http://www.w3.org/2005/Atom", "http://www.w3.org/2005/atom/"],
    "x": ["http://private.example/", "http://purl.org/dc/elements/1.1/"],
}  # fmt: skip
TEXTS = [
    "Rail strike ends",
    "Mayor &amp; council",
    "&lt;p&gt;Dam holds&lt;/p&gt;",
    "<![CDATA[<b>Quay</b> shut]]>",
    "",
    "  ",
]
VALUES = {
    "link": ["https://news.example/1", "/2", "https://news.example/3?a=1&amp;b=2"],
    "guid": ["urn:1", "https://news.example/1", "17"],
    "id": ["urn:1", "tag:news.example,2026:1"],
    "pubDate": ["Tue, 24 Nov 2026 09:00:00 GMT", "2026-11-23", "24/11/2026 9:05 PM"],
    "updated": ["2026-11-24T09:00:00Z"],
    "date": ["2026-11-24T09:00:00+01:00"],
    "author": ["Ana Lund", "desk@news.example (Desk)"],
    "creator": ["Tom Wu", "Ana Lund"],
}
NAMES = [
    "title", "link", "guid", "id", "description", "summary", "content", "encoded", "pubDate", "published", "updated", "date",
    "author", "creator", "category", "subject", "source", "enclosure", "image", "group", "thumbnail", "comments", "name",
    "contributor", "item", "entry", "subtitle", "keywords", "wrap", "language", "modified", "issued", "rights",
]  # fmt: skip
ATTRIBUTES = st.sampled_from(
    ["", "", "", "", ' type="html"', ' type="text"', ' href="https://news.example/9"', ' rel="enclosure"', ' rel="alternate"',
     ' isPermaLink="false"', ' url="https://news.example/f.mp3"', ' xml:lang="de"', ' xml:base="https://base.example/a/"',
     ' term="Trade"', ' hreflang="fr" href="https://news.example/fr"']
)  # fmt: skip


@st.composite
def elements(draw: st.DrawFn, depth: int = 0) -> str:
    prefix = draw(st.sampled_from(["", "", "", *(name for name in NAMESPACES if name)]))
    local = draw(st.sampled_from(NAMES))
    name = f"{prefix}:{local}" if prefix else local
    # the title of an image is its own, whatever feedparser makes of several
    nested = depth < 2 and local != "image" and draw(st.integers(0, 5)) == 0
    inside = (
        "".join(draw(st.lists(elements(depth + 1), max_size=3)))
        if nested
        else draw(st.sampled_from(VALUES.get(local, TEXTS)))
    )
    return f"<{name}{draw(ATTRIBUTES)}>{inside}</{name}>"


@st.composite
def documents(draw: st.DrawFn) -> str:
    declared = "".join(
        f' xmlns{":" if prefix else ""}{prefix}="{draw(st.sampled_from(spaces))}"'
        for prefix, spaces in NAMESPACES.items()
        if prefix
    )
    entry = draw(st.sampled_from(["item", "item", "entry"]))
    entries = "".join(
        f"<{entry}{draw(ATTRIBUTES)}>{''.join(draw(st.lists(elements(), max_size=6)))}</{entry}>"
        for _ in range(draw(st.integers(0, 3)))
    )
    head = "".join(draw(st.lists(elements(), max_size=3)))
    if draw(st.booleans()):
        default = draw(st.sampled_from(["http://www.w3.org/2005/Atom", "https://www.w3.org/2005/Atom"]))
        return f'<feed xmlns="{default}"{declared}>{head}{entries.replace("item", "entry")}</feed>'
    default = draw(st.sampled_from(["", "", *(f' xmlns="{space}"' for space in NAMESPACES[""] if space)]))
    outside = draw(st.sampled_from(["", "", entries, f"<items>{entries}</items>"]))
    return f'<rss version="2.0"{default}{declared}><channel>{head}{entries if not outside else ""}</channel>{outside}</rss>'


CAPTION = re.compile(r"<media:description[^>]*>.*?</media:description>", re.DOTALL)


@settings(max_examples=examples(150), suppress_health_check=list(HealthCheck))
@given(documents())
def test_over_generated_documents(text: str) -> None:
    # of an entry with a description a caption is passed over: feedparser takes it for content
    pair = both(CAPTION.sub("", text) if "<description" in text else text)
    if pair is not None:
        assert less(*pair) == []


def test_every_name_that_feedparser_reads_is_known_here() -> None:
    """A name that a new feedparser reads must be read, left out on purpose, or sent to it."""
    base, dc = (import_module(f"feedparser.namespaces.{name}") for name in ("_base", "dc"))
    starts = {
        name.removeprefix("_start_")
        for kind in (base.Namespace, dc.Namespace)
        for name in vars(kind)
        if name.startswith("_start_")
    }
    without_meaning = {
        "cloud", "copyright", "rights", "generator", "image", "textinput", "textInput", "url", "width", "height", "name", "email",
        "uri", "homepage", "webmaster", "contributor", "tagline", "subtitle", "info", "expirationdate", "newlocation", "rss",
        "channel", "feed", "item", "entry", "dc_publisher", "dc_rights", "dc_contributor", "dcterms_valid", "dc_date_taken", "tags",
        "feedburner_browserfriendly",
    }  # fmt: skip
    known = {name.replace(":", "_") for name in quick._READERS}
    assert {name for name in starts if name.lower() not in known} <= without_meaning
