"""The storage's tests of tables and updates apply the migrations to each database that they make."""

from __future__ import annotations

import pytest

from aggregator.storage import migrations, opening
from tests.conftest import bring_up_to_date, make_private

IN_EARNEST = ("test_commit_number", "test_database", "test_foreign_keys", "test_schema_document", "test_upgrading")


@pytest.fixture(autouse=True)
def _migrations_in_earnest(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.path.stem not in IN_EARNEST:
        return
    monkeypatch.setattr(migrations, "bring_up_to_date", bring_up_to_date)
    monkeypatch.setattr(opening, "_make_private", make_private)
