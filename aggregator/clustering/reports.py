"""Which arriving entry is a copy: MinHash proposes, exact Jaccard or containment on shingles decides."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from aggregator.model import Arrival, Match, Sketch
from aggregator.settings import CopySettings


@dataclass(frozen=True, slots=True)
class StoredSketch:
    """A sketch with what the decision needs beside it."""

    entry_id: str
    report_id: str
    sketch: Sketch


@dataclass(frozen=True, slots=True)
class CopyDecision:
    """The report whose text an entry carries, if any, and what was compared."""

    report_id: str | None = None
    match: Match | None = None
    compared: int = 0
    capped: int = 0


class CopyMemory(Protocol):
    """Where sketches are looked up."""

    def candidates(self, bands: Sequence[int], limit: int) -> Sequence[str]: ...

    def sketches(self, entry_ids: Sequence[str]) -> Mapping[str, StoredSketch]: ...


def find_copy(arrival: Arrival, memory: CopyMemory, settings: CopySettings, barred: Collection[str]) -> CopyDecision:
    """Return the report whose text this entry carries."""
    made = arrival.sketch
    if made is None or made.words < settings.min_words:
        return CopyDecision()
    ids = memory.candidates(made.bands, settings.max_compared)
    mine = np.frombuffer(made.shingles, dtype="<u4")
    best: tuple[float, StoredSketch] | None = None
    for stored in memory.sketches(ids).values():
        if stored.report_id in barred or stored.sketch.version != made.version or stored.entry_id == arrival.entry_id:
            continue
        theirs = np.frombuffer(stored.sketch.shingles, dtype="<u4")
        common = len(np.intersect1d(mine, theirs, assume_unique=True))
        score = common / (len(mine) + len(theirs) - common)
        if score >= settings.jaccard and (best is None or score > best[0]):
            best = (score, stored)
    if best is None:
        return CopyDecision(compared=len(ids))
    score, stored = best
    match = Match("copy", arrival.entry_id, stored.entry_id, "jaccard", score, settings.jaccard, {}, made.version)
    return CopyDecision(stored.report_id, match, len(ids))
