"""An import leaves room for others: its transactions are short, and how it is cut into them decides nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.ingest import archives
from aggregator.ingest.archives import Importer
from aggregator.ingest.prepare import prepare_entry
from aggregator.newsroom.publishers import families
from aggregator.parsing.archive import ArchiveEntry, read
from aggregator.settings import Settings
from aggregator.storage.database import Store
from tests.cli.calling import ARCHIVE

NOW = datetime(2026, 3, 11, 7, 0, tzinfo=UTC)
PLACES = ("Esbjerg", "Harwich", "Brussels", "Skagen", "Tallinn")


def entries() -> list[ArchiveEntry]:
    lines = [
        {**one, "id": f"{place}-{one['id']}", "title": f"{place}: {one['title']}", "body": f"In {place}. {one['body']}"}
        | {"date": (datetime(2026, 3, 10, tzinfo=UTC) + timedelta(minutes=7 * number)).isoformat()}
        for number, place in enumerate(PLACES)
        for one in ARCHIVE
    ]
    found = read(json.dumps(line).encode() for line in lines)
    return [one for one in found if isinstance(one, ArchiveEntry)]


def imported(path: Path, progress: archives.Progress = lambda done, total: None) -> list[tuple[object, ...]]:
    with Store(path) as store:
        outcome = Importer(store, Settings(), families(()), NOW).record(entries(), progress)
        assert outcome.new == len(PLACES) * len(ARCHIVE)
        assert store.check() == ()
        return store.connection.execute(
            "SELECT entry.id, report_id, story_id, story.title, canonical_entry FROM entry JOIN story ON story.id = story_id ORDER BY 1"
        ).fetchall()


def test_others_write_while_an_import_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "HELD", 0.0)
    turns: list[int] = []

    def write(done: int, total: int) -> None:
        turns.append(done)
        with Store(tmp_path / "a.db", busy_timeout_ms=0) as other, other.transaction() as db:
            db.execute("INSERT INTO fact (name, value) VALUES (?, 'x')", (f"turn {done}",))

    imported(tmp_path / "a.db", write)
    assert turns == list(range(1, len(PLACES) * len(ARCHIVE) + 1))


def test_how_an_import_is_cut_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for held, long in ((0.0, 100_000), (60.0, 100_000), (60.0, 300)):
        monkeypatch.setattr(archives, "HELD", held)
        monkeypatch.setattr(archives, "LONG", long)
        found.append(imported(tmp_path / f"{held}-{long}.db"))
    assert found[0] == found[1] == found[2]


def test_others_write_while_a_long_entry_is_prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [{**one, "body": one["body"] * 200} for one in ARCHIVE]
    long = [one for one in read(json.dumps(line).encode() for line in lines) if isinstance(one, ArchiveEntry)]
    prepared = []

    def prepare(*given: object, **options: bool) -> object:
        with Store(tmp_path / "a.db", busy_timeout_ms=0) as other, other.transaction():
            prepared.append(given)
        return prepare_entry(*given, **options)  # type: ignore[arg-type]

    with Store(tmp_path / "a.db") as store:
        importer = Importer(store, Settings(), families(()), NOW)
        monkeypatch.setattr(archives, "prepare_entry", prepare)
        assert importer.record(long, lambda done, total: None).new == len(ARCHIVE)
    assert len(prepared) >= len(ARCHIVE)
