"""The score graph: edges between reports; each report keeps its best ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aggregator.clustering.arrays import Floats, Places, run_starts
from aggregator.clustering.pair_context import Context, Ids, Neighbourhood, context_of, neighbourhood


class ScoreGraph:
    """Edges between places, with the log odds of both rounds.

    A node keeps only its best edges, so that the hubs of a flood stay bounded. An edge exists while one of its ends keeps it.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.first = np.zeros(1_024, np.int32)
        self.second = np.zeros(1_024, np.int32)
        self.odds = np.zeros(1_024, np.float32)
        self.known = np.zeros(1_024, np.float32)
        self.final = np.zeros(1_024, np.float32)
        self._kept = np.zeros(1_024, np.uint8)
        self._used = 0
        self._free: list[int] = []
        self._edges: list[Ids] = []  # of each node
        self._followers: dict[int, list[int]] = {}  # node -> edges that only their other ends keep

    def __len__(self) -> int:
        return self._used - len(self._free)

    def __getstate__(self) -> dict[str, object]:
        """Return the state with the edges of all nodes in one array, which takes a tenth of the time to read."""
        state = dict(self.__dict__)
        edges = state.pop("_edges")
        state["sizes"] = np.fromiter(map(len, edges), np.int64, len(edges))
        state["edges"] = np.concatenate(edges) if edges else np.zeros(0, np.int32)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a state."""
        sizes, edges = state.pop("sizes"), state.pop("edges")
        self.__dict__.update(state)
        ends, none = np.cumsum(sizes).tolist(), np.zeros(0, np.int32)
        self._edges = [edges[start:end] if end > start else none for start, end in zip([0, *ends], ends, strict=False)]

    def grow(self, nodes: int) -> None:
        """Make room for nodes."""
        none = np.zeros(0, np.int32)  # shared by all nodes without edges
        self._edges.extend(none for _ in range(nodes - len(self._edges)))

    def others(self, node: int) -> tuple[Ids, Ids]:
        """Return the edges that a node keeps, and their other ends."""
        edges = self._edges[node]
        return edges, self._other_ends(edges, node)

    def both_ends(self, edges: Places | Ids) -> tuple[Places, Places]:
        """Return both ends of each edge."""
        return self.first[edges].astype(np.int64), self.second[edges].astype(np.int64)

    def _other_ends(self, edges: Ids, nodes: Places | Ids | int) -> Ids:
        """Return the other ends of edges of one node, or of one node each."""
        return np.where(self.first[edges] == nodes, self.second[edges], self.first[edges])

    def is_cross_language(self, edges: Places | Ids) -> NDArray[np.bool_]:
        """Return which edges are between languages; these have no second round and are not in the context of other edges."""
        return np.isnan(self.known[edges])

    def odds_between(self, one: int, two: int) -> float | None:
        """Return the log odds of the edge between two nodes, None where there is none."""
        edge = self.edge_between(one, two)
        return None if edge is None else float(self.final[edge])

    def edge_between(self, one: int, two: int) -> int | None:
        """Return the edge between two nodes, None where there is none."""
        for node, wanted in ((one, two), (two, one)):
            edges, others = self.others(node)
            at = np.flatnonzero(others == wanted)
            if len(at):
                return int(edges[at[0]])
        return None

    def followers(self, node: int) -> tuple[Ids, Ids]:
        """Return the edges to a node that only their other ends keep, and these ends."""
        known = self._followers.get(node)
        if not known:
            none = np.zeros(0, np.int32)
            return none, none
        edges = np.array(sorted(set(known)), np.int32)
        edges = edges[self._kept[edges] == 1]
        edges = edges[(self.first[edges] == node) | (self.second[edges] == node)]
        self._followers[node] = edges.tolist()
        return edges, self._other_ends(edges, node)

    def add(self, first: Places, second: Places, odds: Floats, known: Floats, rank: NDArray[np.uint32]) -> list[int]:
        """Add edges; return the nodes that keep other edges than before. ``rank`` orders equal edges."""
        ids = self._new_ids(len(first))
        self.first[ids], self.second[ids], self.odds[ids], self.known[ids] = first, second, odds, known
        self._kept[ids] = 2
        self.final[ids] = np.nan
        ends, edges = np.concatenate([first, second]), np.concatenate([ids, ids])
        order = np.argsort(ends, kind="stable")
        ends, edges = ends[order], edges[order].astype(np.int32)
        starts = run_starts(ends)
        changed = []
        bounds = [*starts.tolist(), len(ends)]
        for node, start, end in zip(ends[starts].tolist(), bounds, bounds[1:], strict=False):
            before = self._edges[node]
            kept = self._best(node, np.concatenate([before, edges[start:end]]), rank)
            if len(kept) > len(before) or not np.array_equal(kept, before):
                self._edges[node] = kept
                changed.append(node)
        return changed

    def drop(self, edges: Ids) -> Places:
        """Drop edges; return the nodes that kept them."""
        nodes = np.unique(np.concatenate([self.first[edges], self.second[edges]])).astype(np.int64)
        gone = set(edges.tolist())
        for node in nodes.tolist():
            kept = self._edges[node]
            self._edges[node] = kept[[edge not in gone for edge in kept.tolist()]] if len(kept) else kept
        self._kept[edges] = 0
        self._free.extend(gone)
        return nodes

    def incident(self, nodes: Sequence[int]) -> Places:
        """Return the edges that any of these nodes keeps, each once, in order."""
        found = [self._edges[node] for node in nodes]
        return self._each_once(found)

    def kept_by(self, nodes: Sequence[int]) -> Ids:
        """Return the edges that these nodes keep, node by node; an edge kept by two nodes is there twice."""
        found = [self._edges[node] for node in nodes]
        return found[0] if len(found) == 1 else np.concatenate(found)

    def kept_count(self, nodes: Sequence[int]) -> Places:
        """Return how many edges each of these nodes keeps."""
        return np.fromiter((len(self._edges[node]) for node in nodes), np.int64, len(nodes))

    def ends(self, nodes: Sequence[int]) -> tuple[Places, Ids, Places]:
        """Return the edges that these nodes keep, node by node: number of the node, edge, other end."""
        edges = self.kept_by(nodes) if nodes else np.zeros(0, np.int32)
        number = np.repeat(np.arange(len(nodes)), [len(self._edges[node]) for node in nodes])
        mine = np.array(nodes, np.int64)[number]
        return number, edges, self._other_ends(edges, mine).astype(np.int64)

    def best_first(self, nodes: Sequence[int], rank: NDArray[np.uint32]) -> tuple[Places, Places, Floats]:
        """Return the edges that these nodes keep: number of the node, other end, log odds; the best of each node first."""
        owner, edges, other = self.ends(nodes)
        odds = self.final[edges]
        order = np.lexsort((other, rank[other], -odds, owner))
        return owner[order], other[order], odds[order]

    def has_followers(self, node: int) -> bool:
        """Return whether there may be edges to a node that only their other ends keep."""
        return node in self._followers

    def touching(self, nodes: Sequence[int]) -> Places:
        """Return the edges that end at any of these nodes, whichever end keeps them, each once, in order."""
        kept: list[NDArray[np.integer]] = [self.incident(nodes)]
        kept.extend(self.followers(node)[0] for node in nodes if node in self._followers)
        return self._each_once(kept)

    def touched(self, nodes: Sequence[int]) -> Places:
        """Return the edges whose context changes when these nodes keep other edges, each once, in order.

        Where a hub has more followers than edges that it keeps, the edges that only followers keep are left out, because the hubs
        of a flood have thousands of followers and change with every pass.
        """
        few = [node for node in nodes if 0 < len(self._followers.get(node, ())) <= self._most]
        return self._each_once([self.incident(nodes), *(self.followers(node)[0] for node in few)])

    def _each_once(self, found: Sequence[NDArray[np.integer]]) -> Places:
        """Return edges in order; where they are many, marking all of them is quicker than sorting."""
        edges = np.concatenate([np.zeros(0, np.int32), *found])
        if 64 * len(edges) < self._used:
            return np.unique(edges).astype(np.int64)
        marked = np.zeros(self._used, np.bool_)
        marked[edges] = True
        return np.flatnonzero(marked)

    def remap(self, moved: Places) -> None:
        """Move nodes to new places; -1 means that a node is gone and has no edge."""
        kept = np.flatnonzero(moved >= 0).tolist()
        self._edges = [self._edges[node] for node in kept]
        self._followers = {
            int(moved[node]): edges for node, edges in self._followers.items() if node < len(moved) and moved[node] >= 0
        }
        living = self.incident(range(len(self._edges)))
        for column in (self.first, self.second):
            column[living] = moved[column[living]]

    def _new_ids(self, count: int) -> Places:
        reused = self._free[len(self._free) - min(count, len(self._free)) :]
        del self._free[len(self._free) - len(reused) :]
        first = self._used
        self._used += count - len(reused)
        if self._used > len(self.first):
            for name in ("first", "second", "odds", "known", "final", "_kept"):
                old = getattr(self, name)
                longer = np.zeros(self._used + len(old) // 4, old.dtype)  # pages that were never written take no memory
                longer[: len(old)] = old
                setattr(self, name, longer)
        return np.concatenate([np.array(reused, np.int64), np.arange(first, self._used)])

    def _best(self, node: int, edges: Ids, rank: NDArray[np.uint32]) -> Ids:
        if len(edges) <= self._most:
            return edges
        other = self._other_ends(edges, node)
        order = np.lexsort((rank[other], -self.odds[edges]))
        lost = edges[order[self._most :]]
        self._kept[lost] -= 1
        self._followers.setdefault(node, []).extend(lost[self._kept[lost] > 0].tolist())
        self._free.extend(lost[self._kept[lost] == 0].tolist())
        return edges[np.sort(order[: self._most])]

    # --- the second round ----------------------------------------------------------------------------

    def context(self, edges: Places) -> Context:
        """Return the context of each edge."""
        nodes, place = np.unique(np.concatenate([self.first[edges], self.second[edges]]), return_inverse=True)
        near = self._neighbourhood(nodes.tolist())
        left, right = place[: len(edges)], place[len(edges) :]
        return context_of(near, self.odds[edges], (left, self.second[edges]), (right, self.first[edges]))

    def _neighbourhood(self, nodes: Sequence[int]) -> Neighbourhood:
        lists = [self._edges[node] for node in nodes]
        lengths = np.array([len(one) for one in lists], np.int64)
        edges = np.concatenate(lists) if lists else np.zeros(0, np.int32)
        owner = np.repeat(np.arange(len(nodes)), lengths)
        node = np.repeat(np.array(nodes, np.int32), lengths)
        other = self._other_ends(edges, node)
        order = np.lexsort((other, owner))
        unseen = self.is_cross_language(edges)
        if unseen.any():  # edges between languages are left out of the context
            order = order[~unseen[order]]
            lengths = np.bincount(owner[order], minlength=len(nodes))
            owner = owner[~unseen]
        return neighbourhood(lengths, owner, other[order].astype(np.uint32), self.odds[edges[order]])
