"""Types of the clustering's arrays, and functions over them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]  # positions of reports, terms or edges in their columns
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Hashes = NDArray[np.uint32]

_Kind = TypeVar("_Kind", bound=np.generic)


def run_starts(values: NDArray[np.generic]) -> Places:
    """Return where each run of equal values begins."""
    if not len(values):
        return np.zeros(0, np.int64)
    return np.flatnonzero(np.r_[True, values[1:] != values[:-1]])


def longer(values: NDArray[_Kind], more: int, filled: float = 0) -> NDArray[_Kind]:
    """Return an array with ``more`` rows added, filled with a value."""
    return np.concatenate([values, np.full((more, *values.shape[1:]), filled, values.dtype)])


def moved_places(places: Iterable[int], moved: Places) -> set[int]:
    """Return the new places of reports; ``moved`` gives each old place its new one, -1 for removed reports, which are left out."""
    return {int(moved[place]) for place in places if moved[place] >= 0}


def parts_of(places: Places, size: int) -> list[Places]:
    """Return places in parts of this size, the last one shorter."""
    return [places[start : start + size] for start in range(0, len(places), size)]
