"""Compares texts written on one template: the words filled in decide whether two are copies, not the template.

Publishers write statements, notices, warnings, results and obituaries on templates. Two such texts share most of their shingles,
but name other people, places and figures. A word is a text's own where the other text does not have it at all. Where both have own
words in the same place, between the same neighbours, the template was filled in differently. An edited or padded copy has own words
too, but not in the same places.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aggregator.clustering.stemmers import stem_of
from aggregator.clustering.vocabulary import calendar_stems
from aggregator.text.tokens import CAPITAL_NOUNS, fold, is_content_word

SHORT = 150  # words: a longer text is not a form that was filled in
MAX_WORDS = 1_500  # words of a text that are read
# Filled-in numbers, and filled-in words in headline and text, that make two texts distinct: one number may be an edit.
MIN_NUMBERS, MIN_WORDS = 2, 1
_STEM = 4  # first letters by which a word of a headline is found in a text
# Scripts without blanks between words: each pair of characters is a word.
_UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff"
_RUN = re.compile(rf"[{_UNSPACED}]+")
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+(?:['’.,:][^\W_{_UNSPACED}]+)*")
_STOP = re.compile(r"[.!?…:;\n\"“”»]")


_PASSAGE = 5  # words in a row that make a passage
_MIN_OWN_WORDS = 8  # words outside the shared passages that both texts must have
_MAX_IN_BOTH = 0.1  # share of these words that the other text may have too


@dataclass(frozen=True, slots=True)
class _Word:
    folded: str
    left: tuple[str, str]  # the two words before it that both texts have, the nearest first; empty at the beginning
    right: tuple[str, str]
    in_title: bool
    capital: bool  # inside a sentence: a name in most languages


@dataclass(frozen=True, slots=True)
class Substitutions:
    """Counts of the names, numbers and other words that each of two texts has in a place where the other has its own."""

    names: int = 0
    numbers: int = 0
    words: int = 0  # words that were filled into both headline and text
    short: bool = True  # whether the texts are short; versions of a long text differ in a name here and there

    def make_distinct(self, language: str | None, *, another_day: bool) -> bool:
        """Return whether the texts are not copies; on ``another_day`` one number is enough, since it is not an update."""
        if self.words >= MIN_WORDS:
            return True
        # where every noun has a capital, one such word may be an edit
        names, numbers = 2 if language in CAPITAL_NOUNS else 1, 1 if another_day else MIN_NUMBERS
        return self.short and (self.names >= names or self.numbers >= numbers)


def substitutions(one: tuple[str, str], other: tuple[str, str], language: str | None) -> Substitutions:
    """Return the words filled in differently into two texts, each a title and a body."""
    mine, theirs = _tokens(one), _tokens(other)
    shared = {token.folded for token in mine} & {token.folded for token in theirs}
    own, others = _own(mine, shared, language), _own(theirs, shared, language)
    places, other_places = _all_places(own), _all_places(others)
    replaced = [word for word in own if _places(word) & other_places]
    replacing = [word for word in others if _places(word) & places]
    return Substitutions(
        names=min(_names(replaced), _names(replacing)),
        numbers=min(_numbers(replaced), _numbers(replacing)),
        words=min(_in_title_and_text(replaced), _in_title_and_text(replacing)),
        short=min(len(mine), len(theirs)) <= SHORT,
    )


def lacks_headline_words(title: str, other_title: str, text: str) -> bool:
    """Return whether a text holds none of the words that its headline has and the other headline has not."""
    stems = {part[:_STEM] for word in _WORD.findall(text[:20_000]) for part in _split(fold(word))}
    own = _content(title) - _content(other_title)
    return bool(own) and not any(word[:_STEM] in stems for word in own)


def shares_only_passages(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Return whether two texts share only passages that a publisher adds to everything it publishes.

    Their headlines share no word, and outside those passages the texts share hardly any. Versions of a report do share words there.
    """
    titles = _content(one[0]), _content(other[0])
    if not all(titles) or titles[0] & titles[1]:
        return False
    mine, theirs = ([token.folded for token in _tokens(("", text))] for _, text in (one, other))
    shared = _passages(mine) & _passages(theirs)
    own, others = _outside(mine, shared), _outside(theirs, shared)
    if min(len(own), len(others)) < _MIN_OWN_WORDS:
        return False
    content, other_content = ({word for word in words if len(word) >= _STEM} for words in (own, others))
    return len(content & other_content) <= _MAX_IN_BOTH * min(len(content), len(other_content))


