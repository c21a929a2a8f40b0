from __future__ import annotations

import json
from html import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.exceptions import NotAFeedError, ParseError
from aggregator.settings import ParseSettings
from tests.examples import examples
from tests.parsing.making import entry, read, rss, titled

# --- content type and charset ------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["text/html", "text/plain", "application/octet-stream", "", ";;charset", "x" * 500, "text/xml; charset="]
)
def test_the_content_type_does_not_decide(kind: str) -> None:
    assert len(read(rss(entry(title="A")), kind).entries) == 1


def test_a_page_is_no_feed_and_names_feeds() -> None:
    page = """<!DOCTYPE html><html><head><base href="/news/"><link rel="alternate" type="application/rss+xml"
    href="rss?a=1&amp;b=2">
    <link rel=alternate type=application/atom+xml href='https://other.example/atom'><link rel="stylesheet" href="x.css">
    <link rel="alternate" type="application/rss+xml" href="javascript:alert(1)"></head><body>x</body></html>"""
    with pytest.raises(NotAFeedError) as caught:
        read(page, "text/html")
    assert caught.value.feeds == ("https://feeds.example/news/rss?a=1&b=2", "https://other.example/atom")


@pytest.mark.parametrize(
    "body", [b"", b"  \n\t ", b"\xef\xbb\xbf", b"\0\0\0", b"OK", b"\xff\xd8\xff\xe0jpeg", b"{}", b"[1]", b"<svg/>"]
)
def test_what_is_no_feed_is_an_error(body: bytes) -> None:
    with pytest.raises(ParseError):
        read(body)


def test_a_byte_order_mark_beats_every_label() -> None:
    body = titled("Ünï".encode(), b'<?xml version="1.0" encoding="windows-1251"?>')
    assert read(b"\xef\xbb\xbf" + body, "text/xml; charset=koi8-r").entries[0].title == "Ünï"
    wide = "<rss version='2.0'><channel><item><title>Ünï</title></item></channel></rss>"
    assert read(b"\xff\xfe" + wide.encode("utf-16-le"), "text/xml; charset=utf-8").entries[0].title == "Ünï"
    assert read(wide.encode("utf-16-be"), "text/xml").entries[0].title == "Ünï"


def test_http_charset_beats_the_declaration() -> None:
    body = titled("Привет".encode("koi8-r"), b'<?xml version="1.0" encoding="windows-1251"?>')
    assert read(body, 'application/rss+xml; Charset="KOI8-R"').entries[0].title == "Привет"
    assert (
        read(titled("Привет".encode("cp1251"), b'<?xml version="1.0" encoding="windows-1251"?>')).entries[0].title
        == "Привет"
    )


def test_utf8_bytes_beat_a_wrong_latin1_label() -> None:
    assert read(titled("naïve".encode()), "text/xml; charset=iso-8859-1").entries[0].title == "naïve"
    assert read(titled("naïve".encode("latin-1")), "text/xml; charset=iso-8859-1").entries[0].title == "naïve"


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("iso-8859-1", b"\x93quoted\x94 \x80", "“quoted” €"),
        ("us-ascii", b"caf\xe9", "café"),
        ("gb2312", "镕".encode("gbk"), "镕"),
        ("x-sjis", "日本".encode("shift_jis"), "日本"),
        ("ks_c_5601-1987", "한국".encode("euc-kr"), "한국"),
        ("latin5", "ğş".encode("cp1254"), "ğş"),
        ("tis-620", "ไทย".encode("tis-620"), "ไทย"),
    ],
)
def test_names_mean_what_the_web_takes_them_for(label: str, data: bytes, text: str) -> None:
    assert read(titled(data), f"text/xml; charset={label}").entries[0].title == text


@pytest.mark.parametrize(
    "label", ["x-unknown", "utf-7", "punycode", "unicode_escape", "rot13", "zip", "utf-16", "\x00"]
)
def test_unknown_or_refused_names_leave_utf8(label: str) -> None:
    assert read(titled("+ADw-é".encode()), f"text/xml; charset={label}").entries[0].title == "+ADw-é"


