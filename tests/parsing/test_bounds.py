"""What a hostile document may cost: twice the size never costs much more than twice the time of the processor."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from aggregator.exceptions import ParseError
from aggregator.parsing.bot_walls import wall_in_page
from aggregator.parsing.broken_entries import with_entries_mended
from aggregator.parsing.charset import decode
from aggregator.parsing.dates import DateReader, is_usual, read_common
from aggregator.parsing.wrappers import wrapped_feed
from aggregator.text.escapes import (
    is_markup,
    singly_encoded,
    unescaped_markup,
    with_surrogates_joined,
    without_cdata_marks,
    without_references,
)
from tests.bounds.attacks import grows_faster, seconds
from tests.parsing.making import NOW, read, rss

SIZE = 400_000  # bytes or characters
QUICK = 0.75  # seconds that are no matter, whatever the ratio


def document(entries: str) -> None:
    try:
        read(rss(entries))
    except ParseError:
        pass


def repeated(piece: str, size: int) -> str:
    return piece * (size // len(piece))


DOCUMENTS: dict[str, Callable[[int], str]] = {
    "open CDATA marks": lambda size: f"<item><title>{repeated('&lt;![CDATA[', size)}</title></item>",
    "references": lambda size: f"<item><description>{repeated('&amp;#55357;', size)}</description></item>",
    "authors": lambda size: f"<item><title>A</title>{repeated('<author>a@b.example (A)</author>', size)}</item>",
    "links": lambda size: f"<item>{repeated('<link rel=&quot;x&quot; href=&quot;y&quot;/>', size).replace('&quot;', chr(34))}</item>",
    "elements of no meaning": lambda size: f"<item><title>A</title>{repeated('<w><v/></w>', size)}</item>",
    "entries": lambda size: repeated("<item><guid>1</guid><title>A</title></item>", size),
    "dates": lambda size: repeated("<item><title>A</title><pubDate>03/04/2026</pubDate></item>", size // 4),
    "escaped markup": lambda size: f"<item><description>{repeated('&amp;lt;p&amp;gt;', size)}</description></item>",
    "twice encoded": lambda size: f"<item><description>{repeated('Ã©', size)}</description></item>",
    "titles without an end": lambda size: f"<item>{repeated('<title>A', size)}</item>",
    "stray end tags": lambda size: f"<item><title>A{repeated('</b>', size)}<link>y</link></item>",
    "open sections": lambda size: repeated("<item><title><![CDATA[A</title></item>", size) + "]]>",
    "a long name": lambda size: f"<item><title>A</titel></item><item><{'a' * size}",
    "bases": lambda size: f"<item>{repeated('<link xml:base=&quot;/a/&quot; href=&quot;y&quot;/>', size).replace('&quot;', chr(34))}</item>",
}  # fmt: skip
TEXTS: dict[str, Callable[[str], object]] = {
    "is_markup": is_markup,
    "singly_encoded": singly_encoded,
    "unescaped_markup": unescaped_markup,
    "with_surrogates_joined": with_surrogates_joined,
    "without_cdata_marks": lambda text: without_cdata_marks(text, everywhere=True),
    "without_references": without_references,
    "with_entries_mended": lambda text: with_entries_mended(f"<rss><channel><item>{text}</item></channel></rss>"),
    "wrapped_feed": lambda text: (
        wrapped_feed(text),
        wrapped_feed(f"<html><pre>{text}</pre>"),
        wrapped_feed(f"&lt;{text}"),
    ),
    "wall_in_page": wall_in_page,
    "read_common": lambda text: (read_common.__wrapped__(text), is_usual(text)),
    "DateReader": lambda text: DateReader(NOW, texts=[text[:90]] * 500),
}
PIECES = [
    "<p>",
    "&lt;p",
    "<![CDATA[",
    "]]>",
    "&#xD83D;",
    "&amp;",
    "Ã",
    "are you ",
    "<title>",
    "<rss version=",
    "<pre",
    "1/",
    "Mon, ",
    "\ufffd ",
    "</p",
]
BODIES = [
    b"\xe9",
    b"a\xe9 ",
    b"\xc3\xa9\xe9",
    b"<\xe9>",
    b"\xad\xa1",
    b"\xff\xfe",
    b"\x1b$B",
    b"\x80",
    b"<",
    b"\xed\xa0\xbd",
]


def assert_in_proportion(work: Callable[[int], object]) -> None:
    assert seconds(work, SIZE) < QUICK or not grows_faster(work, SIZE // 2, SIZE, 3.2, QUICK)


@pytest.mark.costly
@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_document_costs_what_its_size_says(kind: str) -> None:
    assert_in_proportion(lambda size: document(DOCUMENTS[kind](size)))


@pytest.mark.costly
@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_costs_what_its_size_says(kind: str) -> None:
    for piece in PIECES:
        assert_in_proportion(lambda size, piece=piece: TEXTS[kind](repeated(piece, size)))  # type: ignore[misc]


@pytest.mark.costly
@pytest.mark.parametrize("label", ["utf-8", "euc-jp", "iso-2022-jp", "gbk", "iso-8859-1"])
def test_a_body_costs_what_its_size_says(label: str) -> None:
    for piece in BODIES:  # an odd number of them: an even one may be text in a charset of two bytes
        assert_in_proportion(
            lambda size, piece=piece: decode(piece * (size // len(piece) | 1), f"text/xml; charset={label}")  # type: ignore[misc]
        )
