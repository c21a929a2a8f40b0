"""What two texts share is said as people say it: names whole, words as they are written, nothing that only has a capital."""

from __future__ import annotations

import pytest

from aggregator.clustering.phrases import Phrase, shared_phrases
from aggregator.model import Document


def document(text: str, language: str = "en", title: str = "") -> Document:
    return Document(title, "", text, language, None, "")


def shared(one: str, two: str, language: str = "en", *, title: str = "") -> list[Phrase]:
    return shared_phrases(document(one, language, title), document(two, language, title), language)


def names(one: str, two: str, language: str = "en", *, title: str = "") -> set[str]:
    return {phrase.text for phrase in shared(one, two, language, title=title) if phrase.is_name}


def words(one: str, two: str, language: str = "en") -> set[str]:
    return {phrase.text for phrase in shared(one, two, language) if not phrase.is_name}


def test_the_words_of_one_name_are_said_together() -> None:
    assert names(
        "On the pier Anika Sorel thanked the crew of the Nordlys.",
        "The crew carried Anika Sorel from the deck of the Nordlys.",
    ) == {"Anika Sorel", "Nordlys"}


def test_a_name_may_hold_an_initial_a_number_and_a_small_word() -> None:
    one = "The carrier USS Harry S. Truman sailed for the University of Skarvik with St. Louis and an Artemis 12 on board."
    two = "They saw Artemis 12, the University of Skarvik, all of St. Louis and the USS Harry S. Truman."
    assert {"USS Harry S. Truman", "University of Skarvik", "Artemis 12", "St. Louis"} <= names(one, two)


def test_a_name_ends_at_a_comma() -> None:
    found = names("They met in Skarvik, Velden sources said.", "A quay in Skarvik, Velden papers wrote.")
    assert found == {"Skarvik", "Velden"}


def test_names_that_stand_apart_in_one_text_are_said_apart() -> None:
    found = names("They saw Anika Sorel on the pier.", "They say that Sorel knows an Anika from the pier.")
    assert found == {"Anika", "Sorel"}


@pytest.mark.parametrize(
    ("one", "two", "word"),
    [
        ("Nineteen countries offered soldiers.", "Nineteen did so without a word about soldiers.", "Nineteen"),
        ("They said Nineteen offered soldiers.", "We hear that Nineteen did so with soldiers.", "Nineteen"),
        ("The ferry sailed on Wednesday to Skarvik.", "It was in Skarvik on Wednesday.", "Wednesday"),
        ("The ferry sails in October to Skarvik.", "It was in Skarvik in October.", "October"),
        ("Mistrial declared in Skarvik.", "Mistrial in Skarvik, say papers.", "Mistrial"),
        ("They read Skarvik's letter.", "Everybody heard of Skarvik's letter.", "Skarvik's"),
    ],
    ids=["numeral", "numeral inside", "day", "month", "sentence start", "possessive"],
)
def test_a_capital_alone_makes_no_name(one: str, two: str, word: str) -> None:
    assert word not in {part for name in names(one, two) for part in name.split()}


def test_a_date_is_no_part_of_a_name() -> None:
    assert names("Seen at Skarvik December 2026.", "It leaves Skarvik December 2026.") == {"Skarvik"}


def test_words_are_shown_without_the_capital_of_a_sentence() -> None:
    assert "trawler" in words("Trawler hits a rock.", "A rock was hit by the trawler.")


def test_words_that_stand_together_are_said_together() -> None:
    one = "Doctors in the town counted frozen shoulders among the patients."
    two = "There are less frozen shoulders where people run, the doctors say."
    assert "frozen shoulders" in words(one, two)


def test_in_german_every_noun_has_a_capital_and_only_capitals_inside_tell_a_name() -> None:
    one, two = (
        "In Bremen darf die AfD nicht zur Bürgerschaftswahl antreten.",
        "Zur Bürgerschaftswahl in Bremen fehlt die AfD.",
    )
    assert names(one, two, "de") == {"AfD"}
    assert "Bürgerschaftswahl" in words(one, two, "de")


def test_a_headline_in_capitals_throughout_makes_no_names() -> None:
    title = "Trawler Crew Rescued Near Rocky Island"
    assert names("Nothing of it here.", "Nor is there here.", title=title) == set()


def test_no_word_is_said_twice() -> None:
    one = "In Velden they saw Anika Sorel, and Sorel waved. Then they saw Anika."
    two = "They say Anika Sorel waved in Velden, that Anika came, and that Sorel left."
    said = [word for phrase in shared(one, two) for word in phrase.text.split()]
    assert len(said) == len(set(said))


def test_terms_that_were_not_compared_are_left_out() -> None:
    one, two = document("We saw Velden and Skarvik."), document("Say Skarvik or Velden.")
    [kept] = [phrase for phrase in shared_phrases(one, two, "en") if phrase.text == "Velden"]
    assert [phrase.text for phrase in shared_phrases(one, two, "en", kept.terms)] == ["Velden"]


def test_a_script_without_blanks_gives_runs_of_characters() -> None:
    found = words("東京都知事選挙が告示された。", "きょう東京都知事選挙が始まる。", "ja")
    assert any("知事" in phrase for phrase in found)


def test_a_name_is_shown_as_a_sentence_writes_it() -> None:
    assert names("SKARVIK — All of Skarvik wept.", "They wept in Skarvik.") == {"Skarvik"}


def test_a_word_that_these_texts_write_small_is_no_name() -> None:
    assert names("They mended the dyke by hand.", "By hand they raised the dyke.") == set()
