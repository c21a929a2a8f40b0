"""How rare a term is in its language, and how often it is a name: learned from the stream over a shipped background.

A term is a stem where Snowball knows the language, else the word's first letters: inflected languages without a stemmer
(Ukrainian, Czech …) are served by truncation. The background (``background/XX.txt``) lists common words by their Zipf
value, so that the first hundred entries are weighed sensibly; its weight fades as the stream is learned.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import Stemmer

from aggregator.text.tokens import words

# Where the tables of common words lie, one a language.
BACKGROUND = Path(__file__).with_name("background")
# How many documents the background stands for, and the length in words of such a document.
BACKGROUND_DOCUMENTS = 3_000
DOCUMENT_WORDS = 60
# Share of documents with a word that the background doesn't list, and with a number.
RARE, NUMBER = 2e-5, 0.003
# Letters kept of a word whose language has no stemmer.
TRUNCATED = 6
# Sightings in normally written text that outweigh the guess from one text alone.
GUESS = 2.0
# Share of documents from which on a word is common: with a capital it begins a sentence, and is no name.
COMMON = 0.004

_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali",
    "nl": "dutch", "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Count:
    """In how many stories a term stood, in how many normally written texts it was seen, how often with a capital."""

    documents: float = 0.0
    cased: float = 0.0
    capitals: float = 0.0


class Frequencies(Protocol):
    """Where counts are kept."""

    def counts(self, language: str, terms: Iterable[str]) -> Mapping[str, Count]:
        """Return the counts of those terms that are known."""
        ...

    def documents(self, language: str) -> float:
        """Return how many documents of a language were learned."""
        ...


class Weigher:
    """Weighs the terms of one text."""

    def __init__(self, frequencies: Frequencies, language: str | None, terms: Iterable[str]) -> None:
        self._language = language or ""
        self._known = frequencies.counts(self._language, terms)
        self._documents = frequencies.documents(self._language)
        self._background = background(self._language)

    def rarity(self, term: str) -> float:
        """Return a term's inverse document frequency; some 1 for a stop word, 9 for a word never seen."""
        share = NUMBER if term[0].isdigit() else self._background.get(term, RARE)
        count = self._known.get(term)
        seen = share * BACKGROUND_DOCUMENTS + (count.documents if count else 0.0)
        return math.log(1.0 + (BACKGROUND_DOCUMENTS + self._documents) / (seen + 0.5))

    def nameness(self, term: str, guess: float) -> float:
        """Return how surely a term is a name, 0 to 1; ``guess`` is what its own text says."""
        count = self._known.get(term)
        if count is None:
            return guess
        return (count.capitals + GUESS * guess) / (count.cased + GUESS)

    def common(self, term: str) -> bool:
        """Tell whether the background lists a term among the common words."""
        return self._background.get(term, RARE) > COMMON


def terms_of(found: Iterable[str], language: str | None) -> list[str]:
    """Return the term of each word, in order."""
    return [term_of(word, language or "") for word in found]


@lru_cache(maxsize=50_000)
def term_of(word: str, language: str) -> str:
    """Return the term that stands for a folded word."""
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
    """Return the terms of a language's months and days of the week: they date an event and tell nothing of it."""
    for line in (BACKGROUND / "calendar.words").read_text("utf-8").splitlines():
        name, _, found = line.partition("\t")
        if name == language:
            return frozenset(terms_of(words(found, language), language))
    return frozenset()


@lru_cache(maxsize=64)
def background(language: str) -> Mapping[str, float]:
    """Return the share of documents that a common term stands in; empty where no table is shipped."""
    if not (language.isascii() and language.isalpha()):
        return {}
    path = BACKGROUND / f"{language}.txt"
    if not path.is_file():
        return {}
    rates: dict[str, float] = {}
    for step, common in steps(path.read_text("utf-8")):
        rate = 10 ** (step / 10 - 9)
        for term in terms_of(words(common, language), language):
            rates[term] = rates.get(term, 0.0) + rate
    return {term: 1 - math.exp(-DOCUMENT_WORDS * rate) for term, rate in rates.items()}


def steps(table: str) -> Iterator[tuple[int, str]]:
    """Yield ten times a Zipf value and the words that have it, the commonest first, from the text of a background table."""
    for line in table.splitlines():
        zipf, tab, common = line.partition("\t")
        if tab:
            yield int(zipf), common
