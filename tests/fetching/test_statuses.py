"""Answers over the wire: statuses, empty bodies, exceptions and redirects."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from aggregator.model import Feed, FeedState, Secret
from tests.fetching.conftest import FetcherHarness
from tests.fetching.server import RSS, Server, Visit, answer, moved


def test_retry_after_is_read_off_the_answer(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(b"", "Retry-After: 7200", status="429 Too Many Requests"))
    failure = app.failure(url)
    assert failure.retry_after is not None
    assert failure.host_wide
    assert failure.status == 429
    server.on("/feed", answer(b"", "Retry-After: soon", status="503 Service Unavailable"))
    assert (app.failure(url).retry_after, app.failure(url).host_wide) == (None, True)


def test_gone_is_told_apart(app: FetcherHarness, server: Server) -> None:
    failure = app.failure(server.on("/feed", answer(b"gone", status="410 Gone")))
    assert (failure.kind, failure.status) == ("gone", 410)
    assert "gone" in failure.message


@pytest.mark.parametrize(
    "status", ["404 Not Found", "403 Forbidden", "401 Unauthorized", "451 Unavailable For Legal Reasons"]
)
def test_refusals_are_errors_that_name_their_status(app: FetcherHarness, server: Server, status: str) -> None:
    failure = app.failure(server.on("/feed", answer(RSS, status=status)))
    assert failure.status == int(status[:3])
    assert f"HTTP {status}" in failure.message
    assert not failure.host_wide


def test_bot_checks_are_named(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(b"<html>", "CF-Mitigated: challenge", status="403 Forbidden"))
    assert "blocked by bot check" in app.failure(url).message


CHECK = b"<html><head><title>Just a moment...</title></head><body></body></html>"


@pytest.mark.parametrize(
    "play",
    [
        answer(CHECK, status="403 Forbidden", kind="text/html"),
        answer(CHECK, status="503 Service Unavailable", kind="text/html; charset=utf-8"),
        answer(gzip.compress(CHECK, mtime=0), "Content-Encoding: gzip", status="429 Too Many Requests", kind="text/html"),
        answer(b"", "x-amzn-waf-action: challenge", status="202 Accepted", kind="text/html"),
        answer(b"20\r\n" + CHECK[:32] + b"\r\n%x\r\n" % len(CHECK[32:]) + CHECK[32:] + b"\r\n0\r\n\r\n",
               "Transfer-Encoding: chunked", status="403 Forbidden", kind="text/html", length=False),
    ],
)  # fmt: skip
def test_bot_checks_are_named_by_their_pages(app: FetcherHarness, server: Server, play: bytes) -> None:
    failure = app.failure(server.on("/feed", play))
    assert "blocked by bot check" in failure.message
    assert "ask the site" in failure.message
    assert not failure.host_wide


def test_a_page_that_never_comes_costs_little(app: FetcherHarness, server: Server) -> None:
    def play(visit: Visit) -> None:
        visit.send(b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n<html>")
        visit.hang()

    failure = app.failure(server.on("/feed", play), read_timeout=0.2)
    assert (failure.status, failure.kind) == (403, "http")


@pytest.mark.parametrize(
    "play",
    [
        answer(b"", status="204 No Content"),
        answer(RSS, "Content-Range: bytes 0-9/100", status="206 Partial Content"),
        answer(RSS, status="999 Request Denied"),
        answer(RSS, status="202 Accepted"),
        answer(RSS, status="300 Multiple Choices"),
        answer(b""),
        answer(b" \r\n\t \0"),
        answer(b"\xef\xbb\xbf  "),
        answer(gzip.compress(b"", mtime=0), "Content-Encoding: gzip"),
        answer(b" " * 5_000),
    ],
)
def test_answers_without_a_feed_are_errors(app: FetcherHarness, server: Server, play: bytes) -> None:
    failure = app.failure(server.on("/feed", play))
    assert failure.kind == "http"
    assert failure.status == int(play[9:12])


@pytest.mark.parametrize(
    "location",
    [
        "http://[::1",
        "http://exa mple.org/",
        "http://" + "a" * 300 + ".example/",
        "http://a..b/",
        "http://.example/",
        "http://\xff\xfe/",
        "http://example.org:99999/",
        "http://example.org:port/",
        "http://",
        "http:///path",
        "http://%00/",
        "http://xn--\xfc/",
        "\0",
        "//",
        "http://" + "x" * 20_000,
    ],
)
def test_any_exception_is_this_feeds_error_only(app: FetcherHarness, server: Server, location: str) -> None:
    failure = app.failure(server.on("/feed", moved(location)))
    assert failure.kind in ("refused", "redirect", "connection", "protocol", "http")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "feed",
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://",
        "http://[",
        "http://\udc80/",
        "javascript:x",
        "http://a:b:c/",
    ],
)
def test_addresses_that_cannot_be_asked(app: FetcherHarness, url: str) -> None:
    assert app.failure(Feed(url)).kind == "refused"


@pytest.mark.parametrize(
    "error",
    [UnicodeDecodeError("idna", b"", 0, 1, "x"), RecursionError("deep"), OSError(113, "No route"), KeyError("deep")],
)
def test_exceptions_of_the_stack(app: FetcherHarness, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def lookup(*_: object, **__: object) -> object:
        raise error

    monkeypatch.setattr("socket.getaddrinfo", lookup)
    failure = app.failure("http://example.org/feed")
    assert "example.org" in failure.message
    assert "deep" not in failure.message


def test_closed_port_and_unknown_name(app: FetcherHarness, server: Server) -> None:
    port = server.port
    with Server() as other:
        closed = other.url()
    failure = app.failure(closed)
    assert failure.kind == "connection"
    assert "refused" in failure.message
    assert port != other.port
    assert "resolved" in app.failure("http://no-such-host.invalid/feed").message


def test_errors_name_the_address_without_secrets(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", answer(b"", status="500 Internal Server Error")) + "?token=hunter2secret"
    url = url.replace("http://", "http://desk:pass@")
    message = app.failure(url).message
    assert f"127.0.0.1:{server.port}/feed" in message
    assert "HTTP 500" in message
    assert "hunter2secret" not in message
    assert "pass@" not in message


def test_errors_hide_the_feeds_own_secrets_wherever_they_turn_up(app: FetcherHarness, server: Server) -> None:
    server.on("/s3cr3t-path", answer(b"", status="404 Not Found"))
    feed = Feed(server.url("/s3cr3t-path"), headers=(("X-Key", Secret("s3cr3t-path")),))
    assert "s3cr3t" not in app.failure(feed).message


# --- redirects -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["301 Moved Permanently", "308 Permanent Redirect"])
def test_permanent_redirects_are_followed_and_reported(app: FetcherHarness, server: Server, status: str) -> None:
    server.on("/new", answer(RSS))
    response = app.response(server.on("/old", moved("/new", status)))
    assert response.url == response.permanent_url == server.url("/new")
    assert response.redirected


def test_only_the_permanent_beginning_of_a_chain_counts(app: FetcherHarness, server: Server) -> None:
    server.on("/a", moved("/b", "301 Moved Permanently"))
    server.on("/b", moved("/c", "308 Permanent Redirect"))
    server.on("/c", moved("/d"))
    server.on("/d", moved("/e", "301 Moved Permanently"))
    server.on("/e", answer(RSS))
    response = app.response(server.url("/a"))
    assert (response.url, response.permanent_url) == (server.url("/e"), server.url("/c"))
    assert app.response(server.url("/c")).permanent_url is None


@pytest.mark.parametrize("status", ["302 Found", "303 See Other", "307 Temporary Redirect"])
def test_temporary_redirects_are_followed_and_not_kept(app: FetcherHarness, server: Server, status: str) -> None:
    server.on("/new/feed", answer(RSS))
    for location in ("new/feed", "./new/feed", f"//127.0.0.1:{server.port}/new/feed", " /new/feed ", "/new/feed#top"):
        response = app.response(server.on("/old", moved(location, status)))
        assert (response.url, response.permanent_url) == (server.url("/new/feed"), None)


def test_addresses_that_a_server_did_not_escape(app: FetcherHarness, server: Server) -> None:
    server.on("/caf%C3%A9%20bar", answer(RSS))
    url = server.on("/old", moved("/caf\xc3\xa9 bar"))
    assert app.response(url).url == server.url("/caf%C3%A9%20bar")


@pytest.mark.parametrize("play", [answer(b"", status="410 Gone"), answer(b""), answer(b"", status="404 Not Found")])
def test_a_move_to_nothing_is_a_failure(app: FetcherHarness, server: Server, play: bytes) -> None:
    server.on("/new", play)
    app.failure(server.on("/old", moved("/new", "301 Moved Permanently")))


def test_a_fetch_follows_five_redirects_and_no_more(app: FetcherHarness, server: Server) -> None:
    for number in range(40):
        server.on(f"/{number}", moved(f"/{number + 1}"))
    server.on("/5", answer(RSS))
    app.response(server.url("/0"))
    server.asked.clear()
    server.on("/5", moved("/6"))
    failure = app.failure(server.url("/0"))
    assert failure.kind == "redirect"
    assert len(server.asked) == 6


def test_a_repeated_address_ends_it_at_once(app: FetcherHarness, server: Server) -> None:
    server.on("/a", moved("/b", "301 Moved Permanently"))
    server.on("/b", moved("/a#again"))
    failure = app.failure(server.url("/a"))
    assert failure.kind == "redirect"
    assert "circle" in failure.message
    assert server.paths() == ["/a", "/b"]
    server.asked.clear()
    assert app.failure(server.on("/self", moved("/self"))).kind == "redirect"
    assert server.paths() == ["/self"]


def once_marked(*marks: str) -> Callable[[Visit], bytes]:
    """Answer with the feed to who brings these cookies, and send others to /gate, which sets them one by one."""

    def play(visit: Visit) -> bytes:
        return (
            answer(RSS, 'ETag: "1"')
            if all(mark in visit.asked.headers.get("cookie", "") for mark in marks)
            else moved("/gate")
        )

    return play


def test_a_redirect_that_sets_a_cookie_and_returns_is_followed_with_it(app: FetcherHarness, server: Server) -> None:
    url = server.on("/feed", once_marked("pass=1", "lang=en"))
    server.on(
        "/gate",
        answer(
            b"",
            "Location: /feed",
            "Set-Cookie: pass=1; Path=/",
            "Set-Cookie: lang=en; HttpOnly",
            status="301 Moved Permanently",
        ),
    )
    response = app.response(url)
    assert response.body == RSS
    assert (response.redirected, response.permanent_url, response.etag) == (False, None, '"1"')
    assert server.paths() == ["/feed", "/gate", "/feed"]
    server.asked.clear()
    app.response(url)
    assert "cookie" not in server.asked[0].headers  # none outlives a fetch


def test_a_cookie_leads_round_once_and_no_more(app: FetcherHarness, server: Server) -> None:
    count = iter(range(100))
    url = server.on(
        "/feed", lambda visit: answer(b"", "Location: /gate", f"Set-Cookie: n={next(count)}", status="302 Found")
    )
    server.on("/gate", lambda visit: answer(b"", "Location: /feed", f"Set-Cookie: m={next(count)}", status="302 Found"))
    assert "circle" in app.failure(url).message
    assert len(server.asked) <= 4


def test_a_cookie_stays_with_its_host(app: FetcherHarness, server: Server) -> None:
    with Server(host="127.0.0.2") as other:
        target = other.on("/feed", answer(RSS))
        url = server.on("/feed", answer(b"", f"Location: {target}", "Set-Cookie: pass=1; Path=/", status="302 Found"))
        app.response(url)
        assert "cookie" not in other.asked[0].headers


def test_a_host_that_a_redirect_led_to_speaks_for_one_feed(app: FetcherHarness, server: Server) -> None:
    busy = answer(b"", "Retry-After: 600", status="429 Too Many Requests")
    with Server(host="127.0.0.2") as other:
        url = server.on("/feed", moved(other.on("/busy", busy)))
        failure = app.failure(url)
    assert (failure.status, failure.host_wide) == (429, False)
    assert app.failure(server.on("/busy", busy)).host_wide


def test_a_redirect_whose_slashes_lean_is_followed(app: FetcherHarness, server: Server) -> None:
    server.on("/new", answer(RSS))
    server.on("/old", moved(server.url("/new").replace("/", "\\")))
    assert app.response(server.url("/old")).body == RSS


def test_a_redirect_without_an_address(app: FetcherHarness, server: Server) -> None:
    assert app.failure(server.on("/a", answer(b"", status="302 Found"))).kind == "redirect"


def test_redirect_bodies_are_not_read(app: FetcherHarness, server: Server) -> None:
    bomb = gzip.compress(b"x" * 3_000_000) * 3
    server.on("/old", answer(bomb, "Location: /new", "Content-Encoding: gzip", status="301 Moved Permanently"))
    server.on("/new", answer(RSS))
    assert app.response(server.url("/old")).body == RSS


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://example.org/feed",
        "gopher://127.0.0.1/",
        "javascript:alert(1)",
        "data:,x",
        "feed:http://x/",
    ],
)
def test_other_schemes_are_refused(app: FetcherHarness, server: Server, location: str) -> None:
    failure = app.failure(server.on("/feed", moved(location)))
    assert failure.kind == "redirect"
    assert "neither http nor https" in failure.message


def test_nothing_inside_a_document_is_followed(app: FetcherHarness, server: Server) -> None:
    page = b'<html><head><meta http-equiv="refresh" content="0;url=/new"><link rel="self" href="/new"></head></html>'
    feed = RSS.replace(b"<title>Desk", b"<itunes:new-feed-url>/new</itunes:new-feed-url><title>Desk")
    for body in (page, feed):
        url = server.on("/feed", answer(body, "Refresh: 0; url=/new", 'Link: </new>; rel="alternate"'))
        assert app.response(url, FeedState(url)).url == url
    assert set(server.paths()) == {"/feed"}
