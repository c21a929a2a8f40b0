"""Watches look over a large story while others may write, and raise what they would raise within its transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from aggregator import Aggregator, Settings
from aggregator.desk import watches
from aggregator.ingest import settle, story_writing
from aggregator.newsroom.watches import Reading, WatchQuery
from aggregator.storage.database import Store
from bench.floods import event
from bench.material import START, archive

REPORTS = 60
QUERY = WatchQuery(words=("ferry",))


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take stories of more than twenty entries for large."""
    for module in (settle, story_writing):
        monkeypatch.setattr(module, "CHUNK", 20)
    monkeypatch.setattr(settle, "LARGE", 20)


def left_unsettled(database: Path) -> None:
    """Store a flood, and leave it to be settled by a pass, to which the watches listen."""
    with Aggregator.open(Settings(), database, clock=lambda: START) as app:
        app.import_archive(archive(database.parent, event(REPORTS)))
        with app.store.transaction() as db:
            db.execute("INSERT OR IGNORE INTO unsettled_report SELECT id FROM report")
            db.execute("UPDATE entry SET backlog = 0")
        app.watches().add("ferries", QUERY, ("stdout",), "ben")
        with app.store.transaction() as db:
            db.execute("UPDATE watch SET added = '2000-01-01T00:00:00Z'")


def alerts(app: Aggregator) -> list[tuple[Any, ...]]:
    """Return the alerts, and what they report."""
    rows = app.store.connection.execute("SELECT id, watch, story_id, reason, sentence, payload FROM alert").fetchall()
    return [*rows, *app.store.connection.execute("SELECT * FROM alert_entry ORDER BY 1, 2").fetchall()]


def settled(database: Path) -> list[tuple[Any, ...]]:
    """Settle what is left; return the alerts that it raised."""
    with Aggregator.open(Settings(), database, clock=lambda: START) as app:
        app.place_waiting()
        return alerts(app)


def test_a_large_story_is_read_and_judged_outside_of_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    for name in ("within", "beside"):
        (tmp_path / name).mkdir()
        left_unsettled(tmp_path / name / "w.db")
    within = settled(tmp_path / "within" / "w.db")
    request.getfixturevalue("large")
    original, inside = watches.read_stories, list[bool]()

    def seen(entries: Any, *rest: Any) -> Iterator[tuple[str, tuple[Reading, ...]]]:
        inside.append(entries._db.in_transaction)
        return original(entries, *rest)

    monkeypatch.setattr(watches, "read_stories", seen)
    beside = settled(tmp_path / "beside" / "w.db")
    assert len(within) == REPORTS + 1
    assert beside == within
    assert inside == [False]


def test_what_another_writes_while_a_large_story_is_judged_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: None
) -> None:
    database = tmp_path / "w.db"
    left_unsettled(database)
    original, others = watches.read_stories, iter(["UPDATE entry SET revisions = 2"])

    def raced(*given: Any) -> list[tuple[str, tuple[Reading, ...]]]:
        found = list(original(*given))
        if (statement := next(others, None)) is not None:
            with Store(database) as other, other.transaction() as db:
                db.execute(statement)
        return found

    monkeypatch.setattr(watches, "read_stories", raced)
    found = settled(database)
    assert len(found) == REPORTS + 1
    assert {row[3] for row in found[1:]} == {2}


def test_an_alert_that_a_crash_cut_off_is_raised_by_the_next_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: None
) -> None:
    class Broken(BaseException):
        pass

    def broken(*_: object) -> None:
        raise Broken

    database = tmp_path / "w.db"
    left_unsettled(database)
    with monkeypatch.context() as patched:
        patched.setattr(watches.Watcher, "check_stories", broken)
        with pytest.raises(Broken):
            settled(database)
    assert len(settled(database)) == REPORTS + 1
    assert len(settled(database)) == REPORTS + 1  # and once


def test_a_large_story_that_cannot_be_judged_costs_its_own_alerts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: None
) -> None:
    def broken(*_: object, **__: object) -> Sequence[str]:
        raise ValueError("foreseen by nobody")

    database = tmp_path / "w.db"
    left_unsettled(database)
    monkeypatch.setattr(watches, "decide", broken)
    assert settled(database) == []
    with Store(database) as store:
        assert store.connection.execute("SELECT count(*) FROM unsettled_report").fetchone() == (0,)
