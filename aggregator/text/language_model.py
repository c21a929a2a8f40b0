"""py3langid's model in a sixth of the memory, with the same answers; the only home of py3langid.

Every worker that needs the model loads one. The library's own loader takes 82 MB: it keeps all languages beside the chosen ones,
and a transition table (40 MB) in which nearly every stretch of 16 values recurs. Here each such stretch is stored once.
"""

from __future__ import annotations

import lzma
import shutil
import tempfile
import zipfile
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from py3langid.langid import MODEL_DIR, MODEL_FILE, LanguageIdentifier

_STRETCH = 16  # moves that are shared together: 8 and 32 take more memory
_WEIGHT = 0x9E3779B97F4A7C15
_AT_ONCE = 1 << 18  # bytes of the model that are unpacked, or numbers of a table that are read, at a time


class SmallIdentifier(LanguageIdentifier):  # type: ignore[misc]  # the library has no types
    """The library's identifier with shared table stretches; its scores are probabilities."""

    __slots__ = ("_moves", "_places", "_rows")

    def __init__(self, tables: zipfile.ZipFile, languages: Sequence[str]) -> None:
        classes, priors, rows, features = (
            _whole(tables, name) for name in ("classes", "pc", "nextmove_row", "out_feat")
        )
        kept = np.flatnonzero(np.isin(classes, languages))
        chances = np.concatenate([some[:, kept] for some in _parts(tables, "ptc", classes.size)])
        found = array("i", features.astype("i").tobytes())
        super().__init__(chances, priors[kept], classes[kept].tolist(), (), found, norm_probs=True, tk_row=())
        self._rows = array("I", (rows.astype("I") * (256 // _STRETCH)).tobytes())
        self._places, self._moves = _shared(tables, "nextmove")

    def _raw_score(self, text: bytes) -> NDArray[np.float32]:
        rows, places, moves, features = self._rows, self._places, self._moves, self.tk_output
        state, visited = 0, []
        for letter in text:
            state = moves[places[rows[state] + (letter >> 4)] + (letter & 15)]
            feature = features[state]
            if feature >= 0:
                visited.append(feature)
        if not visited:
            return np.zeros(len(self.nb_classes), np.float32)
        score: NDArray[np.float32] = self._sparse_score(Counter(visited), self.nb_ptc)
        return score


def load(languages: Sequence[str]) -> SmallIdentifier:
    """Read the library's model for some languages (ISO 639-1); takes about a second."""
    with tempfile.TemporaryFile() as unpacked:
        with lzma.open(MODEL_DIR / MODEL_FILE) as packed:
            shutil.copyfileobj(packed, unpacked, _AT_ONCE)
        with zipfile.ZipFile(unpacked) as tables:
            return SmallIdentifier(tables, languages)


def _whole(tables: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with tables.open(f"{name}.npy") as table:
        found: NDArray[Any] = npy.read_array(table)
    return found


def _parts(tables: zipfile.ZipFile, name: str, width: int) -> Iterator[NDArray[Any]]:
    """Yield a stored table some rows of ``width`` at a time: the whole would stay in the process's memory."""
    with tables.open(f"{name}.npy") as table:
        dtype = _kind(table)
        size = _AT_ONCE // width * width * dtype.itemsize
        while read := table.read(size):
            yield np.frombuffer(read, dtype).reshape(-1, width)


def _kind(table: IO[bytes]) -> np.dtype[Any]:
    npy.read_magic(table)
    _, _, dtype = npy.read_array_header_1_0(table)
    return np.dtype(dtype)


def _shared(tables: zipfile.ZipFile, name: str) -> tuple[array[int], array[int]]:
    """Return the distinct stretches of a table, and where each begins among them.

    Stretches are distinguished by sums of 64 bits under weights without pattern: a dictionary of all of them takes more
    memory than the table.
    """
    weights = np.array([pow(_WEIGHT, power, 1 << 64) for power in range(1, _STRETCH + 1)], np.uint64)
    sums = np.concatenate([part.astype(np.uint64) @ weights for part in _parts(tables, name, _STRETCH)])
    different, places = np.unique(sums, return_inverse=True)
    moves = np.empty((len(different), _STRETCH), "I")
    done = 0
    for part in _parts(tables, name, _STRETCH):
        moves[places[done : done + len(part)]] = part
        done += len(part)
    return array("I", (places.astype("I") * _STRETCH).tobytes()), array("I", moves.tobytes())
