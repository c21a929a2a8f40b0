"""Wrong merges that are certain, measured without a database: scattered days, mixed weeks, labelled archives."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from aggregator.clustering.metrics import score
from bench.worlds import Item

SMALL, APART = 6, 14
Groups = Sequence[Sequence[Item]]


def surely_wrong(groups: Groups) -> float:
    """Return the share of scattered items that stand with one of a day over a fortnight away."""
    wrong = total = 0
    for group in groups:
        days = [date.fromisoformat(item.side) for item in group]
        wrong += sum(any(abs((one - other).days) > APART for other in days) for one in days)
        total += len(group)
    return wrong / max(1, total)


def mixed(groups: Groups, most: int = 10**9) -> tuple[float, float]:
    """Return the estimated share of false pairs in groups of up to ``most``, and the estimated number of true ones.

    Items of archives are left out. With more than two sides chance strikes across in 1 - sum of squared shares.
    """
    sizes = Counter(item.side for group in groups for item in group if item.cluster is None)
    every = sum(sizes.values())
    by_chance = 1 - sum((size / every) ** 2 for size in sizes.values())
    within = across = 0
    for group in groups:
        counts = Counter(item.side for item in group if item.cluster is None)
        n = sum(counts.values())
        if n <= most:
            same = sum(c * (c - 1) // 2 for c in counts.values())
            within += same
            across += n * (n - 1) // 2 - same
    false = min(within + across, across / by_chance) if by_chance else 0.0
    return false / max(1, within + across), within + across - false


def bcubed(groups: Groups) -> dict[str, float]:
    """Return BCubed F1 of each labelled archive among the items."""
    truth: dict[str, dict[str, str]] = defaultdict(dict)
    guess: dict[str, str] = {}
    for number, group in enumerate(groups):
        for item in group:
            guess[item.key] = str(number)
            if item.cluster is not None:
                truth[item.cluster.split("|", 1)[0]][item.key] = item.cluster
    return {name: score(labels, guess).bcubed_f1 for name, labels in truth.items()}


def as_items(groups: Sequence[frozenset[str]], items: Mapping[str, Item]) -> list[list[Item]]:
    """Return groups of keys as groups of items."""
    return [[items[key] for key in group] for group in groups]
