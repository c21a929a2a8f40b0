"""What reads alike in every language: numbers however they are written, names by their sound, places by the CLDR."""

from __future__ import annotations

import pytest

from aggregator.text.cross_language import number_weight, numbers, phonetic_key, places, same_name, spelled_names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Stärke 5,9 und 11,20 Meter", ["5.9", "11.2"]),
        ("2.300 Menschen, 2,300 people, 2 300 habitants, 2\u202f300", ["2300"]),
        ("0.125 percent", ["0.125"]),
        ("1,234,567 and 1.234.567", ["1234567"]),
        ("٣٥ ناقلة، ３５隻", ["35"]),
        ("12 dead, 12 mortos", ["12"]),
        ("no number", []),
    ],
)
def test_numbers_are_one_however_they_are_written(text: str, found: list[str]) -> None:
    assert numbers(text) == found


def test_a_single_digit_and_a_year_tell_little() -> None:
    assert number_weight("7") < number_weight("2026") + 1e-9 < number_weight("41")


@pytest.fixture
def extra() -> None:
    pytest.importorskip("babel", reason="the extra 'semantic' is not installed")
    pytest.importorskip("anyascii", reason="the extra 'semantic' is not installed")


@pytest.mark.usefixtures("extra")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Zelensky", "Зеленский"),
        ("Selenskyj", "Zelensky"),
        ("ゼレンスキー", "Zelensky"),
        ("زيلينسكي", "Zelensky"),
        ("Odesa", "Одессы"),
        ("Pirna", "Pirnie"),
        ("Lodz", "Łodzią"),
        ("Todorov", "Тодорову"),
        ("Hoekstra", "Хукстра"),
        ("Kushiro", "Кусиро"),
        ("Passau", "PASSAU"),
    ],
)
def test_one_name_in_two_spellings(one: str, other: str) -> None:
    assert same_name(phonetic_key(one), phonetic_key(other))
    assert same_name(phonetic_key(other), phonetic_key(one))


@pytest.mark.usefixtures("extra")
@pytest.mark.parametrize(
    ("one", "other"),
    [("Bayern", "Sachsen"), ("Meridian", "Madrid"), ("Odesa", "Kharkiv"), ("Izmir", "Oaxaca"), ("Ro", "Ra"), ("", "")],
)
def test_different_names_are_kept_apart(one: str, other: str) -> None:
    assert not same_name(phonetic_key(one), phonetic_key(other))


@pytest.mark.usefixtures("extra")
@pytest.mark.parametrize(
    ("text", "language", "codes"),
    [
        ("Russische Drohnen über Kiew, sagt die Ukraine", "de", {"RU", "UA", "Europe/Kyiv"}),
        ("В Польше под Киевом", "ru", {"PL", "Europe/Kyiv"}),
        ("菲律宾渡轮沉没", "zh", {"PH"}),
        ("أوكرانيا والهند", "ar", {"UA", "IN"}),
        ("Romania and Nigeria, but malice and Omani no", "en", {"RO", "NG"}),
        ("Ukraina", "xx", set()),
    ],
)
def test_places_are_found_in_cases_and_adjectives(text: str, language: str, codes: set[str]) -> None:
    assert set(places(text, language)) == codes


def test_words_of_scripts_without_capitals_may_be_names() -> None:
    assert spelled_names("北海道 ゼレンスキー") == ["ゼレンスキー"]
    assert "ناغبور" in spelled_names("قرب ناغبور")
    assert spelled_names("No such script") == []
