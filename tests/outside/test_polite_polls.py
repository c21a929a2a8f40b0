"""Limits and politeness as the server sees them: who asks, how often, how many at once."""

from __future__ import annotations

import gzip
import itertools
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from tests.fetching.server import Server, Visit, answer, moved
from tests.harness import Item, rss
from tests.outside.newsroom import DAY, HOUR, MINUTE, START, Newsroom, due

ONE = rss(Item("1", "One"))


@dataclass
class Guestbook:
    """Notes when each request came and its answer went, and how many were there at once."""

    visits: list[tuple[float, float]] = field(default_factory=list)
    inside: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def play(self, seconds: float, made: bytes = b"") -> object:
        def visit(visit: Visit) -> bytes:
            with self.lock:
                self.inside += 1
                self.most = max(self.most, self.inside)
            came = time.monotonic()
            time.sleep(seconds)
            with self.lock:
                self.inside -= 1
                self.visits.append((came, time.monotonic()))
            return made or answer(ONE)

        return visit

    def pauses(self) -> list[float]:
        ordered = sorted(self.visits)
        return [later[0] - earlier[1] for earlier, later in itertools.pairwise(ordered)]


def test_one_at_a_time_with_a_pause_on_each_host(newsroom: Newsroom, server: Server) -> None:
    newsroom.settings["fetch.host_delay"] = 0.1
    books = Guestbook(), Guestbook()
    with Server(host="127.0.0.2") as other:
        sides = (server, other)
        newsroom.follow(
            *(one.on(f"/{n}", book.play(0.02)) for n in range(5) for one, book in zip(sides, books, strict=True))  # type: ignore[arg-type]
        )
        assert {row["status"] for row in newsroom.pass_over()} == {"ok"}
    for book in books:
        assert (len(book.visits), book.most) == (5, 1)
        assert min(book.pauses()) >= 0.1
    first, second = (sorted(book.visits) for book in books)
    assert first[0][0] < second[-1][1], "hosts are asked side by side"
    assert second[0][0] < first[-1][1]


def test_the_desk_may_allow_a_host_more(newsroom: Newsroom, server: Server) -> None:
    newsroom.settings["fetch.per_host"] = 2
    book = Guestbook()
    newsroom.follow(*(server.on(f"/{n}", book.play(0.1)) for n in range(6)))  # type: ignore[arg-type]
    newsroom.pass_over()
    assert book.most == 2


def test_redirects_from_many_hosts_to_one_come_one_at_a_time(newsroom: Newsroom, server: Server) -> None:
    newsroom.settings["fetch.host_delay"] = 0.1
    book = Guestbook()
    target = Server(host="127.0.0.9")
    with target:
        hosts = [Server(host=f"127.0.0.{number}") for number in range(2, 6)]
        for number, host in enumerate(hosts):
            host.__enter__()
            host.on("/feed", moved(target.on(f"/{number}", book.play(0.05))))  # type: ignore[arg-type]
        target.on("/own", book.play(0.05))  # type: ignore[arg-type]
        newsroom.follow(*(host.url("/feed") for host in hosts), target.url("/own"))
        rows = newsroom.pass_over()
        for host in hosts:
            host.__exit__(None, None, None)
    assert {row["status"] for row in rows} == {"ok"}, rows
    assert (len(book.visits), book.most) == (5, 1)
    assert min(book.pauses()) >= 0.09


def test_what_is_sent_and_what_not(newsroom: Newsroom, server: Server) -> None:
    newsroom.follow(server.on("/feed", answer(ONE, "Set-Cookie: id=1; Path=/", 'ETag: "1"')))
    newsroom.poll()
    newsroom.poll(at=DAY)
    newsroom.poll(at=2 * DAY)
    names = [set(one.headers) for one in server.asked]
    assert names[0] == {"host", "user-agent", "accept", "accept-encoding"}
    assert names[1] == names[2] == names[0] | {"if-none-match"}
    assert {one.path for one in server.asked} == {"/feed"}
    (agent,) = {one.headers["user-agent"] for one in server.asked}
    assert agent.startswith("aggregator/")
    assert "(+https://" in agent
    assert "subscriber" in agent
    assert "mozilla" not in agent.lower()
    assert server.asked[0].headers["accept"].endswith("*/*;q=0.1")
    assert "application/rss+xml" in server.asked[0].headers["accept"]


