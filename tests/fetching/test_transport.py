"""Limits of time and size, codings, framing, TLS."""

from __future__ import annotations

import gzip
import os
import select
import socket
import ssl
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest

from aggregator.fetching.coding import decode
from aggregator.fetching.faults import FetchError
from aggregator.model import Feed, Secret
from tests.fetching.conftest import FetcherHarness
from tests.fetching.server import RSS, Server, Visit, answer

CERTIFICATE = Path(__file__).with_name("certificate.pem")  # self-signed, for localhost and 127.0.0.1
GIVEN_UP = 15  # seconds: far above every limit set here, far below what the server would go on for
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BIG = b"<rss>" + b" " * 900_000 + b"</rss>"


# --- 36: time --------------------------------------------------------------------------------------


def dripped_header(visit: Visit) -> None:
    visit.drip(b"HTTP/1.1 200 OK\r\n" + b"X-Slow: " + b"a" * 10_000)


def dripped_body(visit: Visit) -> None:
    visit.send(HEAD + b"Content-Length: 10000\r\n\r\n")
    visit.drip(b"a" * 10_000)


def endless_interim(visit: Visit) -> None:
    visit.drip(b"HTTP/1.1 102 Processing\r\n\r\n" * 1_000)


def hang(visit: Visit) -> None:
    visit.hang()


def half_then_hang(visit: Visit) -> None:
    visit.send(HEAD + b"Content-Length: 10000\r\n\r\n<rss>")
    visit.hang()


@pytest.mark.parametrize("play", [dripped_header, dripped_body, endless_interim])
def test_total_deadline_ends_a_drip(app: FetcherHarness, server: Server, play: object) -> None:
    url = server.on("/feed", play)  # type: ignore[arg-type]
    failure = app.failure(url, timeout=0.5, read_timeout=0.4)
    assert failure.kind == "timeout"
    assert "fetch.timeout" in failure.message
    assert 0.5 <= failure.seconds < GIVEN_UP


@pytest.mark.parametrize("play", [hang, half_then_hang])
def test_read_timeout_ends_a_silence(app: FetcherHarness, server: Server, play: object) -> None:
    failure = app.failure(server.on("/feed", play), read_timeout=0.2)  # type: ignore[arg-type]
    assert failure.kind == "timeout"
    assert failure.seconds < GIVEN_UP


def test_a_chain_of_slow_redirects_shares_one_deadline(app: FetcherHarness, server: Server) -> None:
    def slow(visit: Visit) -> bytes:
        time.sleep(0.25)
        number = int(visit.asked.path.rpartition("/")[2])
        return answer(b"", f"Location: /r/{number + 1}", status="302 Found")

    for number in range(8):
        server.on(f"/r/{number}", slow)
    failure = app.failure(server.url("/r/0"), timeout=0.6, read_timeout=0.5, max_redirects=8)
    assert failure.kind == "timeout"
    assert failure.seconds < GIVEN_UP


def test_tls_handshake_is_under_the_deadline(app: FetcherHarness, server: Server) -> None:
    """A plain server that never answers the greeting."""
    failure = app.failure(server.url().replace("http:", "https:"), connect_timeout=0.3)
    assert failure.kind in ("timeout", "tls")
    assert failure.seconds < GIVEN_UP


def test_name_server_that_does_not_answer(app: FetcherHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: time.sleep(0.8))
    failure = app.failure("http://slow.example/feed", connect_timeout=0.2)
    assert failure.kind == "timeout"
    assert "resolved" in failure.message


# --- 37: size --------------------------------------------------------------------------------------


def endless(visit: Visit) -> None:
    visit.send(HEAD + b"\r\n<rss>")
    while not visit.stopping.is_set():
        visit.send(b" " * 65_536)


def endless_chunks(visit: Visit) -> None:
    visit.send(CHUNKED)
    while not visit.stopping.is_set():
        visit.send(b"10000\r\n" + b" " * 65_536 + b"\r\n")


