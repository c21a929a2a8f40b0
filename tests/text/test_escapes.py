from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text.escapes import (
    is_markup,
    singly_encoded,
    unescaped_markup,
    with_surrogates_joined,
    without_backslashes,
    without_cdata_marks,
    without_references,
)


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("<![CDATA[Ferry runs aground]]>", "Ferry runs aground"),
        (" &lt;![CDATA[Ferry &amp; crew]]&gt; ", "Ferry & crew"),
        ("&amp;lt;![CDATA[Ferry]]&amp;gt;", "Ferry"),
        ("<![CDATA[<![CDATA[Ferry]]>]]>", "Ferry"),
        ("<![CDATA[Ferry runs agr", "Ferry runs agr"),
        ("<!--[CDATA[Ferry]]-->", "Ferry"),
        ("Ferry ]]>", "Ferry"),
        ("What <![CDATA[ is for", "What <![CDATA[ is for"),
        ("if (a[b[0]]>1)", "if (a[b[0]]>1)"),
    ],
)
def test_cdata_marks_go_where_they_wrap_a_text(text: str, bare: str) -> None:
    assert without_cdata_marks(text) == bare


def test_cdata_marks_go_everywhere_from_markup() -> None:
    assert without_cdata_marks("<p>a</p><![CDATA[<p>b</p>]]>", everywhere=True) == "<p>a</p><p>b</p>"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Harbour&#8217;s price &amp; cost", "Harbour’s price & cost"),
        ("Fish &amp;amp; chips", "Fish & chips"),
        ("AT&T and R&D; Q&A", "AT&T and R&D; Q&A"),
        ("&#xD83D;&#xDE82; line reopens", "🚂 line reopens"),
    ],
)
def test_references_are_resolved(text: str, plain: str) -> None:
    assert without_references(text) == plain


@given(st.characters(min_codepoint=0x10000, exclude_categories=["Cs"]), st.booleans())
def test_any_pair_of_surrogate_references_is_one_character(character: str, decimal: bool) -> None:
    code = ord(character) - 0x10000
    units = (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
    spelled = "".join(f"&#{unit};" if decimal else f"&#x{unit:x};" for unit in units)
    assert with_surrogates_joined(f"a{spelled}b") == f"a{character}b"


def test_half_a_pair_stays() -> None:
    assert with_surrogates_joined("&#xD83D; &#56832;&#xD83D;") == "&#xD83D; &#56832;&#xD83D;"


def test_markup_is_told_from_a_text_about_it() -> None:
    assert is_markup("<p>The dam <b>holds</b>.</p>")
    assert not is_markup("<p> and </p> are the tags of a paragraph")
    assert unescaped_markup("&lt;p&gt;The dam &amp;amp; the quay&lt;/p&gt;") == "<p>The dam &amp; the quay</p>"
    assert unescaped_markup("Write &lt;p&gt; and &lt;/p&gt; around it") == "Write &lt;p&gt; and &lt;/p&gt; around it"
    assert unescaped_markup("<b>&lt;p&gt;</b>") == "<b>&lt;p&gt;</b>"
    assert (
        unescaped_markup("Use &lt;b&gt; for bold, &lt;br&gt; to break") == "Use &lt;b&gt; for bold, &lt;br&gt; to break"
    )


@pytest.mark.parametrize(
    ("markup", "unescaped"),
    [
        ("&lt;p&gt;The dam&lt;/p&gt; and the quay", "<p>The dam</p> and the quay"),
        ("The &lt;a href=&quot;/dam&quot;&gt;dam&lt;/a&gt; holds", 'The <a href="/dam">dam</a> holds'),
        ("The &lt;a class='x' href='/dam'&gt;dam&lt;/a&gt; holds", "The <a class='x' href='/dam'>dam</a> holds"),
        ("The dam holds. &lt;img src='d.jpg'&gt;", "The dam holds. <img src='d.jpg'>"),
        ("The dam&lt;br /&gt;holds", "The dam<br />holds"),
    ],
)
def test_markup_beside_bare_text_that_was_escaped_twice_is_markup(markup: str, unescaped: str) -> None:
    assert unescaped_markup(markup) == unescaped


@given(st.text(st.characters(min_codepoint=0xC0, max_codepoint=0x2FFF, exclude_categories=["Cs", "Cn"]), min_size=4))
def test_a_text_encoded_twice_is_read(text: str) -> None:
    twice = text.encode().decode("cp1252", "replace")
    if "\ufffd" not in twice:
        assert singly_encoded(twice) == text


@pytest.mark.parametrize("text", ["SÃO PAULO", "Ça va à la Bière", "«Â»", "naïve café", "plain", "Ä–Ö"])
def test_a_text_encoded_once_stays(text: str) -> None:
    assert singly_encoded(text) == text


@pytest.mark.parametrize(
    ("title", "meant"),
    [
        (r"M\u00fcnchen w\u00e4hlt", "München wählt"),
        (r"Quay \ud83d\ude00 shut", "Quay 😀 shut"),
        (r"The mayor\'s \"plan\"", 'The mayor\'s "plan"'),
        (r"C:\users\new, \u0041 and \ud83d", r"C:\users\new, \u0041 and \ud83d"),
    ],
)
def test_backslashes_that_a_program_set_are_taken_back(title: str, meant: str) -> None:
    assert without_backslashes(title) == meant
