"""The vector of a report, made of an entry's text: a pure function, for any language.

Its terms are those of terms.py, without those that occur in at least every twentieth text of their language.
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from itertools import combinations, pairwise

import numpy as np

from aggregator.clustering.background import Background, background_of
from aggregator.clustering.instalments import undated
from aggregator.clustering.params import DEFAULT
from aggregator.clustering.recurring import is_recurring_title
from aggregator.clustering.terms import Word, is_title_case, term_id, terms_in
from aggregator.clustering.vectors import (
    CAPITAL_SHIFT,
    CAPITAL_UNKNOWN,
    IN_TEXT,
    IN_TITLE,
    NAME_FORMS,
    NUMBER,
    ORDINAL,
    OVERLAP,
    TEXT_COUNT,
    TEXT_SHIFT,
    TITLE_COUNT,
    ReportVector,
)
from aggregator.model import Document
from aggregator.text.tokens import words

TITLE_WORDS, TEXT_WORDS = 60, 300  # first words of title and text that are read: news begins with its event
# Most terms and pairs of a vector; those of the title are kept first, then the heaviest
KEPT_TERMS, KEPT_PAIRS = 72, 80
PAIRED_WORDS = 120  # first words of the text that form pairs of neighbours
NAME_PREFIX = 3  # letters that two forms of one name have in common ("Finland", "Finnish")
_MIN_SKELETON = 3  # common words that a title needs for a skeleton without its other words

# "12th", "12e", "12-й", "12. Paket", "第12", "No. 12": a number that distinguishes one of a series from the next.
_ORDINAL = re.compile(
    r"(?<![\w.,])(\d{1,4})(?:st|nd|rd|th|er|re|ère|e|ème|ème|de|ste|[ªº°]|-?(?:й|я|е|го|му|ій|та|те|ма|ча))(?!\w)"
    r"|(?<![\w.,])(\d{1,3})\.(?=\s[^\W\d_]{3})"
    r"|第\s?(\d{1,4})|(?i:\b(?:no|nr|nº|№|num|part|phase|round|package|season|episode|day|week|game|beta|version)\.?\s?)(\d{1,4})(?![\d.,]*\d)"
)


@dataclass(slots=True)
class _Count:
    """The number of a term's occurrences, by position."""

    title: int = 0
    text: int = 0
    cased: int = 0
    capitals: int = 0
    marks: int = 0


def vectorize(document: Document, publisher: str, time: datetime, dated: bool = True) -> ReportVector:
    """Return the vector of a report whose first document this is."""
    language = document.language or ""
    known = background_of(language)
    title, text = read_terms(document, language)
    counts, pairs = _counted(document.title, title, text, known)
    kept = _kept(counts, known)
    for pair in _name_forms((*title, *text), known):
        pairs[pair] = pairs.get(pair, 0) | NAME_FORMS
    sides, pair_marks = _kept_pairs(pairs, kept)
    return ReportVector(
        language=language,
        time=time.timestamp(),
        dated=dated,
        publisher=_publisher(publisher),
        skeleton=_skeleton(document.title, title, known, language),
        slot=is_recurring_title(document.title),
        title_words=len(title),
        text_words=len(text),
        terms=struct.pack(f"<{len(kept)}I", *kept),
        term_marks=struct.pack(f"<{len(kept)}H", *kept.values()),
        pairs=sides,
        pair_marks=pair_marks,
    )


def with_source(vector: ReportVector, publisher: str, time: datetime, dated: bool) -> ReportVector:
    """Return a copy of a vector with this publisher and time."""
    return replace(vector, publisher=_publisher(publisher), time=time.timestamp(), dated=dated)


def _publisher(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "little")


def read_terms(document: Document, language: str) -> tuple[list[Word], list[Word]]:
    """Return the terms of a document's title and of its text, in order."""
    text = document.text[: TEXT_WORDS * 12]
    return terms_in(document.title, language, TITLE_WORDS), terms_in(text, language, TEXT_WORDS)


def ordinals(title: str) -> list[str]:
    """Return the ordinal numbers of a title: "12th", "12. Paket", "No. 12"."""
    if not any(map(str.isdecimal, title)):
        return []
    return [next(part for part in found if part) for found in _ORDINAL.findall(title)]


