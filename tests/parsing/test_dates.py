from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.parsing import dates
from aggregator.parsing.dates import EARLIEST, LATEST_AHEAD, DateReader, read_common

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Sat, 07 Sep 2002 00:00:01 GMT", "2002-09-07 00:00:01"),
        ("7 Sep 02 10:15 EST", "2002-09-07 15:15:00"),
        ("Sat,7 September 2002 10:15:00 -0330", "2002-09-07 13:45:00"),
        ("Sábado, 07 Sep 2002 10:15:00 +0000", "2002-09-07 10:15:00"),
        ("07-Sep-2002 10:15:00 GMT+02:00", "2002-09-07 08:15:00"),
        ("Sat, 07 Sep 2002 24:00:00 GMT", "2002-09-08 00:00:00"),
        ("Sat, 07 Sep 2002 23:59:60 GMT", "2002-09-07 23:59:59"),
        ("2002-09-07T10:15:00.123456789Z", "2002-09-07 10:15:00"),
        ("2002-09-07 10:15", "2002-09-07 10:15:00"),
        ("2002-09-07T10:15:00+0530", "2002-09-07 04:45:00"),
        ("2002-09-07T10:15:00-03", "2002-09-07 13:15:00"),
        ("2002-09-07", "2002-09-07 00:00:00"),
        ("Sa, 07 Dez 2002 10:15:00 +0100", "2002-12-07 09:15:00"),
        ("7 août 2002 10:15 GMT", "2002-08-07 10:15:00"),
        ("7 juillet 2002", "2002-07-07 00:00:00"),
    ],
)
def test_the_usual_shapes_are_read(text: str, time: str) -> None:
    reading = read_common(text)
    assert reading is not None
    assert str(reading.time)[:19] == time


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2002-13-01",
        "Sat, 31 Feb 2002 00:00:00 GMT",
        "Sat, 07 Foo 2002 10:00 GMT",
        "2002-09-07T25:00Z",
        "x" * 10_000,
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_common(text) is None


def test_dateparser_reads_what_others_cannot() -> None:
    time, flag = DateReader(NOW).believed("23 ноября 2026 г. 10:30", None)
    assert time == datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
    assert flag == "zoneless"


def test_dateparser_is_not_asked_for_relative_dates_or_without_end() -> None:
    reader = DateReader(NOW, slow_readings=1)
    assert reader.believed("2 hours ago", None) == (None, "unreadable")
    assert reader.believed("23 ноября 2026", None) == (None, "unreadable")  # its one question is spent


@settings(deadline=None, max_examples=200)
@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from([format_datetime, datetime.isoformat]))
def test_every_date_ends_between_1990_and_an_hour_from_now(moment: datetime, shape: Callable[[datetime], str]) -> None:
    time, flag = DateReader(NOW).believed(shape(moment), None)
    assert time is not None
    assert EARLIEST <= time <= NOW + LATEST_AHEAD
    assert (flag == "ok") == (EARLIEST <= moment.replace(microsecond=0) <= NOW + LATEST_AHEAD)
    assert flag == "clamped" or time == moment.replace(microsecond=0)


@pytest.mark.parametrize("text", ["", " ", "?", "yesterday-ish", "gestern", "\x1b[mnever"])
def test_a_text_without_a_number_is_unreadable_without_a_search(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "_ask_dateparser", lambda *_: pytest.fail("asked"))
    assert DateReader(datetime(2026, 3, 10, tzinfo=UTC)).believed(text, None)[0] is None
