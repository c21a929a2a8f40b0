"""The scheduled edition: one for each time at which one comes due, with all that was seen since the one before."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.app import Aggregator
from aggregator.desk.edition_windows import MISSED_AT_MOST, due_window, missed
from aggregator.desk.health import faults
from aggregator.desk.publish import missed_windows, publish_due
from aggregator.digest.values import Edition, Window
from aggregator.exceptions import DeliveryError, NotFoundError
from aggregator.model import Feed
from aggregator.settings import DigestSettings, EditionSettings, FetchSettings, MailSettings, RunSettings, Settings
from aggregator.storage.editions import EditionStore
from tests.daemon.running import document
from tests.digest.test_mail import Mailbox, box
from tests.digest.test_mail import to as mail_to
from tests.fetching.server import Server, answer

__all__ = ["box"]  # a fixture

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
def app(tmp_path: Path, clock: Clock, server: Server) -> Iterator[Aggregator]:
    server.on("/feed", answer(document("Storm in Esbjerg", published=BEFORE)))
    with Aggregator.open(
        SETTINGS, tmp_path / "a.db", clock=clock, feeds=[Feed(server.url("/feed"), name="feed")]
    ) as opened:
        yield opened


def test_what_was_seen_up_to_the_time_stands_in_it_and_what_came_later_in_the_next(
    app: Aggregator, clock: Clock, server: Server
) -> None:
    app.fetch()
    clock.set("2026-03-10T06:20:00Z")
    server.on("/feed", answer(document("Storm in Esbjerg", "Ferries wait", published=BEFORE)))
    app.fetch(everything=True)
    clock.set("2026-03-10T07:00:00Z")
    first = publish_due(app)
    assert [path.name for path in first] == ["digest-2026-03-10.md", "digest-2026-03-10.txt"]
    assert "Storm in Esbjerg" in first[0].read_text(encoding="utf-8")
    assert "Ferries wait" not in first[0].read_text(encoding="utf-8")
    assert publish_due(app) == []
    clock.set("2026-03-11T05:59:59Z")
    assert publish_due(app) == []
    clock.set("2026-03-11T06:00:00Z")
    second = publish_due(app)
    assert [path.name for path in second] == ["digest-2026-03-11.md", "digest-2026-03-11.txt"]
    assert "Ferries wait" in second[0].read_text(encoding="utf-8")
    assert publish_due(app) == []


def test_every_file_that_the_index_links_to_is_there(app: Aggregator, clock: Clock) -> None:
    app.fetch()
    clock.set("2026-03-10T07:00:00Z")
    folder = publish_due(app)[0].parent
    links = re.findall(r'href="([^":]+)"', (folder / "index.html").read_text("utf-8"))
    assert {"stories.atom", "stories.json", "digest-2026-03-10.md"} <= set(links)
    assert [link for link in links if not (folder / link).exists()] == []


def test_nothing_is_made_of_a_day_on_which_nothing_was_asked(app: Aggregator, clock: Clock) -> None:
    clock.set("2026-03-10T07:00:00Z")
    app.fetch()  # the first poll of all, after the time
    assert publish_due(app) == []
    clock.set("2026-03-13T07:00:00Z")  # down for days
    assert publish_due(app) == []


def test_a_mail_that_failed_is_tried_again_with_the_same_edition(app: Aggregator, clock: Clock) -> None:
    app.fetch()
    clock.set("2026-03-10T07:00:00Z")
    app.settings = replace(SETTINGS, mail=NOBODY)
    for _ in range(2):
        with pytest.raises(DeliveryError):
            publish_due(app)
    app.settings = SETTINGS
    assert publish_due(app)
    assert publish_due(app) == []
    assert app.store.connection.execute("SELECT count(*) FROM edition").fetchone() == (1,)


def fetched_daily(app: Aggregator, clock: Clock, server: Server, days: int) -> None:
    """Ask the feed each day, while no edition is made."""
    for day in range(days):
        server.on("/feed", answer(document(*(f"Event of day {number}" for number in range(day + 1)))))
        app.fetch(everything=True)
        clock.now += timedelta(days=1)


def test_editions_that_were_missed_are_made_each_once(app: Aggregator, clock: Clock, server: Server) -> None:
    app.fetch()
    clock.set("2026-03-10T07:00:00Z")
    publish_due(app)
    fetched_daily(app, clock, server, 4)  # the mail server was down, say
    written = [path.name for path in publish_due(app) if path.suffix == ".md"]
    assert written == [f"digest-2026-03-{day}.md" for day in (11, 12, 13, 14)]
    assert publish_due(app) == []


def test_of_more_than_a_month_the_older_ones_are_one(app: Aggregator, clock: Clock) -> None:
    app.fetch()
    clock.set("2026-03-10T07:00:00Z")
    publish_due(app)
    app.fetch(everything=True)
    clock.set("2027-03-10T07:00:00Z")
    windows = missed_windows(app)
    assert len(windows) == MISSED_AT_MOST + 1
    assert [window.since for window in windows[1:]] == [window.until for window in windows[:-1]]
    assert windows[0].since == datetime(2026, 3, 10, 6, tzinfo=UTC)
    assert windows[-1].until == datetime(2027, 3, 10, 6, tzinfo=UTC)
    assert len([path for path in publish_due(app) if path.suffix == ".md"]) == len(windows)
    assert publish_due(app) == []


def test_a_stop_is_heeded_between_two_editions_and_the_others_are_made_next(
    app: Aggregator, clock: Clock, server: Server
) -> None:
    app.fetch()
    clock.set("2026-03-10T07:00:00Z")
    publish_due(app)
    fetched_daily(app, clock, server, 3)
    stop = Event()
    first = publish_due(app, stop, lambda paths: stop.set())
    assert [path.name for path in first] == ["digest-2026-03-11.md", "digest-2026-03-11.txt"]
    second = [path.name for path in publish_due(app) if path.suffix == ".md"]
    assert second == ["digest-2026-03-12.md", "digest-2026-03-13.md"]


def test_an_edition_that_raises_costs_itself(
    app: Aggregator, clock: Clock, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.fetch()
    clock.set("2026-03-10T07:00:00Z")
    publish_due(app)
    fetched_daily(app, clock, server, 2)
    whole = Aggregator.edition

    def broken(self: Aggregator, since: datetime, until: datetime, series: str) -> Edition:
        if until.day == 11:
            raise ValueError("a text that nobody foresaw")
        return whole(self, since=since, until=until, series=series)

    monkeypatch.setattr(Aggregator, "edition", broken)
    assert [path.name for path in publish_due(app) if path.suffix == ".md"] == ["digest-2026-03-12.md"]


def test_what_a_clock_ahead_published_does_not_stand_for_the_days_to_come(app: Aggregator, clock: Clock) -> None:
    app.fetch()
    clock.set("2026-03-10T07:00:00Z")
    publish_due(app)
    app.fetch(everything=True)
    clock.set("2027-03-10T07:00:00Z")
    assert publish_due(app)
    clock.set("2026-03-10T07:30:00Z")
    assert publish_due(app) == []  # today's is made
    app.fetch(everything=True)
    clock.set("2026-03-11T06:00:00Z")
    assert [path.name for path in publish_due(app) if path.suffix == ".md"] == ["digest-2026-03-11.md"]


def test_where_an_older_version_kept_one_moment_it_goes_on_from_there(app: Aggregator, clock: Clock) -> None:
    app.fetch()
    with app.store.transaction():
        EditionStore(app.store).remember("digest_published_until", "2026-03-10T06:00:00Z")
    clock.set("2026-03-10T07:00:00Z")
    assert publish_due(app) == []


def test_what_was_stored_and_not_placed_is_placed_before_an_edition(app: Aggregator, clock: Clock) -> None:
    stop = Event()
    app.fetch(progress=lambda outcome, done, total: stop.set(), stop=stop)
    assert app.store.connection.execute("SELECT count(*) FROM entry WHERE report_id IS NULL").fetchone() == (1,)
    clock.set("2026-03-10T07:00:00Z")
    [markdown, _] = publish_due(app)
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


MOMENTS = st.integers(0, 730 * 1440).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
HOURS = st.times().map(lambda one: one.replace(second=0, microsecond=0))


@given(
    st.lists(st.tuples(MOMENTS, HOURS), min_size=2, max_size=8),
    st.sampled_from(["UTC", "Europe/Brussels", "Asia/Beirut", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_no_hour_is_in_no_edition_and_none_in_two(steps: list[tuple[datetime, time]], zone: str) -> None:
    """Whatever the stops, the changes of the hour and of the clock: each window begins where the last one ended."""
    done: datetime | None = None
    for now, hour in sorted(steps):
        windows = missed(done, now, DigestSettings(time=hour, timezone=zone))
        for window in windows:
            assert done is None or window.since == done
            assert window.since < window.until <= now
            done = window.until
        assert len(windows) <= MISSED_AT_MOST + 1
    assert done is not None
    assert max(now for now, _ in steps) - done < timedelta(days=2)


def test_a_changed_hour_moves_the_next_edition_and_makes_none_of_two_hours() -> None:
    done, later = datetime(2026, 3, 10, 6, tzinfo=UTC), DigestSettings(time=time(8))
    assert missed(done, datetime(2026, 3, 11, 8, 5, tzinfo=UTC), later) == [
        Window(done, datetime(2026, 3, 11, 8, tzinfo=UTC))
    ]
    assert missed(done, datetime(2026, 3, 10, 8, 5, tzinfo=UTC), later) == [
        Window(done, datetime(2026, 3, 10, 8, tzinfo=UTC))
    ]


def test_one_refused_mailbox_costs_nobody_else_anything(
    app: Aggregator, clock: Clock, box: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    box.refuse, box.busy = frozenset({"gone@paper.example"}), frozenset({"full@paper.example"})
    names = ("anna@paper.example", "gone@paper.example", "full@paper.example", "ben@paper.example")
    app.settings = replace(SETTINGS, mail=mail_to(box, recipients=names))
    app.fetch()
    clock.set("2026-03-10T07:00:00Z")
    assert publish_due(app)
    for minute in (10, 20):
        clock.set(f"2026-03-10T07:{minute}:00Z")
        assert publish_due(app) == []
    assert box.recipients == ["anna@paper.example", "ben@paper.example"]
    full, gone = app.oddities()
    assert "full@paper.example was not taken yet, and is tried again for a day (452 the mailbox is full)" in full
    assert "gone@paper.example was refused (550 nobody here); check mail.recipients" in gone
    box.busy = frozenset()
    clock.set("2026-03-10T07:30:00Z")
    publish_due(app)
    publish_due(app)
    assert box.recipients == ["anna@paper.example", "ben@paper.example", "full@paper.example"]
    assert len(set(box.bodies)) == 1
    assert app.oddities() == [gone]
    clock.set("2026-03-20T07:00:00Z")
    assert app.oddities() == []
    said = [record.getMessage() for record in caplog.records]
    assert sum("gone@paper.example was refused (550" in line for line in said) == 1
    assert sum("full@paper.example" in line for line in said) == 1


def test_who_cannot_be_reached_for_a_day_is_given_up_and_told_once(
    app: Aggregator, clock: Clock, box: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    box.busy = frozenset({"full@paper.example"})
    app.settings = replace(SETTINGS, mail=mail_to(box, recipients=("full@paper.example", "anna@paper.example")))
    app.fetch()
    for now in ("2026-03-10T07:00:00Z", "2026-03-11T05:00:00Z", "2026-03-11T05:50:00Z", "2026-03-11T06:30:00Z"):
        clock.set(now)
        app.fetch(everything=True)
        publish_due(app)
    # the next morning's edition goes out all the same
    assert box.recipients == ["anna@paper.example", "anna@paper.example"]
    said = [record.getMessage() for record in caplog.records if "full@paper.example" in record.getMessage()]
    assert [("tried again" in line, "not taken for 1 day" in line) for line in said] == [
        (True, False),
        (False, True),
        (True, False),
    ]


def test_an_edition_of_a_time_without_polls_is_mailed_where_something_came(
    app: Aggregator, clock: Clock, box: Mailbox, tmp_path: Path
) -> None:
    app.settings = replace(SETTINGS, mail=mail_to(box, recipients=("anna@paper.example",)))
    app.fetch()
    clock.set("2026-03-10T07:00:00Z")
    publish_due(app)
    clock.set("2026-03-11T04:00:00Z")
    line = {"id": "1", "title": "Ferry aground off Skarn", "source": "Courier", "date": "2026-03-11T03:00:00Z"}
    (tmp_path / "a.jsonl").write_text(json.dumps(line), encoding="utf-8")
    app.import_archive(tmp_path / "a.jsonl")
    clock.set("2026-03-13T07:00:00Z")
    assert len(publish_due(app)) == 3 * len(SETTINGS.digest.formats)
    assert [b"Ferry aground" in body for body in box.bodies] == [False, True]  # of the days without a word, none


# --- several series ---------------------------------------------------------------------------------

EVENING = EditionSettings(time=(time(12), time(18)), formats=("text",), recipients=("night@paper.example",))
SPORT = EditionSettings(time=(time(6),), category="sport")


def with_series(**series: EditionSettings) -> Settings:
    return replace(SETTINGS, digest=replace(SETTINGS.digest, editions=series))


def test_a_series_comes_at_its_own_times_in_windows_of_its_own(app: Aggregator, clock: Clock, server: Server) -> None:
    app.settings = with_series(evening=EVENING)
    app.fetch()
    clock.set("2026-03-10T12:00:00Z")
    names = [path.name for path in publish_due(app)]
    assert names == ["digest-2026-03-10.md", "digest-2026-03-10.txt", "digest-evening-2026-03-10-1200.txt"]
    server.on("/feed", answer(document("Storm in Esbjerg", "Ferries wait", published=BEFORE)))
    app.fetch(everything=True)
    clock.set("2026-03-10T19:00:00Z")
    [evening] = publish_due(app)
    assert evening.name == "digest-evening-2026-03-10-1800.txt"
    text = evening.read_text(encoding="utf-8")
    assert "Ferries wait" in text
    assert "Storm in Esbjerg" not in text
    assert text.startswith("News digest: evening, 10 March 2026")
    assert (evening.parent / "digest-evening-latest.txt").read_text(encoding="utf-8") == text
    assert publish_due(app) == []
    clock.set("2026-03-11T06:00:00Z")  # the daily one knows nothing of the other's windows
    morning = publish_due(app)[0].read_text(encoding="utf-8")
    assert "Ferries wait" in morning
    ids = [line.id for line in app.editions()]
    assert "20260310T120000Z-20260310T180000Z-evening" in ids
    assert app.kept_edition().series == ""


def test_a_series_that_was_missed_is_caught_up_each_edition_once(app: Aggregator, clock: Clock, server: Server) -> None:
    app.settings = with_series(evening=EVENING)
    app.fetch()
    clock.set("2026-03-10T13:00:00Z")
    publish_due(app)
    fetched_daily(app, clock, server, 2)
    names = [path.name for path in publish_due(app) if "evening" in path.name]
    assert names == [f"digest-evening-2026-03-{moment}.txt" for moment in ("10-1800", "11-1200", "11-1800", "12-1200")]
    assert publish_due(app) == []


@contextmanager
def desk_of_sport(folder: Path, clock: Clock, server: Server) -> Iterator[Aggregator]:
    """Open a desk with a feed of sport and another, and a series of sport, whose first editions are published."""
    server.on("/sport", answer(document("Cup final ends in a draw", published=BEFORE)))
    server.on("/feed", answer(document("Storm in Esbjerg", published=BEFORE)))
    feeds = [Feed(server.url("/sport"), name="S", category="Sport"), Feed(server.url("/feed"), name="F")]
    with Aggregator.open(with_series(sport=SPORT), folder / "b.db", clock=clock, feeds=feeds) as app:
        app.fetch()
        clock.set("2026-03-10T07:00:00Z")
        publish_due(app)
        yield app


def test_a_series_is_about_its_category_alone(tmp_path: Path, clock: Clock, server: Server) -> None:
    with desk_of_sport(tmp_path, clock, server) as app:
        edition = app.edition(series="sport")
        assert [story.title for story in edition.stories()] == ["Cup final ends in a draw"]
        assert (edition.counts.entries, edition.counts.stories) == (1, 1)
        assert edition.id.endswith("-sport")
        index = (tmp_path / "digests" / "index.html").read_text(encoding="utf-8")
        assert "2026-03-10 sport" in index
        assert "latest sport" in index


def test_an_edit_of_another_category_stays_out_of_a_series(tmp_path: Path, clock: Clock, server: Server) -> None:
    with desk_of_sport(tmp_path, clock, server) as app:
        later = document("Storm in Esbjerg sinks three boats", published=BEFORE)
        server.on("/feed", answer(later.replace(b" sinks three boats</guid>", b"</guid>")))
        app.fetch(everything=True)
        clock.set("2026-03-11T06:00:00Z")
        daily, sport = app.edition(since=BEFORE + timedelta(hours=1), until=clock.now), app.edition(series="sport")
        assert [story.headlines[0].after for story in daily.stories()] == ["Storm in Esbjerg sinks three boats"]
        assert sport.nothing_new


def test_each_series_is_mailed_to_its_own_and_tried_again_for_its_own(
    app: Aggregator, clock: Clock, box: Mailbox
) -> None:
    box.busy = frozenset({"night@paper.example"})
    app.settings = replace(with_series(evening=EVENING), mail=mail_to(box, recipients=("anna@paper.example",)))
    app.fetch()
    clock.set("2026-03-10T13:00:00Z")
    publish_due(app)
    assert box.recipients == ["anna@paper.example"]
    box.busy = frozenset()
    clock.set("2026-03-10T13:30:00Z")
    publish_due(app)
    assert box.recipients == ["anna@paper.example", "night@paper.example"]
    first, second = (message_from_bytes(body, policy=policy.default)["Message-ID"] for body in box.bodies)
    assert first != second
    assert "-evening." in second


def test_a_series_without_recipients_is_written_and_not_mailed(app: Aggregator, clock: Clock, box: Mailbox) -> None:
    silent = replace(EVENING, recipients=())
    app.settings = replace(with_series(evening=silent), mail=mail_to(box, recipients=("anna@paper.example",)))
    app.fetch()
    clock.set("2026-03-10T13:00:00Z")
    assert len(publish_due(app)) == 3
    assert box.recipients == ["anna@paper.example"]


def test_a_series_that_there_is_not_names_those_there_are(app: Aggregator) -> None:
    app.settings = with_series(evening=EVENING)
    with pytest.raises(NotFoundError, match="there are evening"):
        app.edition(series="morning")


@given(st.lists(MOMENTS, min_size=2, max_size=6), st.sets(HOURS, min_size=1, max_size=4))
def test_no_hour_of_a_series_is_in_no_edition_and_none_in_two(moments: list[datetime], hours: set[time]) -> None:
    done: datetime | None = None
    for now in sorted(moments):
        for window in missed(done, now, DigestSettings(timezone="Europe/Brussels"), sorted(hours)):
            assert done is None or window.since == done
            assert window.since < window.until <= now
            done = window.until
    assert done is not None
    assert max(moments) - done < timedelta(days=2)


def test_without_the_daily_edition_the_named_ones_alone_are_made(app: Aggregator, clock: Clock) -> None:
    made = with_series(evening=EVENING)
    app.settings = replace(made, digest=replace(made.digest, daily=False))
    app.fetch()
    clock.set("2026-03-10T12:00:00Z")
    assert [path.name for path in publish_due(app)] == ["digest-evening-2026-03-10-1200.txt"]
    clock.set("2026-03-11T07:00:00Z")
    assert all("evening" in path.name for path in publish_due(app))
    assert not [one for one in faults(app.store, app.settings, clock.now, timedelta(hours=1)) if "digest" in one]
    assert app.kept_edition().series == "evening"  # what /digest/latest shows
