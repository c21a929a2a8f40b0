"""Documents in which the tags of an entry do not match: what it says is read, and its neighbours lose nothing."""

from __future__ import annotations

import pytest

from tests.parsing.making import read, rss

BEFORE = "<item><title>Dam holds</title><link>https://a.example/1</link><description>one</description></item>"
AFTER = "<item><title>Quay shut</title><link>https://a.example/3</link><description>three</description></item>"
LINK = "<link>https://a.example/2</link>"


@pytest.mark.parametrize(
    "broken",
    [
        f"<title>Ferry late</titel>{LINK}<description>two</description>",
        f"<title>Ferry late{LINK}<description>two</description>",
        f"<title>Ferry late</title>{LINK}<description>two",
        f"<title>Ferry late</title></b>{LINK}<description>two</description>",
        f"<Title>Ferry late</title>{LINK}<description>two</Description>",
        f"<title>Ferry late</title>{LINK}<description><![CDATA[two</description>",
        f"<title>Ferry late</title>{LINK}<description><![cdata[two]]></description>",
        f"<title>Ferry late</title>{LINK}<description><! [CDATA[two]]></description>",
        f"<title><![CDATA[Ferry late</title>{LINK}<description><![CDATA[two]]></description>",
        f"<source><title>Wire</titel></source><title>Ferry late</title>{LINK}<description>two</description>",
        f"< title>Ferry late</ title>{LINK}<description >two< /description>",
        f"<title>Ferry late<\\/title>{LINK}<description>two<\\/description>",
        f"<title>Ferry late</title>{LINK}<description>two</description><image><title>Logo</image>",
    ],
)
def test_a_broken_entry_costs_no_other_and_keeps_its_words(broken: str) -> None:
    feed = read(rss(f"{BEFORE}<item>{broken}</item>{AFTER}", head="<link>https://a.example/</link>"))
    assert [(one.title, one.link, one.summary) for one in feed.entries] == [
        ("Dam holds", "https://a.example/1", "one"),
        ("Ferry late", "https://a.example/2", "two"),
        ("Quay shut", "https://a.example/3", "three"),
    ]
    assert (feed.title, feed.link) == ("T", "https://a.example/")
    assert feed.ill_formed
    assert not feed.skips


def test_the_last_section_without_an_end_closes_with_its_field() -> None:
    last = f"<item><title>Ferry late</title>{LINK}<description><![CDATA[<p>two</p></description></item>"
    assert [one.summary for one in read(rss(BEFORE + last)).entries] == ["one", "<p>two</p>"]


def test_markup_between_the_tags_of_a_broken_field_stays_markup() -> None:
    body = "<description><p>The pier<br>is shut &amp; <b>closed</p> &lt;i>today&lt;/i></description>"
    [entry] = read(rss(f"<item><title>5 < 6 and x<y</title>{LINK}{body}</item>")).entries
    assert entry.title == "5 < 6 and x<y"
    assert entry.summary == "<p>The pier<br>is shut &amp; <b>closed</b></p><b> <i>today</i></b>"


def test_a_sign_before_a_word_that_is_a_tags_name_stays_a_sign() -> None:
    [entry] = read(rss(f"<item><title>Form < content & title</title>{LINK}</item>")).entries
    assert entry.title == "Form < content & title"


def test_an_atom_entry_with_a_broken_div_keeps_its_links_and_its_author() -> None:
    document = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><entry><id>urn:a</id><title>Dam holds</title>'
        '<link rel="alternate" href="https://a.example/1"/><author><name>Ann Bo</name></author>'
        '<updated>2026-11-20T08:00:00Z</updated><content type="xhtml"><div><p>one<p>two</div></content></entry></feed>'
    )
    [entry] = read(document).entries
    assert (entry.title, entry.link, entry.author) == ("Dam holds", "https://a.example/1", "Ann Bo")
    assert entry.content == "<div><p>one</p><p>two</p></div>"
    assert entry.published is not None


def test_a_channel_that_is_closed_before_its_entries_keeps_them() -> None:
    document = (
        f'<rss version="2.0"><channel><title>T</title></channel>{BEFORE}<item><title>Ferry late{LINK}</item></rss>'
    )
    assert [one.title for one in read(document).entries] == ["Dam holds", "Ferry late"]


def test_the_field_in_which_a_document_breaks_off_is_left_out() -> None:
    document = (
        '<rss version="2.0"><channel><title>T</title><item><link>https://a.example/1</link><title>Dam holds</title>'
    )
    assert [(one.title, one.summary) for one in read(document + "<description>The dam ab").entries] == [
        ("Dam holds", "")
    ]
    assert read('<rss version="2.0"><channel><title>T</title><item><title><![CD').entries == ()
