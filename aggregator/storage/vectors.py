"""Vectors of words as they are stored: terms once, weights in two bytes, and what only people read unpacked when it is read.

A window holds more vectors than memory should, and placing one entry reads dozens of them: reading one must cost little.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from sys import intern
from typing import Any, Final

from aggregator.clustering.features import WEIGHTS, Terms, Vector
from aggregator.clustering.meaning import Meaning
from aggregator.clustering.sums import joined, split

_PACKED: Final = 2  # the first byte; a stream of zlib, as older versions wrote, begins otherwise
_SPREAD: Final = len(WEIGHTS) - 1
_LENGTHS: Final = Struct("<B7H")  # of the parts, behind the first byte
_SCALARS: Final = ("language", "time", "title_words", "text_words", "recurring", "title_mass", "mass")


class Unread(Mapping[str, Any]):
    """A mapping that stays packed until somebody looks into it: evidence does, comparison doesn't."""

    __slots__ = ("_found", "_packed", "_unpack")

    def __init__(self, unpack: Callable[[bytes], dict[str, Any]], packed: bytes) -> None:
        self._unpack = unpack
        self._packed = packed
        self._found: dict[str, Any] | None = None

    def __getitem__(self, term: str) -> Any:
        return self._read()[term]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[str, Any]:
        if self._found is None:
            self._found = self._unpack(self._packed)
        return self._found


def packed(vector: Vector) -> bytes:
    """Return a vector as bytes; its meaning has a table of its own."""
    exact = (vector.names, vector.numbers, vector.ordinals)
    known = (vector.whole, vector.title, *exact, vector.beside, vector.beside.values())
    place = {term: number for number, term in enumerate(dict.fromkeys(term for part in known for term in part))}
    spelled = [part for pair in vector.spelling.items() if pair[0] != pair[1] for part in pair]
    parts = (
        json.dumps([getattr(vector, name) for name in _SCALARS], separators=(",", ":")).encode(),
        joined(place),
        _numbers([round(weight * _SPREAD) for weight in vector.whole.values()]),
        _numbers([place[term] for term in vector.title], [round(one * _SPREAD) for one in vector.title.values()]),
        _numbers([place[term] for term in vector.beside], [place[term] for term in vector.beside.values()]),
        b"".join(_exact(part, place) for part in exact),
        _numbers([len(vector.text)], [round(one * _SPREAD) for one in vector.text.values()]) + joined(vector.text),
    )
    return _LENGTHS.pack(_PACKED, *map(len, parts)) + b"".join(parts) + joined(spelled)


def unpacked(data: bytes, meaning: Meaning | None) -> Vector:
    """Return the vector that bytes stand for."""
    if data[0] != _PACKED:
        return _of_json(data, meaning)
    parts = _parts(data)
    language, time, title_words, text_words, recurring, title_mass, mass = json.loads(next(parts))
    terms = split(next(parts))
    whole = dict(zip(terms, map(_weight, _integers(next(parts))), strict=False))  # terms of other parts follow
    named, weights = _halves(_integers(next(parts)))
    title = dict(zip(map(terms.__getitem__, named), map(_weight, weights), strict=True))
    ahead, behind = _halves(_integers(next(parts)))
    beside = dict(zip(map(terms.__getitem__, ahead), map(terms.__getitem__, behind), strict=True))
    names, numbers, ordinals = _exact_parts(next(parts), terms)
    text: Terms = Unread(_text, next(parts))
    spelling: Mapping[str, str] = Unread(_spelling, next(parts))
    return Vector(
        language, time, title, text, whole, names, numbers, title_words, text_words, recurring,
        title_mass, mass, spelling, ordinals, beside, meaning,
    )  # fmt: skip


def _parts(data: bytes) -> Iterator[bytes]:
    start = _LENGTHS.size
    for length in _LENGTHS.unpack_from(data)[1:]:
        yield data[start : start + length]
        start += length
    yield data[start:]


_weight: Final = WEIGHTS.__getitem__


@lru_cache(maxsize=512)
def _array(kind: str, count: int) -> Struct:
    return Struct(f"<{count}{kind}")


def _numbers(*lists: Sequence[int]) -> bytes:
    return b"".join(_array("H", len(one)).pack(*one) for one in lists)


def _integers(data: bytes) -> tuple[int, ...]:
    return _array("H", len(data) // 2).unpack(data)


def _halves(numbers: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    middle = len(numbers) // 2
    return numbers[:middle], numbers[middle:]


def _exact(terms: Terms, place: Mapping[str, int]) -> bytes:
    return _numbers([len(terms)], [place[term] for term in terms]) + _array("d", len(terms)).pack(*terms.values())


def _exact_parts(data: bytes, terms: Sequence[str]) -> list[dict[str, float]]:
    found: list[dict[str, float]] = []
    start = 0
    for _ in range(3):
        (count,) = _array("H", 1).unpack_from(data, start)
        places = _array("H", count).unpack_from(data, start + 2)
        weights = _array("d", count).unpack_from(data, start + 2 + 2 * count)
        found.append(dict(zip(map(terms.__getitem__, places), weights, strict=True)))
        start += 2 + 10 * count
    return found


def _text(data: bytes) -> dict[str, float]:
    (count,) = _array("H", 1).unpack_from(data)
    weights = _array("H", count).unpack_from(data, 2)
    return dict(zip(split(data[2 + 2 * count :]), map(_weight, weights), strict=True))


def _spelling(data: bytes) -> dict[str, str]:
    pairs = iter(split(data))
    return dict(zip(pairs, pairs, strict=True))


def _of_json(data: bytes, meaning: Meaning | None) -> Vector:
    """Read what older versions wrote."""
    return Vector(**json.loads(zlib.decompress(data), object_pairs_hook=_interned), meaning=meaning)


def _interned(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {intern(term): intern(value) if isinstance(value, str) else value for term, value in pairs}
