"""Linkage of stories into storylines, by the log odds between their reports.

The nearness of two groups is the mean of their best links. The number of links is a share of the pairs of reports between the
groups, and at least two; missing links count with the log odds ``missing``. The nearest groups are joined while their nearness is
over the bar, within limits of days and reports.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence

from aggregator.clustering.params import DAY, ClusteringParams

# Best links between two groups that are kept. With fewer, two large groups were joined too easily: 64 links out of 8,000 were
# enough for groups of a hundred and eighty reports.
KEPT_LINKS = 512


class StoryLinkage:
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
        self.links[one][two] = self.links[two][one] = sorted(odds, reverse=True)[:KEPT_LINKS]

    def nearness(self, one: int, two: int) -> float:
        """Return the mean log odds of the best links between two groups; missing links count with the log odds ``missing``.

        If the best link is not over the bar, return ``missing`` at once: the mean cannot be over the bar.
        """
        links = self.links[one][two]
        if links[0] <= self._params.storyline_bar:
            return self._params.missing
        wanted = self.averaged(one, two)
        best = links[:wanted]
        total: float = sum(best) + (wanted - len(best)) * self._params.missing
        return total / wanted

    def averaged(self, one: int, two: int) -> int:
        """Return how many of the best links between two groups are averaged."""
        pairs = self._size[one] * self._size[two]
        wanted = self._wanted.get(pairs)
        if wanted is None:
            share = int(pairs * self._params.storyline_share)
            wanted = self._wanted[pairs] = min(KEPT_LINKS, max(self._params.storyline_links, share))
        return wanted

    def may_join(self, one: int, two: int) -> bool:
        """Return whether two groups stay within the bounds of a storyline."""
        first = min(self._span[one][0], self._span[two][0])
        last = max(self._span[one][1], self._span[two][1])
        within = self._size[one] + self._size[two] <= self._params.storyline_reports
        return within and not last - first > self._params.storyline_days * DAY

    def join(self, one: int, two: int) -> int:
        """Join two groups; return the number of the result."""
        if len(self.links[one]) < len(self.links[two]):
            one, two = two, one
        ours, theirs = self.links[one], self.links.pop(two)
        ours.pop(two, None)
        theirs.pop(one, None)
        for other, odds in theirs.items():
            merged = sorted([*ours.get(other, ()), *odds], reverse=True)[:KEPT_LINKS]
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
