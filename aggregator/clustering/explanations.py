"""What two reports share, how unusual that is, and what speaks against them: in the numbers that the score was made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aggregator.clustering.comparing import Comparison
from aggregator.clustering.rows import TITLE, Places, shared

MOST_TERMS = 4  # that a sentence names
_TELLING = 4.0  # rarity (natural log) from which on a term tells anything


@dataclass(frozen=True, slots=True)
class SharedTerm:
    """A term that stands in two reports."""

    term: int  # hash; vectorize.words_of() has the word
    seen: int  # reports before the later of the two, within the window, that have it as well
    rarity: float  # -ln of its share in the news of its language
    in_titles: bool


@dataclass(frozen=True, slots=True)
class PairExplanation:
    """Two reports, side by side."""

    features: Mapping[str, float]
    shared: tuple[SharedTerm, ...]  # the most telling first
    before: int  # reports of the language before the later of the two, within the window
    first: float  # log odds of the pair by itself
    second: float | None  # within the graph; None where the pair is no edge of it
    bar: float  # log odds

    @property
    def probability(self) -> float:
        """How likely both tell one event, 0 to 1."""
        return chance(self.first if self.second is None else self.second)


def chance(odds: float) -> float:
    """Return the probability of log odds."""
    return float(1 / (1 + np.exp(-odds)))


def explained(comparison: Comparison, one: int, two: int) -> PairExplanation:
    """Return what two places share."""
    across = comparison.across
    if across is not None and across.is_across(one, two):
        return PairExplanation(
            across.compared(one, two)[0],
            (),
            0,
            across.odds(one, two),
            comparison.graph.odds_between(one, two),
            comparison.params.story_bar,
        )
    features = comparison.features(np.array([one]), np.array([two]))
    first = float(comparison.scorer.first(features)[0])
    later = one if comparison.rows.is_before(np.array([two]), np.array([one]))[0] else two
    return PairExplanation(
        {name: float(values[0]) for name, values in features._asdict().items()},
        shared_terms(comparison, np.array([one]), np.array([two]))[0],
        int(comparison.rows.reports.before[later]),
        first,
        comparison.graph.odds_between(one, two),
        comparison.params.story_bar,
    )


def shared_terms(comparison: Comparison, first: Places, second: Places) -> list[tuple[SharedTerm, ...]]:
    """Return the terms that each of some pairs of places share, the most telling first."""
    rows = comparison.rows
    reports, terms = rows.reports, rows.terms
    swap = rows.is_before(first, second)
    later, earlier = np.where(swap, second, first), np.where(swap, first, second)
    a, b, pair = shared(
        terms.term,
        (reports.terms_from[later], reports.terms[later]),
        (reports.terms_from[earlier], reports.terms[earlier]),
    )
    found: list[list[SharedTerm]] = [[] for _ in range(len(first))]
    for x, y, n in zip(a.tolist(), b.tolist(), pair.tolist(), strict=True):
        both = bool(terms.kind[x] & terms.kind[y] & TITLE)
        found[n].append(SharedTerm(int(terms.term[x]), int(terms.seen[x]), round(float(terms.rareness[x]), 2), both))
    return [tuple(sorted(one, key=lambda term: (-term.rarity, term.term))) for one in found]


def told(found: PairExplanation, words: Mapping[int, str]) -> list[str]:
    """Return what an explanation says, in sentences; ``words`` gives the word of a term.

    Every number in a sentence is one of the explanation's.
    """
    return [*_for(found, words), *_against(found), _verdict(found)]


def _for(found: PairExplanation, words: Mapping[int, str]) -> list[str]:
    telling = [term for term in found.shared if term.rarity >= _TELLING and term.term in words][:MOST_TERMS]
    if not telling:
        return ["They share no telling word."]
    names = [f"“{words[term.term]}”" for term in telling]
    lines = [f"Both have {_listed(names)}."]
    for name, term in zip(names, telling, strict=True):
        lines.append(f"{name} {_unusual(term, found.before)}.")
    return lines


def _unusual(term: SharedTerm, before: int) -> str:
    others = term.seen - 1
    if others <= 0:
        return f"stands in none of the other {max(0, before - 1)} reports before them"
    return f"stands in {others} of the other {max(others, before - 1)} reports before them"


def _against(found: PairExplanation) -> list[str]:
    values = found.features
    lines = []
    if values["numbers_differ"] > 0:
        lines.append("Against it: the numbers in their titles differ.")
    if values["ordinals_differ"] > 0:
        lines.append("Against it: their titles count differently, as two of a series do.")
    if values["same_mould"] > 0:
        lines.append("Against it: one publisher wrote both titles from one mould.")
    elif values["same_publisher"] > 0:
        lines.append("Against it: one publisher wrote both.")
    if values["slot"] > 0:
        lines.append("Against it: a title names a slot of the day rather than an event.")
    if values["unshared_least"] >= _TELLING:
        lines.append("Against it: each title names what the other report does not.")
    return lines


def _verdict(found: PairExplanation) -> str:
    odds = found.first if found.second is None else found.second
    share, bar = f"{chance(odds):.2f}", f"{chance(found.bar):.2f}"
    how = "by themselves" if found.second is None else "with the reports around them"
    if odds > found.bar:
        return f"How likely they tell one event, {how}: {share}; from {bar} on they are taken together."
    return f"How likely they tell one event, {how}: {share}; {bar} would be needed."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
