"""After an upgrade the daemon clusters what is stored anew beside its polls, tells what changed, and then lets it be."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest

from aggregator.clustering.vectors import VERSION
from bench.feed_server import WORDS
from tests.cli.calling import ARCHIVE, call, write_archive
from tests.daemon.running import Daemon, Newsroom


def put_into_one_story(newsroom: Newsroom) -> str:
    """Put all that is stored into one story, by a former way of finding them; return its id."""
    with contextlib.closing(sqlite3.connect(newsroom.database)) as db, db:
        [(kept,), *others] = db.execute("SELECT id FROM story ORDER BY id").fetchall()
        db.execute("UPDATE report SET story_id = ?", (kept,))
        db.execute("UPDATE entry SET story_id = ?", (kept,))
        db.executemany("DELETE FROM story WHERE id = ?", others)
        db.execute("UPDATE report_vector SET version = 'former'")
    return str(kept)


@pytest.mark.costly
def test_the_daemon_clusters_anew_once_and_tells_what_changed(newsroom: Newsroom) -> None:
    del newsroom.settings["stories.enabled"]
    newsroom.follow(newsroom.serve("/good", "One"))
    archive = write_archive(newsroom.folder / "a.jsonl", *ARCHIVE)
    newsroom.call("import", str(archive)).ok()
    kept = put_into_one_story(newsroom)
    with newsroom.daemon() as daemon:
        told = daemon.hear("stories were clustered anew")
        assert "1 splits" in told
        daemon.hear(f"split of {kept}")
        assert daemon.said("clustered anew after an upgrade: ")
        assert daemon.stop() == 0
    with newsroom.daemon() as daemon:
        daemon.hear("1 feed asked|following 1 feed")
        assert daemon.stop() == 0
        assert not daemon.said("clustered anew")
    assert len(newsroom.rows("SELECT id FROM story WHERE title <> 'One'")) == 2
    assert call("--db", newsroom.database, "db", "check").code == 0


def spoilt(newsroom: Newsroom, events: int = 70) -> None:
    """Fill a database with events that two houses told each, then put all into one story, by a former way of finding them."""
    chance, lines = random.Random(5), []
    for event in range(events):
        words = chance.sample(WORDS, 40)
        for house in range(2):
            text = " ".join([*words[house : house + 30], *chance.sample(WORDS, 5)])
            title = " ".join(words[house : house + 8]).capitalize()
            lines.append({"id": f"{event}-{house}", "title": title, "body": f"{text}.", "source": f"House {house}"})
    newsroom.call("import", str(write_archive(newsroom.folder / "a.jsonl", *lines))).ok()
    put_into_one_story(newsroom)


def stories(newsroom: Newsroom) -> list[tuple[str, str]]:
    return newsroom.rows("SELECT guid, story_id FROM entry WHERE guid LIKE '%-%' ORDER BY guid")


STEP = "aggregator.ingest.recluster:Reclustering."


@pytest.mark.costly
@pytest.mark.parametrize(
    ("by", "step", "made"),
    [
        pytest.param("daemon", "_revector", 0, id="before the first text is read again"),
        pytest.param("daemon", "_progress", 50, id="between two transactions"),
        pytest.param("daemon", "_close", 60, id="when all is settled and not told"),
        pytest.param("command", "_progress", 50, id="by the command"),
    ],
)
def test_clustering_anew_is_stopped_at_once_and_taken_up_at_the_next_start(
    newsroom: Newsroom, tmp_path: Path, by: str, step: str, made: int
) -> None:
    newsroom.settings["stories.enabled"] = "true"
    newsroom.follow(newsroom.serve("/good", "One"))
    spoilt(newsroom)
    calm = Newsroom(tmp_path / "calm", newsroom.server)
    calm.folder.mkdir(exist_ok=True)
    calm.settings["stories.enabled"] = "true"
    calm.follow()
    shutil.copyfile(newsroom.database, calm.database)
    calm.call("recluster").ok()
    assert len(set(dict(stories(calm)).values())) > 30

    if by == "daemon":
        with newsroom.daemon(fault=("hang", f"{STEP}{step}", "1")) as daemon:
            daemon.hear("hangs in")
            assert daemon.stop() == 0
    else:
        called = [sys.executable, "-m", "tests.daemon.injecting", "hang", f"{STEP}{step}", "1"]
        with Daemon([*called, *newsroom.arguments("recluster")], newsroom.folder, {}) as command:
            command.hear("hangs in")
            assert command.stop() < 0
    assert newsroom.rows("SELECT count(*) FROM report_vector WHERE version = ?", VERSION)[0][0] >= made
    assert newsroom.rows("SELECT count(*) FROM fact WHERE name = 'recluster'") == [(1,)]
    assert "sound" in newsroom.call("db", "check").ok().out

    with newsroom.daemon() as daemon:
        daemon.hear("stories were clustered anew")
        assert daemon.stop() == 0
    assert stories(newsroom) == stories(calm)
    assert newsroom.rows("SELECT count(*) FROM report_vector WHERE version <> ?", VERSION) == [(0,)]
    assert "sound" in newsroom.call("db", "check").ok().out
