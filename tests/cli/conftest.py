"""Every command runs in an empty folder, away from the user's own settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fetching.server import Server


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("AGGREGATOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))
    monkeypatch.setenv("TZ", "UTC")
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.chdir(room)
    return room


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running
