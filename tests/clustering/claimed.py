"""Checks of the words that a sentence claims two texts share."""

from __future__ import annotations

import re

from aggregator.clustering.terms import term_of
from aggregator.clustering.vectorize import read_terms as words_of
from aggregator.model import Document
from tests.clustering.arriving import Text


def terms(told: str) -> list[str]:
    """Return the words of what is named as shared."""
    return [word for part in re.split(r", | and ", told) for word in re.split(r"[ -]", part.strip("'"))]


def held(text: Text) -> set[str]:
    """Return the words of a text that count, as terms."""
    made = Document(text.title, text.summary, text.body, text.language, None, "")
    title, body = words_of(made, text.language or "")
    return {term_of(word.written, text.language or "") for word in (*title, *body)}


def stands_in(term: str, text: Text) -> bool:
    """Tell whether a word, or another form of it, stands in a text."""
    return term_of(term, text.language or "") in held(text)
