"""What meaning adds to the score of words: one opinion a report and story, and the evidence of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from aggregator.clustering import meaning_weights
from aggregator.clustering.features import Vector
from aggregator.clustering.meaning import CONFIRMED, SHORT, Agreement, Meaning, comparable, meaning_of, measure
from aggregator.clustering.views import Stored, StoryView
from aggregator.model import Document, Evidence
from aggregator.text.encoder import LANGUAGES

REFUSED = -9.0  # log odds of what nothing confirms
SHOWN = 4  # names, numbers and places of each kind that evidence lists


class Encoding(Protocol):
    """What turns texts into vectors."""

    @property
    def version(self) -> str:
        """What is stored with each vector; those of two versions are never compared."""
        ...

    def encode(self, texts: Sequence[str]) -> list[bytes]:
        """Return one vector a text."""
        ...


@dataclass(frozen=True, slots=True)
class Opinion:
    """How surely a report tells a story once meaning is heard; ``score`` is in log odds, ``numbers`` are those of ``meaning.NAMES``."""

    score: float
    across: bool  # no report of the story is in the report's language
    numbers: tuple[float, ...]
    common: Agreement
    languages: tuple[str, ...]

    def evidence(self) -> Evidence:
        """Return what the opinion rests on, as JSON values."""
        return {
            "meaning": round(self.numbers[1], 3),
            "across": self.across,
            "languages": list(self.languages),
            "common_names": list(self.common.names[:SHOWN]),
            "common_numbers": list(self.common.numbers[:SHOWN]),
            "common_places": list(self.common.places[:SHOWN]),
        }


class Judge:
    """Gives reports their meaning, and hears it when they are scored."""

    def __init__(self, encoder: Encoding) -> None:
        self._encoder = encoder

    @property
    def version(self) -> str:
        """The version of the vectors that are compared."""
        return self._encoder.version

    def understood(self, vector: Vector, document: Document) -> Vector:
        """Return a report's vector with its meaning; as it is where the encoder doesn't know the language."""
        if document.language not in LANGUAGES:
            return replace(vector, meaning=None)
        text = read_text(document.title, document.lede, document.body)
        return replace(vector, meaning=self.meanings([(text, vector)])[0])

    def meanings(self, texts: Sequence[tuple[str, Vector]]) -> list[Meaning]:
        """Return the meanings of texts in languages that the encoder knows, beside their vectors of words."""
        encoded = self._encoder.encode([text for text, _ in texts])
        return [
            meaning_of(self.version, one, text, vector.language or "", _names(vector))
            for one, (text, vector) in zip(encoded, texts, strict=True)
        ]

    def opinion(self, words: float, vector: Vector, story: StoryView, near: Iterable[Stored]) -> Opinion | None:
        """Return what to think of a report and a story; None where words alone decide, for one of them has no meaning."""
        if vector.meaning is None:
            return None
        across = not story.speaks(vector.language)
        found = measure(0.0 if across else words, vector.meaning, story, near, story.gap(vector.time))
        if found is None:
            return None
        numbers, common = found
        if not across:
            score = meaning_weights.within(numbers) if vector.text_words <= SHORT else words
        else:
            score = meaning_weights.across(numbers) if common.confirmation >= CONFIRMED else REFUSED
        return Opinion(score, across, numbers, common, tuple(story.languages))

    def crosses(self, vector: Vector, story: StoryView) -> bool:
        """Tell whether a report can be compared with a story of other languages."""
        return vector.meaning is not None and bool(comparable(vector.meaning, story, ()))


def read_text(title: str, *parts: str) -> str:
    """Return what is encoded of a report: its headline and what opens the text."""
    return ". ".join(part for part in (title.rstrip("."), " ".join(part for part in parts if part)) if part)


def _names(vector: Vector) -> list[str]:
    """Return a report's names as written, the telling first."""
    named = sorted(vector.names, key=lambda term: (-vector.names[term], term))
    return [vector.spelling.get(term, term) for term in named]
