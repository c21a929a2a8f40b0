"""Lines 56 and 57: the way into a private network, and secrets."""

from __future__ import annotations

import base64
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest

from aggregator.model import Feed, FeedState, Secret
from tests.fetching.conftest import Aggregator
from tests.fetching.server import RSS, Server, answer, moved


@pytest.fixture
def closed() -> Aggregator:
    """A desk with the default: nothing private may be asked."""
    app = Aggregator()
    app.settings = type(app.settings)(timeout=2.0, connect_timeout=1.0, read_timeout=0.6)
    return app


SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "localhost",
    "localhost.",
]
SPELLINGS += [
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "0.0.0.0",
    "[::]",
    "0",
    "127.0.0.1.",
    "①②⑦.⓪.⓪.①",
]


@pytest.mark.parametrize("host", SPELLINGS)
def test_56_every_spelling_of_this_machine_is_refused(closed: Aggregator, server: Server, host: str) -> None:
    server.on("/feed", answer(RSS))
    failure = closed.failure(f"http://{host}:{server.port}/feed")
    assert failure.kind in ("refused", "connection"), failure
    assert not server.asked


INSIDE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "0.1.2.3",
]
INSIDE += [
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[64:ff9b::a00:1]",
    "[2002:7f00:1::]",
    "[::127.0.0.1]",
    "224.0.0.1",
    "255.255.255.255",
]
INSIDE += [
    "198.18.0.1",
    "192.0.2.1",
    "240.0.0.1",
    "[ff02::1]",
    "[2001:db8::1]",
    "[fec0::1]",
    "[::ffff:10.0.0.1]",
    "192.0.0.192",
]


@pytest.mark.parametrize("host", INSIDE)
def test_56_private_link_local_and_metadata_addresses_are_refused(closed: Aggregator, host: str) -> None:
    failure = closed.failure(f"http://{host}/feed")
    assert failure.kind == "refused", failure


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:{port}/in", "http://2130706433:{port}/in", "http://[::ffff:127.0.0.1]:{port}/in"]
)
def test_56_judged_at_every_hop(server: Server, closed: Aggregator, location: str) -> None:
    """The first hop is allowed by address and port, the redirect leads to another port of the same machine."""
    with Server() as inside:
        inside.on("/in", answer(RSS))
        url = server.on("/feed", moved(location.format(port=inside.port)))
        failure = closed.failure(url, allow_private_networks=f"127.0.0.1:{server.port}")
        assert failure.kind == "refused"
        assert server.paths() == ["/feed"]
        assert not inside.asked


@pytest.mark.parametrize(
    "allow",
    ["127.0.0.1", "127.0.0.1:{port}", " 10.0.0.1 , 127.0.0.1:{port} ", "127.0.0.0/8", "127.0.0.0/8:{port}", "true"],
)
def test_56_the_list_of_exceptions(server: Server, closed: Aggregator, allow: str) -> None:
    url = server.on("/feed", answer(RSS))
    assert closed.response(url, allow_private_networks=allow.format(port=server.port)).body == RSS


@pytest.mark.parametrize(
    "allow", ["127.0.0.2", "127.0.0.1:1", "[::1]", "localhost", "false", "no", "", "example.org:{port}"]
)
def test_56_what_the_list_does_not_name_is_refused(server: Server, closed: Aggregator, allow: str) -> None:
    url = server.on("/feed", answer(RSS))
    assert closed.failure(url, allow_private_networks=allow.format(port=server.port)).kind == "refused"
    assert not server.asked


def test_56_a_host_may_be_allowed_by_name(server: Server, closed: Aggregator) -> None:
    url = server.on("/feed", answer(RSS)).replace("127.0.0.1", "localhost")
    assert closed.response(url, allow_private_networks=f"LocalHost:{server.port}").body == RSS
    assert closed.failure(url, allow_private_networks="other.example").kind == "refused"


