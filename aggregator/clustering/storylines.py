"""Storylines: related stories tied without being merged.

They come of the same log odds at a lower bar: the nearness of two groups of stories is the mean of their best links; larger
groups need more links. A storyline is limited in days and reports, so that old ones end and none takes in everything.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import numpy as np

from aggregator.clustering.comparing import Comparison
from aggregator.clustering.components import components
from aggregator.clustering.params import DAY, ClusteringParams
from aggregator.clustering.rows import Places
from aggregator.clustering.score_graph import ScoreGraph

_KEPT_LINKS = 64  # best links between two groups that are remembered


class StoryIndex:
    """The current stories, and the components of the graph over the bar of storylines."""

    def __init__(self) -> None:
        self.story_of: dict[int, int] = {}  # place -> the least place of its story
        self.members: dict[int, list[int]] = {}  # the least place of a story -> its places
        self.component: dict[int, int] = {}  # place -> the least place tied to it over the bar of storylines

    def put(self, stories: Sequence[list[int]]) -> None:
        """Store stories that were computed anew."""
        self.remove([place for story in stories for place in story], keep_component=True)
        for story in stories:
            self.members[story[0]] = story
            for place in story:
                self.story_of[place] = story[0]

    def remove(self, places: Sequence[int], keep_component: bool = False) -> None:
        """Remove reports that are gone or moved to another story."""
        shrunk: dict[int, set[int]] = defaultdict(set)
        for place in places:
            name = self.story_of.pop(place, None)
            if name is not None:
                shrunk[name].add(place)
            if not keep_component:
                self.component.pop(place, None)
        for name, gone in shrunk.items():
            left = [place for place in self.members.pop(name) if place not in gone]
            if left:
                self.members[left[0]] = left
                self.story_of.update(dict.fromkeys(left, left[0]))

    def remap(self, moved: Places) -> None:
        """Move reports to new places in the same order; removed reports must be removed before."""
        to = moved.tolist()
        self.story_of = {to[place]: to[name] for place, name in self.story_of.items()}
        self.members = {to[name]: [to[place] for place in story] for name, story in self.members.items()}
        least: dict[
            int, int
        ] = {}  # the place that identified a component may be gone: then the least remaining one does
        for place, name in sorted(self.component.items()):
            least.setdefault(name, to[place])
        self.component = {to[place]: least[name] for place, name in self.component.items()}

    def storylines(
        self, comparison: Comparison, touched: Collection[int], params: ClusteringParams
    ) -> list[list[list[int]]]:
        """Return the storylines of two stories or more of all that was touched: lists of stories, each a list of places."""
        found: list[list[list[int]]] = []
        for component in components(comparison.graph, touched, params.storyline_bar, self._same_story):
            self.component.update(dict.fromkeys(component, component[0]))
            names = sorted({self.story_of[place] for place in component if place in self.story_of})
            if len(names) > 1:
                found += _storylines(comparison, [self.members[name] for name in names], params)
        return found

    def _same_story(self, node: int) -> Sequence[int]:
        return self.members[self.story_of[node]] if node in self.story_of else ()


class _Linkage:
    """Groups of stories, with the best links between them."""

    def __init__(self, spans: Sequence[tuple[float, float]], sizes: Sequence[int], params: ClusteringParams) -> None:
        self._params = params
        self.stories: dict[int, list[int]] = {number: [number] for number in range(len(sizes))}
        self.links: dict[int, dict[int, list[float]]] = {number: {} for number in self.stories}
        self.version = [0] * len(sizes)
        self._span = list(spans)
        self._size = list(sizes)
        self._wanted: dict[int, int] = {}  # pairs of reports -> links that are averaged

    def link(self, one: int, two: int, odds: Iterable[float]) -> None:
        """Set the links between two stories."""
        self.links[one][two] = self.links[two][one] = sorted(odds, reverse=True)[:_KEPT_LINKS]

    def nearness(self, one: int, two: int) -> float:
        """Return the mean log odds of the best links between two groups; missing links count as ``missing`` log odds.

        Of groups whose best link is not over the bar it is as good as missing: their mean is no more.
        """
        links = self.links[one][two]
        if links[0] <= self._params.storyline_bar:
            return self._params.missing
        pairs = self._size[one] * self._size[two]
        wanted = self._wanted.get(pairs)
        if wanted is None:
            grown = int(float(pairs) ** self._params.storyline_growth)
            wanted = self._wanted[pairs] = min(_KEPT_LINKS, max(self._params.storyline_links, grown))
        best = links[:wanted]
        total: float = sum(best) + (wanted - len(best)) * self._params.missing
        return total / wanted

    def may_join(self, one: int, two: int) -> bool:
        """Return whether two groups stay within the bounds of a storyline."""
        first = min(self._span[one][0], self._span[two][0])
        last = max(self._span[one][1], self._span[two][1])
        within = self._size[one] + self._size[two] <= self._params.storyline_reports
        return within and not last - first > self._params.storyline_days * DAY

    def join(self, one: int, two: int) -> int:
        """Make two groups one; return its number."""
        if len(self.links[one]) < len(self.links[two]):
            one, two = two, one
        ours, theirs = self.links[one], self.links.pop(two)
        ours.pop(two, None)
        theirs.pop(one, None)
        for other, odds in theirs.items():
            merged = sorted([*ours.get(other, ()), *odds], reverse=True)[:_KEPT_LINKS]
            self.links[other].pop(two, None)
            ours[other] = self.links[other][one] = merged
        self.stories[one] += self.stories.pop(two)
        self._span[one] = min(self._span[one][0], self._span[two][0]), max(self._span[one][1], self._span[two][1])
        self._size[one] += self._size[two]
        self.version[one] += 1
        self.version[two] = -1
        return one

    def join_all(self) -> list[list[int]]:
        """Join the nearest groups while any two are near enough; return the groups."""
        bar = self._params.storyline_bar
        heap: list[tuple[float, int, int, int, int]] = []

        def offer(one: int, others: Iterable[int]) -> None:
            for other in others:
                near = self.nearness(one, other)
                if near > bar:
                    a, b = min(one, other), max(one, other)
                    heapq.heappush(heap, (-near, a, b, self.version[a], self.version[b]))

        for one, links in self.links.items():
            offer(one, (other for other in links if other > one))
        while heap:
            _, one, two, old_one, old_two = heapq.heappop(heap)
            if self.version[one] == old_one and self.version[two] == old_two and self.may_join(one, two):
                whole = self.join(one, two)
                offer(whole, self.links[whole])
        return sorted(sorted(group) for group in self.stories.values())


def _storylines(comparison: Comparison, stories: list[list[int]], params: ClusteringParams) -> list[list[list[int]]]:
    """Return the storylines among some stories that are tied to each other."""
    rows, graph = comparison.rows, comparison.graph
    key = {min((int(rows.rank[place]), rows.ids[place]) for place in story): story for story in stories}
    ordered = [key[name] for name in sorted(key)]
    with rows.numbered(ordered) as number:
        links = _links(graph, number, sorted(place for story in ordered for place in story), params)
    time = rows.reports.time
    spans = [_span(time[story]) for story in ordered]
    state = _Linkage(spans, [len(story) for story in ordered], params)
    for (one, two), values in links.items():
        state.link(one, two, values)
    return [[ordered[n] for n in group] for group in state.join_all() if len(group) > 1]


def _links(
    graph: ScoreGraph, number: Places, places: Sequence[int], params: ClusteringParams
) -> dict[tuple[int, int], list[float]]:
    """Return the best links between each two stories, the best first; ``number`` gives the story of each place."""
    ids = graph.incident(places)
    one, two = number[graph.first[ids]], number[graph.second[ids]]
    between = (one >= 0) & (two >= 0) & (one != two)
    one, two = np.minimum(one, two)[between], np.maximum(one, two)[between]
    odds = np.clip(graph.final[ids[between]], *params.clip)
    order = np.lexsort((-odds, two, one))
    one, two, odds = one[order], two[order], odds[order]
    starts = np.flatnonzero(np.r_[True, (one[1:] != one[:-1]) | (two[1:] != two[:-1])]) if len(one) else one
    return {
        (int(one[start]), int(two[start])): odds[start : min(end, start + _KEPT_LINKS)].tolist()
        for start, end in zip(starts.tolist(), [*starts[1:].tolist(), len(one)], strict=False)
    }


def _span(times: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    """Return the first and the last time of a story; an endless one where nothing is dated."""
    known = times[~np.isnan(times)]
    return (float(known.min()), float(known.max())) if len(known) else (np.inf, -np.inf)
