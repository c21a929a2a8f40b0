"""Texts that make an expression work hard, found from what it is made of, and the time that they cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import product
from re import _parser as parser  # type: ignore[attr-defined]
from time import process_time
from typing import Any, Final

# What is repeated: letters of each kind, blanks, marks of markup, and runs that begin something and never end it.
UNITS: Final = (
    "a", "A", "1", " ", "\n", "\t", ".", "-", "_", "é", "一", "a ", "A. ", "1,", "1 ", "a-", "a.", "A.", "a'", "a/", "a:", "a=",
    "1a", "A1", ". ", "\n\n", " \n", "<", "</", "<a ", "<a b=", '<a b="', "<!--", "<![CDATA[", "&", "&a", "(", "[", '"', "'",
    "Aa ", "Aa. ", "x y, ", "– ", " - ", "http://a",
)  # fmt: skip
BEGINNINGS: Final = ("", "a", "1", "(", "<a ", "http://a/")
ENDS: Final = ("", "\0")


def attacks(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str, str]]:
    """Yield texts as (beginning, what is repeated, end): of common signs, and of the pieces of the expression itself."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    pieces: dict[str, None] = {}
    _literals(parser.parse(source, pattern.flags & ~re.UNICODE), pieces)
    own = [piece for piece in pieces if 0 < len(piece) < 25][:40]
    begin = [*BEGINNINGS, *own[:2], *own[-1:]]
    yield from product(dict.fromkeys(begin), dict.fromkeys((*UNITS, *own)), ENDS)


def _literals(tree: Any, found: dict[str, None]) -> None:
    run = ""
    for operation, argument in tree:
        name = str(operation)
        if name == "LITERAL":
            run += chr(argument)
            continue
        found[run] = None
        run = ""
        if name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            _literals(argument[2], found)
        elif name in ("SUBPATTERN", "ASSERT", "ASSERT_NOT"):
            _literals(argument[-1], found)
        elif name == "ATOMIC_GROUP":
            _literals(argument, found)
        elif name == "BRANCH":
            for branch in argument[1]:
                _literals(branch, found)
    found[run] = None


def text_of(pattern: re.Pattern[Any], attack: tuple[str, str, str], size: int) -> Any:
    """Return an attack of a size, in characters, as the expression reads it: text or bytes."""
    beginning, unit, end = attack
    text = beginning + unit * max(1, size // len(unit)) + end
    return text if isinstance(pattern.pattern, str) else text.encode("latin-1", "ignore")


def doing(pattern: re.Pattern[Any], way: str) -> Callable[[Any], object]:
    """Return what is done with an expression."""
    if way in ("sub", "subn"):
        return lambda text: pattern.sub(lambda match: match[0][:0], text)
    if way == "finditer":
        return lambda text: sum(1 for _ in pattern.finditer(text))
    return getattr(pattern, way)  # type: ignore[no-any-return]


def seconds(work: Callable[[Any], object], text: Any) -> float:
    """Return the processor time of a call."""
    began = process_time()
    work(text)
    return process_time() - began


def grows_faster(work: Callable[[Any], object], half: Any, whole: Any, ratio: float, slack: float = 0.0) -> bool:
    """Tell whether the whole takes more than ``ratio`` times the half and some seconds, each of five times.

    Both are measured one after the other: machines that others share change their speed by four within seconds.
    """
    return all(seconds(work, whole) > ratio * seconds(work, half) + slack for _ in range(5))
