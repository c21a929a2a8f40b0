"""Windows that a score is measured on, without a database: labelled sets, weeks laid on each other, scattered days.

Equal texts count as one report; what `evaluate` and `import` say of the same data differs by a hundredth or so.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from aggregator.clustering.graph import GraphUpdate, StoryGraph
from aggregator.clustering.metrics import Figures, score
from aggregator.clustering.params import DEFAULT, ClusteringParams
from aggregator.clustering.scoring import Scorer
from aggregator.clustering.vectors import ReportVector
from bench import certain
from bench.worlds import Item, archive, cut, scattered, some, week

# Archives whose labels are running affairs: storylines are scored.
AFFAIRS = ("groundnews-2025-08", "uci-headlines-2014")


class Found(NamedTuple):
    """The stories of a window, and its storylines with the stories that stand alone."""

    stories: list[list[Item]]
    storylines: list[list[Item]]


@dataclass(frozen=True)
class Window:
    """Reports to find the stories of."""

    name: str
    items: Sequence[Item]

    @cached_property
    def vectors(self) -> list[tuple[str, ReportVector]]:
        """The reports' vectors."""
        return [(item.key, item.vector()) for item in self.items]


class Compared:
    """A window whose pairs were scored; its stories can be had at any bar."""

    def __init__(self, window: Window, scorer: Scorer | None = None, params: ClusteringParams = DEFAULT) -> None:
        self._window, self._params = window, params
        self._graph = StoryGraph(params, scorer)
        vectors = window.vectors
        begin = time.process_time()
        self._graph.add_all(vectors)
        self._settled = self._graph.settle()
        self.seconds = time.process_time() - begin  # of processor time

    def at(self, bar: float | None = None) -> Found:
        """Return the stories and storylines at a bar; without one, at the setting's own."""
        return self._found(self._settled if bar is None else self._settled_at(bar))

    def _settled_at(self, bar: float) -> GraphUpdate:
        self._graph.params = replace(self._params, story_bar=bar)
        self._graph.touch([item.key for item in self._window.items])
        return self._graph.settle()

    def _found(self, settled: GraphUpdate) -> Found:
        items = {item.key: item for item in self._window.items}
        lines = [frozenset[str]().union(*line) for line in settled.storylines]
        tied = frozenset[str]().union(*lines)
        lines += [story for story in settled.stories if not story & tied]
        return Found(certain.as_items(settled.stories, items), certain.as_items(lines, items))


def labelled(name: str, most: int | None = None) -> Window:
    """Return a labelled archive with its dates, or so many reports of it: whole clusters, drawn by lot."""
    items = archive(name, dated=True)
    return Window(name, items if most is None else some(items, most, random.Random(1), len(items)))


def mix(left: tuple[str, str], right: tuple[str, str], headlines: bool) -> Window:
    """Return two weeks, each a stream and a first day, laid on the same days."""
    items = [item for name, first in (left, right) for item in week((name,), first)]
    kind = "headlines" if headlines else "ledes"
    return Window(f"mix, {kind}", cut(items, 0) if headlines else items)


def scatter(name: str, first: str, last: str, count: int, headlines: bool) -> Window:
    """Return days of a stream laid into 48 hours."""
    kind = "headlines" if headlines else "ledes"
    return Window(f"scatter, {kind}", scattered(name, first, last, count, headlines))


def agreement(found: Found, name: str) -> Figures:
    """Return how well the stories of an archive agree with its labels, or its storylines where a label is an affair."""
    groups = found.storylines if name in AFFAIRS else found.stories
    truth = {item.key: item.cluster for group in groups for item in group if item.cluster is not None}
    guess = {item.key: str(number) for number, group in enumerate(groups) for item in group}
    return score(truth, guess)