def test_bytes_that_no_reading_fits_become_replacement_characters() -> None:
    feed = read(titled("Мост закры".encode()[:-1] + b"...", b'<?xml version="1.0" encoding="utf-8"?>'))
    assert feed.entries[0].title == "Мост закр\ufffd..."
    assert feed.ill_formed is not None
    assert feed.ill_formed.startswith("encoding:")


# --- ill-formed --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        rss(entry(guid="1", title="A") + "<item><guid>2</guid><title>B & C</title></item>"),
        rss(entry(guid="1", title="A") + "<item><guid>2</guid><title>B &nbsp; C</title></item>"),
        rss(entry(guid="1", title="A") + "<item><guid>2</guid><title>B &#xD800; \x0b C</title></item>"),
        rss(entry(guid="1", title="A") + "<item><guid>2</guid><title>B < 3</title></item>"),
        rss(
            entry(guid="1", title="A")
            + "<item><guid>2</guid><title>B</title><description><p>x<br>y</description></item>"
        ),
        rss(entry(guid="1", title="A") + "<!-- a -- b --><item><guid>2</guid><title>B</title></item>"),
        rss(
            entry(guid="1", title="A")
            + "<item><guid>2</guid><title>B</title><enclosure length=0 url='http://x/'/></item>"
        ),
        rss(entry(guid="1", title="A") + "<item><guid>2</guid><title>B</title><x:y z:w='1'/></item>"),
        rss(entry(guid="1", title="A") + entry(guid="2", title="B")) + "\n<script>late()</script>",
        "junk\n" + rss(entry(guid="1", title="A") + entry(guid="2", title="B & C")),
        rss(entry(guid="1", title="A") + entry(guid="2", title="B"))[:-14] + "<item><guid>3</guid><title>C",
    ],
)
def test_ill_formed_entries_are_taken_and_flagged(body: str) -> None:
    feed = read(body)
    assert [each.guid for each in feed.entries] == ["1", "2"]
    assert feed.entries[1].title.startswith("B")
    assert feed.ill_formed or body.startswith("junk")


def test_a_mended_link_is_not_corrupted() -> None:
    body = '<rss version="2.0"><channel><item><link>http://a.example/?a=1&copy=2&lt=3&x</link></item></channel></rss>'
    assert read(body).entries[0].link == "http://a.example/?a=1&copy=2&lt=3&x"


def test_a_well_formed_document_is_not_flagged() -> None:
    assert read(rss(entry(title="A &amp; B"))).ill_formed is None


# --- security ----------------------------------------------------------------------------------


def test_entities_are_not_expanded_and_nothing_is_read() -> None:
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 30))
    doctype = f'<!DOCTYPE rss SYSTEM "file:///etc/passwd" [<!ENTITY e0 "lol">{bomb}<!ENTITY f SYSTEM "file:///etc/hostname">]>'
    feed = read(f'<?xml version="1.0"?>{doctype}' + rss("<item><title>&e29;|&f;|&e0;</title></item>"))
    assert feed.entries[0].title == "&e29;|&f;|lol"


def test_own_entities_cannot_blow_a_document_up() -> None:
    feed = read(
        f'<!DOCTYPE rss [<!ENTITY a "{"x" * 200}">]>'
        + rss(f"<item><guid>1</guid><description>{'&a;' * 50_000}</description></item>")
    )
    assert len(feed.entries[0].summary) <= ParseSettings().max_summary


def test_caps_hold_for_every_field() -> None:
    long = "w<b>&amp;" * 200_000
    limits = ParseSettings()
    feed = read(
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>' + "i" * 5_000 + f"</id><title>{'t' * 5_000}</title>"
        f'<link href="https://a.example/{"l" * 3_000}"/><summary type="html">{escape(long)}</summary>'
        f'<content type="html">{escape(long)}</content><author><name>{"n" * 5_000}</name></author></entry></feed>'
    )
    kept = feed.entries[0]
    assert len(kept.title) == len(kept.author) == limits.max_title
    assert kept.link is None
    assert limits.max_summary // 3 < len(kept.summary) <= limits.max_summary
    assert limits.max_content // 3 < len(kept.content) <= limits.max_content
    assert len(kept.key) < 1_000


