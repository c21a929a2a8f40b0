"""Every command runs in an empty folder, away from the user's own settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fetching.server import Server
from tests.harness import forget_the_users_settings


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    room = tmp_path / "room"
    room.mkdir()
    forget_the_users_settings(monkeypatch, room)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.delenv("COLUMNS", raising=False)  # Python's readline sets it for the processes that a test run starts
    return room


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running
