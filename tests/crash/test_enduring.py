"""Pass after pass in one process against a server that fails at random: what is used up does not grow."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.crash.enduring import SETTINGS, endure, part


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_hundred_passes_use_no_more_than_ten(tmp_path: Path) -> None:
    used = endure(tmp_path, 100, seed=5)
    assert part(used, 0.75, 1, lambda one: one.memory) < part(used, 0.25, 0.5, lambda one: one.memory) + 15
    assert part(used, 0.75, 1, lambda one: one.descriptors) <= part(used, 0.25, 0.5, lambda one: one.descriptors) + 4
    assert max(one.threads for one in used[50:]) <= max(one.threads for one in used[:50]) + 4
    assert max(one.children for one in used) <= SETTINGS.parse.workers + 2  # and the server that forks them
    assert max(one.log for one in used) < 70
    assert part(used, 0.75, 1, lambda one: one.seconds) < 3 * part(used, 0.25, 0.5, lambda one: one.seconds)
