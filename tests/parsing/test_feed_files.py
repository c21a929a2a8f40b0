"""Bytes beside what is expected of them: every file of ``feeds`` has a ``.expected.json``.

To approve a change on purpose: ``python -m tests.parsing.test_feed_files``.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from aggregator.model import ParsedFeed
from aggregator.parsing.feed import parse
from aggregator.settings import ParseSettings

FEEDS = Path(__file__).parent / "feeds"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FILES = sorted(path for path in FEEDS.iterdir() if not path.name.endswith(".expected.json"))


def parsed(path: Path) -> ParsedFeed:
    return parse(
        path.read_bytes(), "https://feeds.example/list/rss", {"Content-Type": "text/xml"}, NOW, ParseSettings()
    )


def as_json(feed: ParsedFeed) -> object:
    def plain(value: object) -> object:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, timedelta):
            return value.total_seconds()
        return sorted(cast("frozenset[int]", value))

    slim = {key: value for key, value in asdict(feed).items() if value}
    for name in ("entries", "skips"):
        if name in slim:
            slim[name] = [{key: value for key, value in one.items() if value} for one in slim[name]]
    return json.loads(json.dumps(slim, default=plain))


def expected_file(path: Path) -> Path:
    return path.with_name(path.name + ".expected.json")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file_gives_what_is_expected(path: Path) -> None:
    assert as_json(parsed(path)) == json.loads(expected_file(path).read_text("utf-8"))


if __name__ == "__main__":
    for file in FILES:
        shown = json.dumps(as_json(parsed(file)), ensure_ascii=False, indent=1)
        expected_file(file).write_text(shown + "\n", "utf-8")
