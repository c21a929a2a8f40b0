"""Whole rows at once or link by link: the groups are the same, whatever editors bind and names keep apart."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from aggregator.clustering import partition as module
from aggregator.clustering.partition import Edges, PartitionConstraints, partition

BAR, MISSING = 0.0, -3.0


def edges(chance: random.Random, count: int, share: float) -> Edges:
    pairs = [(a, b) for a in range(count) for b in range(a + 1, count) if chance.random() < share]
    # few values, so that many means are equal
    odds = [chance.choice((-2.0, -0.5, 0.25, 0.5, 1.0, 1.0, 3.3)) for _ in pairs]
    first, second = np.array(pairs, np.int64).reshape(-1, 2).T
    return Edges(first, second, np.array(odds))


def odd_ones(first: Sequence[int], second: Sequence[int], mean: float) -> bool:
    """Keep some groups apart by what is in them, until they grow or are more alike."""
    return mean < 1 and (sum(first) + sum(second)) % 3 == 0


@pytest.mark.parametrize("seed", range(40))
def test_dense_linkage_is_average_linkage(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(seed)
    count = chance.randint(2, 40)
    given = edges(chance, count, chance.random())
    nodes = list(range(count))
    bonds = PartitionConstraints(
        [chance.sample(nodes, 2)] if seed % 2 else [],
        {node: frozenset({(0, bool(chance.getrandbits(1)))}) for node in chance.sample(nodes, 2)} if seed % 3 else {},
    )
    found = []
    for dense in (0, 10**9):
        monkeypatch.setattr(module, "_DENSE", dense)
        found.append(partition(count, given, BAR, MISSING, bonds, odd_ones if seed % 5 else None))
    assert found[0] == found[1]
    assert sorted(node for group in found[0] for node in group) == nodes
