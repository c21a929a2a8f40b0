"""What is done with a feed's text, from the first look to the digest: twice the text costs twice the time, or a bound holds.

The list names every loop and comparison over what a feed says, with the longest text that it is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from aggregator.clustering.sketch import sketch
from aggregator.clustering.vectorize import vectorize
from aggregator.digest.escape import markdown
from aggregator.model import Document, EntryData
from aggregator.newsroom import mentions, revisions, watches, wires
from aggregator.newsroom.corrections import recognise, stale_copies
from aggregator.newsroom.identity import recognise_moved
from aggregator.newsroom.identity_traits import Identity
from aggregator.newsroom.publishers import families, publisher_of
from aggregator.parsing import opml, pages, repair
from aggregator.parsing.hints import read_hints
from aggregator.text import boilerplate, clean, cross_language, display, language, tokens, urls
from tests.bounds.attacks import grows_faster, seconds
from tests.bounds.expressions import HEADER, LINK, TITLE
from tests.harness import MORNING
from tests.newsroom.made import made_entry

LARGE: Final = 40_000  # stands for parse.max_content: the square shows as well
RATIO, NOTHING = 3.2, 0.08

Work = Callable[[str], object]


def _document(text: str) -> Document:
    return Document("A title of five words", "", text, "en", None, "")


def _edited(text: str) -> str:
    return f"First {text[len(text) // 3 :]} middle {text[: len(text) // 3]} last"


def _names(text: str) -> object:
    return mentions.names(tokens.sentences(text, "en"), "en")


def _numbers(text: str) -> object:
    return [mentions.numbers(sentence) for sentence in tokens.sentences(text, "en")]


def _moved(text: str) -> object:
    words = text.split() or [text]
    arriving = [Identity(f"a{n}", f"k{n}", word, None, "h") for n, word in enumerate(words[:2_000])]
    stored = [Identity(f"e{n}", f"o{n}", word, None, "g") for n, word in enumerate(words[:300])]
    return recognise_moved(arriving, frozenset(), stored, frozenset())


def _stale(text: str) -> object:
    notice = made_entry("n", minutes=60, correction="correction")
    return stale_copies(notice, _edited(text), [(made_entry("o"), text)], None)


def _corrected(text: str) -> object:
    notice = made_entry("n", minutes=60, correction="correction")
    return stale_copies(notice, _edited(text), [(made_entry("o"), text)], text)


def _document_of(text: str) -> object:
    return clean.document(EntryData("k", "Title", summary=text, content=text), None, ("Ledger",))


LOOPS: Final[dict[str, tuple[Work, int]]] = {
    "clean.sanitise": (clean.sanitise, LARGE),
    "clean.plain_text": (clean.plain_text, LARGE),
    "clean.plain_title": (clean.plain_title, 10 * TITLE),
    "clean.document": (_document_of, LARGE),
    "clean.is_beginning": (lambda text: clean.is_beginning(text, text), LARGE),
    "display.display_text": (display.display_text, LARGE),
    "escape.markdown": (markdown, LARGE),
    "tokens.words": (lambda text: tokens.words(text), LARGE),
    "tokens.sentences": (lambda text: tokens.sentences(text, "de"), LARGE),
    "tokens.index_form": (tokens.index_form, LARGE),
    "language.identify": (lambda text: language.identify(text, None), LARGE),
    "cross_language.spelled_names": (cross_language.spelled_names, LARGE),
    "cross_language.phonetic_key": (cross_language.phonetic_key.__wrapped__, LARGE),
    "cross_language.same_name": (
        lambda text: cross_language.same_name(
            cross_language.phonetic_key(text), cross_language.phonetic_key("x" + text)
        ),
        2_000,
    ),
    "boilerplate.lines": (lambda text: boilerplate.without_boilerplate(_document(text), frozenset({1})), LARGE),
    "urls.canonical_url": (urls.canonical_url, LINK),
    "urls.absolute_url": (lambda text: urls.absolute_url(text, "https://a.example/"), LARGE),
    "urls.mask_secrets": (urls.mask_secrets, LARGE),
    "repair.repaired": (repair.repaired, LARGE),
    "pages.is_page": (pages.is_page, LARGE),
    "pages.feed_links": (lambda text: pages.feed_links(f"<html><link {text}>{text}", "https://a.example/"), LARGE),
    "hints.read": (lambda text: read_hints(text, text[:HEADER], "https://a.example/"), LARGE),
    "opml.read": (lambda text: opml.read(_opml(text)), LARGE),
    "sketch.sketch": (lambda text: sketch(_document(text)), LARGE),
    "vectorize": (lambda text: vectorize(_document(text), "Ledger", MORNING), LARGE),
    "mentions.numbers": (_numbers, LARGE),
    "mentions.names": (_names, LARGE),
    "revisions.compare": (lambda text: revisions.compare(("a", text), ("a", _edited(text))), LARGE),
    "revisions.diff": (lambda text: revisions.excerpt(revisions.diff(text, _edited(text))), LARGE),
    "corrections.recognise": (lambda text: recognise(text[:TITLE], text), LARGE),
    "corrections.stale_copies": (_stale, LARGE),
    "corrections.stale_copies of a known text": (_corrected, LARGE),
    "identity.recognise_moved": (_moved, LARGE),
    "publishers.publisher_of": (
        lambda text: publisher_of(
            EntryData("k", "T", source_title=text, link=text[:LINK]), "Ledger", families(()), believed=True
        ),
        TITLE,
    ),
    "watches.delimited": (watches.delimited, LARGE),
    "wires.attribute": (lambda text: wires.attribute(EntryData("k", "T", author=text[:TITLE]), text), LARGE),
}

# What a hostile text is made of: repeated to its size behind a beginning.
SHAPES: Final[dict[str, tuple[str, str]]] = {
    "one letter": ("", "a"),
    "one word": ("c ", "a "),
    "names": ("", "Anna Kovac of Ostrel "),
    "one endless name": ("", "Anna "),
    "numbers": ("", "12 "),
    "digits": ("", "1"),
    "thousands": ("", "1,000 "),
    "sentences": ("", "The ship sailed to Ostrel with 30 men. "),
    "lines": ("", "The same line again\n"),
    "stops": ("", "."),
    "capitals and stops": ("", "A."),
    "blanks": ("a", " "),
    "tags": ("", "<b>"),
    "open tags": ("", "<a "),
    "open attributes": ("", '<a b="'),
    "comments": ("", "<!--"),
    "scripts": ("", "<script>"),
    "sections": ("", "<![CDATA["),
    "entities": ("", "&amp;"),
    "ampersands": ("", "&"),
    "prefixes": ("<rss>", "<a:b "),
    "address": ("http://", "a."),
    "slashes": ("http://a.example", "/1"),
    "parameters": ("http://a.example/?", "a=1&"),
    "escapes": ("http://a.example/", "%41"),
    "brackets": ("", "("),
    "quotes": ("", "'"),
    "apostrophes": ("", "a'"),
    "han": ("", "一"),
    "kana and stops": ("", "ア。"),
    "combining marks": ("a", "\u0301"),
    "ligatures": ("", "\ufdfa"),
}


def _opml(text: str) -> bytes:
    quoted = text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return f'<opml version="2.0"><body><outline type="rss" text="a" xmlUrl="{quoted}"/></body></opml>'.encode()


@pytest.mark.costly
@pytest.mark.parametrize("name", LOOPS)
def test_twice_the_text_takes_twice_the_time(name: str) -> None:
    work, size = LOOPS[name]
    slow = []
    for shape, (beginning, unit) in SHAPES.items():
        half, whole = (beginning + unit * (length // len(unit)) for length in (size // 2, size))
        took = seconds(work, whole)
        if took > NOTHING and grows_faster(work, half, whole, RATIO):
            slow.append(f"{shape}: {took:.3f} s")
    assert slow == []


def test_prefixes_without_end_are_declared_in_one_look() -> None:
    """Each undeclared prefix had the whole document searched anew."""
    half, whole = ("<rss>" + "".join(f"<p{n}:a/>" for n in range(count)) for count in (8_000, 16_000))
    assert not grows_faster(repair.repaired, half, whole, RATIO, NOTHING)
    assert 'xmlns:p7999="' in repair.repaired(half)


def test_lines_that_are_all_alike_are_compared_in_bounded_time() -> None:
    middle = "the same\n" * 8_000
    before, after = f"first\n{middle}end", f"another\n{middle}close"
    pieces = revisions.diff(before, after)
    assert [piece.op for piece in pieces] == ["removed", "added", "same", "removed", "added"]
    assert seconds(lambda text: revisions.diff(text, after), before) < 10  # seconds; a quarter of one is usual
