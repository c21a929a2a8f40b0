"""A server and a newsroom for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fetching.server import Server
from tests.harness import forget_the_users_settings
from tests.outside.newsroom import Newsroom


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    forget_the_users_settings(monkeypatch, tmp_path)
    return tmp_path


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def newsroom(folder: Path) -> Newsroom:
    return Newsroom(folder)