def tiny_chunks(visit: Visit) -> None:
    visit.send(CHUNKED)
    block = (b"1;" + b"x" * 3_000 + b"\r\na\r\n") * 20
    while not visit.stopping.is_set():
        visit.send(block)


@pytest.mark.parametrize(
    "play", [endless, endless_chunks, HEAD + b"Content-Length: 99999999999\r\n\r\n<rss>", answer(BIG)]
)
def test_cap_on_the_wire(app: FetcherHarness, server: Server, play: object) -> None:
    failure = app.failure(server.on("/feed", play))  # type: ignore[arg-type]
    assert failure.kind == "too_large"
    assert "fetch.max_bytes" in failure.message
    assert failure.seconds < GIVEN_UP


def test_chunks_smaller_than_their_framing(app: FetcherHarness, server: Server) -> None:
    assert app.failure(server.on("/feed", tiny_chunks)).kind == "protocol"


def test_cap_on_the_decoded_body(app: FetcherHarness, server: Server) -> None:
    bomb = zlib.compressobj(9, wbits=31)
    body = b"".join(bomb.compress(b"\0" * 1_000_000) for _ in range(50)) + bomb.flush()
    failure = app.failure(server.on("/feed", answer(body, "Content-Encoding: gzip")))
    assert failure.kind == "too_large"
    assert "fetch.max_decoded_bytes" in failure.message
    many = gzip.compress(b" " * 300_000) * 4
    assert app.failure(server.on("/feed", answer(many, "Content-Encoding: gzip"))).kind == "too_large"


def test_a_bomb_is_measured_before_it_is_kept() -> None:
    bomb = zlib.compressobj(1, wbits=31)
    body = b"".join(bomb.compress(b"\0" * 1_000_000) for _ in range(100)) + bomb.flush()
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="too large"):
            decode(body, ["gzip"], 30_000_000)
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()
    whole = os.urandom(6_000_000)
    packed = gzip.compress(whole, 1)
    assert decode(packed, ["gzip"], 6_000_000) == whole
    with pytest.raises(FetchError, match="too large"):
        decode(packed, ["gzip"], 5_999_999)
    with pytest.raises(FetchError, match="cut off"):
        decode(packed[:-1], ["gzip"], 6_000_000)


def test_large_bodies_under_the_caps_arrive(app: FetcherHarness, server: Server) -> None:
    assert app.response(server.on("/feed", answer(gzip.compress(BIG), "Content-Encoding: gzip"))).body == BIG
    body = os.urandom(190_000)
    assert app.response(server.on("/feed", answer(body))).body == body


# --- 38, 39: content codings -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "coding", ["br", "zstd", "compress", "gzip, gzip", "gzip, deflate", "deflate\r\nContent-Encoding: gzip"]
)
def test_one_coding_that_we_asked_for(app: FetcherHarness, server: Server, coding: str) -> None:
    body = gzip.compress(gzip.compress(RSS))
    failure = app.failure(server.on("/feed", answer(body, f"Content-Encoding: {coding}")))
    assert failure.kind == "protocol"
    assert "coding" in failure.message


@pytest.mark.parametrize(
    "name", ["aws-chunked", "utf-8", "UTF-8", "none", "binary", "8bit", "", "identity, utf-8", "text/xml"]
)
def test_what_names_no_coding_is_judged_by_the_bytes(app: FetcherHarness, server: Server, name: str) -> None:
    for body in (RSS, gzip.compress(RSS)):
        assert app.response(server.on("/feed", answer(body, f"Content-Encoding: {name}"))).body == RSS
    packed = answer(gzip.compress(RSS), f"Content-Encoding: {name}, gzip")
    assert app.response(server.on("/feed", packed)).body == RSS


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate"])
def test_a_body_that_is_packed_by_name_only_is_read(app: FetcherHarness, server: Server, coding: str) -> None:
    assert app.response(server.on("/feed", answer(RSS, f"Content-Encoding: {coding}"))).body == RSS
    assert app.failure(server.on("/feed", answer(RSS, "Content-Encoding: br"))).kind == "protocol"


