"""The storage's own tests apply the migrations to each database that they make."""

from __future__ import annotations

import pytest

from aggregator.storage import migrations, opening
from tests.conftest import bring_up_to_date, make_private


@pytest.fixture(autouse=True)
def _migrations_in_earnest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrations, "bring_up_to_date", bring_up_to_date)
    monkeypatch.setattr(opening, "_make_private", make_private)