def _counted(
    written_title: str, title: Sequence[Word], text: Sequence[Word], known: Background
) -> tuple[dict[str, _Count], dict[tuple[int, int], int]]:
    """Return the counts of each term that is not too common, and the pairs of such terms with their positions."""
    counts: dict[str, _Count] = {}
    pairs: dict[tuple[int, int], int] = {}
    for in_title, found in ((True, title), (False, text)):
        telling = [word for word in found if word.id not in known.stop]
        cased = not (in_title and is_title_case(found))
        for word in telling:
            count = counts.get(word.term)
            if count is None:
                count = counts[word.term] = _Count()
            if in_title:
                count.title += 1
            else:
                count.text += 1
            if word.term[0] == "#":
                count.marks |= NUMBER
            elif cased and not word.initial:
                count.cased += 1
                count.capitals += word.capital
        side = IN_TITLE if in_title else IN_TEXT
        near = telling if in_title else telling[:PAIRED_WORDS]
        for first, second in pairwise(near):
            key = (first.id, second.id)
            pairs[key] = pairs.get(key, 0) | (side | OVERLAP if first.overlapping and second.overlapping else side)
    for number in ordinals(written_title):
        if "#" + number in counts:
            counts["#" + number].marks |= ORDINAL
    return counts, pairs


def _name_forms(words: Sequence[Word], known: Background) -> list[tuple[int, int]]:
    """Return the pairs of names with the same first letters, as of a country and its people; the lesser hash comes first."""
    begun: dict[str, set[int]] = {}
    for word in words:
        if word.capital and len(word.term) > NAME_PREFIX and word.id not in known.stop:
            begun.setdefault(word.term[:NAME_PREFIX], set()).add(word.id)
    return [pair for terms in begun.values() if len(terms) > 1 for pair in combinations(sorted(terms), 2)]


def _kept(counts: Mapping[str, _Count], known: Background) -> dict[int, int]:
    """Return the hashes of the terms that are kept, in order, with their marks."""
    chosen = list(counts)
    if len(chosen) > KEPT_TERMS:
        rarity = known.rarity(np.array([term_id(term) for term in chosen], np.uint32))
        ranked = [
            (count.title == 0, -rare * _weight(2 * count.title + count.text), term)
            for (term, count), rare in zip(
                counts.items(), np.minimum(rarity, DEFAULT.most_rarity).tolist(), strict=True
            )
        ]
        chosen = [term for _, _, term in sorted(ranked)[:KEPT_TERMS]]
    marks = {term_id(term): _marks(counts[term]) for term in sorted(chosen)}
    return dict(sorted(marks.items()))


@lru_cache(maxsize=1_024)
def _weight(times: int) -> float:
    return 1 + math.log(times)


def _marks(count: _Count) -> int:
    share = round(14 * count.capitals / count.cased) if count.cased else CAPITAL_UNKNOWN
    return (
        min(count.title, TITLE_COUNT) | min(count.text, TEXT_COUNT) << TEXT_SHIFT | count.marks | share << CAPITAL_SHIFT
    )


def _kept_pairs(pairs: Mapping[tuple[int, int], int], kept: Mapping[int, int]) -> tuple[bytes, bytes]:
    """Return the numbers of the pairs' two terms among the kept ones, and the pairs' positions; title pairs first."""
    place = {term: number for number, term in enumerate(kept)}
    whole = [(pair, marks) for pair, marks in pairs.items() if pair[0] in place and pair[1] in place]
    chosen = [one for one in whole if one[1] & (IN_TITLE | NAME_FORMS)]
    chosen = [*chosen, *(one for one in whole if not one[1] & (IN_TITLE | NAME_FORMS))][:KEPT_PAIRS]
    return bytes([place[term] for pair, _ in chosen for term in pair]), bytes([marks for _, marks in chosen])


def _plain(word: Word, known: Background) -> str:
    return word.term if word.id in known.plain and word.term[0] != "#" else "_"


def _skeleton(written: str, title: Sequence[Word], known: Background, language: str) -> int:
    """Return the hash of a title without names and numbers; where few words are left, of the title without its date.

    Rare words are masked, capitalised words where a capital marks a name, and the first word of a sentence, which always has one.
    """
    if not title:
        return 0
    cased = known.named and not is_title_case(title)
    common = ["_" if word.initial or (cased and word.capital) else _plain(word, known) for word in title]
    kept = [one for one, before in zip(common, ["", *common], strict=False) if not (one == before == "_")]
    if sum(one != "_" for one in kept) < _MIN_SKELETON:
        kept = list(undated(words(written), language))
    return zlib.crc32(" ".join(kept).encode("utf-8"))
