"""The parts of the graph of scores that no edge over a bar ties to each other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from aggregator.clustering.second_round import ScoreGraph


def components(
    graph: ScoreGraph, nodes: Collection[int], bar: float, beside: Callable[[int], Sequence[int]] = lambda node: ()
) -> list[list[int]]:
    """Return the components that hold any of these nodes, each sorted; ``beside`` names nodes tied without an edge."""
    seen: set[int] = set()
    found: list[list[int]] = []
    for start in sorted(nodes):
        if start in seen:
            continue
        seen.add(start)
        component, waiting = [start], [start]
        while waiting:
            node = waiting.pop()
            for other in (*_tied(graph, node, bar), *beside(node)):
                if other not in seen:
                    seen.add(other)
                    component.append(other)
                    waiting.append(other)
        found.append(sorted(component))
    return found


def _tied(graph: ScoreGraph, node: int, bar: float) -> list[int]:
    edges, others = graph.others(node)
    found: list[int] = others[graph.final[edges] > bar].tolist() if len(edges) else []
    edges, others = graph.followers(node)
    return found + others[graph.final[edges] > bar].tolist() if len(edges) else found
