"""The language of a text by its commonest words, at a fiftieth of a model's cost; None where that is unsure.

Stop words alone tell languages apart well where there are enough of them (Grefenstette, "Comparing two language
identification schemes", JADT 1995). The words are those at the head of the shipped background (see vocabulary).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import chain

from aggregator.clustering.vocabulary import BACKGROUND, steps
from aggregator.text.tokens import fold, words

# Ten times the Zipf value from which a word is among the commonest: it occurs in every tenth text of 60 words.
_COMMONEST = 62
_UNSPACED = frozenset({"ja", "zh", "th"})
# Share of a text's words that are among the commonest of its language: a third to a half in prose, less in headlines.
_SPOKEN, _HEADLINES, _PLAINLY = 0.2, 0.1, 0.35
# How many times as many as the next language has; those nearest to each other (Danish, Norwegian) have half in common.
_CLEARLY = 1.5
# Words of a text from which on its common words are conclusive.
_ENOUGH, _FEW = 60, 5
# Words of a text that may be in another language than the rest of its feed, and how many times as many of them are.
_SENTENCE, _FOREIGN = 12, 3
# Fewer than one word in six are among the commonest: the text is hardly in that language.
_HARDLY = 1 / 6


@lru_cache(maxsize=1)
def _languages_of_words() -> Mapping[str, tuple[str, ...]]:
    """Return word -> the languages in which it is common, for languages with spaces between words."""
    found: dict[str, tuple[str, ...]] = {}
    for path in sorted(BACKGROUND.iterdir()):
        language, _, kind = path.name.partition(".")
        if kind == "txt" and language not in _UNSPACED:
            common = " ".join(word for step, word in steps(path.read_text("utf-8")) if step >= _COMMONEST)
            for word in set(words(common, None)):
                found[word] = (*found.get(word, ()), "no" if language == "nb" else language)
    return found


@lru_cache(maxsize=1)
def _languages() -> frozenset[str]:
    return frozenset(chain.from_iterable(_languages_of_words().values()))


def language_of(text: str) -> str | None:
    """Return the language (ISO 639-1) that a long text is surely in; None where unsure."""
    tokens = fold(text).split()
    if len(tokens) < _ENOUGH:
        return None
    counts = sorted(((count, language) for language, count in _commonest(tokens).items()), reverse=True)
    (best, language), (next_best, _) = [*counts, (0, ""), (0, "")][:2]
    return language if best >= _SPOKEN * len(tokens) and best >= _CLEARLY * next_best else None


def is_in(text: str, language: str) -> bool:
    """Return whether a text is surely in the language of its feed: no other language has more of its words."""
    tokens = fold(text).split()
    if len(tokens) < _FEW:
        return False
    counts = _commonest(tokens)
    own = counts[language]
    if own < _HEADLINES * len(tokens):
        return False
    return own >= _PLAINLY * len(tokens) or own >= max(counts.values())


def is_hardly_in(text: str, language: str) -> bool:
    """Return whether so few of a long text's words are the commonest of a language that it may be in another."""
    tokens = fold(text).split()
    return language in _languages() and len(tokens) >= _ENOUGH and _commonest(tokens)[language] < _HARDLY * len(tokens)


def is_foreign_to(text: str, language: str) -> bool:
    """Return whether a text has several times as many of another language's commonest words, as of a feed in several languages."""
    tokens = fold(text).split()
    if language not in _languages() or len(tokens) < _SENTENCE:
        return False
    counts = _commonest(tokens)
    best = max(counts.values(), default=0)
    return best >= _SPOKEN * len(tokens) and best >= _FOREIGN * counts[language]


def _commonest(tokens: Sequence[str]) -> Counter[str]:
    """Return language -> how many of these words are common in it; a word with punctuation attached is not counted."""
    return Counter(chain.from_iterable(filter(None, map(_languages_of_words().get, tokens))))
