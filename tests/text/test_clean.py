from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.model import EntryData
from aggregator.text.clean import (
    MAX_TAGS,
    document,
    is_beginning,
    plain_text,
    plain_title,
    sanitise,
    storable,
    without_publisher,
)
from aggregator.text.language import primary_language
from tests.examples import examples


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("in<b>ter</b>national <i>news</i>", "international news"),
        ("<p>One</p><p>Two<br>Three</p><ul><li>a</li><li>b</li></ul>", "One\nTwo\nThree\na\nb"),
        ("a &amp; b &lt;c&gt; &nbsp; d", "a & b <c> d"),
        ("no   markup\n\n at all", "no markup\nat all"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<script>x</script><style>y</style><!-- z -->kept", "kept"),
        ('<img alt="never" src="x">text', "text"),
        ("", ""),
    ],
)
def test_markup_becomes_plain_text(markup: str, text: str) -> None:
    assert plain_text(markup) == text


def by_parser(markup: str) -> str:
    """Return the text that the parser gives: a table before and after is none of the usual markup."""
    apart = "<table><tr><td>|</td></tr></table>"
    return plain_text(f"{apart}{markup}{apart}").strip("|").strip("\n")


_WORDS = st.sampled_from(["Talks", " ", "open &amp; close", "\n", "4&nbsp;% ", 'a "b"', "…"])
_PIECES = st.recursive(
    _WORDS,
    lambda inner: (
        st.builds(
            lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag.split()[0]}>",
            st.sampled_from(
                ["p", "div", "b", "i", "span", 'a href="https://example.org/?a=1&amp;b=2" rel="nofollow"', "li"]
            ),
            st.lists(inner, max_size=3),
        )
        | st.sampled_from(["<br>", '<img alt="a > b" src="https://example.org/x.png">'])
    ),
    max_leaves=12,
)


def test_behind_a_line_break_inside_of_a_span_words_stay_apart() -> None:
    assert plain_text("<b><br>Talks</b>Talks") == by_parser("<b><br>Talks</b>Talks")
    assert plain_text("<li></li><b><br>Talks</b>Talks<br>").split() == ["Talks", "Talks"]


@settings(max_examples=examples(300))
# A text without a tag keeps its lines
@given(st.lists(_PIECES, max_size=5).map(lambda pieces: sanitise("".join(pieces) + "<br>")))
def test_usual_markup_gives_the_text_that_the_parser_gives(markup: str) -> None:
    assert plain_text(markup) == by_parser(markup)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ('<b><br><img alt="a > b" src="https://example.org/x.png"></b><br>', ""),
        ('<figcaption><img alt="a > b">Talks', "Talks"),
        ('<figcaption><a title="a>Talks</a> go on', "Talks go on"),
        ('<figcaption><a x=5">"Talks" go on', '"Talks" go on'),
    ],
)
def test_what_stands_in_an_attribute_is_no_text(markup: str, text: str) -> None:
    assert plain_text(markup) == text


def test_a_text_in_a_caption_that_is_never_closed_is_kept() -> None:
    assert (
        plain_text("<figure><figcaption>The harbour<p>Talks opened on Monday.</p>")
        == "The harbour Talks opened on Monday."
    )


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("AT&amp;T <b>wins</b>", "AT&T wins"),
        ("a <foo> b <3", "a <foo> b <3"),
        ("One<br/>Two", "One Two"),
        ("<script>alert(1)</script>Title", "Title"),
        ("  a\n b\t c\u00a0d ", "a b c d"),
    ],
)
def test_a_title_becomes_plain_text(markup: str, text: str) -> None:
    assert plain_title(markup) == text


def test_relative_links_become_absolute_only_with_a_base() -> None:
    assert (
        sanitise("<a href='/x'>y</a>", "https://a.example/b/")
        == '<a href="https://a.example/x" rel="noopener noreferrer">y</a>'
    )
    assert "https://a.example/i.png" in sanitise("<img src=i.png>", "https://a.example/")


@pytest.mark.parametrize(
    ("markup", "safe"),
    [
        ("<p>a</p><noscript><img src='https://i.example/a.jpg'></noscript>", '<p>a</p><img src="https://i.example/a.jpg">'),
        ("<NOSCRIPT><p>a</p>", "<p>a</p>"),
        ("<noembed><b>a</b></noembed>", "<b>a</b>"),
        ("<noscript><img src=x onerror=go()></noscript>a", '<img src="x">a'),
        ("<html><head><title>Page</title></head><body><p>a</p></body></html>", "<p>a</p>"),
        ("b<title/>a", "ba"),
    ],
)  # fmt: skip
def test_what_stands_in_for_a_script_is_markup_and_a_pages_title_is_no_text(markup: str, safe: str) -> None:
    assert sanitise(markup) == safe


