"""The language-independent form of a report: the encoder's vector, names, numbers and places.

Meanings are made only where the sentence encoder is switched on. Names are compared by sound (``text/cross_language.py``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from aggregator.clustering.background import Background, background_of
from aggregator.clustering.terms import Word, is_title_case
from aggregator.clustering.vectorize import read_terms
from aggregator.model import Document
from aggregator.text.cross_language import (
    PhoneticKey,
    number_weight,
    numbers,
    phonetic_key,
    places,
    same_name,
    spelled_names,
)
from aggregator.text.encoder import Encoder

SIZE = 512  # numbers of a vector
# Vectors are stored as integers, scaled to this length: sums of their products are exact in float32, in any order.
SCALE = 2_048
MAX_READ = 1_000  # characters of title and text that are read
MAX_NAMES = 24  # names that are kept
NAME = 0.6  # share of capitals inside sentences from which on a word is a name

_SIGNS = "signs-1"  # the version of names, numbers and places; stored with the encoder's own version


@dataclass(frozen=True, slots=True)
class Meaning:
    """The meaning of a report: ``vector`` holds 512 integers of two bytes, of length ``SCALE``.

    ``names``, ``spelled`` (words of scripts without capitals, any of which may be a name) and ``numbers`` are as written.
    ``places`` maps codes of places to the words of the text.
    """

    vector: bytes
    names: tuple[str, ...] = ()
    spelled: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    def packed(self) -> bytes:
        """Return the meaning as bytes."""
        signs = [self.names, self.spelled, self.numbers, dict(self.places)]
        return self.vector + json.dumps(signs, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def unpacked(cls, data: bytes) -> Meaning:
        """Return what :meth:`packed` wrote; raises ValueError where the bytes are no meaning."""
        names, spelled, counted, where = json.loads(data[2 * SIZE :])
        return cls(data[: 2 * SIZE], tuple(names), tuple(spelled), tuple(counted), dict(where))


@dataclass(frozen=True, slots=True)
class Agreement:
    """The names, numbers and places that two reports share, and the shares that are missed; 0 where one side has none."""

    names: tuple[str, ...]
    numbers: tuple[str, ...]
    places: tuple[str, ...]
    names_missed: float
    numbers_missed: float
    places_missed: float

    @property
    def confirmation(self) -> float:
        """The weight of the shared names (1 each) and numbers, which identify an event.

        Places do not count, because all reports of a war name the same two countries.
        """
        return len(self.names) + sum(map(number_weight, self.numbers))

    @property
    def kinds_missed(self) -> int:
        """How many of names, numbers and places both sides have without sharing one; 0 where anything is shared."""
        if self.names or self.numbers or self.places:
            return 0
        return sum(missed == 1.0 for missed in (self.names_missed, self.numbers_missed, self.places_missed))


def meaning_version(encoder: Encoder) -> str:
    """Return the version that is stored with each meaning; meanings of two versions are never compared."""
    return f"{encoder.version}/{_SIGNS}"


def meaning_of(document: Document, language: str, encoder: Encoder) -> Meaning:
    """Return the meaning of a document, by its title and the beginning of its text."""
    body = " ".join(part for part in (document.lede, document.body) if part)
    text = ". ".join(part for part in (document.title.rstrip("."), body) if part)[:MAX_READ]
    [encoded] = encoder.encode([text])
    where = places(text, language)
    placed = [phonetic_key(word) for word in where.values()]
    names = (
        name for name in _names(document, language) if not any(same_name(phonetic_key(name), one) for one in placed)
    )
    return Meaning(
        vector=np.rint(np.frombuffer(encoded, "<f4") * SCALE).astype("<i2").tobytes(),
        names=tuple(dict.fromkeys(names))[:MAX_NAMES],
        spelled=tuple(spelled_names(text))[:MAX_NAMES],
        numbers=tuple(numbers(text)),
        places=where,
    )


def agreement(mine: Meaning, theirs: Meaning) -> Agreement:
    """Return the agreement of one report with another, in the words of the first."""
    names, lacking, comparable = _shared_names(mine, theirs)
    shared_numbers = tuple(number for number in mine.numbers if number in theirs.numbers)
    shared_places = tuple(word for place, word in mine.places.items() if place in theirs.places)
    weight = sum(map(number_weight, mine.numbers))
    return Agreement(
        names=names,
        numbers=shared_numbers,
        places=shared_places,
        names_missed=lacking / comparable if comparable else 0.0,
        numbers_missed=1 - sum(map(number_weight, shared_numbers)) / weight if weight and theirs.numbers else 0.0,
        places_missed=1 - len(shared_places) / len(mine.places) if mine.places and theirs.places else 0.0,
    )


def _shared_names(mine: Meaning, theirs: Meaning) -> tuple[tuple[str, ...], int, int]:
    """Return the shared names, how many of mine are missing, and how many of mine were comparable."""
    known: dict[str, list[PhoneticKey]] = {}
    for sound in map(phonetic_key, (*theirs.names, *theirs.spelled)):
        for key in {sound.consonants[:2], "=" + sound.spelling}:
            known.setdefault(key, []).append(sound)

    def is_shared(name: str) -> bool:
        sound = phonetic_key(name)
        if len(sound.spelling) >= 3 and "=" + sound.spelling in known:
            return True
        return any(same_name(sound, other) for other in known.get(sound.consonants[:2], ()))

    shared = [name for name in mine.names if is_shared(name)]
    spelled = [word for word in mine.spelled if is_shared(word)]
    comparable = min(len(mine.names), len(theirs.names))
    return tuple(dict.fromkeys((*shared, *spelled))), max(comparable - len(shared), 0), comparable


def _names(document: Document, language: str) -> list[str]:
    """Return the names of a document as written, those of the title first."""
    known = background_of(language)
    found: list[str] = []
    for words in read_terms(document, language):
        cased = not is_title_case(words)
        found += [word.written for word in words if word.capital and _is_name(word, known, cased)]
    return found


def _is_name(word: Word, known: Background, cased: bool) -> bool:
    """Return whether a capitalised word is a name: by its other occurrences, its position and its rarity."""
    if len(word.written) < 3 or word.id in known.stop:
        return False
    share = float(known.capital_share(np.array([word.id], np.uint32))[0])
    if share >= 0:
        return share >= NAME
    return word.id not in known.plain and (cased and not word.initial if known.named else True)
