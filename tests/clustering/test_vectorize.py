"""From text to vector, in any language, and back from bytes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.clustering import terms
from aggregator.clustering.terms import terms_in
from aggregator.clustering.vectorize import ordinals
from aggregator.clustering.vectors import ReportVector
from tests.clustering.reports import DESK, report
from tests.examples import examples

_SIGNS = st.sampled_from("abcXYZU.S. 's’'.,:;0123456789_-éßĐΣ東京ไทยमत\n…!?\xa0\u2028\u0301")


@given(st.text(max_size=200), st.text(max_size=400), st.sampled_from(["en", "de", "ja", "ar", None]))
def test_a_packed_vector_is_the_vector(title: str, text: str, language: str | None) -> None:
    vector = report(title, text, language=language)
    assert ReportVector.unpacked(vector.packed()) == vector


@settings(max_examples=examples(400))
@given(st.text(_SIGNS, max_size=60) | st.text(max_size=60), st.sampled_from(["en", "de", "vi", ""]))
def test_terms_remembered_by_what_stands_between_blanks_are_those_of_the_whole_text(text: str, language: str) -> None:
    expected: list[terms.Word] = []
    for line in unicodedata.normalize("NFC", text).split("\n"):
        expected += terms._part(line, language, True)[0]
    assert terms_in(text, language, 1_000) == expected
    assert terms_in(text, language, 3) == expected[:3]


def test_a_headline_with_a_lede_is_small() -> None:
    assert all(len(vector.packed()) <= 400 for vector in DESK.values())


@pytest.mark.parametrize("cut", [0, 10, -1])
def test_bytes_that_are_cut_are_no_vector(cut: int) -> None:
    with pytest.raises(ValueError, match="packed report vector"):
        ReportVector.unpacked(DESK["ferry-1"].packed()[:cut])


def test_a_vector_follows_from_the_text_alone() -> None:
    assert report("Ferry aground", "A ferry ran aground.") == report("Ferry aground", "A ferry ran aground.")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Prosecutors charged Norbanka's owners", {"prosecutor", "norbanka"}),
        ("fr", "L'accord d'un port", {"accord", "port"}),
        ("ja", "東京で地震", {"東京", "地震"}),
        ("ko", "대통령이 방문했다", {"대통", "통령"}),
        ("vi", "Hà Nội ngập lụt", {"hà", "nội", "ngập", "lụt"}),
        ("he", "ראש הממשלה נאם", {"ראש"}),
        ("hi", "प्रधानमंत्री ने कहा", set()),
        ("en", "1,000 homes, 12th day, U.S. Navy", {"#1000", "#12", "us."}),
    ],
)  # fmt: skip
def test_terms_of_many_languages(language: str, text: str, expected: set[str]) -> None:
    found = {word.term for word in terms_in(text, language, 100)}
    assert expected <= found
    assert found


def test_a_word_of_hindi_is_not_torn_at_its_vowels() -> None:
    assert len(terms_in("प्रधानमंत्री", "hi", 100)) == 1


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        ("en", "Your daily horoscope: October 24, 2025", "Your daily horoscope: October 21, 2025"),
        ("de", "Ihr Tageshoroskop am 24. Oktober", "Ihr Tageshoroskop am 21. Oktober"),
        ("fr", "Loto : les résultats du 12 août 2023", "Loto : les résultats du 9 août 2023"),
    ],
)
def test_short_titles_that_differ_by_their_date_are_of_one_mould(language: str, first: str, second: str) -> None:
    assert report(first, language=language).skeleton == report(second, language=language).skeleton


def test_short_titles_that_differ_by_a_number_are_not() -> None:
    assert report("Maui fire: 36 dead").skeleton != report("Maui fire: 53 dead").skeleton


def test_ordinals_are_told_in_several_languages() -> None:
    assert ordinals("The 12th round, 14. Paket, 第3回, No. 7") == ["12", "14", "3", "7"]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("H5N1 on a farm", ["h5n1", "on", "a", "farm"]),
        ("G20 and G7 meet", ["g20", "and", "g7", "meet"]),
        ("alder1 alder2", ["alder1", "alder2"]),
        ("7pm on the 2nd", ["#7", "pm", "on", "the", "#2"]),
    ],
)
def test_letters_with_digits_inside_are_one_term(text: str, terms: list[str]) -> None:
    assert [word.term for word in terms_in(text, "en", 50)] == terms
