"""Errors and redirects, played over several polls by the commands."""

from __future__ import annotations

import itertools
from datetime import timedelta
from email.utils import format_datetime

import pytest

from tests.fetching.server import Server, Visit, answer, moved
from tests.harness import Item, rss
from tests.outside.newsroom import DAY, HOUR, MINUTE, START, Newsroom, due

ONE = rss(Item("1", "One"))
TWO = rss(Item("2", "Two"), Item("1", "One"))
GONE = answer(b"", status="410 Gone")
PAGE = (
    b"<!doctype html><html><head><base href='/news/'>"
    b"<link rel='alternate' type='application/rss+xml' href='feed.xml'></head><body>News</body></html>"
)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7200", 2 * HOUR, 3 * HOUR),
        (format_datetime(START + 3 * HOUR, usegmt=True), 3 * HOUR, 4 * HOUR),
        (format_datetime(START - HOUR, usegmt=True), HOUR, 2 * HOUR),
        ("-5", HOUR, 2 * HOUR),
        ("soon", HOUR, 2 * HOUR),
        ("", HOUR, 2 * HOUR),
        ("99999999", 7 * DAY, 7 * DAY),
    ],
)
def test_a_feed_is_due_when_retry_after_says(
    newsroom: Newsroom, server: Server, status: str, value: str, least: timedelta, most: timedelta
) -> None:
    newsroom.follow({"url": server.on("/feed", answer(b"", f"Retry-After: {value}", status=status)), "interval": "5m"})
    row = newsroom.poll()
    assert (row["status"], row["http_status"]) == ("error", int(status[:3]))
    assert least <= due(row) <= most
    assert newsroom.pass_over(at=least - MINUTE) == []
    server.on("/feed", answer(ONE))
    assert newsroom.poll(at=most + MINUTE)["new"] == 1


def test_the_whole_host_is_left_alone_but_for_feeds_that_opt_out(newsroom: Newsroom, server: Server) -> None:
    busy = server.on("/0", answer(b"", "Retry-After: 7200", status="429 Too Many Requests"))
    others = [server.on(f"/{number}", answer(ONE)) for number in range(1, 5)]
    stubborn = {"url": server.on("/own", answer(ONE)), "host_backoff": False}
    with Server(host="127.0.0.2") as elsewhere:
        newsroom.follow(busy, *others, stubborn, elsewhere.on("/feed", answer(ONE)))
        states = {row["url"]: row for row in newsroom.pass_over()}
        assert [states[url]["status"] for url in others] == ["skipped"] * 4
        assert all(due(states[url]) >= 2 * HOUR for url in others)
        assert states[server.url("/own")]["status"] == "ok"
        assert len(elsewhere.asked) == 1
        assert sorted(server.paths()) == ["/0", "/own"]
        newsroom.pass_over(at=119 * MINUTE)
        assert not set(server.paths()) & {"/1", "/2", "/3", "/4"}
        newsroom.pass_over(at=3 * HOUR)
    assert {"/1", "/2", "/3", "/4"} <= set(server.paths()) or server.paths().count("/0") == 2


def test_a_feed_asked_by_name_holds_its_neighbours_too(newsroom: Newsroom, server: Server) -> None:
    busy = server.on("/busy", answer(b"", "Retry-After: 7200", status="503 Service Unavailable"))
    newsroom.follow(busy, server.on("/other", answer(ONE)))
    newsroom.pass_over("/busy")
    assert newsroom.pass_over(at=HOUR) == []
    assert server.paths() == ["/busy"]


def test_backoff_grows_never_stops_and_ends_at_the_first_success(newsroom: Newsroom, server: Server) -> None:
    newsroom.settings["fetch.jitter"] = 0.15
    newsroom.follow(server.on("/feed", answer(b"", status="500 Internal Server Error")))
    at, waits = timedelta(), []
    for _ in range(12):
        row = newsroom.poll(at=at)
        assert row["status"] == "error"
        waits.append(due(row, at))
        at += waits[-1]
    assert waits[0] < HOUR
    assert all(later > 1.5 * earlier for earlier, later in itertools.pairwise(waits[:6]))  # half an hour to 16 hours
    assert all(0.85 * DAY <= wait <= DAY for wait in waits[6:])  # the ceiling, less the jitter
    health = newsroom.health(at)[0]
    assert (health["state"], health["failures"]) == ("failing", 12)
    assert "12 times in a row over" in health["explanation"]
    server.on("/feed", answer(ONE, 'ETag: "1"'))
    assert due(newsroom.poll(at=at), at) <= DAY
    health = newsroom.health(at)[0]
    assert (health["state"], health["failures"], health["last_error"]) == ("ok", 0, None)


