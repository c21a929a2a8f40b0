"""The scheduled edition: one for each time at which one comes due, with all that was seen since the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from aggregator.exceptions import DeliveryError
from aggregator.model import Feed
from aggregator.pipeline.desk import Desk
from aggregator.pipeline.publishing import due_window, publish_due
from aggregator.settings import DigestSettings, FetchSettings, MailSettings, RunSettings, Settings
from tests.daemon.running import document
from tests.fetching.server import Server, answer

SETTINGS = Settings(
    fetch=FetchSettings(allow_private_networks=True, host_delay=0.0),
    digest=DigestSettings(formats=("md", "text")),
    run=RunSettings(executor="threads"),
)
BEFORE = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
NOBODY = MailSettings(server="127.0.0.1", port=9, sender="desk@example.org", recipients=("all@example.org",))


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 10, 5, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def set(self, text: str) -> None:
        self.now = datetime.fromisoformat(text)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, clock: Clock, server: Server) -> Iterator[Desk]:
    server.on("/feed", answer(document("Storm in Esbjerg", published=BEFORE)))
    with Desk.open(SETTINGS, tmp_path / "a.db", clock=clock, feeds=[Feed(server.url("/feed"), name="feed")]) as opened:
        yield opened


def test_what_was_seen_up_to_the_time_stands_in_it_and_what_came_later_in_the_next(
    desk: Desk, clock: Clock, server: Server
) -> None:
    desk.fetch()
    clock.set("2026-03-10T06:20:00Z")
    server.on("/feed", answer(document("Storm in Esbjerg", "Ferries wait", published=BEFORE)))
    desk.fetch(everything=True)
    clock.set("2026-03-10T07:00:00Z")
    first = publish_due(desk)
    assert [path.name for path in first] == ["digest-2026-03-10.md", "digest-2026-03-10.txt"]
    assert "Storm in Esbjerg" in first[0].read_text(encoding="utf-8")
    assert "Ferries wait" not in first[0].read_text(encoding="utf-8")
    assert publish_due(desk) == []
    clock.set("2026-03-11T05:59:59Z")
    assert publish_due(desk) == []
    clock.set("2026-03-11T06:00:00Z")
    second = publish_due(desk)
    assert [path.name for path in second] == ["digest-2026-03-11.md", "digest-2026-03-11.txt"]
    assert "Ferries wait" in second[0].read_text(encoding="utf-8")
    assert publish_due(desk) == []


def test_nothing_is_made_of_a_day_on_which_nothing_was_asked(desk: Desk, clock: Clock) -> None:
    clock.set("2026-03-10T07:00:00Z")
    desk.fetch()  # the first poll of all, after the time
    assert publish_due(desk) == []
    clock.set("2026-03-13T07:00:00Z")  # down for days
    assert publish_due(desk) == []


def test_a_mail_that_failed_is_tried_again_with_the_same_edition(desk: Desk, clock: Clock) -> None:
    desk.fetch()
    clock.set("2026-03-10T07:00:00Z")
    desk.settings = replace(SETTINGS, mail=NOBODY)
    for _ in range(2):
        with pytest.raises(DeliveryError):
            publish_due(desk)
    desk.settings = SETTINGS
    assert publish_due(desk)
    assert publish_due(desk) == []
    assert desk.store.connection.execute("SELECT count(*) FROM edition").fetchone() == (1,)


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        ("2026-03-10T05:59:59Z", "2026-03-09T05:00:00Z", "2026-03-10T05:00:00Z"),
        ("2026-03-10T05:00:00Z", "2026-03-09T05:00:00Z", "2026-03-10T05:00:00Z"),
        ("2026-03-10T04:59:59Z", "2026-03-08T05:00:00Z", "2026-03-09T05:00:00Z"),
        # summer time begins on 29 March 2026 and ends on 25 October
        ("2026-03-29T12:00:00Z", "2026-03-28T05:00:00Z", "2026-03-29T04:00:00Z"),
        ("2026-10-25T12:00:00Z", "2026-10-24T04:00:00Z", "2026-10-25T05:00:00Z"),
    ],
)
def test_the_window_goes_from_morning_to_morning_by_the_desks_clock(now: str, since: str, until: str) -> None:
    settings = DigestSettings(time=time(6), timezone="Europe/Brussels")
    found = due_window(datetime.fromisoformat(now), settings)
    assert (found.since, found.until) == (datetime.fromisoformat(since), datetime.fromisoformat(until))
