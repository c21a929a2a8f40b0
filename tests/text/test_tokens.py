"""Sentences: where one ends, and where a full stop only ends an abbreviation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.text.tokens import sentences


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
