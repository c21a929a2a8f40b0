"""Computes the edges of a window block by block in several processes; the result equals that of one process.

Each process gets all reports and builds rows and index once; then it searches for the reports of a block. The second round
of scores and the stories are computed where the blocks are collected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from aggregator.clustering.comparing import Comparison
from aggregator.clustering.pair_search import BlockEdges
from aggregator.clustering.params import ClusteringParams
from aggregator.clustering.scoring import shipped_scorer
from aggregator.clustering.vectors import ReportVector

BLOCK = 1_000  # reports


@dataclass(frozen=True, slots=True)
class ReportSet:
    """All reports of a window in order, their vectors packed; ``name`` is a hash of them."""

    name: str
    params: ClusteringParams
    reports: tuple[tuple[str, bytes], ...]


# Computes the edges of blocks (ranges of places), in the order of the blocks.
Engine = Callable[[ReportSet, Sequence[range]], Iterable[list[BlockEdges]]]

_last_comparison: dict[str, Comparison] = {}  # name of a report set -> its comparison; each process keeps the last one


def report_set(params: ClusteringParams, reports: Mapping[str, ReportVector]) -> ReportSet:
    """Return reports packed for sending to another process."""
    packed = tuple((name, vector.packed()) for name, vector in reports.items())
    digest = sha256(repr(params).encode())
    for name, vector in packed:
        digest.update(name.encode() + vector)
    return ReportSet(digest.hexdigest(), params, packed)


def blocks(count: int) -> list[range]:
    """Return the blocks of ``count`` reports."""
    return [range(start, min(count, start + BLOCK)) for start in range(0, count, BLOCK)]


def block_edges(reports: ReportSet, block: range) -> list[BlockEdges]:
    """Compare the reports of one block with all before them in time."""
    if reports.name not in _last_comparison:
        comparison = Comparison(reports.params, shipped_scorer())
        comparison.add((name, ReportVector.unpacked(vector)) for name, vector in reports.reports)
        _last_comparison.clear()
        _last_comparison[reports.name] = comparison
    return _last_comparison[reports.name].block_edges(block)
