"""Words for the full-text index; sentences: where one ends, and where a full stop only ends an abbreviation."""

from __future__ import annotations

import sqlite3
import unicodedata
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.text import tokens
from aggregator.text.tokens import fold, index_form, plain_letters, sentences, without_points, words
from tests.examples import examples


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["Under a new L.A. County order, visitors must show proof.", "It starts in October."]),
        ("en", ["Dr. Ilse Maren breaks down the data.", "Gen. Orlo Vance agrees."]),
        ("en", ["Talks opened in the U.S. Senate.", "They close today."]),
        ("en", ["He left for the U.K.", "The visit ends on Friday."]),
        ("en", ["J. P. Arden resigned.", "Nobody knew."]),
        ("en", ['He said: "Go home."', "They went."]),
        ("de", ["Am 3. März trafen sie sich.", "Im Jahr 2021.", "Danach nicht."]),
        ("uk", ["Президент В. Коваль прибув.", "Він виступив."]),
        ("ja", ["「会談は終わった。」", "代表が述べた。"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(language: str, told: list[str]) -> None:
    between = "" if language == "ja" else " "
    assert sentences(between.join(told), language) == told


@given(st.text(alphabet='Aa.U \n!?"”。3', max_size=40))
def test_no_character_is_lost(text: str) -> None:
    assert "".join("".join(sentences(text, None)).split()) == "".join(text.split())


def indexed(text: str) -> list[str]:
    """Return the tokens that SQLite's index makes of a text."""
    with sqlite3.connect(":memory:") as db:
        db.execute("CREATE VIRTUAL TABLE text USING fts5 (body, tokenize = 'unicode61 remove_diacritics 0')")
        db.execute("CREATE VIRTUAL TABLE term USING fts5vocab (text, instance)")
        db.execute("INSERT INTO text VALUES (?)", (text,))
        return [row[0] for row in db.execute("SELECT term FROM term ORDER BY offset")]


_SIGNS = st.sampled_from("abcXYZ 's’'.,:0123456789_-éßĐΣςİıжЇ№½²ﬁ₺東京ไทยमतदान\n“”")
# Letters that were added to Unicode after SQLite's tables were made are left out: there it has a mind of its own.
_LETTERS = st.characters(max_codepoint=0x2FF, exclude_categories=["Cs", "Cc", "Cn"])


@settings(max_examples=examples(400))
@given(st.text(_SIGNS | _LETTERS, max_size=40))
def test_the_index_finds_every_word_in_what_it_is_given(text: str) -> None:
    found = iter(indexed(index_form(text)))
    assert all(token in found for token in indexed(plain_letters(" ".join(words(text))))), text


_BLANKS = st.sampled_from([" ", "  ", "\n", "\t", "\xa0", "\u2003", "\x1f", "\u2028", " \u0301", "\xa8", "…"])


@settings(max_examples=examples(400))
@given(st.lists(st.text(_SIGNS, max_size=8) | _BLANKS | st.text(max_size=8), max_size=12).map("".join))
def test_words_remembered_by_what_stands_between_blanks_are_those_of_the_whole_text(text: str) -> None:
    written = tokens._WORD.findall(unicodedata.normalize("NFKC", text))
    assert words(text) == list(chain.from_iterable(map(tokens._normalised, written)))


@settings(max_examples=examples(400))
@given(st.lists(st.text(_SIGNS, max_size=8) | _BLANKS | st.text(max_size=8), max_size=12).map("".join))
def test_the_index_s_form_put_together_is_that_of_the_whole_text(text: str) -> None:
    whole = without_points(text)
    plain = tokens._ALPHABETS.fullmatch(whole) and not tokens._OWN_NUMBER.search(whole)
    assert index_form(text) == plain_letters(fold(whole) if plain else " ".join(words(whole)))


@pytest.mark.parametrize("text", ["1,000 ships", "4x4", "l'A380", "5₺", "L’État"])
def test_numbers_and_names_of_their_own_form_are_indexed_as_they_are_asked_for(text: str) -> None:
    assert set(indexed(" ".join(words(text)))) <= set(indexed(index_form(text)))
