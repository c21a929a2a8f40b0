"""The terms of a text in any language: stems or first letters of words, pieces of some characters, numbers.

A word is cut to its first letters where Snowball has no stemmer. Scripts without spaces between words, or with attached
particles (Chinese, Japanese, Thai, Korean), are cut into overlapping pieces of two or four characters.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from aggregator.clustering.stemmers import stemmer_of
from aggregator.text.part_cache import LONG_PART, PartCache
from aggregator.text.tokens import ACCENTS

IDEOGRAPHIC_PIECE, ALPHABETIC_PIECE = 2, 4  # characters of a piece of Chinese, Japanese, Korean; of Thai and its like
LETTERS = 7  # kept of a word whose language has no stemmer
TITLE_CASE = 0.7  # share of capitalised longer words above which capitals mean nothing

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0002fa1f"
)
# Marks that are part of a word though they are no letters: Indic vowels, Arabic and Hebrew points.
_MARKS = (
    "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0903\u093a-\u094f\u0951-\u0957\u0962\u0963"
    "\u0981-\u0983\u09bc-\u09cd\u09d7\u0a01-\u0a03\u0a3c-\u0a51\u0a81-\u0a83\u0abc-\u0acd\u0b01-\u0b03\u0b3c-\u0b57"
    "\u0b82\u0bbe-\u0bcd\u0c00-\u0c04\u0c3e-\u0c56\u0c81-\u0c83\u0cbc-\u0cd6\u0d00-\u0d03\u0d3b-\u0d4d"
)
_ALPHABETIC = frozenset(map(chr, (*range(0x0E00, 0x0F00), *range(0x1000, 0x10A0), *range(0x1780, 0x1800))))
_LETTER = rf"(?:[^\W\d_{_UNSPACED}]|[{_MARKS}])"
_TOKEN = re.compile(
    rf"(?P<initials>(?:[^\W\d_{_UNSPACED}]\.){{2,}})|(?P<number>\d+(?:[.,:]\d+)*)(?P<ordinal>(?:st|nd|rd|th)\b)?"
    rf"|(?P<run>[{_UNSPACED}]+)|(?P<word>{_LETTER}+(?:\d+{_LETTER}*)*)(?:['’]s\b)?|(?P<end>[.!?:;|…।。！？]+)"
)
_GROUPED = re.compile(r"[.,](?=\d{3}(?:\D|$))")
_ACCENTED = frozenset({"vi"})  # languages in which an accent makes another word


class Word(NamedTuple):
    """An occurrence of a term in a text; ``written`` is its spelling there."""

    term: str
    id: int  # the term's hash
    written: str
    capital: bool
    initial: bool  # begins a sentence, where a capital means nothing
    overlapping: bool = False  # a piece of a run of characters; the next piece repeats most of it


def terms_in(text: str, language: str, limit: int) -> list[Word]:
    """Return the terms of a text in order, at most ``limit``."""
    found: list[Word] = []
    known = _known_parts(language)
    whole = text if text.isascii() else unicodedata.normalize("NFC", text)
    for line in whole.split("\n"):
        initial = True
        for part in line.split():
            terms, initial = known[initial][part] if len(part) <= LONG_PART else _part(part, language, initial)
            found += terms
            if len(found) >= limit:
                return found[:limit]
    return found


def _part(part: str, language: str, initial: bool) -> tuple[tuple[Word, ...], bool]:
    """Return the terms of a part between two blanks, and whether a sentence begins after it."""
    found: list[Word] = []
    for match in _TOKEN.finditer(part):
        kind = match.lastgroup
        if kind == "end":
            initial = True
            continue
        if kind == "word":
            found.append(_word(match["word"], language, initial))
        else:
            found.extend(_terms_of(match, initial))
        initial = False
    return tuple(found), initial


_Parts = PartCache[tuple[tuple[Word, ...], bool]]


@lru_cache(maxsize=16)  # languages; some 6 MB each in every worker
def _known_parts(language: str) -> tuple[_Parts, _Parts]:
    """Return the caches of parts inside a sentence and at its beginning; no term spans a blank."""
    return PartCache(lambda part: _part(part, language, False)), PartCache(lambda part: _part(part, language, True))


def _terms_of(match: re.Match[str], initial: bool) -> Iterator[Word]:
    """Yield the terms of a token other than a plain word."""
    run = match["run"]
    if run:
        size = ALPHABETIC_PIECE if run[0] in _ALPHABETIC else IDEOGRAPHIC_PIECE
        pieces = [run[i : i + size] for i in range(len(run) - size + 1)] or [run]
        yield from (Word(piece, term_id(piece), piece, False, True, True) for piece in pieces)
    elif match["number"]:
        term = "#" + _GROUPED.sub("", match["number"])
        yield Word(term, term_id(term), match["number"], False, True)
    else:
        term = match["initials"].replace(".", "").lower() + "."
        yield Word(term, term_id(term), match["initials"], True, initial)


@lru_cache(maxsize=20_000)
def _word(written: str, language: str, initial: bool) -> Word:
    term = "us." if written == "US" and language == "en" else term_of(written, language)
    return Word(term, term_id(term), written, written[0].isupper(), initial)


@lru_cache(maxsize=20_000)  # some 6 MB in every process
def term_of(word: str, language: str) -> str:
    """Return the term of a word: its folded stem where Snowball knows the language, else its first letters."""
    low = word.lower()
    if not low.isalpha() and any(map(str.isdigit, low)):
        return _folded(low, language)  # "H5N1", "A320": the digits after the letters distinguish one from the next
    stemmer = stemmer_of(language)
    if stemmer is not None:
        return _folded(str(stemmer.stemWord(low)), language)
    low = _folded(low, language)
    if len(low) > 4 and low[-1] == "s" and low[-2] != "s":
        low = low[:-1]
    return low[:LETTERS]


def _folded(word: str, language: str) -> str:
    if word.isascii() or language in _ACCENTED:
        return word
    return unicodedata.normalize("NFC", ACCENTS.sub("", unicodedata.normalize("NFKD", word))) or word


@lru_cache(maxsize=20_000)  # some 5 MB in every process
def term_id(term: str) -> int:
    """Return a term's 32-bit hash."""
    return zlib.crc32(term.encode("utf-8"))


def is_title_case(words: Sequence[Word]) -> bool:
    """Return whether most words of a text are capitalised, so that a capital does not mark a name."""
    longer = [word.capital for word in words if len(word.written) > 3 and word.term[0] != "#"]
    return sum(longer) > TITLE_CASE * len(longer)
