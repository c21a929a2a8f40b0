"""Connected components of the score graph over a bar."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Places
from aggregator.clustering.score_graph import ScoreGraph


def components(
    graph: ScoreGraph, nodes: Collection[int], bar: float, bound_to: Callable[[int], Sequence[int]] = lambda node: ()
) -> list[list[int]]:
    """Return the components that hold any of these nodes, each sorted; ``bound_to`` returns nodes tied without an edge."""
    seen: set[int] = set()
    found: list[list[int]] = []
    for start in sorted(nodes):
        if start in seen:
            continue
        seen.add(start)
        component, front = [start], [start]
        while front:
            tied = _tied(graph, front, bar)
            tied.update(other for node in front for other in bound_to(node))
            front = list(tied - seen)
            seen.update(front)
            component += front
        found.append(sorted(component))
    return found


def _tied(graph: ScoreGraph, nodes: Sequence[int], bar: float) -> set[int]:
    """Return the other ends of these nodes' edges over the bar, whichever end keeps them."""
    edges: NDArray[np.integer] | Places = graph.kept_by(nodes)
    followed = [graph.followers(node)[0] for node in nodes if graph.has_followers(node)]
    if followed:
        edges = np.concatenate([edges, *followed])
    edges = edges[graph.final[edges] > bar]
    return {*graph.first[edges].tolist(), *graph.second[edges].tolist()}
