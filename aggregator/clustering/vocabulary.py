"""Words that date a text, and tables of common words (``background/XX.txt``, by Zipf value).

A term is a stem where Snowball knows the language, else the word's first letters: inflected languages without a stemmer
(Ukrainian, Czech …) are served by truncation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import Stemmer

from aggregator.text.tokens import words

# Where the tables of common words lie, one a language.
BACKGROUND = Path(__file__).with_name("background")
# Letters kept of a word whose language has no stemmer.
TRUNCATED = 6

_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali",
    "nl": "dutch", "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip


def terms_of(found: Iterable[str], language: str | None) -> list[str]:
    """Return the term of each word, in order."""
    return [term_of(word, language or "") for word in found]


@lru_cache(maxsize=20_000)  # some 7 MB in every process
def term_of(word: str, language: str) -> str:
    """Return the term of a folded word."""
    if word[0].isdigit() or len(word) < 3 or not word[0].isalpha():
        return word
    stemmer = _stemmer(language)
    if stemmer is not None:
        return str(stemmer.stemWord(word))
    return word if not language or len(word) <= TRUNCATED else word[:TRUNCATED]


@lru_cache(maxsize=64)
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    name = _STEMMERS.get(language)
    return Stemmer.Stemmer(name) if name in Stemmer.algorithms() else None


@lru_cache(maxsize=64)
def calendar_terms(language: str) -> frozenset[str]:
    """Return the terms of a language's months and weekdays, which date an event and do not describe it."""
    return frozenset(terms_of(words(calendar_words(language), language), language))


def calendar_words(language: str) -> str:
    """Return the months and days of the week of a language, empty where it is not known."""
    return _listed("calendar.words", language)


def numeral_words(language: str) -> str:
    """Return numbers that a language writes as words, empty where they are not known."""
    return _listed("numerals.words", language)


def _listed(name: str, language: str) -> str:
    for line in (BACKGROUND / name).read_text("utf-8").splitlines():
        known, _, found = line.partition("\t")
        if known == language:
            return found
    return ""


def steps(table: str) -> Iterator[tuple[int, str]]:
    """Yield ten times a Zipf value and the words that have it, the commonest first, from the text of a background table."""
    for line in table.splitlines():
        zipf, tab, common = line.partition("\t")
        if tab:
            yield int(zipf), common
