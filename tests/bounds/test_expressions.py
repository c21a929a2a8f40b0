"""No regular expression takes more than its share of time of the longest text that a feed can give it."""

from __future__ import annotations

import re

import pytest

from tests.bounds.attacks import attacks, doing, grows_faster, seconds, text_of
from tests.bounds.expressions import BEHIND, DOCUMENT, EXPRESSIONS, TIDY, in_source, patterns, ways

LISTED = [(module, name, size) for module, names in EXPRESSIONS.items() for name, size in names.items()]
# At which the worst texts are looked for, and which stands for every larger bound unless the test is a slow one.
SMALL, USUAL = 1_000, 40_000
# Twice the text may cost so many times the time (twice is right, four times is the square), unless it costs nearly nothing.
RATIO, NOTHING = 3.2, 0.05


def test_every_expression_is_listed() -> None:
    listed = {module: set(names) for module, names in EXPRESSIONS.items()}
    assert in_source() == listed, "write new expressions into tests/bounds/expressions.py, with their bound"


def _is_tidy(attack: tuple[str, str, str]) -> bool:
    beginning, unit, end = attack
    return re.search(r"\s\s", f"{beginning}{unit * 2}{end}") is None


def play(module: str, name: str, size: int) -> list[str]:
    """Return what takes too long of an expression at a size."""
    slow = []
    for pattern in patterns(module, name):
        for way in sorted(ways(module, name)):
            work = BEHIND.get(f"{module}: {name}") or doing(pattern, way)
            tried = [attack for attack in attacks(pattern) if module not in TIDY or _is_tidy(attack)]
            costs = {attack: seconds(work, text_of(pattern, attack, min(size, SMALL))) for attack in tried}
            for attack in sorted(costs, key=lambda one: -costs[one])[:2]:
                whole = text_of(pattern, attack, size)
                took = seconds(work, whole)
                if took > NOTHING and grows_faster(work, text_of(pattern, attack, size // 2), whole, RATIO):
                    slow.append(f"{name}.{way} of {attack}: {took:.3f} s")
    return slow


@pytest.mark.costly
@pytest.mark.parametrize(("module", "name", "size"), LISTED, ids=lambda value: str(value))
def test_twice_the_text_takes_twice_the_time(module: str, name: str, size: int) -> None:
    assert play(module, name, min(size, USUAL)) == []


@pytest.mark.slow
@pytest.mark.parametrize(("module", "name", "size"), LISTED, ids=lambda value: str(value))
def test_twice_the_text_takes_twice_the_time_at_the_largest_size(module: str, name: str, size: int) -> None:
    assert play(module, name, min(size, DOCUMENT)) == []
