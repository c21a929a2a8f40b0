"""Whoever has a better score for pairs puts it in: the matcher asks a protocol, and needs nothing else of it."""

from __future__ import annotations

import numpy as np

from aggregator.clustering.arrays import Floats
from aggregator.clustering.pair_context import Context
from aggregator.clustering.pair_features import PairFeatures
from aggregator.clustering.scoring import Scorer
from tests.clustering.reports import DESK, group, report

ALIKE = {
    "a": report("Ferry Runs Aground off Esbjerg", publisher="one"),
    "b": report("Ferry Aground off Esbjerg with 200 on Board", publisher="two"),
    "c": report("Museum Buys Back a Stolen Altarpiece", publisher="three"),
}


class TitleCosine:
    """One event where the titles are half alike; the graph around a pair says nothing."""

    def first(self, features: PairFeatures) -> Floats:
        return (8 * (features.title_cosine - 0.3)).astype(np.float32)

    def known(self, features: PairFeatures, first: Floats) -> Floats:
        return first

    def second(self, known: Floats, context: Context, words: Floats) -> Floats:
        return known


class NothingIsOneEvent(TitleCosine):
    """No pair is of one event."""

    def first(self, features: PairFeatures) -> Floats:
        return np.full(len(features.cosine), -9.0, np.float32)


def test_a_scorer_of_ones_own_decides() -> None:
    scorer: Scorer = TitleCosine()
    assert set(group(ALIKE.items(), scorer=scorer).stories) == {frozenset("ab"), frozenset("c")}
    assert max(map(len, group(DESK.items(), scorer=NothingIsOneEvent()).stories)) == 1
    assert max(map(len, group(DESK.items()).stories)) > 1