def test_gone_for_two_weeks_is_given_up(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", answer(ONE)))
    newsroom.poll()
    server.on("/feed", GONE)
    for day in range(1, 30):
        for row in newsroom.pass_over(at=day * DAY):
            assert (row["status"], row["http_status"]) == ("gone", 410)
    assert 14 <= server.paths().count("/feed") <= 17
    health = newsroom.health(30 * DAY)[0]
    assert (health["state"], health["next_fetch"]) == ("gone", None)
    assert "given up" in health["explanation"]
    before = len(server.asked)
    newsroom.pass_over("--all", at=31 * DAY)
    assert len(server.asked) == before
    assert len(newsroom.entries()) == 1


def test_a_feed_that_comes_back_is_not_given_up(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", GONE))
    assert newsroom.poll()["status"] == "gone"
    server.on("/feed", answer(ONE))
    assert newsroom.poll(at=2 * DAY)["status"] == "ok"
    assert newsroom.health(2 * DAY)[0]["state"] == "ok"


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "401 Unauthorized", "451 Unavailable"])
def test_a_bot_wall_is_named_and_no_secret_shown(newsroom: Newsroom, server: Server, status: str) -> None:
    url = server.on("/feed", answer(b"", "cf-mitigated: challenge", status=status))
    newsroom.follow(url.replace("//", "//desk:hunter22@") + "?token=sesame99&page=1")
    row = newsroom.poll()
    health = newsroom.health()[0]
    assert (row["status"], row["http_status"], health["state"]) == ("error", int(status[:3]), "failing")
    assert "blocked by bot check" in row["error"]
    said = "".join([newsroom.run("feeds", "health").out, str(row), str(health)])
    assert "hunter22" not in said
    assert "sesame99" not in said
    assert "hunter22" not in str(newsroom.rows("SELECT * FROM feed") + newsroom.rows("SELECT * FROM poll"))


@pytest.mark.parametrize("status", ["301 Moved Permanently", "308 Permanent Redirect"])
def test_a_move_for_good_is_kept_after_a_week(newsroom: Newsroom, server: Server, status: str) -> None:
    newsroom.follow(server.on("/feed", answer(ONE)))
    newsroom.poll()
    server.on("/feed", moved("/new", status))
    server.on("/new", answer(TWO))
    assert newsroom.poll(at=DAY)["new"] == 1
    server.asked.clear()
    newsroom.poll(at=2 * DAY)
    assert server.paths() == ["/feed", "/new"]
    newsroom.poll(at=9 * DAY)
    server.asked.clear()
    row = newsroom.poll(at=12 * DAY)
    assert server.paths() == ["/new"]
    assert (row["url"], row["status"]) == (server.url("/feed"), "not_modified")
    assert len(newsroom.entries()) == 2


