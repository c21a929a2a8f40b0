"""Storylines: the stories of one running affair, tied without being merged.

The same log odds, at a lower bar: two stories are as near as the mean of their best links. A storyline is bounded in
days and reports, so that old affairs end and none swallows the desk.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

import numpy as np

from aggregator.clustering.comparing import Comparison
from aggregator.clustering.components import components
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.partition import partition


def storylines_of(
    comparison: Comparison, touched: Collection[int], story: Mapping[int, int], params: ClusteringParams
) -> list[list[list[int]]]:
    """Return the storylines of two stories or more of all that was touched: lists of stories, each a sorted list of places.

    ``story`` names each place's story by the least of its places.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for place in sorted(story):
        members[story[place]].append(place)

    def beside(node: int) -> list[int]:
        return members[story[node]] if node in story else []

    found: list[list[list[int]]] = []
    for component in components(comparison.graph, touched, params.storyline_bar, beside):
        names = sorted({story[place] for place in component if place in story})
        if len(names) > 1:
            found += _lines(comparison, [members[name] for name in names], params)
    return found


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
