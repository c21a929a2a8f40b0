"""No statement of the work that never ends scans a table that grows with the stored entries."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from aggregator.app import Aggregator
from aggregator.ingest import archives
from aggregator.model import Feed
from tests.cli.calling import ARCHIVE
from tests.harness import Clock, FakeFetcher, Item, open_desk, rss

GROWS = {
    "entry", "entry_alias", "report", "story", "story_redirect", "sketch", "band", "report_vector", "match", "revision",
    "edge", "storyline_story",
}  # fmt: skip
WIRE = Feed("https://wire.example/rss", name="Wire", publisher="Wire")
# The index of notices holds them alone, and the newest of it are read.
_SCAN = re.compile(r"SCAN (\w+)(?! USING (?:COVERING )?INDEX entry_corrections)")


def scans(app: Aggregator, work: Callable[[], object]) -> set[tuple[str, str]]:
    """Return the tables that grow which statements of some work scan, with the statement."""
    asked: set[str] = set()
    connection = app.store.connection
    connection.set_trace_callback(asked.add)
    try:
        work()
    finally:
        connection.set_trace_callback(None)
    found = set()
    for statement in asked:
        if not statement.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH")):
            continue
        try:
            plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
        except sqlite3.Error:  # of a table that was there for the moment, or one shortened by the trace
            continue
        for line in plan:
            match = _SCAN.match(line[3])
            if match and match[1] in GROWS:
                found.add((match[1], statement[:200]))
    return found


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in ARCHIVE))
    return path


def test_no_import_scans(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the second transaction on, and where sources are known, many keys are looked up together."""
    monkeypatch.setattr(archives, "_MEMORY_TRANSACTION", 0.0)
    more = tmp_path / "more.jsonl"
    more.write_text("\n".join(json.dumps({**one, "id": f"{n}-{one['id']}"}) for one in ARCHIVE for n in range(4)))
    with open_desk(FakeFetcher(), Clock(), [WIRE]) as app:
        assert scans(app, lambda: app.import_archive(archive)) == set()
        assert scans(app, lambda: app.import_archive(more)) == set()


def test_no_poll_scans() -> None:
    clock = Clock()
    first = [Item(f"w{n}", f"Storm {n} batters Skarvik harbour", f"Waves hit Skarvik {n} times.") for n in range(5)]
    fetcher = FakeFetcher({WIRE.url: rss(*first)})
    with open_desk(fetcher, clock, [WIRE]) as app:
        assert scans(app, lambda: app.fetch(everything=True)) == set()
        fetcher.answers[WIRE.url] = rss(
            Item("w0", "Storm batters Skarvik harbour, four hurt", "Waves hit."), *first[1:]
        )
        clock.forward(hours=1)
        assert scans(app, lambda: app.fetch(everything=True)) == set()


def test_a_scan_is_seen(archive: Path) -> None:
    with open_desk(FakeFetcher(), Clock(), [WIRE]) as app:
        app.import_archive(archive)
        found = scans(app, lambda: app.store.connection.execute("SELECT count(*) FROM entry WHERE title = 'x'"))
        assert {table for table, _ in found} == {"entry"}
