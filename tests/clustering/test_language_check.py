"""Languages told by their commonest words: sure ones are right, and what is unsure says so."""

from __future__ import annotations

import pytest

from aggregator.clustering.language_check import is_hardly_in, is_in, language_of

PROSE = {
    "en": "The ministers of the two countries met in the capital on Monday and said that they would look for a way out of the crisis.",
    "de": "Die Minister der beiden Länder trafen sich am Montag in der Hauptstadt und sagten, dass sie nach einem Weg aus der Krise suchen.",
    "fr": "Les ministres des deux pays se sont réunis lundi dans la capitale et ont dit qu'ils cherchaient une issue à la crise avec les autres.",
    "es": "Los ministros de los dos países se reunieron el lunes en la capital y dijeron que buscan una salida a la crisis con los demás.",
    "pl": "Ministrowie obu krajów spotkali się w poniedziałek w stolicy i powiedzieli, że szukają wyjścia z kryzysu, ale nie jest to łatwe.",
    "fi": "Molempien maiden ministerit tapasivat maanantaina pääkaupungissa ja sanoivat, että he etsivät ulospääsyä kriisistä, mutta se ei ole helppoa.",
    "uk": "Міністри двох країн зустрілися в понеділок у столиці та сказали, що шукають вихід із кризи, але це не буде просто для них.",
    "el": "Οι υπουργοί των δύο χωρών συναντήθηκαν τη Δευτέρα στην πρωτεύουσα και είπαν ότι αναζητούν διέξοδο από την κρίση με τους άλλους.",
    "tr": "İki ülkenin bakanları pazartesi günü başkentte bir araya geldi ve krizden çıkış için bir yol aradıklarını ama bunun kolay olmadığını söyledi.",
    "ar": "اجتمع وزراء البلدين يوم الاثنين في العاصمة وقالوا إنهم يبحثون عن مخرج من الأزمة مع كل الأطراف التي كانت في هذه القاعة من قبل",
}


@pytest.mark.parametrize("language", PROSE)
def test_prose_of_a_feed_is_told(language: str) -> None:
    assert language_of(" ".join([PROSE[language]] * 4)) in (language, None)
    assert is_in(PROSE[language], language)
    assert not is_hardly_in(" ".join([PROSE[language]] * 4), language)


def test_most_languages_are_told_without_a_model() -> None:
    told = [language for language in PROSE if language_of(" ".join([PROSE[language]] * 4)) == language]
    assert len(told) >= 8


@pytest.mark.parametrize("language", PROSE)
@pytest.mark.parametrize("other", PROSE)
def test_no_language_speaks_for_another(language: str, other: str) -> None:
    if language != other:
        assert not is_in(PROSE[language], other)


def test_little_mixed_and_invented_texts_are_left_to_the_model() -> None:
    assert language_of(PROSE["en"]) is None
    assert language_of(f"{PROSE['en']} {PROSE['de']}" * 4) is None
    assert language_of("lorem ipsum dolor sit amet consectetur " * 20) is None
    assert language_of("") is None
    assert not is_in("", "en")
    assert not is_in(PROSE["en"], "xx")