def test_a_text_of_nothing_but_tags_is_kept_without_them() -> None:
    assert sanitise("<div>" * (MAX_TAGS + 1) + "x") == "x"
    assert plain_text("<div>" * (MAX_TAGS + 1) + "x") == "x"


def entry(title: str = "T", summary: str = "", content: str = "", link: str | None = None, **more: str) -> EntryData:
    return EntryData(key="k", title=title, summary=summary, content=content, link=link, **more)  # type: ignore[arg-type]


def test_a_summary_that_begins_the_body_is_no_lede() -> None:
    made = document(
        entry(
            summary="The council  voted on <b>Monday</b> […]", content="<p>The council voted on Monday.</p><p>More.</p>"
        ),
        "en",
    )
    assert (made.lede, made.body) == ("", "The council voted on Monday.\nMore.")
    made = document(entry(summary="A summary of its own", content="<p>Body</p>"), "en")
    assert (made.lede, made.body) == ("A summary of its own", "Body")
    made = document(entry(summary="Only a summary"), "en")
    assert (made.lede, made.body) == ("Only a summary", "")


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("Quay closes - Harbour Gazette", "Quay closes"),
        ("Quay closes | harbour gazette", "Quay closes"),
        ("Quay closes – Local | Harbour Gazette", "Quay closes – Local"),
        ("Harbour Gazette", "Harbour Gazette"),
        ("Quay closes - Other Paper", "Quay closes - Other Paper"),
        ("Harbour Gazette - Harbour Gazette", "Harbour Gazette"),
    ],
)
def test_the_publishers_name_is_left_out_of_the_title(title: str, left: str) -> None:
    assert without_publisher(title, ["Harbour Gazette"]) == left
    assert document(entry(title), "en", ["Harbour Gazette"]).title == left


def test_tails_are_cut_at_the_end_only() -> None:
    made = document(entry(content="<p>Text.</p><p>The post Quay closes appeared first on Harbour Gazette.</p>"), "en")
    assert made.body == "Text."
    assert document(entry(summary="Text. Continue reading..."), "en").lede == "Text."
    assert document(entry(content="<p>Read more books, says the mayor.</p><p>He did.</p>"), "en").body.startswith(
        "Read more books"
    )


@pytest.mark.parametrize(
    "tail",
    [
        "Der Beitrag Kai geschlossen erschien zuerst auf Hafenblatt.",
        "L’article Quai fermé est apparu en premier sur Gazette du port.",
        "La entrada Muelle cerrado se publicó primero en Gaceta del puerto.",
        "L'articolo Molo chiuso proviene da Gazzetta del porto.",
        "O post Cais fechado apareceu primeiro em Gazeta do porto.",
        "Het bericht Kade dicht verscheen eerst op Havenblad.",
        "Artykuł Nabrzeże zamknięte pochodzi z serwisu Gazeta portowa.",
        "Сообщение Причал закрыт появились сначала на Портовая газета.",
        "Inlägget Kajen stängd dök först upp på Hamnbladet.",
    ],
)
def test_the_tail_that_wordpress_adds_is_cut_in_every_language(tail: str) -> None:
    assert document(entry(content=f"<p>Text.</p><p>{tail}</p>"), "en").body == "Text."
    assert document(entry(summary=f"Text. {tail}"), "en").lede == "Text."


def test_language_hint_and_identifier() -> None:
    assert document(entry(language="pt-BR"), "en").language == "pt"
    assert document(entry(), "zz-invalid-").language == "zz"
    assert document(entry("Titel"), "en", identify=lambda text, hint: f"{text[:5]}{hint}").language == "Titelen"
    assert primary_language("english") is None


def test_beginnings_are_compared_without_typography() -> None:
    assert is_beginning("“It’s over”, she said…", '"It\'s over", she said on Monday.')
    assert not is_beginning("Something else", "It is over")


@settings(max_examples=examples(150))
@given(st.text(max_size=200), st.text("<>&;/abp\"'= \n!-", max_size=80))
def test_cleaning_never_raises_and_leaves_nothing_unstorable(one: str, other: str) -> None:
    for text in (one, other, one + other):
        for made in (sanitise(text, "https://a.example/"), plain_text(text), plain_title(text)):
            made.encode("utf-8")
            assert "\0" not in made
        assert "\n" not in plain_title(text)
        assert "<script" not in sanitise(text).lower()


def test_escape_sequences_go_whole() -> None:
    assert storable("\x1b[31mGarden\x1b[0m \x1b]0;owned\x07chairs\x1b") == "Garden chairs"
