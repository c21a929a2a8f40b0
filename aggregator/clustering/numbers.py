"""Numbers of a text that distinguish one instalment of a series from the next."""

from __future__ import annotations

from functools import lru_cache

from aggregator.model import Document
from aggregator.text.tokens import words

_READ = 1_500  # characters of the text
_DIGITS = frozenset("0123456789")


def numbers_in(document: Document) -> frozenset[str]:
    """Return the numbers of title and first sentences."""
    return _numbers(f"{document.title} {(document.body or document.lede)[:_READ]}")


@lru_cache(maxsize=8)  # one arrival is compared with many of its form
def _numbers(text: str) -> frozenset[str]:
    numbered = " ".join(filter(_may_hold_number, text.split()))  # no word spans a blank
    return frozenset(word for word in words(numbered) if word[0].isdigit())


def _may_hold_number(part: str) -> bool:
    return not part.isalpha() and not (part.isascii() and _DIGITS.isdisjoint(part))
