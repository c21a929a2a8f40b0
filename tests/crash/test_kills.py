"""Killed at random moments, a desk ends as one that was never disturbed; `bench/kills.py` does so as often as is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.killing import Compared, compare
from tests.crash.program import Program


def check(found: Compared) -> None:
    """Assert that the kills left no trace but deliveries that came again."""
    assert found.differences == []
    assert found.calm.unsound + found.shaken.unsound == []
    assert found.calm.repeated == 0
    assert found.shaken.repeated <= found.shaken.kills
    assert max(found.shaken.lines.values()) == 1  # a file is looked at before a line is added


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_dozen_kills_leave_no_trace(tmp_path: Path) -> None:
    found = compare(tmp_path, Program(steps=5), kills=16, seed=7)
    check(found)
    assert found.shaken.kills >= 6  # the others came too late
    assert found.calm.alerts
    assert found.calm.mails
