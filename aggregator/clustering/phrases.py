"""Finds the phrases that two texts share, in the words of the texts.

A term is a stem, which people cannot read. So the words behind it are found in both texts. Shared words in a row form one phrase:
"Kentucky Derby", not "Derby" and "Kentucky".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from aggregator.clustering.background import background_of, calendar_ids
from aggregator.clustering.terms import Word, is_title_case, terms_in
from aggregator.clustering.vectorize import TEXT_WORDS, TITLE_WORDS
from aggregator.clustering.vocabulary import numeral_words
from aggregator.model import Document
from aggregator.text.tokens import CAPITAL_NOUNS

# Least rarities (natural log): of a word in a name, which more than one text in thirty has not; of a phrase that is not a name;
# and of each word in a row.
MIN_RARITY, MIN_PHRASE_RARITY, MIN_NEIGHBOUR_RARITY = 3.5, 5.0, 4.5
NAME_SHARE = 0.5  # share of capitals inside sentences from which on a word is a name
SURE_NAME_SHARE = 0.8  # the same for a word that occurs only where every word has a capital
BACKGROUND = 0.7  # weight of the background against these two texts in that share
LONGEST_NAME, LONGEST_PHRASE = 5, 3  # words
ABBREVIATED = 3  # letters: a full stop after a word this short does not end a name, as in "St. Louis"
_PARTICLES = frozenset(
    ("of", "de", "da", "do", "del", "della", "di", "du", "des", "la", "le", "van", "von", "der", "den", "al", "el")
)
_JOINTS = frozenset({"", " ", "-", "‑", " & ", "\u00a0"})

Key = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A name, or words in a row, that two texts share."""

    text: str
    is_name: bool
    terms: tuple[int, ...]  # 32-bit hashes of its telling words
    rarity: float  # sum of the rarities of these words (natural log)


