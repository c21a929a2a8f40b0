"""After an upgrade the daemon clusters what is stored anew beside its polls, tells what changed, and then lets it be."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from tests.cli.calling import ARCHIVE, call, write_archive
from tests.daemon.running import Newsroom


@pytest.mark.costly
def test_the_daemon_clusters_anew_once_and_tells_what_changed(newsroom: Newsroom) -> None:
    del newsroom.settings["stories.enabled"]
    newsroom.follow(newsroom.serve("/good", "One"))
    archive = write_archive(newsroom.folder / "a.jsonl", *ARCHIVE)
    newsroom.call("import", str(archive)).ok()
    with contextlib.closing(sqlite3.connect(newsroom.database)) as db, db:
        [(kept,), *others] = db.execute("SELECT id FROM story ORDER BY id").fetchall()
        db.execute("UPDATE report SET story_id = ?", (kept,))
        db.execute("UPDATE entry SET story_id = ?", (kept,))
        db.executemany("DELETE FROM story WHERE id = ?", others)
        db.execute("UPDATE report_vector SET version = 'former'")
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