def test_a_packed_file_that_the_server_packed_again_is_read(app: FetcherHarness, server: Server) -> None:
    twice = gzip.compress(gzip.compress(RSS))
    assert app.response(server.on("/feed.gz", answer(twice, "Content-Encoding: gzip"))).body == RSS


@pytest.mark.parametrize(("coding", "packed"), [("deflate", gzip.compress(RSS)), ("gzip", zlib.compress(RSS))])
def test_gzip_and_deflate_under_each_others_name_are_read(
    app: FetcherHarness, server: Server, coding: str, packed: bytes
) -> None:
    assert app.response(server.on("/feed", answer(packed, f"Content-Encoding: {coding}"))).body == RSS
    assert app.failure(server.on("/feed", answer(packed[:-9], f"Content-Encoding: {coding}"))).kind == "protocol"


def test_a_packed_file_need_not_say_so(app: FetcherHarness, server: Server) -> None:
    assert app.response(server.on("/feed.gz", answer(gzip.compress(RSS)))).body == RSS
    assert app.failure(server.on("/feed.gz", answer(gzip.compress(RSS)[:-9]))).kind == "protocol"


PACKED = gzip.compress(RSS * 50, mtime=0)


@pytest.mark.parametrize(
    "body", [PACKED[:-1], PACKED[:-8], PACKED[: len(PACKED) // 2], PACKED[:10], PACKED[:3], PACKED + PACKED[:20]]
)
def test_cut_off_gzip_is_an_error(app: FetcherHarness, server: Server, body: bytes) -> None:
    failure = app.failure(server.on("/feed", answer(body, "Content-Encoding: gzip")))
    assert failure.kind == "protocol"
    assert "cut off" in failure.message


@pytest.mark.parametrize(
    "body", [b"not gzip at all", PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], PACKED[:40] + b"\xff\xff\xff" + PACKED[43:]]
)
def test_damaged_gzip_is_an_error(app: FetcherHarness, server: Server, body: bytes) -> None:
    failure = app.failure(server.on("/feed", answer(body, "Content-Encoding: gzip")))
    assert failure.kind == "protocol"


@pytest.mark.parametrize(
    ("body", "times"),
    [
        (gzip.compress(RSS, mtime=0) * 3, 3),
        (gzip.compress(RSS, mtime=0) + b"\0" * 512, 1),
        (gzip.compress(RSS, mtime=0) + b"\0\0" + gzip.compress(RSS, mtime=0), 2),
    ],
)
def test_several_members_and_trailing_zeros_are_fine(
    app: FetcherHarness, server: Server, body: bytes, times: int
) -> None:
    assert app.response(server.on("/feed", answer(body, "Content-Encoding: gzip"))).body == RSS * times


def test_members_without_number_are_given_up() -> None:
    member = gzip.compress(b"")
    assert decode(member * 5_000 + gzip.compress(RSS), ["gzip"], 1_000) == RSS
    with pytest.raises(FetchError, match="too many parts"):
        decode(member * 400_000, ["gzip"], 1_000)


@pytest.mark.parametrize("body", [zlib.compress(RSS)[:-1], zlib.compress(RSS)[:-20], zlib.compress(RSS)[2:-24]])
def test_cut_off_deflate_is_an_error(app: FetcherHarness, server: Server, body: bytes) -> None:
    assert app.failure(server.on("/feed", answer(body, "Content-Encoding: deflate"))).kind == "protocol"


# --- 40, 41: framing -----------------------------------------------------------------------------------


def closing(data: bytes) -> object:
    def play(visit: Visit) -> None:
        visit.send(data)

    return play


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Length: 5000\r\n\r\n" + RSS,
        CHUNKED + b"%x\r\n" % len(RSS) + RSS + b"\r\n",
        CHUNKED + b"%x\r\n" % len(RSS) + RSS + b"\r\n0",
        CHUNKED + b"5000\r\n" + RSS,
        CHUNKED,
        CHUNKED + b"1",
    ],
)
def test_short_bodies_are_errors(app: FetcherHarness, server: Server, data: bytes) -> None:
    failure = app.failure(server.on("/feed", closing(data)))  # type: ignore[arg-type]
    assert failure.kind == "protocol"
    assert "broke off" in failure.message


