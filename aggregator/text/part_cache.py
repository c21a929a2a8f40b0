"""A cache of a function over the parts of texts between blanks, which repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Value = TypeVar("Value")

MAX_PARTS = 20_000  # results that are kept for each function: some 4 MB in every worker
LONG_PART = 60  # characters: a longer part is from a script without blanks, and hardly ever repeats


class PartCache(dict[str, Value]):
    """The results of a function by argument; when there are ``MAX_PARTS``, all are dropped at once.

    A look-up in a cache that tracks use (LRU) costs three times as much, because it also writes.
    """

    def __init__(self, function: Callable[[str], Value]) -> None:
        super().__init__()
        self.function = function

    def __missing__(self, part: str) -> Value:
        result = self.function(part)
        if len(self) >= MAX_PARTS:
            self.clear()
        self[part] = result
        return result

    def results(self, parts: Sequence[str]) -> Iterator[Value]:
        """Return the function's results for parts; where one of them is long, none is cached."""
        return map(self.function if max(map(len, parts), default=0) > LONG_PART else self.__getitem__, parts)