@dataclass(frozen=True, slots=True)
class _Place:
    """A word with its position."""

    word: Word
    term: int
    start: int
    end: int
    follows: bool  # whether it directly follows the word before it
    case_matters: bool  # whether a capital in this position would mark a name


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two texts."""

    text: str
    places: tuple[_Place, ...]

    def runs(self, among: Collection[int]) -> Iterator[tuple[_Place, ...]]:
        """Yield words in a row, all of them of some terms."""
        places = self.places
        for first, place in enumerate(places):
            if place.term not in among:
                continue
            yield places[first : first + 1]
            for last in range(first + 1, min(first + LONGEST_NAME, len(places))):
                if not places[last].follows or places[last].term not in among:
                    break
                yield places[first : last + 1]


def shared_phrases(one: Document, two: Document, language: str, among: Collection[int] | None = None) -> list[Phrase]:
    """Return the phrases that two texts of a language share, the rarest first; no word is in two phrases.

    ``among`` are the terms that phrases may be made of; None allows all terms of the texts.
    """
    mine, theirs = _sides(one, language), _sides(two, language)
    common = _terms(mine) & _terms(theirs)
    rarity = _rare_terms(common if among is None else common.intersection(among), language)
    numerals = _numerals(language)
    names = _names((*mine, *theirs), common, language) - numerals
    idle = numerals | _dates(language)
    grammar = _Grammar(rarity, names, idle, language in CAPITAL_NOUNS)
    parts = _parts((*mine, *theirs), rarity.keys() | names) & common
    here, there = _runs(mine, parts), _runs(theirs, parts)
    found = []
    for key in here.keys() & there.keys():
        if rarity.keys().isdisjoint(key):
            continue
        forms = [form for text, run in (*here[key], *there[key]) if (form := grammar.form(text, run))]
        if forms:
            found.append(_phrase(key, forms, rarity))
    telling = [phrase for phrase in found if phrase.is_name or phrase.rarity >= MIN_PHRASE_RARITY] or found
    return _without_overlaps(sorted(telling, key=lambda phrase: (-phrase.rarity, len(phrase.text), phrase.text)))


@lru_cache(maxsize=128)
def _sides(document: Document, language: str) -> tuple[_Side, _Side]:
    text = document.text[: TEXT_WORDS * 12]
    return _side(document.title, language, TITLE_WORDS), _side(text, language, TEXT_WORDS)


def _side(text: str, language: str, limit: int) -> _Side:
    text = unicodedata.normalize("NFC", text)
    words = terms_in(text, language, limit)
    in_capitals = limit == TITLE_WORDS and is_title_case(words)
    places: list[_Place] = []
    cursor = 0
    for word in words:
        start = text.find(word.written, cursor)
        end = start + len(word.written)
        follows = bool(places) and _follows(text, places[-1], start, word)
        places.append(_Place(word, word.id, start, end, follows, (follows or not word.initial) and not in_capitals))
        cursor = start + 1 if word.overlapping else end
    return _Side(text, tuple(places))


def _follows(text: str, before: _Place, start: int, word: Word) -> bool:
    """Return whether the characters between two words leave them in one phrase."""
    if start < before.end:
        return True  # pieces of one run of characters
    between = text[before.end : start]
    if between == ". ":
        return before.word.capital and word.capital and len(before.word.written) <= ABBREVIATED
    return between in _JOINTS


def _terms(sides: Iterable[_Side]) -> set[int]:
    return {place.term for side in sides for place in side.places}


def _parts(sides: Iterable[_Side], telling: Collection[int]) -> set[int]:
    """Return the terms that a phrase may hold: telling terms, numbers, capitals and the small words of names."""
    return {
        place.term
        for side in sides
        for place in side.places
        if place.term in telling
        or place.word.term[0] == "#"
        or (place.word.capital and place.case_matters)
        or place.word.written in _PARTICLES
    }


def _runs(sides: Iterable[_Side], among: Collection[int]) -> dict[Key, list[tuple[str, Sequence[_Place]]]]:
    """Return the terms of words in a row -> their positions."""
    found: dict[Key, list[tuple[str, Sequence[_Place]]]] = {}
    for side in sides:
        for run in side.runs(among):
            found.setdefault(tuple([place.term for place in run]), []).append((side.text, run))
    return found


def _rare_terms(terms: Collection[int], language: str) -> dict[int, float]:
    """Return term -> rarity, for the terms that are not common."""
    known = background_of(language)
    ordered = np.array(sorted(terms), np.uint32)
    idle = known.stop | _dates(language)
    found = zip(ordered.tolist(), known.rarity(ordered).tolist(), strict=True)
    return {term: rare for term, rare in found if rare >= MIN_RARITY and term not in idle}


def _names(sides: Iterable[_Side], terms: Collection[int], language: str) -> frozenset[int]:
    """Return the terms that are names: by their capitals here, and in the news of the language."""
    cased: dict[int, list[bool]] = {term: [] for term in terms}
    inside: set[int] = set()
    for side in sides:
        for place in side.places:
            if place.term in cased and place.case_matters:
                cased[place.term].append(place.word.capital)
            if any(map(str.isupper, place.word.written[1:])) and place.word.capital:
                inside.add(place.term)
    if language in CAPITAL_NOUNS:  # only capitals inside of a word mark a name
        return frozenset(inside.intersection(terms))
    ordered = np.array(sorted(terms), np.uint32)
    shares = background_of(language).capital_share(ordered)
    found = {int(term): _is_name(cased[int(term)], float(share)) for term, share in zip(ordered, shares, strict=True)}
    return frozenset(term for term, named in found.items() if named)


def _is_name(capitals: Sequence[bool], known: float) -> bool:
    if not capitals:
        return known >= SURE_NAME_SHARE
    own = sum(capitals) / len(capitals)
    return min(own, own if known < 0 else BACKGROUND * known + (1 - BACKGROUND) * own) >= NAME_SHARE


@lru_cache(maxsize=64)
def _dates(language: str) -> frozenset[int]:
    return frozenset(calendar_ids(language).tolist())


@lru_cache(maxsize=64)
def _numerals(language: str) -> frozenset[int]:
    return frozenset(word.id for word in terms_in(numeral_words(language), language, 1_000))


@dataclass(frozen=True, slots=True)
class _Form:
    """A phrase as it is written somewhere."""

    text: str
    is_name: bool
    capitals: int


@dataclass(frozen=True, slots=True)
class _Grammar:
    """The rules by which names, telling words and idle words are distinguished."""

    rarity: Mapping[int, float]
    names: frozenset[int]
    idle: frozenset[int]  # days, months and numerals: they are part of no name and of no phrase of several words
    capital_nouns: bool

    def form(self, text: str, run: Sequence[_Place]) -> _Form | None:
        """Return words in a row as they are written; None where they are not a phrase."""
        if len(run) > 1 and any(place.term in self.idle for place in run):
            return None
        is_name = self._is_name(run)
        if not is_name and not self._is_phrase(run):
            return None
        return _Form(text[run[0].start : run[-1].end], is_name, sum(place.word.capital for place in run))

    def _is_name(self, run: Sequence[_Place]) -> bool:
        """Return whether words are one name: all capitalised, and at least one known as a name."""
        if len(run) == 1:
            return run[0].term in self.names and _is_separate(run[0].word)
        ends = (run[0], run[-1])
        return (
            any(place.term in self.names and len(place.word.written) > 1 for place in run)
            and all(self._is_part(place) or place.word.written in _PARTICLES for place in run)
            and all(self._is_part(place) for place in ends)
            and run[0].word.term[0] != "#"
            and len(run[0].word.written) > 1
            and not self.capital_nouns
        )

    def _is_part(self, place: _Place) -> bool:
        """Return whether a word may be a part of a name."""
        if place.term in self.names or place.word.term[0] == "#":
            return True
        return place.word.capital and (place.case_matters or len(place.word.written) == 1)

    def _is_phrase(self, run: Sequence[_Place]) -> bool:
        """Return whether words are a phrase of rare words; where capitals mark names, names do not count."""
        if len(run) == 1:
            return run[0].term in self.rarity and _is_separate(run[0].word)
        return len(run) <= LONGEST_PHRASE and all(
            self.rarity.get(place.term, 0.0)
            >= (
                MIN_RARITY
                if self.capital_nouns and place.word.capital and not place.word.initial
                else MIN_NEIGHBOUR_RARITY
            )
            and (self.capital_nouns or place.term not in self.names)
            for place in run
        )


def _is_separate(word: Word) -> bool:
    """Return whether a word can be a phrase by itself: it is not an initial, a single digit or a year."""
    if word.term[0] == "#":
        value = word.written
        return len(value) > 1 and not (len(value) == 4 and value[:2] in ("19", "20"))
    return len(word.written) > 1


def _phrase(key: Key, forms: Sequence[_Form], rarity: Mapping[int, float]) -> Phrase:
    names = [form for form in forms if form.is_name]
    if names:
        text = min(names, key=lambda form: form.text.isupper()).text
    else:
        text = min(forms, key=lambda form: form.capitals).text
    telling = tuple(dict.fromkeys(term for term in key if term in rarity))
    return Phrase(text, bool(names), telling, sum(rarity[term] for term in telling))


def _without_overlaps(phrases: Iterable[Phrase]) -> list[Phrase]:
    """Return the phrases that share no word with an earlier one."""
    found: list[Phrase] = []
    used: set[int] = set()
    for phrase in phrases:
        if used.isdisjoint(phrase.terms):
            used.update(phrase.terms)
            found.append(phrase)
    return found
