"""Background statistics: how common each term and word pair is in the news of a language.

``bench/train_background.py`` makes ``models/background-XX.npz``, which names its sources. A language without such a table
uses its list of common words (``background/XX.txt``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from aggregator.clustering.arrays import Floats, Hashes
from aggregator.clustering.terms import terms_in
from aggregator.clustering.vocabulary import BACKGROUND, calendar_words, words_by_frequency

MODELS = Path(__file__).with_name("models")
STOP = 0.05  # share of texts: a term in more of them is ignored. Prototype: .05
PLAIN = 0.001  # share of texts: a term in more of them is not a name
LIST_WORDS = 30  # assumed length of a text in words, for a list of common words
LIST_TEXTS = 30_000  # assumed number of texts behind such a list
UNSEEN = 0.5  # assumed number of texts with a term that no text of a table has
# Assumed share of texts with a term that a list of common words does not have, and with any term where there is no list. Both are
# rather too high, so that in a language that is hardly known reports are rather kept apart.
UNLISTED, UNKNOWN = 7.5e-4, 5e-3
UNSEEN_PAIR = 0.7
_NOTHING = np.zeros(0, np.uint32)


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """The table of a language: sorted hashes, with the texts in which each was seen."""

    texts: float
    terms: Hashes
    counts: Floats
    capitals: Floats  # share of capitals inside sentences, -1 unknown
    pairs: Hashes
    pair_counts: Floats
    unseen: float  # assumed number of texts with a term that is not listed
    named: bool  # whether capitals mark names in this language
    stop: frozenset[int]
    plain: frozenset[int]

    def rarity(self, terms: Hashes) -> Floats:
        """Return -ln of each term's share of texts."""
        return np.asarray(-np.log(_found(self.terms, self.counts, terms, self.unseen) / self.texts), np.float32)

    def pair_rarity(self, pairs: Hashes) -> Floats:
        """Return -ln of the share of texts in which two terms are adjacent."""
        return np.asarray(-np.log(_found(self.pairs, self.pair_counts, pairs, UNSEEN_PAIR) / self.texts), np.float32)

    def capital_share(self, terms: Hashes) -> Floats:
        """Return the share of a term's occurrences inside sentences that are capitalised; -1 where unknown."""
        if not self.named:
            return np.full(len(terms), -1.0, np.float32)
        return _found(self.terms, self.capitals, terms, -1.0)


def _found(keys: Hashes, values: Floats, wanted: Hashes, default: float) -> Floats:
    if not len(keys):
        return np.full(len(wanted), default, np.float32)
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], np.float32(default)).astype(np.float32)


@lru_cache(maxsize=128)
def background_of(language: str) -> Background:
    """Return the table of a language; an empty one where there is neither a table nor a list."""
    if language.isascii() and language.isalpha():
        table = MODELS / f"background-{language}.npz"
        if table.is_file():
            return _read_table(table)
        listed = BACKGROUND / f"{'nb' if language in ('no', 'nn') else language}.txt"
        if listed.is_file():
            return _read_list(listed, language)
    return _table(
        LIST_TEXTS, _NOTHING, *2 * (np.zeros(0, np.float32),), _NOTHING, np.zeros(0, np.float32), UNKNOWN * LIST_TEXTS
    )


@lru_cache(maxsize=128)
def calendar_ids(language: str) -> Hashes:
    """Return the hashes of the terms that date a text."""
    return np.array(sorted({word.id for word in terms_in(calendar_words(language), language, 10_000)}), np.uint32)


def _read_table(path: Path) -> Background:
    with np.load(path) as file:
        provenance = json.loads(str(file["provenance"]))
        return _table(
            provenance["texts"],
            file["terms"],
            file["counts"].astype(np.float32),
            file["capitals"].astype(np.float32) / 100,
            file["pairs"],
            file["pair_counts"].astype(np.float32),
            UNSEEN,
        )


def _read_list(path: Path, language: str) -> Background:
    rates: dict[int, float] = {}
    for step, common in words_by_frequency(path.read_text("utf-8")):
        for word in terms_in(common, language, 10_000):
            rates[word.id] = rates.get(word.id, 0.0) + 10 ** (step / 10 - 9)
    keys = np.array(sorted(rates), np.uint32)
    shares = 1 - np.exp(-LIST_WORDS * np.array([rates[int(key)] for key in keys], np.float32))
    unknown = np.full(len(keys), -1.0, np.float32)
    return _table(
        LIST_TEXTS, keys, LIST_TEXTS * shares, unknown, _NOTHING, np.zeros(0, np.float32), UNLISTED * LIST_TEXTS
    )


def _table(
    texts: float, terms: Hashes, counts: Floats, capitals: Floats, pairs: Hashes, pair_counts: Floats, unseen: float
) -> Background:
    shares = counts / texts
    seen = capitals >= 0
    # Where many common words have a capital inside sentences (German nouns), or hardly any has, capitals do not mark names.
    usual = float(np.average(capitals[seen], weights=counts[seen])) if seen.any() else 0.0
    return Background(
        texts, terms, counts, capitals, pairs, pair_counts, unseen, 0.02 < usual < 0.45,
        frozenset(terms[shares > STOP].tolist()), frozenset(terms[shares > PLAIN].tolist()),
    )  # fmt: skip