def test_slow_and_endless_answers_end_and_cost_no_other(newsroom: Newsroom, server: Server) -> None:
    newsroom.settings |= {"fetch.timeout": 1.5, "fetch.read_timeout": 1, "fetch.max_bytes": 100_000}
    newsroom.settings["fetch.max_decoded_bytes"] = 1_000_000

    def endless(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<rss>")
        while not visit.stopping.is_set():
            visit.send(b" " * 10_000)

    def header_drip(visit: Visit) -> None:
        visit.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: " + b"a" * 100_000)

    def header_flood(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(100_000)))

    plays = {
        "/endless": endless,
        "/header-drip": header_drip,
        "/body-drip": lambda visit: visit.drip(answer(ONE)[:60] + answer(ONE)[60:] * 50),
        "/hang": lambda visit: visit.hang(),
        "/header-flood": header_flood,
        "/bomb": answer(gzip.compress(b" " * 20_000_000), "Content-Encoding: gzip"),
        "/lying": answer(ONE, "Content-Length: 99999999999", length=False),
        "/cut": answer(gzip.compress(ONE)[:-9], "Content-Encoding: gzip"),
        "/brotli": answer(ONE, "Content-Encoding: br"),
        "/twice": answer(gzip.compress(gzip.compress(ONE)), "Content-Encoding: gzip, gzip"),
        "/lengths": answer(ONE, "Content-Length: 5"),
        "/http09": lambda visit: visit.send(ONE),
    }
    hosts = {path: f"127.0.1.{number}" for number, path in enumerate(plays, 1)}
    with Server(host="0.0.0.0") as wide:
        urls = {path: f"http://{hosts[path]}:{wide.port}{path}" for path in plays}
        for path, play in plays.items():
            wide.on(path, play)  # type: ignore[arg-type]
        newsroom.follow(*urls.values(), server.on("/good", answer(ONE)))
        started = time.monotonic()
        rows = {row["url"]: row for row in newsroom.pass_over()}
        spent = time.monotonic() - started
    assert {path: rows[url]["status"] for path, url in urls.items()} == dict.fromkeys(plays, "error")
    assert all(rows[url]["error"].startswith(url + ": ") for url in urls.values())
    assert rows[server.url("/good")]["new"] == 1
    assert spent < 60, "twelve slow answers side by side, not one after another"


@pytest.mark.parametrize("opted", [False, True])
def test_an_untrusted_certificate_is_refused_unless_the_desk_opts_out(newsroom: Newsroom, opted: bool) -> None:
    import ssl
    from pathlib import Path

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate = Path(__file__).parents[1] / "fetching" / "certificate.pem"
    context.load_cert_chain(certificate)
    with Server(context=context) as secure:
        newsroom.follow({"url": secure.on("/feed", answer(ONE)), **({"verify_tls": False} if opted else {})})
        row = newsroom.poll()
        if opted:
            assert row["status"] == "ok"
            assert "certificate not checked" in row["explanation"]
            assert "certificate not checked" in newsroom.health()[0]["explanation"]
        else:
            assert row["status"] == "error"
            assert "certificate" in row["error"]
            newsroom.settings["fetch.ca_file"] = certificate
            assert newsroom.poll("--all", at=DAY)["status"] == "ok"


@pytest.mark.costly
def test_a_busy_feed_is_soon_asked_often_and_a_quiet_one_daily(newsroom: Newsroom, server: Server) -> None:
    """Two days of polls when they are due: the pauses follow what the feeds brought, and no poll brings less for it."""
    clock = timedelta()

    def busy(visit: Visit) -> bytes:
        hours = int(clock / HOUR)
        news = [
            Item(f"b{hour}", f"Bulletin {hour}", published=START + hour * HOUR)
            for hour in range(max(0, hours - 20), hours + 1)
        ]
        return answer(rss(*news))

    quiet = answer(rss(Item("q", "Old notice", published=START - 90 * DAY)))
    newsroom.follow(
        {"url": server.on("/busy", busy), "name": "Busy"}, {"url": server.on("/quiet", quiet), "name": "Quiet"}
    )
    pauses: dict[str, list[timedelta]] = {"Busy": [], "Quiet": []}
    while clock < 2 * DAY:
        for row in newsroom.pass_over(at=clock):
            pauses[row["feed"]].append(due(row, clock))
        waiting = [one["next_fetch"] for one in newsroom.health(clock)]
        clock = max(min(datetime.fromisoformat(one) for one in waiting) - START, clock + MINUTE)
    assert 0.5 * HOUR <= pauses["Busy"][-1] <= 1.25 * HOUR  # an entry an hour
    assert DAY * 0.9 <= pauses["Quiet"][-1] <= DAY * 1.1
    assert len(pauses["Quiet"]) <= 5
    told = {one["title"] for one in newsroom.entries()} - {"Old notice"}
    assert len(told) >= 44
    assert told == {f"Bulletin {hour}" for hour in range(len(told))}
