"""docs/schema.md against the schema: what people query is described, and what is described is there."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.storage.database import Store

DOCUMENT = (Path(__file__).parents[2] / "docs" / "schema.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`([a-z_]+)`", DOCUMENT))
# of the full-text index, and of the library that applies migrations
INNER = re.compile(r"entry_fts_.+|_sqlite_.+|sqlite_.+")
DESK = [
    "feed",
    "poll",
    "entry",
    "entry_fault",
    "revision",
    "report",
    "story",
    "story_redirect",
    "storyline",
    "storyline_redirect",
    "match",
    "decision",
    "decision_entry",
    "edition",
    "watch",
    "alert",
    "delivery",
]


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    with Store(None) as store:
        yield store.connection


def columns(database: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in database.execute(f"PRAGMA table_info({table})")}


def test_every_table_and_view_is_described(database: sqlite3.Connection) -> None:
    rows = database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    assert {name for (name,) in rows if not INNER.fullmatch(name)} - NAMED == set()


@pytest.mark.parametrize("table", [*DESK, "story_entry"])
def test_every_column_that_a_desk_reads_is_described(table: str, database: sqlite3.Connection) -> None:
    found = columns(database, table)
    assert found
    assert found - NAMED - {"id", f"{table}_id", "feed_id"} == set()


@pytest.mark.parametrize("section", re.findall(r"^### .+?(?=^##|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL))
def test_what_heads_a_section_is_a_table(section: str, database: sqlite3.Connection) -> None:
    heads = re.findall(r"`([a-z_]+)`", section.split("\n")[0])
    assert all(columns(database, head) for head in heads)


def test_a_story_alone_makes_sense_to_a_journalist(database: sqlite3.Connection) -> None:
    wanted = {"title", "url", "publisher", "entries", "reports", "publishers", "first_seen", "last_seen"}
    assert wanted <= columns(database, "story")
