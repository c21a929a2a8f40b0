"""A publisher that is renamed in feeds.yaml is followed after a reload, and after a kill by the next daemon."""

from __future__ import annotations

import signal

import pytest

from tests.daemon.running import Newsroom, wait_for


def houses(newsroom: Newsroom) -> list[tuple[str, int]]:
    return newsroom.rows("SELECT publisher, count(*) FROM entry GROUP BY 1 ORDER BY 1")


@pytest.mark.costly
def test_a_reload_that_renames_a_publisher_is_followed_and_a_kill_between_loses_nothing(newsroom: Newsroom) -> None:
    url = newsroom.serve("/feed", "One", "Two", "Three")
    newsroom.follow({"url": url, "publisher": "Post"})
    with newsroom.daemon() as daemon:
        daemon.hear("1 feed asked")
        newsroom.follow({"url": url, "publisher": "Gazette"})
        daemon.send(signal.SIGHUP)
        daemon.hear("publishers or categories were renamed: 3 more entries")
        wait_for(lambda: houses(newsroom) == [("Gazette", 3)])
        assert daemon.stop() == 0
    newsroom.follow({"url": url, "publisher": "Mail"})
    with newsroom.daemon(fault=("hang", "aggregator.ingest.reattribution:Reattribution._follow", "1")) as daemon:
        daemon.hear("hangs in")
        daemon.send(signal.SIGKILL)
        daemon.end()
    assert houses(newsroom) == [("Gazette", 3)]
    with newsroom.daemon() as daemon:
        daemon.hear("publishers or categories were renamed: 3 more entries")
        assert daemon.stop() == 0
    assert houses(newsroom) == [("Mail", 3)]
    assert newsroom.rows("SELECT name FROM fact WHERE name = 'publishers renamed'") == []
    assert "sound" in newsroom.call("db", "check").ok().out
