"""Markers that follow from what a test is: generated inputs are ``property``, a running daemon is ``daemon``."""

from __future__ import annotations

from pathlib import Path

import pytest

DAEMON = Path(__file__).parent / "daemon"


@pytest.hookimpl(tryfirst=True)  # before -m chooses by markers
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if getattr(getattr(item, "function", None), "is_hypothesis_test", False):
            item.add_marker("property")
        if DAEMON in item.path.parents:
            item.add_marker("daemon")
