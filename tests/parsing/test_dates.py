from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape

import pytest
from feedparser.datetimes import _parse_date  # type: ignore[import-untyped]
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from aggregator.parsing import dates
from aggregator.parsing.dates import EARLIEST, LATEST_AHEAD, DateReader, read_common
from tests.examples import examples
from tests.parsing.making import read, rss

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
        ("20020907T101500Z", "2002-09-07 10:15:00"),
        ("20020907101500", "2002-09-07 10:15:00"),
        ("20020907T1015+0530", "2002-09-07 04:45:00"),
        ("20020907", "2002-09-07 00:00:00"),
        ("2002-W36-6", "2002-09-07 00:00:00"),
        ("2002W366T101500Z", "2002-09-07 10:15:00"),
        ("2002-W36", "2002-09-02 00:00:00"),
        ("2002-250", "2002-09-07 00:00:00"),
        ("2002250T101500Z", "2002-09-07 10:15:00"),
        ("2004-366T10:15:00Z", "2004-12-31 10:15:00"),
        ("2002-09", "2002-09-01 00:00:00"),
        ("2002-09-07T101500Z", "2002-09-07 10:15:00"),
        ("2002-09-07T10+02", "2002-09-07 08:00:00"),
        ("2002-09-07_10:15:00", "2002-09-07 10:15:00"),
        ("2002-09-07 um 10:15", "2002-09-07 10:15:00"),
        ("2002-09-07T10:15:00+02:00[Europe/Paris]", "2002-09-07 08:15:00"),
        ("2002-09-07T10:15:00\N{MINUS SIGN}05:00", "2002-09-07 15:15:00"),
        ("Sat, 07 Sep 2002 10:15:00 (CEST)", "2002-09-07 08:15:00"),
        ("Sat, 07 Sep 2002 10:15:00 +0200 (CEST)", "2002-09-07 08:15:00"),
        ("Sat, 07 Sep 2002 10:15:00 +2", "2002-09-07 08:15:00"),
        ("Sat, 07 Sep 2002 10:15:00 +9900", "2002-09-07 10:15:00"),
        ("Sat, 07 Sep 2002 10:15:00:123 GMT", "2002-09-07 10:15:00"),
        ("Sat, 07 Sep 2002 101500 GMT", "2002-09-07 10:15:00"),
        ("Sat, 07 Sep 2002T10:15:00 GMT", "2002-09-07 10:15:00"),
        ("7 septembre 2002 à 10h15", "2002-09-07 10:15:00"),
        ("07/Sep/2002 10:15", "2002-09-07 10:15:00"),
        ("10:15, 7 Sep 2002", "2002-09-07 10:15:00"),
        ("7 czerwca 2002 10:15", "2002-06-07 10:15:00"),
        ("Сб, 07 сен 2002 10:15:00 +0300", "2002-09-07 07:15:00"),
        ('"Sat, 07 Sep 2002 10:15:00 GMT"', "2002-09-07 10:15:00"),
        ("1031393700.5", "2002-09-07 10:15:00"),
        ("1031393700000000", "2002-09-07 10:15:00"),
        ("/Date(1031393700000+0200)/", "2002-09-07 10:15:00"),
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
        "20021307T101500Z",
        "20020907T25",
        "2002-W54-1",
        "2002-366",
        "2002-000",
        "x" * 10_000,
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read_common(text) is None


@pytest.mark.parametrize(
    ("zone", "time"),
    [
        ("GMT +0100", "07:30"),
        ("UTC -3", "11:30"),
        ("(GMT+0100)", "07:30"),
        ("(UTC+1)", "07:30"),
        ("IST +0530", "03:00"),
        ("+0100 CET", "07:30"),
        ("Europe/Berlin", "06:30"),
        ("America/New_York", "12:30"),
        ("America/Argentina/Buenos_Aires", "11:30"),
        ("EST5EDT", "12:30"),
    ],
)
def test_a_zone_is_read_as_an_offset_a_name_both_or_a_place(zone: str, time: str) -> None:
    reading = read_common(f"Tue, 07 Jul 2026 08:30:00 {zone}")
    assert reading is not None
    assert reading.time.strftime("%H:%M") == time
    assert reading.zone_known


@pytest.mark.parametrize("zone", ["No/Where", "Europe/", "Europe", "../../etc/passwd", "ABC1DEF"])
def test_a_place_that_is_unknown_gives_no_zone(zone: str) -> None:
    time, flag = DateReader(NOW).believed(f"Tue, 07 Jul 2026 08:30:00 {zone}", None)
    assert flag in ("zoneless", "unreadable")
    assert time is None or time.strftime("%H:%M") == "08:30"


