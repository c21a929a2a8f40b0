"""The scheduled digest: one for each morning, also where the daemon was down when it came due."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.daemon.running import Daemon, Newsroom, document
from tests.fetching.server import answer

MORNING = ["digest.time=06:00", "digest.timezone=UTC", "digest.formats=md"]


def run(newsroom: Newsroom, now: str) -> Daemon:
    """Run the daemon at a fixed time until it has looked for an edition to make."""
    with newsroom.daemon(now=now, settings=MORNING) as daemon:
        daemon.hear("digest written to|no digest is due")
        assert daemon.stop() == 0
    return daemon


@pytest.mark.costly
def test_an_edition_that_came_due_while_it_was_down_is_made_at_the_start_and_only_once(newsroom: Newsroom) -> None:
    newsroom.settings |= {"stories.enabled": "true"}  # an edition is made from stories
    storm = document("Storm in Esbjerg", published=datetime(2026, 3, 10, 5, 0, tzinfo=UTC))
    newsroom.follow(newsroom.server.on("/feed", answer(storm)))
    newsroom.call("fetch", now="2026-03-10T05:30:00Z").ok()
    edition = newsroom.folder / "digests" / "digest-2026-03-10.md"
    assert len(run(newsroom, "2026-03-10T07:00:00Z").said("digest written to")) == 1
    assert "Storm in Esbjerg" in edition.read_text(encoding="utf-8")
    edition.unlink()
    assert not run(newsroom, "2026-03-11T05:59:00Z").said("digest written to")
    assert not edition.exists()
