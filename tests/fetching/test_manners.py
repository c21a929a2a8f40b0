"""What a request says about us, and what is asked for beyond the feed."""

from __future__ import annotations

import re
import threading

import pytest

from aggregator.fetching.http import Fetcher
from aggregator.ingest.discover import discover_feed
from aggregator.model import Feed, FeedState
from aggregator.settings import FetchSettings, Settings
from tests.fetching.conftest import NOW, SETTINGS, FetcherHarness
from tests.fetching.server import RSS, Server, Visit, answer, moved


def test_connections_are_reused_and_dead_ones_replaced(server: Server) -> None:
    url = server.on("/feed", answer(RSS))
    with Fetcher(SETTINGS) as fetcher:
        for _ in range(3):
            fetcher.fetch(Feed(url), FeedState(url), NOW)
        assert [one.connection for one in server.asked] == [1, 1, 1]

        def last_word(visit: Visit) -> None:
            visit.send(answer(RSS))  # and closes, although it did not say so

        server.on("/feed", last_word)
        outcomes = [fetcher.fetch(Feed(url), FeedState(url), NOW) for _ in range(3)]
        assert {type(outcome).__name__ for outcome in outcomes} == {"Response"}
        fetcher.close_idle()
        server.on("/feed", answer(RSS))
        assert type(fetcher.fetch(Feed(url), FeedState(url), NOW)).__name__ == "Response"


def test_a_kept_connection_that_dies_under_a_request_is_tried_once_more(server: Server) -> None:
    def silent_close(visit: Visit) -> bytes | None:
        return answer(RSS) if visit.asked.connection != 1 or len(server.asked) == 1 else None

    url = server.on("/feed", silent_close)
    with Fetcher(SETTINGS) as fetcher:
        outcomes = [fetcher.fetch(Feed(url), FeedState(url), NOW) for _ in range(2)]
    assert [type(outcome).__name__ for outcome in outcomes] == ["Response", "Response"]
    assert [one.connection for one in server.asked] == [1, 1, 2]


def test_many_threads_share_a_fetcher(server: Server) -> None:
    urls = [server.on(f"/{number}", answer(RSS + b"<!--%d-->" % number)) for number in range(40)]
    bodies: dict[str, bytes] = {}
    with Fetcher(SETTINGS) as fetcher:

        def work(mine: list[str]) -> None:
            for url in mine:
                outcome = fetcher.fetch(Feed(url), FeedState(url), NOW)
                bodies[url] = getattr(outcome, "body", b"")

        threads = [threading.Thread(target=work, args=(urls[start::8],)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all(bodies[url] == RSS + b"<!--%d-->" % number for number, url in enumerate(urls))


def test_one_honest_user_agent(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", moved("/new"))
    server.on("/new", answer(RSS))
    app.fetch(url, contact="https://desk.example/bot", subscribers=12)
    names = {one.headers["user-agent"] for one in server.asked}
    assert len(names) == 1
    assert re.fullmatch(r"aggregator/\S+ \(\+https://desk\.example/bot; 12 subscribers\)", names.pop())
    app.fetch(url, user_agent="Desk/1")
    assert server.asked[-1].headers["user-agent"] == "Desk/1"


def test_accept_names_feed_types(app: FetcherHarness, server: Server) -> None:
    app.fetch(server.on("/feed", answer(RSS)))
    accept = server.asked[0].headers["accept"]
    for kind in ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"):
        assert kind in accept
    assert accept.endswith("*/*;q=0.1")


def test_nothing_is_sent_that_tracks_or_busts_caches(server: Server) -> None:
    url = server.on("/feed", moved("/new?x=1"))
    server.on("/new", answer(RSS, "Set-Cookie: id=1; Path=/"))
    with Fetcher(SETTINGS) as fetcher:
        for _ in range(2):
            fetcher.fetch(Feed(url), FeedState(url), NOW)
    assert server.paths() == ["/feed", "/new?x=1"] * 2
    allowed = {"host", "user-agent", "accept", "accept-encoding"}
    assert all(set(one.headers) == allowed for one in server.asked)


def test_robots_txt_is_not_asked_for(app: FetcherHarness, server: Server) -> None:
    # A feed that a person subscribed to needs no leave from robots.txt, as with Feedly, Inoreader and Feedfetcher.
    # Pages of entries would need it (RFC 9309); none is ever fetched, so nothing here reads robots.txt.
    app.fetch(server.on("/feed", answer(RSS)))
    assert server.paths() == ["/feed"]


def test_a_hub_is_not_spoken_to(app: FetcherHarness, server: Server) -> None:
    hub = server.url("/hub")
    app.fetch(server.on("/feed", answer(RSS, f'Link: <{hub}>; rel="hub", <{server.url()}>; rel="self"')))
    assert server.paths() == ["/feed"]


@pytest.mark.parametrize(
    "kind", ["", "text/html", "text/plain", "application/octet-stream", "a/b; charset=", ";;;", "\xe9", "image/png"]
)
def test_any_content_type_is_let_through_to_the_parser(app: FetcherHarness, server: Server, kind: str) -> None:
    assert app.response(server.on("/feed", answer(RSS, kind=kind))).body == RSS


PAGE = b"""<!doctype html><html><head><base href="/news/">
<link rel="alternate" type="application/rss+xml" href="rss.xml">
<link rel=alternate type='application/atom+xml' href=//other.example/atom>
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">
<link rel="alternate" type="application/rss+xml" href="file:///etc/passwd">
<link rel="stylesheet" href="x.css"><link rel="alternate" hreflang="de" href="/de"></head><body></body></html>"""


def test_feeds_of_a_page_are_found_and_not_followed(server: Server) -> None:
    url = server.on("/", answer(PAGE, kind="text/html"))
    expected = (server.url("/news/rss.xml"), "http://other.example/atom")
    found = discover_feed(Feed(url), Settings(fetch=SETTINGS), NOW)
    assert (found.is_feed, found.feeds) == (False, expected)
    server.on("/feed", answer(RSS))
    assert discover_feed(Feed(server.url("/feed")), Settings(fetch=SETTINGS), NOW).is_feed
    missing = discover_feed(Feed(server.url("/none")), Settings(fetch=SETTINGS), NOW)
    assert (missing.is_feed, missing.feeds) == (False, ())
    assert missing.error
    assert server.paths() == ["/", "/feed", "/none"]


def test_limits_have_polite_defaults() -> None:
    settings = FetchSettings()
    assert settings.per_host == 1
    assert 1 <= settings.host_delay <= 2
    assert 16 <= settings.workers <= 50
    assert 30 <= settings.timeout <= 60
    assert 5 <= settings.connect_timeout <= 10
    assert 10 <= settings.read_timeout <= 20
    assert 5_000_000 <= settings.max_bytes <= 10_000_000
    assert 20_000_000 <= settings.max_decoded_bytes <= 50_000_000
    assert 5 <= settings.max_redirects <= 10
    assert settings.allow_private_networks is False
