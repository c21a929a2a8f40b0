from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aggregator.digest.escape import harmless, link, markdown, markdown_address, plain
from aggregator.digest.values import Source
from tests.examples import examples

HOSTILE = [
    "<script>alert(1)</script>",
    "[click](javascript:alert(1))",
    "![](https://evil.example/pixel.png)",
    "`code` *strong* _em_ ~~gone~~ $x$",
    "# heading",
    "1. list",
    "- list",
    "=====",
    "> quote",
    "https://evil.example/ and www.evil.example and a@evil.example",
    "<https://evil.example>",
    "&lt;b&gt; &#x5b;x&#x5d;",
    "a | b\n---|---",
    "[x]: https://evil.example",
    "\\[x](https://evil.example)",
    "ends with a backslash \\",
    "<!-- hidden",
    ":::",
]
RENDERER = MarkdownIt("gfm-like", {"linkify": False})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred\x1b[0m alert", "red alert"),
        ("\x1b]0;new window title\x07after", "after"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b31mred", "red"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("one\r\ntwo\u2028three\x85four", "one two three four"),
        ("bell\x07 back\x08space\x7f", "bell backspace"),
        ("half \ud800 pair", "half pair"),
        ("zero\u200bwidth \ufeffmark", "zerowidth mark"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("  spaced\t out  ", "spaced out"),
    ],
)
def test_plain_removes_control_and_formatting_characters(text: str, expected: str) -> None:
    assert plain(text) == expected


@given(st.text())
def test_plain_leaves_one_printable_line_and_is_idempotent(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in once)
    once.encode()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://paper.example/a?b=c#d", "https://paper.example/a?b=c#d"),
        ("http://paper.example", "http://paper.example"),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,x", None),
        ("//paper.example/a", None),
        ("/a", None),
        ("", None),
        (None, None),
        ("https://", None),
        ("https://[::1", None),
        ("https://paper.example:99999/", None),
        ("https://bank.example@evil.example/", "https://evil.example/"),
        ("https://paper.example/\x1b[31ma b", "https://paper.example/a%20b"),
        ('https://paper.example/"onmouseover="x', "https://paper.example/%22onmouseover=%22x"),
        ("https://zażółć.example/ł", "https://xn--zac-kpa8dc7e.example/%C5%82"),
        ("https://[2001:db8::1]:8080/a", "https://[2001:db8::1]:8080/a"),
        ("https://paper.example/%7Ea", "https://paper.example/%7Ea"),
    ],
)
def test_link_lets_web_addresses_through_alone(url: str | None, expected: str | None) -> None:
    found = link(url)
    if expected and "xn--" in expected:
        assert found is not None
        assert re.fullmatch(r"https://xn--[a-z0-9-]+\.example/%C5%82", found)
    else:
        assert found == expected


@given(st.text(), st.sampled_from(["https://", "http://", "javascript:", "", "https://a.example/"]))
def test_link_is_a_web_address_in_ascii_or_nothing(text: str, scheme: str) -> None:
    found = link(scheme + text)
    if found is not None:
        assert found.isascii()
        assert not re.search(r"[\s\"<>\\`{}|^]", found)
        assert urlsplit(found).scheme in ("http", "https")
        assert urlsplit(found).hostname


def shown(source: str) -> tuple[str, str]:
    """Return the HTML of a Markdown text and what a reader sees of it."""
    html = RENDERER.render(source)
    text = re.sub(r"<[^>]*>", "", html)
    for entity, character in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&")):
        text = text.replace(entity, character)
    return html, text.strip()


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("prefix", ["", "- ", "> "])
def test_markdown_shows_hostile_text_as_it_is(text: str, prefix: str) -> None:
    html, seen = shown(prefix + markdown(plain(text)))
    assert seen == plain(text)
    assert not re.search(r"<(?!/?(p|ul|li|blockquote)>)", html)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_cannot_leave_its_link(text: str) -> None:
    html, seen = shown(f"[{markdown(plain(text))}](https://paper.example/)")
    assert seen == plain(text)
    assert re.findall(r'href="([^"]*)"', html) == ["https://paper.example/"]
    assert "<img" not in html


@settings(max_examples=examples(300))
@given(st.text(alphabet=st.sampled_from("[]()<>`*_\\!#&;-+=.:1a b~|$@\"'/")))
def test_markdown_escapes_any_punctuation(text: str) -> None:
    text = plain(text)
    _, seen = shown(f"x {markdown(text)} x")
    assert seen == f"x {text} x" or seen == plain(f"x {text} x")


@pytest.mark.parametrize("url", ["https://a.example/(x)", "https://a.example/[x]", "https://a.example/x)y](z"])
def test_markdown_address_stays_in_its_parentheses(url: str) -> None:
    safe = link(url)
    assert safe is not None
    html, seen = shown(f"[t]({markdown_address(safe)})")
    assert seen == "t"
    assert html.count("<a ") == 1


def test_harmless_reaches_every_text_and_address() -> None:
    made = harmless((Source("e1", "A\x1b[1mB", "x\u202ey", "javascript:x", agency="A\x00P"),))
    assert made == (Source("e1", "AB", "xy", None, agency="AP"),)
