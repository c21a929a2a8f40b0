"""Figures are read though others hold connections open and say nothing, or next to nothing."""

from __future__ import annotations

import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from aggregator.daemon import serving
from aggregator.daemon.metrics import Metrics
from aggregator.exceptions import ConfigurationError


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(serving, "MOST", 4)
    monkeypatch.setattr(serving, "DEADLINE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as free:
        chosen: int = free.getsockname()[1]
    with Metrics(chosen, "127.0.0.1"):
        yield chosen


def figures(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


@pytest.mark.parametrize("begins", [b"", b"GET /metr", b"GET /metrics HTTP/1.1\r\nHost: a\r\n"])
def test_connections_without_a_request_are_few_and_end(port: int, begins: bytes) -> None:
    before = threading.active_count()
    held = [
        socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(8)
    ]  # twice as many as are served at a time
    for connection in held:
        connection.sendall(begins)
    time.sleep(0.1)
    assert threading.active_count() <= before + 2 * 4  # each with its timer
    for connection in held:
        assert connection.recv(1) == b""
        connection.close()
    assert "aggregator_polls_total" in figures(port)


def is_open(connection: socket.socket) -> bool:
    try:
        connection.sendall(b"G")
    except OSError:
        return False
    return True


def test_a_connection_that_drips_ends(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as drips:
        began = time.monotonic()
        while is_open(drips):
            assert time.monotonic() - began < 5
            time.sleep(0.05)


def test_an_address_that_is_taken_is_named(port: int) -> None:
    with (
        pytest.raises(ConfigurationError, match=f"metrics_port: 127.0.0.1:{port} cannot be listened on"),
        Metrics(port, "127.0.0.1"),
    ):
        pass
