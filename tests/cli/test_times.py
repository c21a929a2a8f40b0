"""Moments as people write them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.cli.times import FIRST_YEAR, LAST_YEAR, parse_clock, parse_day, parse_moment
from aggregator.exceptions import UsageError

NOW = datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
BRUSSELS = ZoneInfo("Europe/Brussels")  # there it is the 11th already
READERS: tuple[Callable[[str], date], ...] = (
    lambda text: parse_moment(text, NOW, BRUSSELS),
    lambda text: parse_day(text, NOW, BRUSSELS),
    parse_clock,
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", NOW),
        ("2h", NOW - timedelta(hours=2)),
        ("1h30m ago", NOW - timedelta(minutes=90)),
        (" 3D ", NOW - timedelta(days=3)),
        ("today", datetime(2026, 3, 10, 23, tzinfo=UTC)),
        ("Yesterday", datetime(2026, 3, 9, 23, tzinfo=UTC)),
        ("2026-10-01", datetime(2026, 9, 30, 22, tzinfo=UTC)),
        ("2026-10-01T12:00", datetime(2026, 10, 1, 10, tzinfo=UTC)),
        ("2026-10-01T12:00Z", datetime(2026, 10, 1, 12, tzinfo=UTC)),
        ("2026-10-01 12:00+05:30", datetime(2026, 10, 1, 6, 30, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_people_write_them(text: str, meant: datetime) -> None:
    assert parse_moment(text, NOW, BRUSSELS) == meant


def test_days_are_the_desks_own() -> None:
    assert parse_day("today", NOW, BRUSSELS) == date(2026, 3, 11)
    assert parse_day("YESTERDAY", NOW, BRUSSELS) == date(2026, 3, 10)
    assert parse_day("2026-10-01", NOW, BRUSSELS) == date(2026, 10, 1)


def test_a_clock_without_a_zone_is_utc() -> None:
    assert (
        parse_clock("2026-10-01T12:00")
        == parse_clock("2026-10-01T14:00+02:00")
        == datetime(2026, 10, 1, 12, tzinfo=UTC)
    )


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-13-01", "2026-02-30", "12:00", "1e9d", "-2h", "0000-01-01", "9" * 40 + "d"]
)
def test_what_is_no_time_is_named(text: str) -> None:
    for read in READERS:
        with pytest.raises(UsageError, match=r"write|out of range"):
            read(text)


@given(st.one_of(st.text(max_size=30), st.datetimes().map(str), st.dates().map(str), st.from_regex(r"\d{1,12}[smhdw]")))
def test_any_text_is_a_time_in_range_or_a_usage_error(text: str) -> None:
    for read in READERS:
        try:
            found = read(text)
        except UsageError:
            continue
        assert FIRST_YEAR - 1 <= found.year <= LAST_YEAR + 1