def test_a_maintenance_page_does_not_move_a_feed(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", moved("/sorry", "301 Moved Permanently")))
    server.on("/sorry", answer(PAGE, kind="text/html"))
    for day in range(0, 40, 2):
        newsroom.poll("--all", at=day * DAY)
    server.on("/feed", answer(ONE))
    server.asked.clear()
    assert newsroom.poll("--all", at=41 * DAY)["new"] == 1
    assert server.paths() == ["/feed"]


@pytest.mark.parametrize("status", ["302 Found", "303 See Other", "307 Temporary Redirect"])
def test_temporary_redirects_are_never_kept(newsroom: Newsroom, server: Server, status: str) -> None:
    newsroom.follow(server.on("/feed", moved("/later", status)))
    server.on("/later", moved("/end", "301 Moved Permanently"))
    server.on("/end", answer(ONE))
    for day in range(0, 20, 2):
        newsroom.poll("--all", at=day * DAY)
    assert server.paths() == ["/feed", "/later", "/end"] * 10


def test_only_the_permanent_beginning_is_kept(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", moved("/second", "301 Moved Permanently")))
    server.on("/second", moved("/third", "302 Found"))
    server.on("/third", answer(ONE))
    for day in range(0, 20, 2):
        newsroom.poll("--all", at=day * DAY)
    server.asked.clear()
    newsroom.poll("--all", at=21 * DAY)
    assert server.paths() == ["/second", "/third"]


def test_redirects_that_lead_nowhere_are_errors(newsroom: Newsroom, server: Server) -> None:
    for number in range(40):
        server.on(f"/hop{number}", moved(f"/hop{number + 1}"))
    server.on("/loop", moved("/pool"))
    server.on("/pool", moved("/loop"))
    server.on("/self", moved("/self", "301 Moved Permanently"))
    server.on("/file", moved("file:///etc/passwd"))
    server.on("/refresh", answer(b"<html><meta http-equiv=refresh content='0;url=/feed'></html>", kind="text/html"))
    paths = ("/hop0", "/loop", "/self", "/file", "/refresh")
    newsroom.follow(*(server.url(path) for path in paths))
    rows = newsroom.pass_over()
    assert {row["status"] for row in rows} == {"error"}
    assert len([path for path in server.paths() if path.startswith("/hop")]) <= 10
    assert server.paths().count("/loop") == 1
    assert server.paths().count("/self") == 1
    assert "/feed" not in server.paths()


def test_two_subscriptions_that_end_at_one_address_are_one_poll(newsroom: Newsroom, server: Server) -> None:
    for path, status in (("/old", "301 Moved Permanently"), ("/short", "302 Found")):
        server.on(path, moved("/feed", status))
    server.on("/feed", answer(ONE, 'ETag: "1"'))
    urls = [server.url(path) for path in ("/old", "/short", "/feed")]
    newsroom.follow(*urls)
    for at in (0 * DAY, 2 * DAY, 4 * DAY):
        server.asked.clear()
        rows = {row["url"]: row for row in newsroom.pass_over("--all", at=at)}
        assert server.paths().count("/feed") == 1
        assert rows[urls[2]]["status"] in ("ok", "not_modified")
        for url in urls[:2]:
            assert rows[url]["status"] == "skipped"
            assert "duplicate" in rows[url]["explanation"]
    assert len(newsroom.entries()) == 1
    # without the feed that it duplicated, the address is followed again
    newsroom.follow(urls[0])
    assert newsroom.poll("--all", at=6 * DAY)["new"] == 1


def test_a_page_is_no_feed_and_names_its_feeds(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/page", answer(PAGE, kind="text/html")))
    server.on("/news/feed.xml", answer(ONE))
    row = newsroom.poll()
    assert row["status"] == "error"
    assert "not a feed" in row["error"]
    assert row["feeds"] == [server.url("/news/feed.xml")]
    assert server.paths() == ["/page"]
    assert server.url("/news/feed.xml") in newsroom.run("fetch", "--all", at=HOUR).out


def test_one_odd_answer_costs_no_other_feed(newsroom: Newsroom, server: Server) -> None:
    odd = [
        b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe.example:99999/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://a..b/\r\nContent-Length: 0\r\n\r\n",
        b"\x16\x03\x01\x02\x00nonsense",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=\xff\xfe\r\nContent-Encoding: zstd\r\n\r\nx",
    ]

    def playing(data: bytes) -> object:
        def play(visit: Visit) -> None:
            visit.send(data)

        return play

    urls = [server.on(f"/{number}", playing(data)) for number, data in enumerate(odd)]  # type: ignore[arg-type]
    newsroom.follow(*urls, server.on("/good", answer(ONE)))
    rows = {row["url"]: row for row in newsroom.pass_over()}
    assert [rows[url]["status"] for url in urls] == ["error"] * len(odd)
    assert rows[server.url("/good")]["new"] == 1
