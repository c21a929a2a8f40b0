"""Numbers and names by their form alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.newsroom.mentions import names, numbers


@pytest.mark.parametrize(
    ("sentence", "keys"),
    [
        ("Some 1,200 soldiers and 35 ships took part.", ["1200", "35"]),
        ("Rund 1.200 Soldaten nahmen teil.", ["1200"]),
        ("Quelque 1 200 soldats y participent.".replace(" 2", "\u00a02"), ["1200"]),
        ("It cost €3.5 million, 12% more.", ["€3.5mil", "12%"]),
        ("Es kostet 3,5 Millionen Euro und damit 12 Prozent mehr.", ["3.5mil", "12%"]),
        ("Інфляція сягнула 12 відсотків.", ["12%"]),
        ("The vote on 12 March 2026 at 10:30 drew 7 members.", []),
        ("On March 12 the vote passed by 412 to 87.", ["412", "87"]),
        ("Le 3 juillet 2026, à 18 h, 45 personnes.", ["45"]),
        ("12 марта 2026 года погибли 14 человек.", ["14"]),
        ("3月12日に45人が死亡した。", ["45"]),
        ("Section 4.2.1 and file 7/12 are no numbers.", []),
        ("A 5% rise", ["5%"]),
        ("Covid-19 closed 19 schools, an F-16 passed.", ["19"]),
        ("1.234.567,89 und 1,234,567.89", ["1234567.89", "1234567.89"]),
    ],
)
def test_numbers_are_found_with_their_values_and_units(sentence: str, keys: list[str]) -> None:
    assert [one.key for one in numbers(sentence)] == keys


@pytest.mark.parametrize(
    ("language", "sentence", "found"),
    [
        ("en", "The minister met Anna de Vries of the Harbour Board in Delft on Monday.", ["Anna de Vries of the Harbour Board", "Delft"]),
        ("en", "Yesterday NATO said so.", ["NATO"]),
        ("en", "(Corrects the size of the first wave.)", []),
        ("en", "Talks were held in March and May.", []),
        ("en", "Then Vries's deputy spoke.", ["Vries"]),
        ("de", "Der Minister Karl Berg sprach mit der Presse über die NATO.", ["Minister Karl Berg", "NATO"]),
        ("uk", "Про це повідомив Олексій Бондар у Києві.", ["Олексій Бондар", "Києві"]),
        ("en", "MINISTER RESIGNS AFTER HARBOUR SCANDAL BROKE", []),
        ("ja", "大臣は東京で述べた。", []),
        ("en", "EDITORS: Please kill the story on the Ostrel ferry.", ["Ostrel"]),
        ("en", "UNICEF: Vantoria needs water.", ["UNICEF", "Vantoria"]),
    ],
)  # fmt: skip
def test_names_are_found_by_their_capitals(language: str, sentence: str, found: list[str]) -> None:
    context = "then the yesterday"  # seen in lower case: no names
    assert [one.text for one in names([sentence, context], language)[0]] == found


def test_a_first_word_is_a_name_where_it_is_one_elsewhere() -> None:
    assert names(["Berg resigned.", "They asked Berg."], "en")[0]
    assert not names(["Ships sailed.", "They asked Berg."], "en")[0]


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    for one in numbers(text):
        assert one.text in text
    names([text], "en")
