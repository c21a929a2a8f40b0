"""The types of the clustering's arrays, and arrays in parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int64]  # positions of reports, terms or edges in their columns
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]
Hashes = NDArray[np.uint32]


def parts_of(places: Places, size: int) -> list[Places]:
    """Return places in parts of this size, the last one shorter."""
    return [places[start : start + size] for start in range(0, len(places), size)]
