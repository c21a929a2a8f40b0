"""An existing database is clustered anew once, in steps, with a report of what changed; editors' decisions hold."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from aggregator.clustering import fingerprint
from aggregator.clustering.fingerprint import clustering_fingerprint
from aggregator.clustering.vectors import VERSION
from aggregator.ingest.recluster import Progress, Reclustering
from aggregator.storage.integrity import faults
from aggregator.storage.migrations import migrations
from aggregator.storage.reclustering import ReclusterStore
from tests.ingest.arrivals import Newsroom, Telling

FORMER = "m008_stories_of_pairs"
ARRIVED = (
    Telling("dam", 0),
    Telling("dam", 1, "Times", 1),
    Telling("budget"),
    Telling("budget", 1, "Times", 1),
    Telling("cup"),
)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Newsroom]:
    """A newsroom whose stories were found in a former way: all in one, but what an editor parted."""
    made = Newsroom(tmp_path / "news.db")
    made.arrive(*ARRIVED)
    yield made
    made.close()


def misfiled(room: Newsroom) -> str:
    """Put every report into one story with vectors of another version, as a former release might have; return that story."""
    placer = room.placer()
    with room.store.transaction() as db:
        [story, *others] = sorted(room.stories())
        placer.move_reports([row[0] for row in db.execute("SELECT id FROM report")], story)
        for other in others:
            placer.close(other, story, "merged: one event")
        placer.settle([story], room.now)
        db.execute("UPDATE report_vector SET version = 'former'")
        db.execute("DELETE FROM unsettled_report")
    return story


def reclustering(room: Newsroom) -> Reclustering:
    return Reclustering(room.store, room.placer())


def test_nothing_is_due_where_all_vectors_are_of_today(room: Newsroom) -> None:
    assert not reclustering(room).is_due()


def test_a_release_that_finds_stories_by_other_rules_clusters_anew_once(room: Newsroom) -> None:
    ReclusterStore(room.store.connection).set_fingerprint("those of the release before")
    assert reclustering(room).is_due()
    reclustering(room).run(room.now, lambda done, total: None)
    assert not reclustering(room).is_due()


def test_a_database_that_does_not_say_by_which_rules_is_due(room: Newsroom) -> None:
    room.store.connection.execute("DELETE FROM fact WHERE name = 'stories found by'")
    assert reclustering(room).is_due()


def test_the_rules_change_with_the_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = clustering_fingerprint()
    copied = shutil.copytree(fingerprint._MODELS, tmp_path / "models")
    (copied / "graph.json").write_text("{}", "utf-8")
    monkeypatch.setattr(fingerprint, "_MODELS", copied)
    assert clustering_fingerprint.__wrapped__() != before


def test_steps_find_the_stories_of_today_across_restarts_and_tell_what_changed(room: Newsroom) -> None:
    wanted = {entry: room.members(place[1]) for entry, place in room.places().items()}
    story = misfiled(room)
    assert reclustering(room).is_due()
    reached: list[Progress] = []
    while (step := reclustering(room).step(room.now)) is not None:
        reached.append(step)
        room.restart()
    assert [step.done for step in reached] == sorted(step.done for step in reached)
    assert reached[-1].done == reached[-1].total == 2 * len(ARRIVED)
    assert {entry: room.members(place[1]) for entry, place in room.places().items()} == wanted
    assert not reclustering(room).is_due()
    outcome = reclustering(room).outcome()
    [change] = outcome.changes
    assert (change.change, change.stories, change.entries) == ("split", [story], len(ARRIVED))
    assert outcome.sentence.startswith(f"{len(ARRIVED)} entries in 1 stories before, ")
    versions = room.store.connection.execute("SELECT DISTINCT version FROM report_vector").fetchall()
    assert versions == [(VERSION,)]


def test_what_editors_decided_holds(room: Newsroom) -> None:
    entries = {one: room.id_of(one) for one in ARRIVED}
    room.editor().merge([room.story_of(entries[ARRIVED[0]]), room.story_of(entries[ARRIVED[4]])])
    room.editor().forbid(entries[ARRIVED[2]], entries[ARRIVED[3]])
    misfiled(room)
    reclustering(room).run(room.now, lambda done, total: None)
    assert room.story_of(entries[ARRIVED[0]]) == room.story_of(entries[ARRIVED[4]])
    assert room.story_of(entries[ARRIVED[2]]) != room.story_of(entries[ARRIVED[3]])


def test_entries_that_come_meanwhile_are_placed_and_lose_nothing(room: Newsroom) -> None:
    misfiled(room)
    reclustering(room).step(room.now)
    room.arrive(Telling("dam", 2, "Post", 2))
    reclustering(room).run(room.now, lambda done, total: None)
    places = room.places()
    assert len(places) == len(ARRIVED) + 1
    assert all(report and story for report, story in places.values())
    assert faults(room.store.connection, room.store.path) == ()


def test_a_database_of_the_former_schema_keeps_its_stories_and_asks_for_a_run(tmp_path: Path) -> None:
    path = tmp_path / "former.db"
    database = Database(path)
    migrations.apply(database, stop_before=FORMER)
    database.execute("PRAGMA application_id = 1095190354")
    connection = database.conn
    moment = "2026-03-02T06:00:00Z"
    connection.execute(
        "INSERT INTO feed (id, key, url, publisher, added) VALUES (1, 'k', 'https://a.example/feed', 'A', ?)", (moment,)
    )
    connection.execute(
        "INSERT INTO story (id, title, publisher, entries, reports, publishers, first_seen, last_seen, opened, changed)"
        " VALUES ('s1', 'Kelmara dam bursts', 'A', 1, 1, 1, ?, ?, ?, ?)",
        (moment,) * 4,
    )
    connection.execute("INSERT INTO report VALUES ('r1', 's1', NULL, 1, ?, ?)", (moment, moment))
    connection.execute(
        "INSERT INTO entry (id, feed_id, key, title, publisher, author, date_flag, first_seen, last_seen, time, summary,"
        " content, text, content_hash, report_id, story_id) VALUES ('e1', 1, 'k1', 'Kelmara dam bursts above Ostrel', 'A', '',"
        " 'ok', ?, ?, ?, '', '', 'The Kelmara dam burst.', 'h', 'r1', 's1')",
        (moment,) * 3,
    )
    connection.execute(
        "INSERT INTO story_vector (report_id, entry_id, story_id, language, time, dated, version, vector)"
        " VALUES ('r1', 'e1', 's1', 'en', 1772431200.0, 1, '9', x'00')"
    )
    connection.execute("INSERT INTO unsettled VALUES ('s1')")
    connection.execute(
        "INSERT INTO decision VALUES (1, 'pin', 'ann', ?, 'ann pinned', '[\"s1\", \"e1\"]', '{}', NULL, NULL)",
        (moment,),
    )
    connection.execute("INSERT INTO decision_entry VALUES (1, 0, 'left', 'e9', 'apart')")
    connection.commit()
    connection.close()
    room = Newsroom(path)
    assert reclustering(room).is_due()
    outcome = reclustering(room).run(room.now, lambda done, total: None)
    assert outcome.changes == []
    assert outcome.sentence.startswith("1 entries in 1 stories before, 1 after")
    assert room.places() == {"e1": ("r1", "s1")}
    assert room.store.connection.execute("SELECT kind FROM decision").fetchall() == [("pin",)]
    assert room.store.connection.execute("SELECT sign FROM decision_entry").fetchall() == [("apart",)]
    assert faults(room.store.connection, room.store.path) == ()
    room.close()
