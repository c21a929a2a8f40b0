"""Pass after pass in one process against a server that fails at random: what is used up does not grow."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.crash.enduring import endure, growth


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_hundred_passes_use_no_more_than_ten(tmp_path: Path) -> None:
    assert growth(endure(tmp_path, 100, seed=5)) == []
