"""Which language texts are in, told by its commonest words, at a fiftieth of a model's cost; unsure says None.

Stop words alone tell languages apart well where there are enough of them (Grefenstette, "Comparing two language
identification schemes", JADT 1995). The words are those at the head of the shipped background (see vocabulary).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from aggregator.clustering.vocabulary import BACKGROUND, steps
from aggregator.text.tokens import words

# Ten times the Zipf value from which a word is among the commonest: it stands in every tenth text of 60 words.
_COMMONEST = 62
_UNSPACED = frozenset({"ja", "zh", "th"})
# Share of a text's words that are among the commonest of its language: a third to a half in prose, less in headlines.
_SPOKEN, _HEADLINES, _PLAINLY = 0.2, 0.1, 0.35
# How many times as many as the next language has; those nearest to each other (Danish, Norwegian) have half in common.
_CLEARLY = 1.5
# Words from which on the commonest of them tell anything.
_ENOUGH, _FEW = 60, 5
# Fewer than one word in six are among the commonest: the text is hardly in that language.
_HARDLY = 1 / 6


@lru_cache(maxsize=1)
def _tables() -> Mapping[str, frozenset[str]]:
    """Return language -> its commonest words, for the languages that put spaces between them."""
    found = {}
    for path in BACKGROUND.iterdir():
        language, _, kind = path.name.partition(".")
        if kind == "txt" and language not in _UNSPACED:
            common = " ".join(told for step, told in steps(path.read_text("utf-8")) if step >= _COMMONEST)
            found["no" if language == "nb" else language] = frozenset(words(common, None))
    return found


def language_of(text: str) -> str | None:
    """Return the language (ISO 639-1) that a long text is surely in; None where another way has to tell."""
    told = words(text, None)
    if len(told) < _ENOUGH:
        return None
    shares = sorted(((_share(told, common), language) for language, common in _tables().items()), reverse=True)
    (best, language), (next_best, _) = shares[:2]
    return language if best >= _SPOKEN and best >= _CLEARLY * next_best else None


def speaks(text: str, language: str) -> bool:
    """Tell whether one text of a feed that is in a language surely is in it too: no other language has more of its words."""
    told = words(text, None)
    share = _share(told, _tables().get(language, frozenset())) if len(told) >= _FEW else 0.0
    if share < _HEADLINES:
        return False
    return share >= _PLAINLY or all(_share(told, common) <= share for common in _tables().values())


def hardly_speaks(text: str, language: str) -> bool:
    """Tell whether so few of a long text's words are the commonest of a language that it may be in another."""
    told, common = words(text, None), _tables().get(language)
    return common is not None and len(told) >= _ENOUGH and _share(told, common) < _HARDLY


def _share(told: Sequence[str], common: frozenset[str]) -> float:
    return sum(map(common.__contains__, told)) / len(told)
