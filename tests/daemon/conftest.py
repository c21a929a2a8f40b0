"""A newsroom for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.running import Newsroom
from tests.fetching.server import Server


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with Server() as server:
        yield Newsroom(tmp_path, server)
