"""What the daemon shows to others: its stories for subscribers after each pass, and the desk's page where it is to serve it."""

from __future__ import annotations

import json
import socket
import urllib.request
from datetime import UTC, datetime

import pytest

from tests.daemon.running import Newsroom, document, wait_for
from tests.digest.feed_rules import atom_faults
from tests.fetching.server import answer

STORM = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
NOW = "2026-03-10T05:30:00Z"


def follow_the_storm(newsroom: Newsroom) -> None:
    newsroom.settings |= {"stories.enabled": "true"}
    newsroom.follow(newsroom.server.on("/feed", answer(document("Storm in Esbjerg", published=STORM))))


@pytest.mark.costly
def test_a_pass_writes_the_stories_for_subscribers_and_the_page_shows_them(newsroom: Newsroom) -> None:
    follow_the_storm(newsroom)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    page = f"http://127.0.0.1:{port}/stories.json"
    stories = newsroom.folder / "digests" / "stories.json"
    with newsroom.daemon(now=NOW, settings=["web.with_run=true", f"web.address=127.0.0.1:{port}"]) as daemon:
        wait_for(stories.exists)
        [story] = json.loads(stories.read_text())["items"]
        assert story["title"] == "Storm in Esbjerg"
        with urllib.request.urlopen(page, timeout=60) as shown:
            assert [one["id"] for one in json.load(shown)["items"]] == [story["id"]]
        assert daemon.stop() == 0
    assert atom_faults((newsroom.folder / "digests" / "stories.atom").read_text()) == []


def test_fetch_writes_them_too_and_a_folder_that_cannot_be_written_costs_nothing_else(newsroom: Newsroom) -> None:
    follow_the_storm(newsroom)
    (newsroom.folder / "digests").write_text("a file where the folder should be")
    assert "not written for subscribers" in newsroom.call("fetch", now=NOW).ok().err
    assert newsroom.rows("SELECT title FROM story") == [("Storm in Esbjerg",)]
    (newsroom.folder / "digests").unlink()
    newsroom.server.on("/feed", answer(document("Storm in Esbjerg", "Calm in Harwich", published=STORM)))
    newsroom.call("fetch", "--all", now=NOW).ok()
    told = json.loads((newsroom.folder / "digests" / "stories.json").read_text())["items"]
    assert sum(one["_aggregator"]["entries"] for one in told) == 2
