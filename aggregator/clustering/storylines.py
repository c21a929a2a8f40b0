"""Storylines: related stories tied without being merged.

The log odds are those for stories, with a lower bar. They count between stories whose most similar reports are of one affair
(``ties.py``). The nearness of two groups of stories is the mean of their best links; larger groups need more links. A storyline
is limited in days and reports, so that old ones end and none grows without bound.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Places
from aggregator.clustering.comparing import Comparison
from aggregator.clustering.components import components
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.story_linkage import KEPT_LINKS, StoryLinkage
from aggregator.clustering.ties import Ties, is_one_affair, ties


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
        # the place that identified a component may be gone; then the least remaining one identifies it
        least: dict[int, int] = {}
        for place, name in sorted(self.component.items()):
            least.setdefault(name, to[place])
        self.component = {to[place]: least[name] for place, name in self.component.items()}

    def storylines(
        self, comparison: Comparison, touched: Collection[int], params: ClusteringParams
    ) -> list[list[list[int]]]:
        """Return the storylines of two stories or more that touched reports are in: lists of stories, each a list of places."""
        tied: list[tuple[list[list[int]], Ties]] = []
        for component in components(comparison.graph, touched, params.storyline_bar, self._same_story):
            self.component.update(dict.fromkeys(component, component[0]))
            names = sorted({self.story_of[place] for place in component if place in self.story_of})
            if len(names) > 1:
                stories = _ordered(comparison, [self.members[name] for name in names])
                tied.append((stories, ties(comparison, stories, params.storyline_bar)))
        if not tied:
            return []
        best = np.concatenate([found.best for _, found in tied])  # all at once: a call costs more than an edge
        counting = np.split(
            is_one_affair(comparison, best, params.tie_bar), np.cumsum([len(t.best) for _, t in tied])[:-1]
        )
        lines = (_lines(comparison, *one, here, params) for one, here in zip(tied, counting, strict=True))
        return [line for some in lines for line in some]

    def _same_story(self, node: int) -> Sequence[int]:
        return self.members[self.story_of[node]] if node in self.story_of else ()


def _ordered(comparison: Comparison, stories: list[list[int]]) -> list[list[int]]:
    """Return stories in an order that is independent of arrivals."""
    rows = comparison.rows
    key = {min((int(rows.rank[place]), rows.ids[place]) for place in story): story for story in stories}
    return [key[name] for name in sorted(key)]


def _lines(
    comparison: Comparison, stories: list[list[int]], found: Ties, counting: NDArray[np.bool_], params: ClusteringParams
) -> list[list[list[int]]]:
    """Return the storylines among some stories; only the ties marked in ``counting`` are used."""
    time = comparison.rows.reports.time
    state = StoryLinkage([_span(time[story]) for story in stories], [len(story) for story in stories], params)
    odds = np.clip(found.odds, *params.clip)
    columns = (found.one, found.two, found.start, np.minimum(found.end, found.start + KEPT_LINKS))
    for one, two, start, end in zip(*(column[counting].tolist() for column in columns), strict=True):
        state.link(one, two, odds[start:end].tolist())
    return [[stories[n] for n in group] for group in state.join_all() if len(group) > 1]


def _span(times: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    """Return the first and the last time of a story; (inf, -inf) where no report is dated, which limits nothing."""
    known = times[~np.isnan(times)]
    return (float(known.min()), float(known.max())) if len(known) else (np.inf, -np.inf)