def test_the_newest_entries_are_kept() -> None:
    many = "".join(
        entry(guid=str(n), title="A", pubDate=f"Mon, 23 Nov 2026 {n // 60:02}:{n % 60:02}:00 GMT") for n in range(300)
    )
    feed = read(rss(many), limits=ParseSettings(max_entries=100))
    assert [each.guid for each in feed.entries] == [str(n) for n in range(200, 300)]
    assert len(feed.skips) == 200
    assert "newest" in feed.skips[0].reason


@pytest.mark.parametrize(
    "markup",
    [
        "<!--><img src=x onerror=alert(1)>-->",
        "<script>alert(1)</script>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<a href='javascript:alert(1)'>x</a><a href=' &#106;avascript:alert(1)'>x</a>",
        "<img src=x onerror='alert(1)'>",
        "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<p style='background:url(javascript:alert(1))'>x</p>",
        "<object data='data:text/html,<script>alert(1)</script>'></object>",
        "<base href='https://evil.example/'><meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    ],
)
def test_nothing_that_runs_gets_in(markup: str) -> None:
    feed = read(rss(entry(guid="1", title=markup, description=markup, author=markup)))
    safe = feed.entries[0].summary.lower()
    for danger in (
        "<script",
        "javascript:",
        "onerror=",
        "onload=",
        "<iframe",
        "<object",
        "<base",
        "<meta",
        "srcdoc=",
        "style=",
    ):
        assert danger not in safe or "&lt;" in safe.split(danger)[0][-5:]


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://a.example/",
        "mailto:a@b.example",
        " ",
        "http://",
    ],
)
def test_links_are_http_only(link: str) -> None:
    assert read(rss(entry(guid="1", title="A", link=link))).entries[0].link is None


def test_nul_and_surrogates_never_get_out() -> None:
    for body in (
        rss("<item><guid>a\0b</guid><title>x&#0;y&#xDFFF;z\0</title></item>"),
        json.dumps(
            {
                "version": "https://jsonfeed.org/version/1",
                "title": "\ud800\0",
                "items": [{"id": "\udfff\0", "title": "\ud83d"}],
            }
        ),
    ):
        feed = read(body)
        assert len(feed.entries) == 1
        shown = repr(feed)
        assert "\\x00" not in shown
        assert "\\ud" not in shown


@pytest.mark.parametrize("more", ['"id": {}', '"id": "a", "_more": {}', '"id": "a", "date_published": {}'])
def test_a_number_without_end_costs_no_document(more: str) -> None:
    first = "{" + more.replace("{}", "9" * 5_000) + ', "title": "One"}'
    document = '{"version": "https://jsonfeed.org/version/1.1", "items": [' + first + ', {"id": "2", "title": "Two"}]}'
    assert [entry.title for entry in read(document).entries] == ["One", "Two"]


JSON_FEED = '{"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [%s]}'
ONE, TWO, THREE = (f'{{"id": "{number}", "title": "Entry, {number} ,]"}}' for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("document", "ids", "left_out"),
    [
        (
            JSON_FEED
            % f'{{"id": "x", "title": "A "b"", "attachments": [{{}}, {{"url": "https://a.example/"}}, 5]}}, {TWO}',
            ["2"],
            1,
        ),
        (JSON_FEED % f"{ONE}, {TWO},", ["1", "2"], 0),
        (JSON_FEED % f"{ONE.replace('}', ',}')}, {TWO}", ["1", "2"], 0),
        ((JSON_FEED % f"{ONE}, {TWO}, {THREE}")[:-20], ["1", "2"], 1),
        ((JSON_FEED % f"{ONE}, {TWO}")[:-2], ["1", "2"], 0),
        (JSON_FEED % f'{ONE}, {{"id": "x", "title": "A "quoted" word"}}, {THREE}', ["1", "3"], 1),
        (JSON_FEED % f'{ONE}, {"[" * 100_000}{"]" * 100_000}, {{"id": "x"}}, {THREE}', ["1", "x", "3"], 0),
    ],
    ids=[
        "whole parts of a broken one",
        "comma after the last",
        "comma inside",
        "cut in an entry",
        "cut after it",
        "bare quotes",
        "deep",
    ],
)
def test_what_is_whole_in_a_broken_json_feed_is_taken(document: str, ids: list[str], left_out: int) -> None:
    feed = read(document)
    assert [entry.guid for entry in feed.entries] == ids
    assert feed.ill_formed
    assert len(feed.skips) == left_out


