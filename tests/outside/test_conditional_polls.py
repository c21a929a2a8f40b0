"""Conditional requests and due times, played over several polls by the commands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fetching.server import RSS, Server, Visit, answer, moved
from tests.harness import Item, rss
from tests.outside.newsroom import DAY, HOUR, MINUTE, START, Newsroom, due

ONE = rss(Item("1", "One"))
TWO = rss(Item("2", "Two"), Item("1", "One"))
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\n"


def validators(server: Server) -> list[tuple[str | None, str | None]]:
    return [(one.headers.get("if-none-match"), one.headers.get("if-modified-since")) for one in server.asked]


def test_validators_come_back_byte_for_byte_and_a_304_freshens_them(newsroom: Newsroom, server: Server) -> None:
    odd = "Tue, 10 Mar 2026 05:00:00 +0000"
    newsroom.follow(server.on("/feed", answer(ONE, 'ETag: W/"a,\\b"', f"Last-Modified: {odd}")))
    first = newsroom.poll()
    assert (first["status"], first["http_status"], first["new"]) == ("ok", 200, 1)
    server.on("/feed", UNCHANGED + b'ETag: "b"\r\nCache-Control: max-age=7200\r\n\r\n')
    second = newsroom.poll(at=DAY)
    assert (second["status"], second["http_status"], second["new"], second["error"]) == ("not_modified", 304, 0, None)
    assert due(second, DAY) >= 2 * HOUR
    newsroom.poll(at=3 * DAY)
    assert validators(server) == [(None, None), ('W/"a,\\b"', odd), ('"b"', odd)]
    assert newsroom.health(3 * DAY)[0]["last_ok"] == (START + 3 * DAY).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_validators_stay_with_the_address_that_gave_them(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", answer(ONE, 'ETag: "old"')))
    newsroom.poll()
    server.on("/feed", moved("/new", "301 Moved Permanently"))
    server.on("/new", answer(TWO, 'ETag: "new"'))
    for day in range(1, 9):
        newsroom.poll("--all", at=day * DAY)
    seen = [(one.path, one.headers.get("if-none-match")) for one in server.asked]
    assert ("/new", '"old"') not in seen
    assert ("/feed", '"new"') not in seen
    assert seen[-1] == ("/new", '"new"')  # taken over, and its own validator goes to it


def test_validators_that_are_no_longer_sent_are_dropped(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", answer(ONE, 'ETag: "1"', "Last-Modified: Mon, 02 Mar 2026 00:00:00 GMT")))
    newsroom.poll()
    server.on("/feed", answer(TWO))
    newsroom.poll(at=DAY)
    newsroom.poll(at=2 * DAY)
    assert validators(server)[-1] == (None, None)


def test_a_304_that_nobody_asked_for(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", UNCHANGED + b"\r\n"))
    row = newsroom.poll()
    assert (row["status"], row["http_status"]) == ("error", 304)
    server.on("/feed", answer(ONE))
    assert newsroom.poll(at=DAY)["new"] == 1
    assert validators(server) == [(None, None), (None, None)]


@pytest.mark.parametrize(
    "bad",
    [
        answer(b"<rss><channel><item>", 'ETag: "bad"', status="500 Internal Server Error"),
        answer(b"this is no feed at all", 'ETag: "bad"'),
        answer(b"<html><body>maintenance</body></html>", 'ETag: "bad"', kind="text/html"),
        answer(b"", 'ETag: "bad"'),
        answer(b" \r\n ", 'ETag: "bad"'),
        answer(b"", 'ETag: "bad"', status="204 No Content"),
        answer(ONE, 'ETag: "bad"', status="206 Partial Content"),
        answer(ONE, 'ETag: "bad"', status="999 Denied"),
        answer(ONE, 'ETag: "bad"')[:-40],
    ],
)
def test_what_failed_leaves_entries_and_validators(newsroom: Newsroom, server: Server, bad: bytes) -> None:
    newsroom.follow(server.on("/feed", answer(ONE, 'ETag: "good"')))
    newsroom.poll()

    def cut(visit: Visit) -> None:
        visit.send(bad)

    server.on("/feed", cut)
    row = newsroom.poll(at=DAY)
    assert row["status"] == "error"
    assert row["error"].startswith(server.url("/feed"))
    server.on("/feed", answer(TWO, 'ETag: "next"'))
    assert newsroom.poll(at=5 * DAY)["new"] == 1
    assert [etag for etag, _ in validators(server)] == [None, '"good"', '"good"']
    assert len(newsroom.entries()) == 2


def test_the_same_bytes_again_are_neither_parsed_nor_written(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", answer(ONE)))
    newsroom.poll()
    before = newsroom.rows("SELECT * FROM entry")
    newsroom.settings["parse.max_entries"] = 1
    row = newsroom.poll(at=DAY)
    assert (row["status"], row["new"], row["updated"]) == ("not_modified", 0, 0)
    assert newsroom.rows("SELECT * FROM entry") == before


def test_only_what_is_due_is_asked_and_all_only_by_hand(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", answer(ONE, 'ETag: "1"')))
    newsroom.poll()
    assert newsroom.pass_over(at=MINUTE) == []
    assert len(server.asked) == 1
    newsroom.poll("--all", at=2 * MINUTE)
    assert validators(server)[-1][0] == '"1"'  # by hand, and conditional all the same


@pytest.mark.parametrize(
    ("headers", "least"),
    [
        (["Cache-Control: max-age=14400"], 4 * HOUR),
        (["Cache-Control: public, max-age=14400, must-revalidate"], 4 * HOUR),
        (["Expires: Tue, 10 Mar 2026 12:00:00 GMT", "Date: Tue, 10 Mar 2026 06:00:00 GMT"], 6 * HOUR),
        (["Cache-Control: no-cache, max-age=0"], 15 * MINUTE),
        (["Expires: 0"], 15 * MINUTE),
        (["Cache-Control: max-age=31536000"], 12 * HOUR),
    ],
)
def test_not_before_and_not_beyond_a_day(
    newsroom: Newsroom, server: Server, headers: list[str], least: timedelta
) -> None:
    newsroom.settings["fetch.jitter"] = 0.15
    newsroom.follow(server.on("/feed", answer(ONE, 'ETag: "1"', *headers)))
    row = newsroom.poll()
    assert least <= due(row) <= DAY
    assert newsroom.pass_over(at=least - MINUTE) == []


@pytest.mark.parametrize(
    ("head", "least", "most"),
    [
        ("<ttl>360</ttl>", 6 * HOUR, DAY),
        ("<ttl>99999</ttl>", 12 * HOUR, DAY),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>2</sy:updateFrequency>", 12 * HOUR, DAY),
        ("<sy:updatePeriod> hourly </sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 15 * MINUTE, HOUR),
        ("<sy:updatePeriod>fortnightly</sy:updatePeriod>", 15 * MINUTE, HOUR),
        ("<skipHours>" + "".join(f"<hour>{hour}</hour>" for hour in range(6, 12)) + "</skipHours>", 6 * HOUR, 8 * HOUR),
        ("<skipDays><day>Tuesday</day></skipDays>", 18 * HOUR, 30 * HOUR),
        ("<skipHours>" + "".join(f"<hour>{hour}</hour>" for hour in range(24)) + "</skipHours>", 15 * MINUTE, HOUR),
    ],
)
def test_hints_of_the_document(
    newsroom: Newsroom, server: Server, head: str, least: timedelta, most: timedelta
) -> None:
    body = RSS.replace(b"<rss ", b'<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" ').replace(
        b"<item>", head.encode() + b"<item>"
    )
    newsroom.follow(server.on("/feed", answer(body, 'ETag: "1"')))
    assert least <= due(newsroom.poll()) <= most
    # what the desk sets by hand is raised by neither ttl nor sy:
    if "skip" not in head:
        newsroom.follow({"url": server.on("/hand", answer(body)), "interval": "2m"})
        assert due(newsroom.poll("--all", at=MINUTE), MINUTE) == 2 * MINUTE


def test_an_overrun_window_is_told(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", answer(ONE, 'ETag: "1"')))
    newsroom.poll()
    server.on("/feed", answer(rss(Item("8", "Eight"), Item("9", "Nine")), 'ETag: "2"'))
    row = newsroom.poll(at=DAY)
    assert "missed" in row["explanation"]
    health = newsroom.health(DAY)[0]
    assert health["possible_gaps"] == 1
    assert "missed" in health["explanation"]


def test_the_first_entries_of_an_empty_feed_are_no_gap(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", answer(rss(), 'ETag: "1"')))
    assert newsroom.poll()["status"] == "ok"
    server.on("/feed", answer(TWO, 'ETag: "2"'))
    assert newsroom.poll(at=DAY)["new"] == 2
    assert newsroom.health(DAY)[0]["possible_gaps"] == 0


def test_next_times_are_spread(newsroom: Newsroom, server: Server) -> None:
    newsroom.settings["fetch.jitter"] = 0.15
    newsroom.follow(*(server.on(f"/{number}", answer(ONE, 'ETag: "1"')) for number in range(20)))
    times = {due(row) for row in newsroom.pass_over()}
    assert len(times) > 15  # in whole seconds two of twenty may meet by chance
    assert max(times) - min(times) > 0.05 * min(times)
