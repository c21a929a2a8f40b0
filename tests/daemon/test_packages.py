"""One entry goes through the running product, and each of the packages that it is built of does its part."""

from __future__ import annotations

import json
from collections import defaultdict
from email.utils import format_datetime

import pytest

from tests.daemon.running import STARTED, Newsroom
from tests.fetching.server import answer

TITLE = "Ferry Runs Aground Off Esbjerg"
TEXT = " ".join(f"Passenger {number} was brought ashore by the lifeboat of harbour {number}." for number in range(20))
# Markup that is not escaped: the quick reader leaves the document to feedparser.
UNUSUAL = f"""<?xml version="1.0"?><rss version="2.0"><channel><title>Desk</title><item><guid>1</guid><title>{TITLE}</title>
<link>http://example.org/1</link><description><p>{TEXT}</p></description><pubDate>{format_datetime(STARTED)}</pubDate></item></channel></rss>"""


@pytest.mark.costly
@pytest.mark.daemon
def test_requests_feedparser_datasketch_apscheduler_and_sqlite_utils_each_do_their_part(newsroom: Newsroom) -> None:
    address = newsroom.server.on("/feed", answer(UNUSUAL.encode()))
    newsroom.follow(address)
    noted = newsroom.folder / "noted.jsonl"
    with newsroom.daemon(settings=["stories.enabled=true"], witness=noted) as daemon:
        daemon.hear("feed: 1 new")
        daemon.hear("1 feed asked")
        assert daemon.stop() == 0
    calls = defaultdict(list)
    for line in noted.read_text(encoding="utf-8").splitlines():
        package, told = json.loads(line)
        calls[package].append(told)
    assert calls["requests"] == [[address, 200]]
    assert calls["feedparser"] == [[TITLE]]
    assert "tick" in calls["apscheduler"]
    assert {"feed", "entry", "report", "story"} <= set(calls["sqlite-utils"][0])
    assert any(shingles > 100 for shingles in calls["datasketch"])
    [(title, stories)] = newsroom.rows("SELECT title, (SELECT count(*) FROM story) FROM entry")
    assert (title, stories) == (TITLE, 1)
