"""The series of editions through changes of the clock, suspended machines and clocks that are wrong."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.desk.edition_windows import MISSED_AT_MOST, missed
from aggregator.digest.values import Window
from aggregator.settings import DigestSettings

# A zone and days on which its clocks change: at night, at midnight, by half an hour, by a whole day, in Ramadan.
CHANGES = (
    ("Europe/Vienna", date(2026, 3, 29)),
    ("Europe/Vienna", date(2026, 10, 25)),
    ("America/St_Johns", date(2026, 3, 8)),
    ("America/Santiago", date(2026, 9, 6)),
    ("America/Santiago", date(2026, 4, 4)),
    ("America/Havana", date(2026, 11, 1)),
    ("Africa/Cairo", date(2026, 4, 24)),
    ("Asia/Beirut", date(2026, 3, 29)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("Africa/Casablanca", date(2026, 2, 15)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Asia/Kathmandu", date(2026, 3, 29)),
)
QUARTERS = [time(minute // 60, minute % 60) for minute in range(0, 24 * 60, 15)]
# Clocks change at night; what holds at noon holds at every hour of the day.
NIGHT = [*QUARTERS[:16], QUARTERS[48], *QUARTERS[-4:]]
MINUTE = timedelta(minutes=1)


class Desk:
    """Publishes what is due, and remembers until when each edition reached, as the desk does."""

    def __init__(self, settings: DigestSettings, begin: datetime) -> None:
        self.settings = settings
        self.made: list[Window] = []
        self.made_at: list[datetime] = []
        self.look(begin)

    def look(self, now: datetime) -> list[Window]:
        done = max((window.until for window in self.made if window.until <= now), default=None)
        found = missed(done, now, self.settings)
        self.made += found
        self.made_at += [now] * len(found)
        return found


def settings_at(zone: str, at: time) -> DigestSettings:
    return DigestSettings(time=at, timezone=zone)


def check_series(made: list[Window]) -> None:
    """Assert that no hour is in none of the editions and none in two."""
    for earlier, later in pairwise(made):
        assert later.since == earlier.until
    assert all(window.since < window.until for window in made)


@pytest.mark.parametrize(("zone", "day"), CHANGES, ids=[f"{zone}-{day}" for zone, day in CHANGES])
def test_each_day_has_its_edition_at_whatever_quarter_of_an_hour_of_the_night(zone: str, day: date) -> None:
    there = ZoneInfo(zone)
    for at in NIGHT:
        begin = datetime.combine(day - timedelta(days=3), time(12), there).astimezone(UTC)
        desk = Desk(settings_at(zone, at), begin)
        for look in range(1, 6 * 24 + 1):
            now = begin + look * timedelta(minutes=61)
            assert len(desk.look(now)) <= 1
            assert now - desk.made[-1].until <= timedelta(hours=48)
        check_series(desk.made)
        ends = [window.until.astimezone(there) for window in desk.made]
        days = [end.date() for end in ends]
        assert len(set(days)) == len(days) or zone == "Pacific/Apia", (at, days)
        shifted = [end for end in ends if end.time() != at]
        assert len(shifted) <= 1, (at, shifted)  # an hour that is left out is made up for by its like
        lengths = {window.until - window.since for window in desk.made}
        assert all(timedelta(hours=22) < length < timedelta(hours=26) for length in lengths) or zone == "Pacific/Apia"


JUMPS = st.one_of(
    st.timedeltas(MINUTE, timedelta(hours=2)),
    st.timedeltas(timedelta(hours=6), timedelta(days=3)),  # suspended
    st.sampled_from(
        [
            -timedelta(hours=1),
            timedelta(hours=1),
            -timedelta(days=1),
            timedelta(days=1),
            timedelta(days=365),
            -timedelta(days=365),
        ]
    ),
)


@given(st.sampled_from(CHANGES), st.sampled_from(QUARTERS), st.lists(JUMPS, max_size=40))
def test_whatever_the_clock_does_no_edition_is_made_twice_and_none_is_left_out(
    change: tuple[str, date], at: time, jumps: list[timedelta]
) -> None:
    zone, day = change
    now = datetime.combine(day - timedelta(days=2), time(12), ZoneInfo(zone)).astimezone(UTC)
    desk = Desk(settings_at(zone, at), now)
    for jump in jumps:
        now += jump
        assert len(desk.look(now)) <= MISSED_AT_MOST + 1
        assert desk.look(now) == []
        assert all(window.until <= moment for window, moment in zip(desk.made, desk.made_at, strict=True))
    ends = [window.until for window in desk.made]
    assert len(set(ends)) == len(ends)
    if all(jump > timedelta() for jump in jumps):
        check_series(desk.made)


@given(st.sampled_from(CHANGES), st.lists(st.sampled_from(QUARTERS), min_size=2, max_size=6))
def test_a_desk_that_changes_the_hour_of_its_edition_leaves_no_hour_out(
    change: tuple[str, date], ats: list[time]
) -> None:
    zone, day = change
    now = datetime.combine(day - timedelta(days=2), time(12), ZoneInfo(zone)).astimezone(UTC)
    desk = Desk(settings_at(zone, ats[0]), now)
    for at in ats:
        desk.settings = settings_at(zone, at)
        for _ in range(10):
            desk.look(now)
            now += timedelta(hours=3, minutes=7)
    check_series(desk.made)