@pytest.mark.parametrize(
    "document", ['{"items": [', '{"version": "https://jsonfeed.org/version/1", "items": [{"id": "1', "{]"]
)
def test_a_broken_json_feed_without_a_whole_entry_is_an_error(document: str) -> None:
    with pytest.raises(ParseError, match="begins like JSON"):
        read(document)


HOSTILE = {
    "unclosed CDATA": "<![CDATA[" * 200_000,
    "unclosed comments": "<!--" * 200_000,
    "unclosed entries": "<item><title>" * 20_000,
    "ampersands": "<item><title>" + "&" * 500_000,
    "less-than signs": "<item><title>" + "<" * 500_000,
    "attributes": "<item " + " ".join(f"a{number}='x'" for number in range(50_000)) + "/>",
    "unquoted attributes": "<item " + "a=b " * 50_000,
    "depth": "<item>" + "<a>" * 100_000 + "</a>" * 100_000 + "</item>",
    "depth in markup": "<item><title>t</title><description>" + "&lt;div&gt;" * 60_000 + "</description></item>",
    "unclosed links": "<link " * 100_000,
    "unclosed hints": "<skipHours>" * 20_000,
}


@pytest.mark.costly
@pytest.mark.timeout(30)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("head", ['<rss version="2.0"><channel>', "<html>", "<!DOCTYPE rss [<!--"])
def test_no_document_takes_quadratic_time(head: str, name: str) -> None:
    try:
        read(head + HOSTILE[name])
    except ParseError as error:
        message = str(error)
    else:
        message = ""
    assert len(message) < 1_000


# --- whatever comes ----------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [b"<rss version='2.0'>", b"<channel>", b"<item>", b"</item>", b"<title>", b"</title>", b"<![CDATA[", b"]]>",
     b"<!--", b"-->", b"<!DOCTYPE x[", b"<!ENTITY a 'b'>", b"]>", b"&amp;", b"&#xD800;", b"&", b"<", b">", b"{",
     b'"items":', b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"<feed xmlns='http://www.w3.org/2005/Atom'>", b"<entry>",
     b"</entry>", b"<content type='xhtml'>", b"<html>", b"<link href='", b"'/>"]
)  # fmt: skip


@settings(max_examples=examples(150))
@given(
    st.one_of(st.binary(max_size=300), st.lists(st.one_of(_PIECES, st.binary(max_size=8)), max_size=25).map(b"".join))
)
def test_any_bytes_give_a_feed_or_a_parse_error(body: bytes) -> None:
    for given_body in (body, b"<rss version='2.0'><channel><item><title>" + body):
        try:
            feed = read(given_body)
        except ParseError:
            continue
        else:
            assert len({each.key for each in feed.entries}) == len(feed.entries)
            repr(feed).encode("utf-8")
            assert feed == read(given_body)


@settings(max_examples=examples(60))
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("12"), st.sampled_from(["x y", "z w", "x v"])), max_size=7
    ),
    st.randoms(),
)
def test_keys_do_not_depend_on_the_order_of_a_document(drawn: list[tuple[str, str, str]], random: object) -> None:
    made = [entry(guid=guid, link=f"https://a.example/{link}", title=title) for guid, link, title in drawn]
    forward, backward = read(rss("".join(made))), read(rss("".join(reversed(made))))
    assert {each.key for each in forward.entries} == {each.key for each in backward.entries}
    assert len(forward.entries) + len(forward.skips) == len(drawn)