def _passages(words: Sequence[str]) -> set[tuple[str, ...]]:
    return set(zip(*(words[start:] for start in range(_PASSAGE)), strict=False))


def _outside(words: Sequence[str], passages: set[tuple[str, ...]]) -> list[str]:
    """Return the words outside these passages."""
    inside = [False] * len(words)
    for place, passage in enumerate(zip(*(words[start:] for start in range(_PASSAGE)), strict=False)):
        if passage in passages:
            inside[place : place + _PASSAGE] = [True] * _PASSAGE
    return [word for word, within in zip(words, inside, strict=True) if not within]


def _content(title: str) -> set[str]:
    found = (part for word in _WORD.findall(title) for part in _split(fold(word)))
    return {word for word in found if not word[0].isdigit() and is_content_word(word)}


@dataclass(frozen=True, slots=True)
class _Token:
    folded: str
    in_title: bool
    capital: bool


def _tokens(text: tuple[str, str]) -> list[_Token]:
    return [*_tokens_of(text[0], in_title=True), *_tokens_of(text[1], in_title=False)][:MAX_WORDS]


def _tokens_of(text: str, *, in_title: bool) -> Iterable[_Token]:
    shouted = in_title and _is_title_case(text)
    end = 0
    for match in _WORD.finditer(text[: 12 * MAX_WORDS]):
        begins = end == 0 or _STOP.search(text, end, match.start()) is not None
        capital = match[0][0].isupper() and not begins and not shouted
        for word in _split(match[0]):
            yield _Token(fold(word), in_title, capital)
        end = match.end()


def _split(word: str) -> list[str]:
    if not _RUN.match(word):
        return [word]
    return [word[place : place + 2] for place in range(max(len(word) - 1, 1))]


def _is_title_case(title: str) -> bool:
    """Return whether most words of a headline have a capital, so that a capital does not mark a name."""
    found: list[str] = [word for word in _WORD.findall(title)[1:] if word[0].isalpha() and len(word) >= 4]
    return 2 * sum(word[0].isupper() for word in found) > len(found)


def _own(tokens: Sequence[_Token], shared: set[str], language: str | None) -> list[_Word]:
    """Return the words that only this text has, except dates, each with the nearest words that both texts have."""
    calendar = calendar_stems(language or "")
    found = []
    left = _neighbours(tokens, shared)
    right = _neighbours(tokens[::-1], shared)[::-1]
    for place, token in enumerate(tokens):
        if token.folded not in shared and stem_of(token.folded, language or "") not in calendar:
            found.append(_Word(token.folded, left[place], right[place], token.in_title, token.capital))
    return found


def _neighbours(tokens: Sequence[_Token], shared: set[str]) -> list[tuple[str, str]]:
    """Return for each token the two nearest words before it that both texts have, within its title or text."""
    found: list[tuple[str, str]] = []
    nearest = farther = ""
    in_title: bool | None = None
    for token in tokens:
        if token.in_title != in_title:
            nearest, farther, in_title = "", "", token.in_title
        found.append((nearest, farther))
        if token.folded in shared:
            nearest, farther = token.folded, nearest
    return found


_Place = tuple[bool, tuple[str, ...], tuple[str, ...]]


def _places(word: _Word) -> set[_Place]:
    """Return the keys of a word's place: two shared words on one side of it and one on the other."""
    found: set[_Place] = {(word.in_title, word.left, word.right[:1]), (word.in_title, word.left[:1], word.right)}
    return {place for place in found if sum(map(bool, (*place[1], *place[2]))) >= 2}


def _all_places(words: Iterable[_Word]) -> set[_Place]:
    return {place for word in words for place in _places(word)}


def _names(words: Iterable[_Word]) -> int:
    return len({word.folded for word in words if word.capital and not word.folded[0].isdigit()})


def _numbers(words: Iterable[_Word]) -> int:
    return len({word.folded for word in words if word.folded[0].isdigit()})


def _in_title_and_text(words: Iterable[_Word]) -> int:
    """Return how many words were filled into both title and text."""
    places: dict[str, set[bool]] = defaultdict(set)
    for word in words:
        if not word.folded[0].isdigit():
            places[word.folded].add(word.in_title)
    return sum(len(found) == 2 for found in places.values())
