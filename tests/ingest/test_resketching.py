"""After an update that changed the form of sketches: nothing is compared across versions, and `db resketch` catches up."""

from __future__ import annotations

from pathlib import Path

import pytest

from aggregator.clustering.sketch import VERSION
from aggregator.ingest import resketch as module
from aggregator.ingest.resketch import outdated, resketch
from tests.clustering.arriving import Room, Text, room
from tests.clustering.events import FERRY, OTHER_NEWS

WIRE = " ".join(text.body for text in FERRY)
FIRST = Text("first", "Ferry aground", WIRE)
LATER = Text("later", "Ship on the rocks", WIRE, hours=2)


def age(made: Room) -> None:
    made.store.connection.execute("UPDATE sketch SET version = 'minhash-of-old', signature = x'00', shingles = x'00'")


def test_a_copy_of_an_old_sketch_is_missed_until_it_is_made_anew() -> None:
    for anew in (False, True):
        with room(FIRST) as made:
            age(made)
            assert outdated(made.store) == 1
            if anew:
                assert resketch(made.store, made.settings, lambda done, total: None) == 1
                assert outdated(made.store) == 0
            made.take(LATER)
            assert (made.report("first") == made.report("later")) is anew


def test_what_is_made_anew_is_what_was_made_at_first_and_stands_where_it_stood() -> None:
    texts = [Text(f"t{number}", title, body) for number, (title, body) in enumerate(OTHER_NEWS)]
    with room(FIRST, LATER, *texts) as made:
        query = "SELECT entry_id, report_id, version, signature, shingles, words, title, url, numbers, time FROM sketch ORDER BY 1"
        before, places = made.store.connection.execute(query).fetchall(), made.places()
        age(made)
        steps: list[tuple[int, int]] = []
        resketch(made.store, made.settings, lambda done, total: steps.append((done, total)))
        assert made.store.connection.execute(query).fetchall() == before
        assert made.places() == places
        assert steps[-1] == (len(before), len(before))
        assert {row[2] for row in before} == {VERSION}
        assert resketch(made.store, made.settings, lambda done, total: None) == 0


def test_others_write_between_two_short_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [Text(f"t{number}", title, body) for number, (title, body) in enumerate(OTHER_NEWS)]
    with room(FIRST, LATER, *texts) as made:
        age(made)
        monkeypatch.setattr(module, "MAX_TRANSACTION", 0.0)
        steps: list[int] = []

        def other_writes(done: int, total: int) -> None:
            assert not made.store.connection.in_transaction
            steps.append(total - outdated(made.store))

        assert resketch(made.store, made.settings, other_writes) == len(texts) + 2
        assert len(steps) > len(texts)
        assert steps == sorted(steps)


def test_the_command_line_offers_it(tmp_path: Path) -> None:
    from contextlib import closing
    from sqlite3 import connect

    from tests.cli.calling import ARCHIVE, call, write_archive

    database = tmp_path / "news.db"
    archive = write_archive(tmp_path / "some.jsonl", *ARCHIVE)
    call("--db", database, "import", archive).ok()
    assert "resketch" not in call("--db", database, "db", "check").ok().err
    with closing(connect(database)) as connection, connection:
        changed = connection.execute("UPDATE sketch SET version = 'minhash-of-old'").rowcount
    assert changed > 0
    assert f"{changed} sketches are of another version" in call("--db", database, "db", "check").ok().err
    assert call("--db", database, "db", "resketch").ok().out == f"{changed} sketches made anew.\n"
    assert "resketch" not in call("--db", database, "db", "check").ok().err
