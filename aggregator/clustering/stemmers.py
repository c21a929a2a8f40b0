"""Stems of words: by Snowball where it knows the language, else the first letters (Ukrainian, Czech …).

They are used to compare single words. The terms of a report (terms.py) are made with the same stemmers, and hashed.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import Stemmer

TRUNCATED = 6  # letters kept of a word whose language has no stemmer

_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali",
    "nl": "dutch", "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip


def stems_of(found: Iterable[str], language: str | None) -> list[str]:
    """Return the stem of each word, in order."""
    return [stem_of(word, language or "") for word in found]


@lru_cache(maxsize=20_000)  # some 7 MB in every process
def stem_of(word: str, language: str) -> str:
    """Return the stem of a folded word: its first letters where Snowball does not know the language."""
    if word[0].isdigit() or len(word) < 3 or not word[0].isalpha():
        return word
    stemmer = stemmer_of(language)
    if stemmer is not None:
        return str(stemmer.stemWord(word))
    return word if not language or len(word) <= TRUNCATED else word[:TRUNCATED]


@lru_cache(maxsize=64)
def stemmer_of(language: str) -> Stemmer.Stemmer | None:
    """Return the stemmer of a language; None where Snowball has none."""
    name = _STEMMERS.get(language)
    return Stemmer.Stemmer(name) if name in Stemmer.algorithms() else None
