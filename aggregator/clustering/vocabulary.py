"""Tables of words by language: months and weekdays, numerals, and common words (``background/XX.txt``, by Zipf value)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from aggregator.clustering.stemmers import stems_of
from aggregator.text.tokens import words

# The folder of the tables of common words, one for each language.
BACKGROUND = Path(__file__).with_name("background")


@lru_cache(maxsize=64)
def calendar_stems(language: str) -> frozenset[str]:
    """Return the stems of a language's months and weekdays. They date an event and do not describe it."""
    return frozenset(stems_of(words(calendar_words(language)), language))


def calendar_words(language: str) -> str:
    """Return the months and days of the week of a language, empty where it is not known."""
    return _listed("calendar.words", language)


def numeral_words(language: str) -> str:
    """Return the number words of a language, empty where they are not known."""
    return _listed("numerals.words", language)


def _listed(name: str, language: str) -> str:
    for line in (BACKGROUND / name).read_text("utf-8").splitlines():
        known, _, found = line.partition("\t")
        if known == language:
            return found
    return ""


def words_by_frequency(table: str) -> Iterator[tuple[int, str]]:
    """Yield ten times a Zipf value and the words that have it, the commonest first, from the text of a background table."""
    for line in table.splitlines():
        zipf, tab, common = line.partition("\t")
        if tab:
            yield int(zipf), common
