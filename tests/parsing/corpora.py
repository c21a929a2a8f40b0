"""The captured feeds and the conformance suites that lie beside the project, where they do."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

ARCHIVES = Path(__file__).parents[2].parent / "shared" / "data" / "feeds"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FULL = os.environ.get("AGGREGATOR_FULL_CORPUS") == "1"


def files(name: str, prefix: str = "", every: int = 1) -> Iterator[tuple[str, bytes]]:
    """Yield the files of an archive by name; ``every`` nth of them unless AGGREGATOR_FULL_CORPUS=1."""
    path = ARCHIVES / f"{name}.tar.xz"
    if not path.exists():
        pytest.skip(f"needs the feed files beside the project: {name}.tar.xz")
    with tarfile.open(path) as archive:
        members = [
            member for member in archive if member.isfile() and member.name.removeprefix("./").startswith(prefix)
        ]
        for member in members[:: 1 if FULL else every]:
            extracted = archive.extractfile(member)
            assert extracted is not None
            yield member.name.removeprefix("./"), extracted.read()
