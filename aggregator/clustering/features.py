"""What of an entry counts when stories are compared: title, text, names and numbers as weighted terms."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from sys import intern

from aggregator.clustering.meaning import Meaning
from aggregator.clustering.recurring import recurrence
from aggregator.clustering.vocabulary import Frequencies, Weigher, calendar_terms, term_of, terms_of
from aggregator.model import Document
from aggregator.text.tokens import words

# Words of lede and body that are read: news tells its event first.
TEXT_WORDS = 260
# Terms kept of each part.
TITLE_TERMS, TEXT_TERMS, WHOLE_TERMS, NAME_TERMS = 24, 70, 80, 24
KEY_TERMS = 20  # under which a report is found
TITLE_WEIGHT = 2.0
NAME_WEIGHT = 0.5  # a sure name weighs half as much again
# Weights of words in a report: below the first a word is in every other text, from the second on it is rare or a name.
PLAIN, RARE = 5.0, 9.0
SURE_NAME = 0.6  # from which on a term is held to be a name: more than a capital at the start of a sentence

_TOKEN = re.compile(r"[^\W\d_]+(?:['’.-][^\W\d_]+)*|\d[\d.,:]*|[.!?…:;\n“”\"]")
_DIGITS = re.compile(r"\d+(?:[.:]\d+)*")
# "12th", "12e", "12-й", "12º", "12. Paket", "第12", "No. 12": a number that tells one of a kind from the next.
_ORDINAL = re.compile(
    r"(?<![\w.,])(\d{1,4})(?:st|nd|rd|th|er|re|ère|e|ème|ème|de|ste|[ªº°]|-?(?:й|я|е|го|му|ій|та|те|ма|ча))(?!\w)"
    r"|(?<![\w.,])(\d{1,3})\.(?=\s[^\W\d_]{3})"
    r"|第\s?(\d{1,4})|(?i:\b(?:no|nr|nº|№|num|part|phase|round|package|season|episode|day|week|game)\.?\s?)(\d{1,4})(?![\d.,]*\d)"
)

Terms = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Vector:
    """A report as the comparison sees it. ``title``, ``text`` and ``whole`` have length 1; ``names`` and ``numbers`` hold rarities."""

    language: str | None
    time: float | None  # seconds since 1970; None where the entry bears no date
    title: Terms
    text: Terms
    whole: Terms
    names: Terms
    numbers: Terms
    title_words: int
    text_words: int
    recurring: float  # how surely its title names a slot of the day rather than an event
    title_mass: float = 0.0  # the lengths of ``title`` and ``whole`` before they were made 1
    mass: float = 0.0
    spelling: Mapping[str, str] = field(default_factory=dict)
    ordinals: Terms = field(default_factory=dict)  # of the title
    beside: Mapping[str, str] = field(default_factory=dict)  # term -> the one behind it: "donald" -> "trump"
    meaning: Meaning | None = None  # where the sentence encoder is switched on and knows the language

    @property
    def keys(self) -> tuple[str, ...]:
        """The terms under which the report is found, heaviest first."""
        return tuple(sorted(self.whole, key=lambda term: (-self.whole[term], term))[:KEY_TERMS])


@dataclass(frozen=True, slots=True)
class Reading:
    """The words of a document before they are weighed."""

    title: Sequence[str]
    text: Sequence[str]
    guesses: Mapping[str, float]  # term -> how surely it is a name, by this text
    cased: Mapping[str, bool]  # terms seen inside a normally written sentence, and whether with a capital
    spelling: Mapping[str, str]

    @property
    def terms(self) -> frozenset[str]:
        """All terms."""
        return frozenset(self.title) | frozenset(self.text)


def read(document: Document) -> Reading:
    """Return the terms of a document, with what its capitals say of them."""
    language = document.language
    text = f"{document.lede}\n{document.body}" if document.lede else document.body
    text = text[: TEXT_WORDS * 12]
    cased: dict[str, bool] = {}
    spelling: dict[str, str] = {}
    starts: set[str] = set()
    for part in (text, document.title):
        _note_capitals(part, language, cased, starts, spelling)
    title = [_number(term) for term in terms_of(words(document.title, language), language)]
    body = [_number(term) for term in terms_of(words(text, language)[:TEXT_WORDS], language)]
    guesses = {term: 0.9 if capital else 0.0 for term, capital in cased.items()}
    guesses |= {term: 0.5 for term in starts if term not in guesses}
    return Reading(title, body, guesses, cased, spelling)


def weigh(reading: Reading, arrival_time: float | None, document: Document, frequencies: Frequencies) -> Vector:
    """Return a document's vector under the present frequencies."""
    weigher = Weigher(frequencies, document.language, reading.terms)
    nameness = {term: _nameness(term, reading, weigher) for term in reading.terms}
    rarity = {term: weigher.rarity(term) * (1 + NAME_WEIGHT * nameness[term]) for term in reading.terms}
    title, text = Counter(reading.title), Counter(reading.text)
    whole = {term: (1 + math.log(TITLE_WEIGHT * title[term] + text[term])) * rarity[term] for term in reading.terms}
    names = {term: rarity[term] for term in reading.terms if nameness[term] >= SURE_NAME}
    lead = frozenset(reading.title) | frozenset(reading.text[:80])
    numbers = {term: rarity[term] for term in lead if term[0].isdigit()}
    kept = _heaviest(whole, WHOLE_TERMS)
    titles = {term: (1 + math.log(count)) * rarity[term] for term, count in title.items()}
    return Vector(
        language=document.language,
        time=arrival_time,
        title=_unit(titles, TITLE_TERMS),
        text=_unit({term: (1 + math.log(count)) * rarity[term] for term, count in text.items()}, TEXT_TERMS),
        whole=_unit(kept, WHOLE_TERMS),
        names=_heaviest(
            {term: names[term] * (1 + math.log(TITLE_WEIGHT * title[term] + text[term])) for term in names}, NAME_TERMS
        ),
        numbers=_heaviest(numbers, NAME_TERMS),
        ordinals=dict.fromkeys(ordinals(document.title), 1.0),
        title_words=len(reading.title),
        text_words=len(reading.text),
        recurring=recurrence(document.title),
        title_mass=length(_heaviest(titles, TITLE_TERMS)),
        mass=length(kept),
        beside=_beside(reading, {term for term in kept if rarity[term] >= PLAIN / 2}),
        spelling={term: intern(reading.spelling[term]) for term in kept if term in reading.spelling},
    )