def test_a_time_without_a_day_is_no_date() -> None:
    feed = read(rss("<item><title>A</title><pubDate>T08:30:00Z</pubDate></item>"))
    assert [entry.date_flag for entry in feed.entries] == ["unreadable"]


@pytest.mark.parametrize(
    "date",
    [
        '<time datetime="2026-07-07T10:30:00+02:00" title="Tuesday, July 7, 2026 - 10:30" class="datetime field">Tue, 07/07/2026 - 10:30</time>',
        "<p>Tue, 07 Jul 2026 08:30:00 GMT</p>",
        "007, 07 Jul 2026 08:30:00 +0000",
        "Tue, 07 07 2026 08:30:00 GMT",
        "Published: Tue, 07 Jul 2026 08:30:00 GMT",
        "Publié le : 07 juillet 2026 10:30 +0200",
        "Tue, 07 Jul 2026 08:30:00&nbsp;GMT",
    ],
)
def test_a_date_in_a_sites_template_is_read(date: str) -> None:
    [entry] = read(rss(f"<item><title>A</title><pubDate>{escape(date)}</pubDate></item>")).entries
    assert (str(entry.published), entry.date_flag) == ("2026-07-07 08:30:00+00:00", "ok")
    assert "<" not in (entry.published_text or "")


def test_dateparser_reads_what_others_cannot() -> None:
    time, flag = DateReader(NOW).believed("23 ноября 2026 г. 10:30", None)
    assert time == datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
    assert flag == "zoneless"


@pytest.mark.parametrize("text", ["08:30", "2002-02-30T08:30:00Z", "2002-03-00", "2002-W54-1", "46091.5", "2002-366"])
def test_feedparser_is_not_believed_where_it_takes_another_day_or_todays(text: str) -> None:
    parsed = _parse_date(text)
    assert parsed is not None
    assert DateReader(NOW).believed(text, parsed) == (None, "unreadable")


def test_a_year_alone_is_not_completed_from_the_clock() -> None:
    text = "2002. szeptember 7. 10:15"
    parsed = _parse_date(text)
    assert parsed is not None
    assert DateReader(NOW).believed(text, parsed) == (datetime(2002, 9, 7, 10, 15, tzinfo=UTC), "zoneless")


@pytest.mark.parametrize("text", ["-0001-11-30T00:00:00", "0001-01-01T00:00:00Z", "Mon, 30 Nov -0001 00:00:00 +0000"])
def test_a_database_without_a_date_gives_none_that_is_believed(text: str) -> None:
    assert DateReader(NOW).believed(text, _parse_date(text)) == (EARLIEST, "clamped")


def test_a_year_of_the_buddhist_calendar_is_read_as_one_of_the_common() -> None:
    assert DateReader(NOW).believed("24/11/2569 10:30", None) == (
        datetime(2026, 11, 24, 10, 30, tzinfo=UTC),
        "zoneless",
    )


def test_a_year_too_far_for_any_calendar_is_not_taken_for_a_buddhist_one() -> None:
    reader = DateReader(datetime(9999, 12, 29, tzinfo=UTC))  # as archives are read, which have no clock
    assert reader.believed("28 December 9999 10:30 +0000", None)[0] == datetime(9999, 12, 28, 10, 30, tzinfo=UTC)


def test_dateparser_is_not_asked_for_relative_dates_or_without_end() -> None:
    reader = DateReader(NOW, slow_readings=1)
    assert reader.believed("2 hours ago", None) == (None, "unreadable")
    assert reader.believed("23 prosince 2026", None) == (None, "unreadable")  # its one question is spent


@settings(max_examples=examples(200))
@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from([format_datetime, datetime.isoformat]))
def test_every_date_ends_between_1990_and_an_hour_from_now(moment: datetime, shape: Callable[[datetime], str]) -> None:
    assume(not EARLIEST.year <= moment.year - 543 <= NOW.year)  # a year of the Buddhist calendar is another test's
    assume(not 1370 <= moment.year < 1430)  # so is one of the Persian calendar
    time, flag = DateReader(NOW).believed(shape(moment), None)
    assert time is not None
    assert EARLIEST <= time <= NOW + LATEST_AHEAD
    assert (flag == "ok") == (EARLIEST <= moment.replace(microsecond=0) <= NOW + LATEST_AHEAD)
    assert flag == "clamped" or time == moment.replace(microsecond=0)


@pytest.mark.parametrize("text", ["", " ", "?", "yesterday-ish", "gestern", "\x1b[mnever"])
def test_a_text_without_a_number_is_unreadable_without_a_search(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dates, "_ask_dateparser", lambda *_: pytest.fail("asked"))
    assert DateReader(datetime(2026, 3, 10, tzinfo=UTC)).believed(text, None)[0] is None


