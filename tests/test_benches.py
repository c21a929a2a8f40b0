"""Each measurement runs, on sizes at which its figures mean nothing."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest

from aggregator.clustering.graph import StoryGraph
from aggregator.desk import maintenance
from aggregator.storage import sweeping
from aggregator.storage.database import Store
from bench import (
    bounded,
    cluster,
    desk,
    first_fetch,
    floods,
    growth,
    idle,
    ingest,
    large_feed,
    locks,
    read_pairs,
    unchanged,
)
from bench.cost import cost, flood, passes
from bench.material import archive, lines
from bench.pair_examples import table
from bench.worlds import DATA, START, Item


@pytest.mark.costly
def test_ingest_tells_each_stage_and_each_baseline(tmp_path: Path) -> None:
    rows = lines(60, words=40)
    path = archive(tmp_path, rows)
    spent = ingest.stages(path, tmp_path)
    assert set(ingest.STAGES) < set(spent)
    assert all(seconds > 0 for name, seconds in spent.items() if name in ingest.STAGES)
    whole = ingest.whole(path, tmp_path, workers=False, cores=1)
    assert whole["own"] > 0
    assert whole["file"] > 60 * 100
    assert len(ingest.baselines(rows)) >= 3


@pytest.mark.costly
def test_a_first_fetch_is_measured_on_so_many_cores(tmp_path: Path) -> None:
    first_fetch.write_feeds(lines(60), 4, tmp_path)
    with first_fetch.folder_server(tmp_path) as url:
        seconds = first_fetch.measured(tmp_path, url, feeds=4, cores=1)
    assert seconds["processor"] > 0
    assert seconds["clock"] > 0
    with Store(tmp_path / "fetched.db") as store:
        assert store.connection.execute("SELECT count(*) FROM entry").fetchone() == (60,)


@pytest.mark.costly
def test_locks_see_editors_and_a_reader_at_each_kind_of_work(tmp_path: Path) -> None:
    source = archive(tmp_path, lines(40))
    database = tmp_path / "desk.db"
    locks.work("fill", database, source)
    for kind in ("import", "first fetch", locks.RESKETCH, "edition", "mail", "prune"):
        _assert_measured(locks.measured(kind, database, source))
    story = locks.large_story(tmp_path, 40)
    for kind in locks.OF_A_LARGE_STORY:
        _assert_measured(locks.measured(kind, story, tmp_path / "archive.jsonl"))
    with Store(story) as store:
        assert store.connection.execute("SELECT count(*) FROM decision").fetchone() == (6,)


def _assert_measured(waits: locks.Waits) -> None:
    assert waits.writing
    assert waits.reading
    assert not waits.refused


@pytest.mark.costly
def test_an_unchanged_poll_is_measured_by_what_it_writes(tmp_path: Path) -> None:
    every = unchanged.measured(30, tmp_path / "all.db")
    assert 0 < every["bytes"] < 20_000
    assert every["commits"] > 0
    assert (
        unchanged.measured(30, tmp_path / "some.db", every=10)["bytes"] > every["bytes"]
    )  # what few share costs each more


@pytest.mark.costly
def test_an_unchanged_poll_of_a_small_desk_writes_less_than_a_kilobyte(tmp_path: Path) -> None:
    found = unchanged.small_desk(1, tmp_path / "one.db", passes=100)
    assert 50 < found["bytes"] < 1_000


@pytest.mark.costly
def test_a_changed_poll_of_a_large_feed_is_measured(tmp_path: Path) -> None:
    assert large_feed.measured(200, tmp_path / "large.db") > 0
    with Store(tmp_path / "large.db") as store:
        known = large_feed.ENTRIES + large_feed.FRESH * large_feed.ROUNDS
        assert store.connection.execute("SELECT count(*) FROM entry").fetchone()[0] == known + 200


@pytest.mark.costly
def test_no_table_grows_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "PAUSE", 0)
    monkeypatch.setattr(maintenance, "POLL_LOG", timedelta(days=2))
    found = list(bounded.days(13, 3, timedelta(days=2)))
    grown = ("entry", "story", "line", "revision", "arrival", "match")
    assert all(max(day[table] for day in found[5:]) for table in grown)
    assert bounded.growing(found, 5) == {}


@pytest.mark.costly
@pytest.mark.daemon
@pytest.mark.skipif(sys.platform != "linux", reason="what a process wrote is read from /proc")
def test_a_daemon_that_has_nothing_to_do_writes_nothing(tmp_path: Path) -> None:
    idle.prepared(20, tmp_path)
    used = idle.measured(tmp_path, 3.0, tick=0.1, settling=1.0)
    # its account alone, told at each pass, would be four hundred bytes a second; what it does at its start is some hundred
    assert used["bytes"] < 190
    assert used["processor"] < 1.0


@pytest.mark.costly
def test_a_desk_at_its_learned_rhythm_is_measured(tmp_path: Path) -> None:
    found = desk.measured(400, 3.0, tmp_path / "desk.db", warm=0.5)
    assert found["requests a minute"] > 0
    assert found["feed late, worst s"] <= 20.0  # of the driven clock: a tick more than feeds wait for others


def test_clustering_an_archive_is_measured(tmp_path: Path) -> None:
    found = cluster.measured(archive(tmp_path, lines(40)), 0)
    assert found["entries"] == 40
    assert found["coordinator"] > 0


@pytest.mark.costly
def test_passes_without_news_add_nothing_but_their_log() -> None:
    found = list(bounded.passes(6, 2))
    same = {name for name in found[0] if found[1][name] == found[-1][name]}
    # the page that is edited at each pass adds a version and keys: for prune to drop
    assert set(found[0]) - same == {"poll", "revision", "band_waiting"}


def test_growth_is_told_by_tenths(tmp_path: Path) -> None:
    rows = list(growth.measured(100, tmp_path))
    assert [row["entries"] for row in rows] == list(range(10, 101, 10))
    assert all(row["ms an entry"] > 0 for row in rows)
    before = growth.fingerprint(tmp_path / "grown.db")
    assert growth.restarted(tmp_path) > 0
    assert growth.fingerprint(tmp_path / "grown.db") != before  # the late entry tells a story of its own


def test_rounds_of_a_stream_bear_other_names_and_numbers() -> None:
    assert growth._renamed("Norway sends 12 ships", 1) != growth._renamed("Norway sends 12 ships", 2)
    assert growth._renamed("Norway sends 12 ships", 1) == growth._renamed("Norway sends 12 ships", 1)
    assert growth._renamed("to the sea", 1) == "to the sea"


def test_a_flood_is_measured() -> None:
    assert passes(StoryGraph(), flood(30), 10) > 0


def test_the_candidate_pairs_to_learn_from_are_recorded_with_what_is_known_of_them() -> None:
    titles = ("Ferry sinks off Vasstrand, forty rescued", "Forty rescued as ferry sinks near Vasstrand")
    sides = ("2023-04-03", "2023-04-03", "2023-06-05")
    items = [
        Item(f"k{place}", title, "", "en", f"house{place}.example", START + 3_600 * place, side)
        for place, (title, side) in enumerate(zip((*titles, titles[1]), sides, strict=True))
    ]
    found = table("three", items)
    known = dict(zip(zip(found.second.tolist(), found.first.tolist(), strict=True), found.label.tolist(), strict=True))
    assert known == {(0, 1): -1, (0, 2): 0, (1, 2): 0}  # of two reports of one week nothing is known
    assert (found.features.cosine > 0).all()


def test_drawn_pairs_are_counted_by_verdict_where_they_stand_in_one_story(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_pairs, "row_key", lambda key: f"row {key}")
    titles = (
        "Ferry sinks off Vasstrand, forty rescued",
        "Forty rescued as ferry sinks near Vasstrand",
        "Bakers go on strike",
    )
    items = [Item(f"k{n}", title, "", "en", f"h{n}.example", START, "w") for n, title in enumerate(titles)]
    known = {("row k0", "row k1"): "one", ("row k1", "row k2"): "two", ("row k0", "gone"): "unclear"}
    assert read_pairs.together(items, known) == {"one": 1}
    assert set(read_pairs.verdicts().values()) == {"one", "two", "unclear"}


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "streams").is_dir(), reason="the streams do not lie beside the repository")
def test_a_window_is_measured() -> None:
    found = cost(500)
    assert found["import ms"] > 0
    assert found["MB"] >= 0


@pytest.mark.costly
@pytest.mark.parametrize("kind", list(floods.KINDS))
def test_a_flood_of_each_kind_is_measured(kind: str, tmp_path: Path) -> None:
    found = list(floods.passes(floods.KINDS[kind](60), 20, tmp_path))
    assert [one["entries"] for one in found] == [20, 40, 60]
    told = floods.summary(found, 60)
    assert told["worst transaction s"] > 0
    assert {"event": told["stories"] == 1, "archive": told["reports"] <= 32}.get(kind, told["reports"] >= 55)
    if kind == "event":
        assert min(floods.held_by_verbs(tmp_path).values()) > 0
