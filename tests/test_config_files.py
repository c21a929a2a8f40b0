"""The files under config/ that other programs read: they must speak of what is really there."""

from __future__ import annotations

import configparser
import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sqlite_utils import Database

from aggregator.storage import base_tables, migrations, storyline_tables

CONFIG = Path(__file__).parents[1] / "config"


@pytest.fixture
def database() -> sqlite3.Connection:
    made = Database(memory=True)
    migrations.migrations.apply(made)
    connection: sqlite3.Connection = made.conn
    return connection


@pytest.fixture
def described() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load((CONFIG / "datasette.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = loaded["databases"]["aggregator"]
    return found


def test_datasette_describes_what_a_desk_reads_and_nothing_that_is_not_there(
    database: sqlite3.Connection, described: dict[str, Any]
) -> None:
    rows = database.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
    stored = {name for (name,) in rows}
    assert set(described["tables"]) <= stored
    scripts = "".join(
        (
            base_tables.FEEDS,
            base_tables.STORIES,
            base_tables.ENTRIES,
            base_tables.DESK,
            storyline_tables.STORYLINES,
            base_tables.VIEWS,
        )
    )
    made = set(re.findall(r"CREATE (?:VIRTUAL )?(?:TABLE|VIEW) (\w+)", scripts)) & stored
    assert made <= set(described["tables"])


def test_datasette_names_columns_that_exist(database: sqlite3.Connection, described: dict[str, Any]) -> None:
    for table, about in described["tables"].items():
        columns = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        named = {*about.get("columns", ()), *about.get("facets", ())}
        named |= {about[key] for key in ("sort_desc", "label_column") if key in about}
        assert named <= columns, table


def test_datasette_queries_run(database: sqlite3.Connection, described: dict[str, Any]) -> None:
    for query in described["queries"].values():
        database.execute(query["sql"], dict.fromkeys(query.get("params", ()), ""))


def test_service_is_watched_and_leaves_what_needs_a_person_alone() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(CONFIG / "aggregator.service", encoding="utf-8")
    service = unit["Service"]
    assert (service["Type"], service["KillSignal"]) == ("notify", "SIGTERM")
    assert int(service["WatchdogSec"]) > 0
    assert service["RestartPreventExitStatus"].split() == ["2", "5"]
    assert service["ExecStart"].endswith(" run")