# --- other calendars, scripts and words ----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "2026 m. kovo 9 d. 20:05",
        "2026 m. kovo 9 d., 20.05 val.",
        "Pirmdiena, 2026. gada 9. marts, plkst. 20:05",
        "09.03.2026. 20:05",
        "E, 09. märts 2026 kell 20:05",
        "ponedeljek, 9. marec 2026 ob 20.05",
        "mandag d. 9. marts 2026 kl. 20.05",
        "9 mars 2026 20 h 05",
        "9 de marzo de 2026 a las 8:05 p. m.",
        "9 марта 2026 г. в 20:05",
        "Isnin, 9 Mac 2026 8:05 MALAM",
        "Thứ Hai, 09/03/2026 08:05 CH",
        "الإثنين 9 آذار 2026 20:05",
        "9 آذار/مارس 2026 8:05 م",
        "2026-03-09 08:05 مساءً",
        "9 مارس 2026 - 20:05 بتوقيت غرينتش",
        "20 رمضان 1447 هـ - 9 مارس 2026 20:05",
        "دوشنبه ۱۸ اسفند ۱۴۰۴ - ۲۰:۰۵",
        "۱۸ اسفند ۱۴۰۴ ساعت ۲۰:۰۵",
        "1404/12/18 20:05",
        "จันทร์ที่ 9 มี.ค. 2569 20:05 น.",
        "๙ มีนาคม ๒๕๖๙ เวลา ๒๐.๐๕ น.",
        "9 มี.ค. 69 20:05",
        "令和8年3月9日 20:05",
        "R8.3.9 20:05",
        "2026/3/9(月) 20:05配信",
        "２０２６年３月９日　２０：０５",
        "民國115年3月9日 20:05",
        "115/03/09 20:05",
        "2026年3月9日（星期一）20时05分",
        "2026-03-09(월) 20:05",
        "입력 2026.03.09 오후 08:05",
    ],
)
def test_dates_of_other_calendars_and_scripts_are_read(text: str) -> None:
    assert DateReader(NOW, texts=[text], language="zz").believed(text, _parse_date(text))[0] == datetime(
        2026, 3, 9, 20, 5, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1399/01/01", "2020-03-20"),
        ("1403/12/30", "2025-03-20"),
        ("1404/01/01", "2025-03-21"),
        ("1404/06/31", "2025-09-22"),
        ("1404/07/01", "2025-09-23"),
        ("平成元年1月8日", "1989-01-08"),
    ],
)
def test_the_days_of_other_calendars_begin_where_they_do(text: str, day: str) -> None:
    reading = read_common(text)
    assert reading is not None
    assert reading.time.date().isoformat() == day


def test_a_zones_name_means_one_zone_in_every_language() -> None:
    text = "09 मार्च 2026, 08:05 AM IST"
    assert DateReader(NOW).believed(text, None) == (datetime(2026, 3, 9, 2, 35, tzinfo=UTC), "zoneless")
    text = "9 марта 2026 г. в 08:05 МСК"
    assert DateReader(NOW).believed(text, None) == (datetime(2026, 3, 9, 5, 5, tzinfo=UTC), "zoneless")


def test_a_year_with_its_ending_is_not_completed_from_the_clock() -> None:
    text = "2026ko martxoaren 9a, 08:05"
    assert DateReader(NOW).believed(text, _parse_date(text)) == (None, "unreadable")


# --- halves of the day, and days before months ---------------------------------------------------


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("Tue, Nov 24 2026 10:05:09 PM", "2026-11-24 22:05:09"),
        ("Tue, 24 Nov 2026 12:05 AM", "2026-11-24 00:05:00"),
        ("Tue, 24 Nov 2026 12:05 pm GMT", "2026-11-24 12:05:00"),
        ("24 Nov 2026 9:05PM EST", "2026-11-25 02:05:00"),
        ("2026-11-24 9:05 p.m.", "2026-11-24 21:05:00"),
        ("24 de noviembre de 2026 9:05 p. m.", "2026-11-24 21:05:00"),
        ("November 24th, 2026 at 9:05 PM", "2026-11-24 21:05:00"),
        ("Tuesday, November 24, 2026 - 21:05", "2026-11-24 21:05:00"),
        ("Tue Nov 24 2026 21:05:00 GMT+0100 (Central European Standard Time)", "2026-11-24 20:05:00"),
        ("Tue Nov 24 21:05:00 UTC 2026", "2026-11-24 21:05:00"),
        ("Tue, 24 Nov 2026 21:05:00 GMT+2", "2026-11-24 19:05:00"),
        ("24 Nov 2026 21:05 PM", "2026-11-24 21:05:00"),
        ("2026年11月24日 下午9:05", "2026-11-24 21:05:00"),
        ("2026年11月24日(火) 21時05分", "2026-11-24 21:05:00"),
        ("2026년 11월 24일 오후 9:05", "2026-11-24 21:05:00"),
        ("2026/11/24 21:05", "2026-11-24 21:05:00"),
        ("24 Nov 2026 9.05.07 PM", "2026-11-24 21:05:07"),
        ("24 Nov 2026 klo 21.05", "2026-11-24 21:05:00"),
        ("1795467900", "2026-11-23 21:05:00"),
        ("1795467900000", "2026-11-23 21:05:00"),
    ],
)
def test_no_half_of_the_day_is_left_out(text: str, time: str) -> None:
    reading = read_common(text)
    assert reading is not None
    assert str(reading.time)[:19] == time


