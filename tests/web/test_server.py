"""The page on a socket: it serves, it ends, and nobody holds a connection by saying nothing."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from aggregator.app import Aggregator
from aggregator.exceptions import ConfigurationError
from aggregator.model import StoryQuery
from aggregator.settings import Settings, WebSettings
from aggregator.web import server
from aggregator.web.live import MOST_LISTENERS
from aggregator.web.site import Access
from tests.harness import Clock
from tests.web.conftest import NOW


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_SPEAKS_WITHIN", 0.3)


@pytest.fixture
def port(database: Path, impatient: None) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        found: int = free.getsockname()[1]
    settings = Settings(web=WebSettings(address=f"127.0.0.1:{found}"))
    with server.served(lambda: Aggregator.open(Settings(), database, clock=Clock(NOW)), settings, Access("anna")):
        yield found


def closed_by_the_server(connection: socket.socket) -> bool:
    """Wait until the other side closes; a test's own time limit ends what never does."""
    connection.settimeout(60)
    try:
        while connection.recv(65_536):
            pass
    except ConnectionResetError:
        pass
    return True


def test_a_page_is_served(port: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("server") is None
        assert b"Stories" in answer.read()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        pytest.param(
            b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /again HTTP/1.1\r\n", marks=pytest.mark.costly
        ),
    ],
    ids=["nothing", "half a line", "half a head", "half a second request"],
)
def test_who_says_nothing_is_cut_off(port: int, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(said)
        assert closed_by_the_server(connection)


def test_who_drips_is_cut_off_as_well(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
        ended = threading.Event()

        def drip() -> None:
            while not ended.wait(0.05):
                try:
                    connection.sendall(b"X: y\r\n")
                except OSError:
                    return

        dripping = threading.Thread(target=drip)
        dripping.start()
        assert closed_by_the_server(connection)
        ended.set()
        dripping.join()


def stream(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"GET /changes HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    connection.settimeout(60)
    return connection


def received_until(wanted: bytes, connection: socket.socket, heard: bytes = b"") -> bytes:
    """Return what a connection sent up to ``wanted``; it fails where the server closes before."""
    while wanted not in heard:
        part = connection.recv(65_536)
        assert part, f"closed after {heard!r}"
        heard += part
    return heard


def test_a_stream_tells_of_a_change_and_outlives_the_time_for_a_head(port: int, database: Path) -> None:
    with stream(port) as connection:
        heard = received_until(b"retry", connection)
        time.sleep(1.5)  # longer than a head may take, and the watch has begun
        with Aggregator.open(Settings(), database, clock=Clock(NOW)) as app:
            first, second = (one.id for one in app.stories(StoryQuery(limit=2)))
            app.editor("ben").merge([first, second])
        received_until(b"event: changed", connection, heard)


def test_streams_are_bounded(port: int) -> None:
    held = [stream(port) for _ in range(MOST_LISTENERS)]
    for connection in held:
        assert b"200 OK" in connection.recv(65_536)
    with stream(port) as beyond:
        assert b"503" in beyond.recv(65_536)
    for connection in held:
        connection.close()


def test_an_address_in_use_is_named(port: int) -> None:
    taken = Settings(web=WebSettings(address=f"127.0.0.1:{port}"))
    with pytest.raises(ConfigurationError, match=r"web\.address.*cannot be listened on"):
        server.serve(lambda: Aggregator.open(), taken, Access("anna"), lambda where: None)