def test_whole_bodies_in_every_framing_arrive(app: FetcherHarness, server: Server) -> None:
    half = len(RSS) // 2
    chunks = b"%X;name=value\r\n" % half + RSS[:half] + b"\r\n00%x \r\n" % (len(RSS) - half) + RSS[half:] + b"\r\n"
    for data in (
        CHUNKED + chunks + b"0\r\n\r\n",
        CHUNKED + chunks + b"000\r\nX-Trailer: a\r\nX-Other: b\r\n\r\n",
        CHUNKED + chunks + b"0\r\n",
        CHUNKED + chunks + b"0\r\nX-Trailer: a\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n" + CHUNKED[len(HEAD) :] + chunks + b"0\r\n\r\n",
        HEAD + b"Transfer-Encoding: identity\r\n\r\n" + RSS,
        HEAD + b"\r\n" + RSS,
        b"HTTP/1.0 200 OK\r\n\r\n" + RSS,
        b"HTTP/1.1 200\r\nContent-Length: %d\r\nContent-Length: %d\r\n\r\n" % (len(RSS), len(RSS)) + RSS,
        b"HTTP/1.1 200 OK\nContent-Type: text/xml\n\n" + RSS,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + HEAD + b"\r\n" + RSS,
        HEAD + b"X-Folded: one\r\n two\r\n\r\n" + RSS,
    ):
        response = app.response(server.on("/feed", closing(data)))  # type: ignore[arg-type]
        assert response.body == RSS


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n<rss/>",
        HEAD + b"Content-Length: 5, 6\r\n\r\n<rss/>",
        HEAD + b"Content-Length: -5\r\n\r\n<rss/>",
        HEAD + b"Content-Length: +5\r\n\r\n<rss/>",
        HEAD + b"Content-Length: five\r\n\r\n<rss/>",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        CHUNKED + b"-5\r\n<rss/>\r\n0\r\n\r\n",
        CHUNKED + b"0x6\r\n<rss/>\r\n0\r\n\r\n",
        CHUNKED + b"6_0\r\n<rss/>\r\n0\r\n\r\n",
        CHUNKED + b"zz\r\n<rss/>\r\n0\r\n\r\n",
        CHUNKED + b"\r\n<rss/>\r\n0\r\n\r\n",
        CHUNKED + b"3\r\n<rss/>\r\n0\r\n\r\n",
        CHUNKED + b"ffffffffffffffffffff\r\n<rss/>",
        CHUNKED + b"1" * 70_000,
        CHUNKED + b"0\r\n" + b"X: y\r\n" * 20_000,
        HEAD + b"X: " + b"a" * 70_000 + b"\r\n\r\n<rss/>",
        HEAD + b"X: y\r\n" * 300 + b"\r\n<rss/>",
        b"<rss/>",
        b"HTTP/2 200 OK\r\n\r\n<rss/>",
        b"HTTP/1.1 abc OK\r\n\r\n<rss/>",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        b"HTTP/1.1 102 Processing\r\n\r\n" * 20,
        b"HTTP/1.1 200 OK\r\nContent-Ty",
        b"ICY 200 OK\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0" * 100_000,
        b"\r\n\r\n\r\n",
        b"",
    ],
)
def test_malformed_answers_are_clean_errors(app: FetcherHarness, server: Server, data: bytes) -> None:
    failure = app.failure(server.on("/feed", closing(data)))  # type: ignore[arg-type]
    assert failure.kind in ("protocol", "too_large", "connection")
    assert "Error" not in failure.message
    assert failure.seconds < GIVEN_UP


