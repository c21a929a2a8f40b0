"""What ``from aggregator import …`` promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import aggregator
from aggregator import exceptions


def test_every_public_name_is_there() -> None:
    for name in aggregator.__all__:
        assert getattr(aggregator, name).__name__ == name


def test_every_error_is_public() -> None:
    raised = {name for name, value in vars(exceptions).items() if isinstance(value, type)}
    assert raised <= set(aggregator.__all__)


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = aggregator.nothing


def test_the_package_alone_loads_nothing_of_the_product() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import aggregator, sys; print([m for m in sys.modules if m.startswith('aggregator.')])",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.strip() == "[]"


def test_a_newsroom_opens_with_nothing_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with aggregator.Aggregator.open() as app:
        assert app.stories(aggregator.StoryQuery()) == []
    assert (tmp_path / "aggregator.db").is_file()
