"""Every file that we have been given: nothing raises but ParseError, nothing is lost, feedparser's expectations
hold."""

from __future__ import annotations

import ast
import re
import time
from datetime import datetime

import pytest

from aggregator.exceptions import ParseError
from aggregator.model import EntryData, ParsedFeed
from aggregator.parsing.charset import decode
from aggregator.parsing.feed import parse, read_with_feedparser
from aggregator.parsing.repair import trimmed
from aggregator.settings import ParseSettings
from aggregator.text.clean import document, plain_text, plain_title, sanitise
from tests.parsing.corpora import NOW, files

LIMITS = ParseSettings()
SLOWEST = 10.0  # seconds for one file: a bound on hangs, far from what any file takes
INNOCENT = re.compile(r"is empty|repeats entry|is cut off|is no JSON object")


def read(body: bytes, headers: dict[str, str] | None = None, url: str = "https://feeds.example/rss") -> ParsedFeed:
    return parse(body, url, headers or {}, NOW, LIMITS)


def feedparser_entries(body: bytes) -> int:
    text = decode(body, "")[0].lstrip()
    if text.startswith("{"):
        return 0
    try:
        return len(read_with_feedparser(trimmed(text)).entries)
    except ParseError:
        return 0  # junk that feedparser cannot get over


@pytest.mark.costly
def test_every_captured_file_gives_its_entries() -> None:
    lost = []
    for name, body in files("captured"):
        feed = read(body)
        accounted = len(feed.entries) + len(feed.skips)
        if accounted < feedparser_entries(body) or not all(INNOCENT.search(skip.reason) for skip in feed.skips):
            lost.append((name, len(feed.entries), feed.skips[:3]))
        for data in feed.entries:
            document(data, feed.language)
            repr(data).encode("utf-8")
    assert lost == []


@pytest.mark.costly
def test_no_conformance_file_raises_or_hangs() -> None:
    slow = []
    for name, body in files("conformance"):
        start = time.process_time()
        try:
            feed = read(body)
        except ParseError:
            pass
        else:
            repr(feed).encode("utf-8")
        if time.process_time() - start > SLOWEST:
            slow.append(name)
    assert slow == []


# --- feedparser's own expectations ---------------------------------------------------------------

EXPECT = re.compile(r"Expect:\s*(.*?)\s*-->", re.DOTALL)
HEADER = re.compile(r"Header:\s*([\w-]+):\s*(.*)")
COMPARISON = re.compile(
    r"""entries\[(\d+)\](?:\[['"](\w+)['"]\]|\.(\w+))(?:\[0\](?:\[['"]value['"]\]|\.value))?\s*==\s*
    ('''.*?'''|u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\([\d, -]+\)))""",
    re.VERBOSE | re.DOTALL,
)
KEPT = {
    "id": "guid", "guid": "guid", "link": "link", "title": "title", "author": "author", "summary": "summary",
    "description": "summary",
    "content": "content", "published_parsed": "published", "updated_parsed": "updated", "created_parsed": "published",
    "published": "published_text",
}  # fmt: skip
# Where we differ on purpose: markup that a browser's rules read otherwise than feedparser's; two entries of one
# document with one identity, which are one entry to us; references in a text that should have none.
DIFFERENT = re.compile(
    r"sanitize/.*_(?:crazy|title_object|script_nested_cdata)\.xml$|node_precedence/atom10_(?:id|title)\.xml$"
    r"|entry_link_no_href_link_priority\.xml$|entry_link_rel_enclosure_no_href\.xml$|entry_title_base64_2\.xml$"
)


def agrees(entry: EntryData, field: str, want: object) -> bool:
    got = getattr(entry, KEPT[field])
    if isinstance(want, tuple):
        return isinstance(got, datetime) and tuple(got.utctimetuple())[:6] == want[:6]
    wanted = str(want)
    if KEPT[field] in ("summary", "content"):
        words = plain_text(wanted).split()
        return (
            got == sanitise(wanted)
            or plain_text(got).split() in (words, wanted.split())
            or (not got and plain_text(entry.content).split() == words)  # a copy of the content is no summary
        )
    return (got or "") in (wanted, plain_title(wanted), " ".join(plain_text(wanted).split()))


def test_feedparsers_wellformed_suite_agrees_where_it_concerns_us() -> None:
    compared, wrong = 0, []
    for name, body in files("conformance", "kurtmckee+feedparser/tests/wellformed/"):
        text, _ = decode(body, "")
        found = EXPECT.search(text)
        if found is None or DIFFERENT.search(name):
            continue
        headers = {key.lower(): value.strip() for key, value in HEADER.findall(text)}
        wanted = [
            (int(number), one or other, ast.literal_eval(value))
            for number, one, other, value in COMPARISON.findall(found[1])
        ]
        wanted = [each for each in wanted if each[1] in KEPT]
        if not wanted:
            continue
        entries = read(body, headers, "http://127.0.0.1:8097/" + name.split("/", 2)[2]).entries
        for number, field, want in wanted:
            compared += 1
            if number >= len(entries) or not agrees(entries[number], field, want):
                wrong.append((name, field, want))
    assert wrong == []
    assert compared > 700


@pytest.mark.parametrize("archive", ["captured", "conformance"])
def test_sanitising_twice_changes_no_text(archive: str) -> None:
    changed = []
    for name, body in files(archive, every=20):
        try:
            feed = read(body)
        except ParseError:
            continue
        for markup in (text for data in feed.entries for text in (data.content, data.summary)):
            if plain_text(sanitise(markup)) != plain_text(markup):
                changed.append(name)
    assert changed == []
