from __future__ import annotations

import http.client
from collections.abc import Iterator
from email.message import Message
from urllib.parse import urlsplit

import pytest

from aggregator.demo.content import OUTLETS, document
from aggregator.demo.server import DemoServer


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


def get(server: DemoServer, path: str, headers: dict[str, str] | None = None) -> tuple[int, Message, bytes]:
    connection = http.client.HTTPConnection(urlsplit(server.base).netloc, timeout=5)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_every_outlet_is_served_with_validators(server: DemoServer) -> None:
    for outlet in OUTLETS:
        status, headers, body = get(server, f"/{outlet.file}")
        assert (status, body) == (200, document(outlet.file, "morning"))
        assert headers["Content-Type"] == outlet.media_type
        assert headers["Last-Modified"] == "Tue, 10 Mar 2026 07:00:00 GMT"
        assert headers["ETag"]


def test_a_known_tag_is_answered_with_304_until_the_document_changes(server: DemoServer) -> None:
    path = "/northern-ledger.xml"
    known = {"If-None-Match": get(server, path)[1]["ETag"]}
    status, _, body = get(server, path, known)
    assert (status, body) == (304, b"")
    server.stage = "midday"
    status, headers, body = get(server, path, known)
    assert status == 200
    assert headers["ETag"] != known["If-None-Match"]
    assert body == document("northern-ledger.xml", "midday")


def test_an_outlet_without_news_keeps_its_tag(server: DemoServer) -> None:
    known = {"If-None-Match": "W/" + get(server, "/al-marsad.xml")[1]["ETag"]}
    server.stage = "midday"
    assert get(server, "/al-marsad.xml", known)[0] == 304


def test_anything_else_is_not_found(server: DemoServer) -> None:
    assert get(server, "/server.py")[0] == 404
    assert get(server, "/../content.py")[0] == 404