@pytest.mark.parametrize(
    "line",
    [
        b"no colon here",
        b": no name",
        b"Bad Name: x",
        b"X-\xff\xfe: 1",
        b" folded into nothing",
        b"HTTP/1.1 200 OK",
        b"<!-- -->",
        b"\0",
    ],
)
@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_an_odd_line_costs_itself(app: FetcherHarness, server: Server, line: bytes, end: bytes) -> None:
    lines = [
        b"HTTP/1.1 200 OK",
        line,
        b" folded into it",
        b'ETag : "7"',
        b"Content-Length: %d" % len(RSS),
        b"",
        b"",
    ]
    response = app.response(server.on("/feed", closing(end.join(lines) + RSS)))  # type: ignore[arg-type]
    assert (response.body, response.etag) == (RSS, '"7"')


def test_a_contradiction_is_named(app: FetcherHarness, server: Server) -> None:
    failure = app.failure(server.on("/feed", HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n<rss/>"))
    assert failure.kind == "protocol"
    assert "length" in failure.message


# --- 42: TLS -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(CERTIFICATE)
    return made


def test_untrusted_certificate_is_refused_unless_the_desk_opts_out(
    app: FetcherHarness, context: ssl.SSLContext
) -> None:
    with Server(context) as server:
        url = server.on("/feed", answer(RSS, 'ETag: "1"'))
        failure = app.failure(url)
        assert failure.kind == "tls"
        assert "certificate" in failure.message
        assert not server.asked
        assert app.response(Feed(url, verify_tls=False)).body == RSS
        assert app.failure(url).kind == "tls", "one feed's choice is not another's"


def test_a_certificate_authority_of_the_desk_is_trusted(app: FetcherHarness, context: ssl.SSLContext) -> None:
    with Server(context) as server:
        url = server.on("/feed", answer(RSS))
        assert app.response(url, ca_file=str(CERTIFICATE)).body == RSS
        assert app.response(url.replace("127.0.0.1", "localhost"), ca_file=str(CERTIFICATE)).body == RSS


def test_the_certificate_must_name_the_host(app: FetcherHarness, context: ssl.SSLContext) -> None:
    with Server(context, host="127.0.0.2") as server:
        failure = app.failure(server.on("/feed", answer(RSS)), ca_file=str(CERTIFICATE))
        assert failure.kind == "tls"
        assert "certificate" in failure.message


def test_a_plain_server_on_a_tls_address(app: FetcherHarness, server: Server) -> None:
    failure = app.failure(server.on("/feed", answer(RSS)).replace("http:", "https:"), connect_timeout=0.3)
    assert failure.kind in ("tls", "timeout")


def test_tls_drip_ends_at_the_deadline(app: FetcherHarness, context: ssl.SSLContext) -> None:
    with Server(context) as server:
        failure = app.failure(Feed(server.on("/feed", dripped_body), verify_tls=False), timeout=0.5, read_timeout=0.4)
        assert failure.kind == "timeout"
        assert failure.seconds < GIVEN_UP


def test_tls_through_a_proxy(app: FetcherHarness, server: Server, context: ssl.SSLContext) -> None:
    with Server(context) as behind:
        url = behind.on("/feed", answer(RSS))
        place = f"127.0.0.1:{behind.port}"

        def tunnel(visit: Visit) -> None:
            with socket.create_connection(("127.0.0.1", behind.port)) as onward:
                visit.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
                _pump(visit.socket, onward)

        server.on(place, tunnel)
        proxy = Secret(server.url(""))
        assert app.response(Feed(url, proxy=proxy, verify_tls=False)).body == RSS
        assert server.asked[0].method == "CONNECT"
        assert "certificate" in app.failure(Feed(url, proxy=proxy)).message
        server.on(place, answer(b"", status="407 Proxy Authentication Required"))
        failure = app.failure(Feed(url, proxy=proxy, verify_tls=False))
        assert failure.kind == "connection"
        assert "proxy" in failure.message


def _pump(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either side closes."""
    while True:
        for source in select.select([one, other], [], [], 2)[0]:
            block = source.recv(65_536)
            if not block:
                return
            (other if source is one else one).sendall(block)
