"""Storylines: the stories of one running affair, tied without being merged.

The same log odds, at a lower bar: two stories are as near as the mean of their best links. A storyline is bounded in
days and reports, so that old affairs end and none swallows the desk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np

from aggregator.clustering.comparing import Comparison
from aggregator.clustering.components import components
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.partition import partition


class Affairs:
    """The stories as they stand, and the parts of the graph that storylines are made of."""

    def __init__(self) -> None:
        self.story: dict[int, int] = {}  # place -> the least place of its story
        self.members: dict[int, list[int]] = {}  # the least place of a story -> its places
        self.component: dict[int, int] = {}  # place -> the least place tied to it over the bar of storylines

    def place(self, stories: Sequence[list[int]]) -> None:
        """Take note of stories that were computed anew."""
        self.forget([place for story in stories for place in story], keep_component=True)
        for story in stories:
            self.members[story[0]] = story
            for place in story:
                self.story[place] = story[0]

    def forget(self, places: Sequence[int], keep_component: bool = False) -> None:
        """Forget reports that are gone, or that stand elsewhere now."""
        for place in places:
            name = self.story.pop(place, None)
            if name is not None and name in self.members:
                left = [one for one in self.members.pop(name) if one != place]
                if left:
                    self.members[left[0]] = left
                    self.story.update(dict.fromkeys(left, left[0]))
            if not keep_component:
                self.component.pop(place, None)

    def storylines(
        self, comparison: Comparison, touched: Collection[int], params: ClusteringParams
    ) -> list[list[list[int]]]:
        """Return the storylines of two stories or more of all that was touched: lists of stories, each a list of places."""
        found: list[list[list[int]]] = []
        for component in components(comparison.graph, touched, params.storyline_bar, self._beside):
            self.component.update(dict.fromkeys(component, component[0]))
            names = sorted({self.story[place] for place in component if place in self.story})
            if len(names) > 1:
                found += _lines(comparison, [self.members[name] for name in names], params)
        return found

    def _beside(self, node: int) -> Sequence[int]:
        return self.members[self.story[node]] if node in self.story else ()


def _lines(comparison: Comparison, stories: list[list[int]], params: ClusteringParams) -> list[list[list[int]]]:
    rows, graph = comparison.rows, comparison.graph
    key = {min((int(rows.rank[place]), rows.ids[place]) for place in story): story for story in stories}
    ordered = [key[name] for name in sorted(key)]
    number = {place: n for n, story in enumerate(ordered) for place in story}
    ids = graph.incident(sorted(number))
    links: dict[tuple[int, int], list[float]] = defaultdict(list)
    odds = np.clip(graph.final[ids], *params.clip).tolist()
    for a, b, value in zip(graph.first[ids].tolist(), graph.second[ids].tolist(), odds, strict=True):
        if a in number and b in number and number[a] != number[b]:
            one, two = sorted((number[a], number[b]))
            links[one, two].append(value)
    edges = []
    for (one, two), values in sorted(links.items()):
        wanted = min(params.storyline_links, len(ordered[one]) * len(ordered[two]))
        best = sorted(values, reverse=True)[:wanted]
        edges.append((one, two, (sum(best) + (wanted - len(best)) * params.missing) / wanted))
    groups = partition(len(ordered), edges, params.storyline_bar, params.missing)
    return [[ordered[n] for n in group] for group in groups if len(group) > 1]
