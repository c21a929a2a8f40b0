"""The scheduled edition: one for each time at which one comes due, with all that was seen since the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from threading import Event

import pytest

from aggregator.digest.edition import Edition
from aggregator.exceptions import DeliveryError
from aggregator.model import Feed
from aggregator.pipeline.desk import Desk
from aggregator.pipeline.publishing import MISSED_AT_MOST, due_window, missed_windows, publish_due
from aggregator.settings import DigestSettings, FetchSettings, MailSettings, RunSettings, Settings
from aggregator.storage.editions import EditionStore
from tests.daemon.running import document
from tests.fetching.server import Server, answer

SETTINGS = Settings(
    fetch=FetchSettings(allow_private_networks=True, host_delay=0.0),
    digest=DigestSettings(formats=("md", "text")),
    run=RunSettings(executor="threads"),
)
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
    server.on("/feed", answer(document("Storm in Esbjerg")))
    with Desk.open(SETTINGS, tmp_path / "a.db", clock=clock, feeds=[Feed(server.url("/feed"), name="feed")]) as opened:
        yield opened


def test_what_was_seen_up_to_the_time_stands_in_it_and_what_came_later_in_the_next(
    desk: Desk, clock: Clock, server: Server
) -> None:
    desk.fetch()
    clock.set("2026-03-10T06:20:00Z")
    server.on("/feed", answer(document("Storm in Esbjerg", "Ferries wait")))
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


def fetched_daily(desk: Desk, clock: Clock, server: Server, days: int) -> None:
    """Ask the feed each day, while no edition is made."""
    for day in range(days):
        server.on("/feed", answer(document(*(f"Event of day {number}" for number in range(day + 1)))))
        desk.fetch(everything=True)
        clock.now += timedelta(days=1)


def test_editions_that_were_missed_are_made_each_once(desk: Desk, clock: Clock, server: Server) -> None:
    desk.fetch()
    clock.set("2026-03-10T07:00:00Z")
    publish_due(desk)
    fetched_daily(desk, clock, server, 4)  # the mail server was down, say
    written = [path.name for path in publish_due(desk) if path.suffix == ".md"]
    assert written == [f"digest-2026-03-{day}.md" for day in (11, 12, 13, 14)]
    assert publish_due(desk) == []


def test_of_more_than_a_month_the_older_ones_are_one(desk: Desk, clock: Clock) -> None:
    desk.fetch()
    clock.set("2026-03-10T07:00:00Z")
    publish_due(desk)
    desk.fetch(everything=True)
    clock.set("2027-03-10T07:00:00Z")
    windows = missed_windows(desk)
    assert len(windows) == MISSED_AT_MOST + 1
    assert [window.since for window in windows[1:]] == [window.until for window in windows[:-1]]
    assert windows[0].since == datetime(2026, 3, 10, 6, tzinfo=UTC)
    assert windows[-1].until == datetime(2027, 3, 10, 6, tzinfo=UTC)
    assert len([path for path in publish_due(desk) if path.suffix == ".md"]) == 1  # nothing was asked on the other days
    assert publish_due(desk) == []


def test_a_stop_is_heeded_between_two_editions_and_the_others_are_made_next(
    desk: Desk, clock: Clock, server: Server
) -> None:
    desk.fetch()
    clock.set("2026-03-10T07:00:00Z")
    publish_due(desk)
    fetched_daily(desk, clock, server, 3)
    stop = Event()
    first = publish_due(desk, stop, lambda paths: stop.set())
    assert [path.name for path in first] == ["digest-2026-03-11.md", "digest-2026-03-11.txt"]
    second = [path.name for path in publish_due(desk) if path.suffix == ".md"]
    assert second == ["digest-2026-03-12.md", "digest-2026-03-13.md"]


def test_an_edition_that_raises_costs_itself(
    desk: Desk, clock: Clock, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.fetch()
    clock.set("2026-03-10T07:00:00Z")
    publish_due(desk)
    fetched_daily(desk, clock, server, 2)
    whole = Desk.edition

    def broken(self: Desk, since: datetime, until: datetime) -> Edition:
        if until.day == 11:
            raise ValueError("a text that nobody foresaw")
        return whole(self, since=since, until=until)

    monkeypatch.setattr(Desk, "edition", broken)
    assert [path.name for path in publish_due(desk) if path.suffix == ".md"] == ["digest-2026-03-12.md"]


def test_what_a_clock_ahead_published_does_not_stand_for_the_days_to_come(desk: Desk, clock: Clock) -> None:
    desk.fetch()
    clock.set("2026-03-10T07:00:00Z")
    publish_due(desk)
    desk.fetch(everything=True)
    clock.set("2027-03-10T07:00:00Z")
    assert publish_due(desk)
    clock.set("2026-03-10T07:30:00Z")
    assert publish_due(desk) == []  # today's is made
    desk.fetch(everything=True)
    clock.set("2026-03-11T06:00:00Z")
    assert [path.name for path in publish_due(desk) if path.suffix == ".md"] == ["digest-2026-03-11.md"]


def test_where_an_older_version_kept_one_moment_it_goes_on_from_there(desk: Desk, clock: Clock) -> None:
    desk.fetch()
    with desk.store.transaction():
        EditionStore(desk.store).remember("digest_published_until", "2026-03-10T06:00:00Z")
    clock.set("2026-03-10T07:00:00Z")
    assert publish_due(desk) == []


def test_what_was_stored_and_not_placed_is_placed_before_an_edition(desk: Desk, clock: Clock) -> None:
    stop = Event()
    desk.fetch(progress=lambda outcome, done, total: stop.set(), stop=stop)
    assert desk.store.connection.execute("SELECT count(*) FROM entry WHERE report_id IS NULL").fetchone() == (1,)
    clock.set("2026-03-10T07:00:00Z")
    [markdown, _] = publish_due(desk)
    assert "Storm in Esbjerg" in markdown.read_text(encoding="utf-8")


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