Lookup = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A name server under our hand: for each name the answers it gives, one list a lookup."""
    answers: dict[str, list[list[str]]] = {}
    real: Lookup = socket.getaddrinfo

    def lookup(host: str, port: int, *rest: Any, **named: Any) -> list[tuple[Any, ...]]:
        if host not in answers:
            return real(host, port, *rest, **named)
        given = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        found = []
        for address in given:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            place = (address, port, 0, 0) if ":" in address else (address, port)
            found.append((family, socket.SOCK_STREAM, 6, "", place))
        return found

    monkeypatch.setattr("socket.getaddrinfo", lookup)
    return answers


def test_56_judged_after_the_name_was_resolved(
    server: Server, closed: Aggregator, names: dict[str, list[list[str]]]
) -> None:
    server.on("/feed", answer(RSS))
    names["inside.example"] = [["127.0.0.1"]]
    assert closed.failure(f"http://inside.example:{server.port}/feed").kind == "refused"
    names["six.example"] = [["::1", "::ffff:127.0.0.1"]]
    assert closed.failure(f"http://six.example:{server.port}/feed").kind == "refused"
    assert not server.asked


def test_56_rebinding_gains_nothing(server: Server, closed: Aggregator, names: dict[str, list[list[str]]]) -> None:
    """The name is looked up once: the address that was judged is the address connected to."""
    server.on("/feed", answer(RSS))
    names["rebind.example"] = [["127.0.0.1"], ["10.0.0.1"]]
    url = f"http://rebind.example:{server.port}/feed"
    allow = f"127.0.0.1:{server.port}"
    assert closed.response(url, allow_private_networks=allow).body == RSS
    assert server.asked[0].headers["host"] == f"rebind.example:{server.port}"
    names["rebind.example"] = [["10.0.0.1"], ["127.0.0.1"]]
    assert closed.failure(url, allow_private_networks=allow).kind == "refused"
    assert len(server.asked) == 1


def test_56_of_several_addresses_only_permitted_ones_are_tried(
    server: Server, closed: Aggregator, names: dict[str, list[list[str]]]
) -> None:
    server.on("/feed", answer(RSS))
    names["mixed.example"] = [["10.0.0.1", "127.0.0.2", "127.0.0.1"]]
    response = closed.response(
        f"http://mixed.example:{server.port}/feed", allow_private_networks="127.0.0.1,127.0.0.2:1"
    )
    assert response.body == RSS


def test_56_a_dead_address_does_not_keep_from_the_next(
    server: Server, app: Aggregator, names: dict[str, list[list[str]]]
) -> None:
    server.on("/feed", answer(RSS))
    names["two.example"] = [["127.0.0.9", "127.0.0.1"]]
    assert app.response(f"http://two.example:{server.port}/feed").body == RSS


def test_56_no_proxy_from_the_environment(server: Server, app: Aggregator, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url(""))
        assert app.response(server.on("/feed", answer(RSS))).body == RSS
        assert not proxy.asked


def test_56_a_proxy_is_no_way_in(server: Server, closed: Aggregator) -> None:
    """The proxy that the desk names may be private; what is asked through it may not."""
    server.plays["http://example.org/feed"] = answer(RSS)
    proxy = Secret(f"http://desk:hunter22@127.0.0.1:{server.port}")
    assert closed.response(Feed("http://example.org/feed", proxy=proxy)).body == RSS
    sent = server.asked[0]
    assert sent.path == "http://example.org/feed"
    assert sent.headers["host"] == "example.org"
    assert base64.b64decode(sent.headers["proxy-authorization"].split()[1]) == b"desk:hunter22"
    for inside in (
        "http://localhost/",
        "http://127.1/",
        "http://0x7f.1/",
        "https://[::ffff:10.0.0.1]/",
        "http://a.localhost/",
    ):
        failure = closed.failure(Feed(inside, proxy=proxy))
        assert failure.kind == "refused"
        assert "hunter22" not in failure.message
    assert len(server.asked) == 1


def test_56_a_dead_proxy_is_named_without_its_password(app: Aggregator) -> None:
    with Server() as gone:
        port = gone.port
    for url in ("http://example.org/feed", "https://example.org/feed"):
        failure = app.failure(Feed(url, proxy=Secret(f"http://desk:hunter22@127.0.0.1:{port}")))
        assert failure.kind == "connection"
        assert "hunter22" not in failure.message


# --- 57: secrets -----------------------------------------------------------------------------------------


def test_57_credentials_go_to_the_feeds_own_origin_only(server: Server, app: Aggregator) -> None:
    with Server() as other:
        other.on("/feed", answer(RSS))
        server.on("/same", answer(RSS))
        feed = Feed(
            server.on("/feed", moved(other.url())),
            user="desk",
            password=Secret("hunter22"),
            headers=(("X-Key", Secret("key-1234")), ("X-Plain", "yes")),
        )
        app.response(feed)
        assert base64.b64decode(server.asked[0].headers["authorization"].split()[1]) == b"desk:hunter22"
        assert server.asked[0].headers["x-key"] == "key-1234"
        assert server.asked[0].headers["x-plain"] == "yes"
        assert not {"authorization", "x-key", "x-plain"} & set(other.asked[0].headers)
        server.on("/feed", moved("/same"))
        app.response(feed)
        assert server.asked[-1].headers["x-key"] == "key-1234"
        app.response(feed, FeedState(other.url()))
        assert "x-key" not in other.asked[-1].headers, "nor to where the feed has moved for good"


def test_57_credentials_in_the_address_are_sent_as_a_field_and_not_along(server: Server, app: Aggregator) -> None:
    with Server() as other:
        other.on("/feed", answer(RSS))
        server.on("/feed", moved(other.url()))
        url = server.url("/feed").replace("http://", "http://de%73k:p%40ss@")
        response = app.response(url)
        assert base64.b64decode(server.asked[0].headers["authorization"].split()[1]) == b"desk:p@ss"
        assert server.asked[0].path == "/feed"
        assert "authorization" not in other.asked[0].headers
        assert "p%40ss" not in repr(response)


def test_57_credentials_that_a_redirect_brings_are_not_used(server: Server, app: Aggregator) -> None:
    server.on("/new", answer(RSS))
    url = server.on("/feed", moved(f"http://evil:evil@127.0.0.1:{server.port}/new"))
    response = app.response(url)
    assert "authorization" not in server.asked[1].headers
    assert response.url == server.url("/new")


def test_57_a_refusal_says_that_credentials_were_held_back(server: Server, app: Aggregator) -> None:
    with Server() as other:
        other.on("/feed", answer(b"", status="401 Unauthorized"))
        feed = Feed(server.on("/feed", moved(other.url())), user="desk", password=Secret("hunter22"))
        message = app.failure(feed).message
        assert "another origin" in message
        assert "hunter22" not in message


def test_57_header_fields_of_a_feed_cannot_break_the_request(server: Server, app: Aggregator) -> None:
    url = server.on("/feed", answer(RSS))
    broken = Feed(url, headers=(("X-Key", Secret("a\r\nHost: evil")),))
    failure = app.failure(broken)
    assert "evil" not in failure.message
    assert not server.asked
    assert "Latin-1" in app.failure(Feed(url, headers=(("X-Key", "\u20ac"),))).message
    ours = Feed(url, headers=(("hOsT", "evil"), ("Accept-Encoding", "br"), ("user-agent", "Desk/2")))
    app.response(ours)
    assert server.asked[0].headers["host"] == f"127.0.0.1:{server.port}"
    assert server.asked[0].headers["accept-encoding"] == "gzip, deflate"
    assert server.asked[0].headers["user-agent"] == "Desk/2"
    assert server.asked[0].raw.lower().count(b"user-agent") == 1


def test_57_no_secret_in_any_log(server: Server, app: Aggregator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    url = server.on("/feed", moved("/new?token=t0psecret")) + "?key=t0psecret"
    server.on("/new", answer(b"", status="500 Internal Server Error"))
    feed = Feed(url.replace("http://", "http://desk:t0psecret@"), headers=(("X-Key", Secret("t0psecret")),))
    failure = app.failure(feed)
    assert "t0psecret" not in caplog.text
    assert "t0psecret" not in repr(failure)
    assert server.paths() == ["/feed?key=t0psecret", "/new?token=t0psecret"]
