"""Agreement of a clustering with labels: B-cubed and pairwise precision, recall and F1.

BCubed: Bagga and Baldwin 1998, Algorithms for scoring coreference chains. Pairwise: precision and recall over pairs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figures:
    """Agreement of a clustering with labels; all but the counts are between 0 and 1."""

    items: int
    bcubed_precision: float
    bcubed_recall: float
    bcubed_f1: float
    pair_precision: float
    pair_recall: float
    pair_f1: float
    labelled_clusters: int
    predicted_clusters: int


def score(labels: Mapping[str, str], predicted: Mapping[str, str]) -> Figures:
    """Return the figures; a labelled item without prediction counts as a cluster of its own."""
    guess = {key: predicted.get(key, f"\0alone {key}") for key in labels}
    count = len(labels)
    by_label, by_guess = Counter(labels.values()), Counter(guess.values())
    both = Counter((guess[key], labels[key]) for key in labels)
    precision = sum(n * n / by_guess[group] for (group, _), n in both.items()) / count if count else 1.0
    recall = sum(n * n / by_label[label] for (_, label), n in both.items()) / count if count else 1.0
    together, guessed, labelled = _pairs(both.values()), _pairs(by_guess.values()), _pairs(by_label.values())
    pair_precision = together / guessed if guessed else 1.0
    pair_recall = together / labelled if labelled else 1.0
    return Figures(
        items=count,
        bcubed_precision=round(precision, 4),
        bcubed_recall=round(recall, 4),
        bcubed_f1=round(_f1(precision, recall), 4),
        pair_precision=round(pair_precision, 4),
        pair_recall=round(pair_recall, 4),
        pair_f1=round(_f1(pair_precision, pair_recall), 4),
        labelled_clusters=len(by_label),
        predicted_clusters=len(by_guess),
    )


def _pairs(sizes: Iterable[int]) -> float:
    return sum(size * (size - 1) / 2 for size in sizes)


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