def ordinals(title: str) -> list[str]:
    """Return the numbers of a title that tell one of a kind from the next: "12th", "12. Paket", "No. 12"."""
    return [next(part for part in found if part).lstrip("0") or "0" for found in _ORDINAL.findall(title)]


def telling(left: Vector, right: Vector) -> tuple[list[float], list[float]]:
    """Return how much each shared word of two reports tells, and each shared phrase, the most telling first; plain words are left out."""
    dates = calendar_terms(left.language or "")
    terms = [term for term in left.whole if term in right.whole and not term[0].isdigit() and term not in dates]
    shared = {term: value for term in terms if (value := min(_weight(left, term), _weight(right, term))) >= PLAIN}
    return sorted(shared.values(), reverse=True), sorted(_phrases(shared, left.beside, right.beside), reverse=True)


def _phrases(shared: Mapping[str, float], *besides: Mapping[str, str]) -> list[float]:
    """Return how much each shared phrase tells: "Donald Trump" tells no more than "Trump".

    Words are of one phrase where either text has one behind the other. Names have two or three; of a longer run of
    words, and of the pairs of characters that scripts without spaces give, every second counts.
    """
    head = {term: term for term in shared}

    def first(term: str) -> str:
        while head[term] != term:
            term = head[term]
        return term

    for beside in besides:
        for term in shared:
            after = beside.get(term)
            if after is not None and after in shared:
                head[first(after)] = first(term)
    phrases: dict[str, list[float]] = {}
    for term, value in shared.items():
        phrases.setdefault(first(term), []).append(value)
    return [value for told in phrases.values() for value in sorted(told, reverse=True)[: max(1, len(told) // 2)]]


def _beside(reading: Reading, terms: Collection[str]) -> dict[str, str]:
    """Return which of some terms stands behind another, where it first does."""
    found: dict[str, str] = {}
    for told in (reading.title, reading.text):
        for term, after in itertools.pairwise(told):
            if term in terms and after in terms and term != after:
                found.setdefault(term, after)
    return found


def _weight(vector: Vector, term: str) -> float:
    """Return a word's rarity as it was weighed; that it stands in the title adds nothing."""
    in_title = vector.title.get(term)
    return vector.whole[term] * vector.mass if in_title is None else in_title * vector.title_mass


def dot(left: Terms, right: Terms) -> float:
    """Return the sum of products over shared terms."""
    if len(left) > len(right):
        left, right = right, left
    total = 0.0
    for term in filter(right.__contains__, left):  # most terms are not shared: sifting them out is left to C
        total += left[term] * right[term]
    return total


def _nameness(term: str, reading: Reading, weigher: Weigher) -> float:
    if term[0].isdigit():
        return 0.0
    guess = reading.guesses.get(term, 0.0)
    if guess == 0.5:  # a capital where any word would have one
        guess = 0.05 if weigher.common(term) else 0.5
    return weigher.nameness(term, guess)


def _number(term: str) -> str:
    """Let '12th', '12.' and '12' be one."""
    if term[0].isdigit():
        found = _DIGITS.match(term)
        return found[0] if found and len(term) - len(found[0]) <= 2 else term
    return term


def _note_capitals(
    text: str, language: str | None, cased: dict[str, bool], starts: set[str], spelling: dict[str, str]
) -> None:
    tokens = _TOKEN.findall(text)
    long = [token for token in tokens if len(token) > 3 and token[0].isalpha()]
    capitals = sum(token[0].isupper() for token in long)
    lowered = sum(token[0].islower() for token in long)
    shouted = capitals > lowered
    start = True
    for token in tokens:
        if not (token[0].isalpha()):
            start = not token[0].isdigit()
            continue
        capital = token[0].isupper()
        if capital or token[0].islower():
            for piece in re.split(r"[.-]", token):
                if piece:
                    _note(piece, capital, start or shouted, language, cased, starts, spelling)
        start = False


def _note(
    token: str,
    capital: bool,
    ambiguous: bool,
    language: str | None,
    cased: dict[str, bool],
    starts: set[str],
    spelling: dict[str, str],
) -> None:
    for word in words(token, language):
        term = term_of(word, language or "")
        spelling.setdefault(term, token)
        if capital and ambiguous:
            starts.add(term)
        elif not capital and ambiguous:
            cased[term] = False
        else:
            cased[term] = capital or cased.get(term, False)
            if capital:
                spelling[term] = token


def _heaviest(weights: Terms, count: int) -> dict[str, float]:
    if len(weights) <= count:
        return dict(weights)
    return dict(sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:count])


# The weights of unit vectors, to four places: one number for all vectors that hold it takes a third of their memory off.
WEIGHTS = [place / 10_000 for place in range(10_001)]


def length(weights: Terms) -> float:
    """Return the Euclidean length."""
    return math.sqrt(sum(weight * weight for weight in weights.values()))


def _unit(weights: Terms, count: int) -> dict[str, float]:
    kept = _heaviest(weights, count)
    norm = length(kept)
    return {term: WEIGHTS[round(weight / norm * 10_000)] for term, weight in kept.items()} if norm else {}
