"""Sums of vectors: kept up as members come and go, shared with the vector where there is but one, packed while nobody needs them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from sys import intern

from aggregator.clustering.features import Terms, dot

_NOTHING = 1e-9  # weight below which a term is gone
_BETWEEN = "\0"  # stands in no word


@dataclass(slots=True)
class Sum:
    """A sum of vectors with its length, kept up as members come and go."""

    terms: Mapping[str, float] = field(default_factory=dict)
    norm: float = 0.0
    _own: dict[str, float] | None = None  # ``terms`` where they may be changed; else they are a vector's

    def add(self, terms: Terms, sign: float = 1.0) -> None:
        """Add a vector, or take one away."""
        if not terms:
            return
        if sign > 0 and not self.terms and self.norm == 0.0 and min(terms.values()) >= _NOTHING:
            self._borrow(terms)
            return
        if self._own is None:
            self._own = self.terms = dict(self.terms)
        sums = self._own
        square = self.norm * self.norm
        for term, weight in terms.items():
            old = sums.get(term, 0.0)
            new = old + sign * weight
            square += new * new - old * old
            if abs(new) < _NOTHING:
                sums.pop(term, None)
            else:
                sums[term] = new
        self.norm = math.sqrt(max(square, 0.0))

    def cosine(self, terms: Terms, norm: float = 1.0) -> float:
        """Return the cosine to a vector of length ``norm``."""
        return dot(terms, self.terms) / (self.norm * norm) if self.norm and norm else 0.0

    def _borrow(self, terms: Terms) -> None:
        """Be the sum of one vector: most stories are one report, and need no copy of what it says."""
        square = 0.0
        for weight in terms.values():
            square += weight * weight
        self.terms, self._own, self.norm = terms, None, math.sqrt(square)


@dataclass(frozen=True, slots=True)
class PackedSums:
    """Sums as a third of the memory holds them, to the last digit."""

    terms: bytes
    weights: bytes
    lengths: tuple[int, ...]
    norms: tuple[float, ...]

    @classmethod
    def of(cls, sums: Sequence[Sum]) -> PackedSums:
        """Pack."""
        return cls(
            joined(term for one in sums for term in one.terms),
            array("d", [weight for one in sums for weight in one.terms.values()]).tobytes(),
            tuple(len(one.terms) for one in sums),
            tuple(one.norm for one in sums),
        )

    def unpacked(self) -> list[Sum]:
        """Return the sums."""
        pairs = zip(split(self.terms), doubles(self.weights), strict=True)
        found = []
        for length, norm in zip(self.lengths, self.norms, strict=True):
            own = dict(islice(pairs, length))
            found.append(Sum(own, norm, own))
        return found


def joined(words: Iterable[str]) -> bytes:
    """Return words as bytes."""
    return _BETWEEN.join(words).encode("utf-8", "surrogatepass")


def split(data: bytes) -> list[str]:
    """Return the words that bytes stand for, each kept once however many vectors and sums hold it."""
    return list(map(intern, data.decode("utf-8", "surrogatepass").split(_BETWEEN))) if data else []


def doubles(data: bytes) -> array[float]:
    """Return the numbers that the bytes of an array stand for."""
    found = array("d")
    found.frombytes(data)
    return found