MOMENTS = st.integers(0, 22 * 30 * 24 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes))


def read_all(*texts: str, language: str | None = None, now: datetime = NOW) -> list[str]:
    reader = DateReader(now, texts=texts, language=language)
    return [f"{str(time)[:16]} {flag}" for time, flag in (reader.believed(text, None) for text in texts)]


def test_one_day_that_is_no_month_decides_for_the_document() -> None:
    assert read_all("02/11/2026 8:00 GMT", "23/10/2026") == ["2026-11-02 08:00 ok", "2026-10-23 00:00 zoneless"]
    assert read_all("11/02/2026 8:00 GMT", "10/23/2026") == ["2026-11-02 08:00 ok", "2026-10-23 00:00 zoneless"]


def test_what_would_lie_in_the_future_decides() -> None:
    assert read_all("06/12/2025", "12/06/2026 9:00 PM GMT")[1] == "2026-06-12 21:00 ok"
    assert read_all("11/12/2026", now=datetime(2026, 11, 20, tzinfo=UTC)) == ["2026-11-12 00:00 zoneless"]


def test_what_stays_open_is_never_called_sure() -> None:
    assert read_all("05/11/2026 10:00 GMT") == ["2026-11-05 10:00 zoneless"]  # the nearer of two
    assert read_all("05/11/2026 10:00 GMT", language="en-US") == ["2026-05-11 10:00 zoneless"]
    assert read_all("05/06/2026 10:00 GMT", language="fr") == ["2026-06-05 10:00 zoneless"]
    assert read_all("05.06.2026 10:00 GMT") == ["2026-06-05 10:00 zoneless"]
    assert read_all("05/05/2026 10:00 GMT") == ["2026-05-05 10:00 ok"]


def test_a_year_of_two_digits_is_read_where_it_gives_the_nearest_day_and_never_called_sure() -> None:
    assert read_all("05-11-26 10:00 GMT") == ["2026-11-05 10:00 zoneless"]
    assert read_all("26-11-05 10:00 GMT") == ["2026-11-05 10:00 zoneless"]
    assert read_all("5/11/26 10:00 GMT", "23/10/26 10:00 GMT")[0] == "2026-11-05 10:00 ok"
    assert read_all("05.11.26 21.05") == ["2026-11-05 21:05 zoneless"]
    assert read_all("31/31/31") == ["None unreadable"]


def test_a_document_may_contradict_itself() -> None:
    found = read_all("23/10/2026 8:00 GMT", "24/10/2026 8:00 GMT", "10/25/2026 8:00 GMT")
    assert found == ["2026-10-23 08:00 ok", "2026-10-24 08:00 ok", "2026-10-25 08:00 zoneless"]
    assert read_all("31/31/2026") == ["None unreadable"]


@given(
    st.lists(MOMENTS, min_size=1, max_size=10),
    st.sampled_from(["%d/%m/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%d.%m.%Y %H:%M", "%d-%m-%Y, %I:%M %p"]),
)
def test_a_whole_document_is_read_one_way_or_flagged(moments: list[datetime], shape: str) -> None:
    texts = [moment.strftime(shape) + " GMT" for moment in moments]
    reader = DateReader(NOW, texts=texts)
    for moment, text in zip(moments, texts, strict=True):
        time, flag = reader.believed(text, None)
        right = time == moment
        assert right or flag != "ok"


@given(MOMENTS, st.sampled_from([
    "%a, %b %d %Y %I:%M:%S %p GMT", "%a, %d %b %Y %I:%M:%S %p GMT", "%Y-%m-%d %I:%M:%S %p GMT", "%B %d, %Y %I:%M:%S %p GMT",
    "%a %b %d %H:%M:%S GMT %Y", "%a %b %d %Y %H:%M:%S GMT+0000 (UTC)",
]))  # fmt: skip
def test_every_time_of_day_is_read_in_every_shape(moment: datetime, shape: str) -> None:
    time, flag = DateReader(NOW).believed(moment.strftime(shape), None)
    assert (time, flag) == (moment, "ok")
