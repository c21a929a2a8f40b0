"""Identifies the language of a text by its commonest words, at a fiftieth of a model's cost; None where that is unsure.

Stop words alone distinguish languages well where there are enough of them (Grefenstette, "Comparing two language
identification schemes", JADT 1995). The words are the commonest ones of the shipped background (see vocabulary).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain

from aggregator.clustering.vocabulary import BACKGROUND, words_by_frequency
from aggregator.text.tokens import fold, words

# Ten times the Zipf value from which on a word is among the commonest: it occurs in every tenth text of 60 words.
_COMMONEST = 62
_UNSPACED = frozenset({"ja", "zh", "th"})
# Least share of a text's words that are among the commonest of its language (a third to a half in prose, less in headlines): for
# any text, for headlines, and to be sure without a look at other languages.
_MIN_SHARE, _MIN_SHARE_OF_HEADLINES, _SURE_SHARE = 0.2, 0.1, 0.35
# How many times as many common words a language must have as the next one; Danish and Norwegian have half of them in common.
_MIN_LEAD = 1.5
# Words that a text must have for its language to be identified, and to be confirmed.
_MIN_WORDS, _MIN_WORDS_TO_CONFIRM = 60, 5
# Words that a text must have to be found in another language than its feed, and how many times as many common words of that.
_MIN_FOREIGN_WORDS, _MIN_FOREIGN_LEAD = 12, 3
# A text is hardly in a language where a smaller share of its words is among the commonest.
_HARDLY = 1 / 6


@lru_cache(maxsize=1)
def _languages_of_words() -> Mapping[str, tuple[str, ...]]:
    """Return word -> the languages in which it is common, for languages with spaces between words."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(BACKGROUND.iterdir()):
        language, _, kind = path.name.partition(".")
        if kind == "txt" and language not in _UNSPACED:
            common = " ".join(word for step, word in words_by_frequency(path.read_text("utf-8")) if step >= _COMMONEST)
            for word in set(words(common)):
                found[word] = (*found.get(word, ()), "no" if language == "nb" else language)
    return found


@lru_cache(maxsize=1)
def _languages() -> frozenset[str]:
    return frozenset(chain.from_iterable(_languages_of_words().values()))


def language_of(text: str) -> str | None:
    """Return the language (ISO 639-1) that a long text is surely in; None where unsure."""
    tokens = fold(text).split()
    if len(tokens) < _MIN_WORDS:
        return None
    counts = sorted(((count, language) for language, count in _commonest(tokens).items()), reverse=True)
    (best, language), (next_best, _) = [*counts, (0, ""), (0, "")][:2]
    return language if best >= _MIN_SHARE * len(tokens) and best >= _MIN_LEAD * next_best else None


def is_in(text: str, language: str) -> bool:
    """Return whether a text is surely in a language: no other language has more of its words among the commonest."""
    tokens = fold(text).split()
    if len(tokens) < _MIN_WORDS_TO_CONFIRM:
        return False
    counts = _commonest(tokens)
    own = counts[language]
    if own < _MIN_SHARE_OF_HEADLINES * len(tokens):
        return False
    return own >= _SURE_SHARE * len(tokens) or own >= max(counts.values())


def is_hardly_in(text: str, language: str) -> bool:
    """Return whether a long text has so few of the commonest words of a language that it may be in another one."""
    tokens = fold(text).split()
    if language not in _languages() or len(tokens) < _MIN_WORDS:
        return False
    return _commonest(tokens)[language] < _HARDLY * len(tokens)


def is_foreign_to(text: str, language: str) -> bool:
    """Return whether a text has several times as many of another language's commonest words as of this language's."""
    tokens = fold(text).split()
    if language not in _languages() or len(tokens) < _MIN_FOREIGN_WORDS:
        return False
    counts = _commonest(tokens)
    best = max(counts.values(), default=0)
    return best >= _MIN_SHARE * len(tokens) and best >= _MIN_FOREIGN_LEAD * counts[language]


def _commonest(tokens: Sequence[str]) -> Counter[str]:
    """Return language -> how many of these words are among its commonest; a word with punctuation attached does not count."""
    return Counter(chain.from_iterable(filter(None, map(_languages_of_words().get, tokens))))
