"""Finds the stories of one connected component of the score graph, under the editors' constraints.

Average linkage decides. In an oversized component only a core is averaged; the other reports join the story of their best edge.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aggregator.clustering.arrays import run_starts
from aggregator.clustering.comparing import Comparison
from aggregator.clustering.own_names import OwnNames
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.partition import Edges, partition, with_distant_pairs
from aggregator.clustering.report_constraints import PlaceConstraints

# The core: its places keep at most so many edges, which takes some tenths of a second, and it has at least so many places.
_MAX_EDGES, _MIN_CORE = 40_000, 200


def stories_of_component(
    comparison: Comparison, component: Sequence[int], bound: PlaceConstraints, params: ClusteringParams
) -> list[list[int]]:
    """Return the stories of one component, as places."""
    if len(component) == 1:
        return [list(component)]
    rows = comparison.rows
    order = sorted(component, key=lambda place: (rows.rank[place], rows.ids[place]))
    most = _core_size(comparison, order, params)
    core, rest = order[:most], order[most:]
    stories = [[core[n] for n in group] for group in _partition(comparison, core, bound, params)]
    if rest:
        alone = _attach(comparison, rest, stories, bound, params)
        stories += stories_of_component(comparison, alone, bound, params) if alone else []
    return [sorted(story) for story in stories]


def _core_size(comparison: Comparison, order: Sequence[int], params: ClusteringParams) -> int:
    """Return the number of places in the core; it is smaller where they have many edges, as in a flood."""
    most = min(len(order), params.largest_component)
    edges = np.cumsum([len(comparison.graph.kept_by([place])) for place in order[:most]])
    return min(most, max(_MIN_CORE, int(np.searchsorted(edges, _MAX_EDGES, "right"))))


def _partition(
    comparison: Comparison, order: Sequence[int], bound: PlaceConstraints, params: ClusteringParams
) -> list[list[int]]:
    """Return the groups of some places, as positions in ``order``."""
    graph = comparison.graph
    ids = graph.incident(order)
    with comparison.rows.numbered([[place] for place in order]) as numbers:
        first, second = numbers[graph.first[ids]], numbers[graph.second[ids]]
    inside = (first >= 0) & (second >= 0)
    odds = np.clip(graph.final[ids[inside]], *params.clip).astype(np.float64)
    places, rows = np.array(order), comparison.rows
    known = Edges(first[inside], second[inside], odds)
    edges = with_distant_pairs(known, rows.reports.time[places], params.window, params.story_bar)
    number = {place: n for n, place in enumerate(order)}
    apart = OwnNames(rows, places, params).keep_apart if len(order) >= 2 * params.own_names_reports else None
    return partition(len(order), edges, params.story_bar, params.missing, bound.for_partition(number), apart)


def _attach(
    comparison: Comparison,
    rest: Sequence[int],
    stories: list[list[int]],
    bound: PlaceConstraints,
    params: ClusteringParams,
) -> list[int]:
    """Add each place of an oversized component to the story of its best edge; return the places without one."""
    owner, other, odds = comparison.graph.best_first(rest, comparison.rows.rank)
    with comparison.rows.numbered(stories) as story:
        home = story[other]
    tied = (odds > params.story_bar) & (home >= 0)
    owner, home = owner[tied], home[tied]
    first = run_starts(owner)
    nearest = dict(zip(owner[first].tolist(), home[first].tolist(), strict=True))
    alone = []
    for number, place in enumerate(rest):
        chosen = nearest.get(number)
        if chosen is not None and not bound.may_join(place, stories[chosen]):
            others = home[owner == number].tolist()
            chosen = next((one for one in others if bound.may_join(place, stories[one])), None)
        if chosen is None:
            alone.append(place)
        else:
            stories[chosen].append(place)
    return alone
