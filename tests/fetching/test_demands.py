"""Each demand on the fetcher has tests, and they are there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.fetching.demands import DEMANDS

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("demand", DEMANDS)
def test_each_demand_is_shown(demand: str) -> None:
    assert DEMANDS[demand]
    for shown in DEMANDS[demand]:
        file, _, name = shown.partition("::")
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, shown
