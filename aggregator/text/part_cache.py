"""A cache of a function over parts of texts, since words between blanks repeat."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Value = TypeVar("Value")

MAX_PARTS = 20_000  # kept for each function: some 4 MB in every worker
LONG_PART = 60  # characters: a run of a script without blanks, which hardly comes again


class PartCache(dict[str, Value]):
    """The results of a function by argument; over ``MAX_PARTS`` all are dropped at once.

    A cache that tracks use (LRU) costs three times as much a look-up, since it writes at each.
    """

    def __init__(self, work: Callable[[str], Value]) -> None:
        super().__init__()
        self.work = work

    def __missing__(self, part: str) -> Value:
        made = self.work(part)
        if len(self) >= MAX_PARTS:
            self.clear()
        self[part] = made
        return made

    def of(self, parts: Sequence[str]) -> Iterator[Value]:
        """Return the results of parts; those of long parts are not cached."""
        return map(self.work if max(map(len, parts), default=0) > LONG_PART else self.__getitem__, parts)
