"""Killed at random moments, a desk ends as one that was never disturbed; `bench/kills.py` does so as often as is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.storage.database import Store
from tests.crash.killing import COMPARED, LEFT, Compared, compare
from tests.crash.program import Program


def check(found: Compared) -> None:
    """Assert that the kills left no trace but deliveries that came again."""
    assert found.differences == []
    assert found.calm.unsound + found.shaken.unsound == []
    assert found.calm.repeated == 0
    assert found.shaken.repeated <= found.shaken.kills
    assert max(found.shaken.lines.values()) == 1  # a file is looked at before a line is added


def test_what_is_asked_of_the_database_is_there() -> None:
    """A question about a table that is gone would be taken for work that is left."""
    with Store(None) as store:
        for table, columns in COMPARED.items():
            store.connection.execute(f"SELECT {columns} FROM {table}")
        for query in LEFT:
            store.connection.execute(query, {"now": ""})


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_dozen_kills_leave_no_trace(tmp_path: Path) -> None:
    found = compare(tmp_path, Program(steps=5), kills=16, seed=7)
    check(found)
    assert found.shaken.kills >= 6  # the others came too late
    assert found.calm.alerts
    assert found.calm.mails
