"""Alerts to a webhook: signed, limited, guarded."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace

import pytest

from aggregator.exceptions import DeliveryError
from aggregator.fetching.webhook import SIGNATURE, post
from aggregator.model import Secret
from tests.fetching.conftest import SETTINGS
from tests.fetching.server import Server, Visit, answer, moved

BODY = '{"story": "s1", "title": "Ünruhe"}'.encode()


@pytest.mark.parametrize("status", ["200 OK", "201 Created", "202 Accepted", "204 No Content"])
def test_a_signed_body_arrives_as_it_is(server: Server, status: str) -> None:
    post(server.on("/hook", answer(b"", status=status)), BODY, Secret("shared"), SETTINGS)
    asked = server.asked[0]
    assert (asked.method, asked.body) == ("POST", BODY)
    assert asked.headers["content-type"] == "application/json"
    expected = hmac.new(b"shared", BODY, hashlib.sha256).hexdigest()
    assert asked.headers[SIGNATURE.lower()] == f"sha256={expected}"


def test_without_a_secret_there_is_no_signature(server: Server) -> None:
    post(server.on("/hook", answer(b"ok")), BODY, None, SETTINGS)
    assert SIGNATURE.lower() not in server.asked[0].headers


@pytest.mark.parametrize(
    "status", ["400 Bad Request", "429 Too Many Requests", "500 Internal Server Error", "304 Not Modified"]
)
def test_other_statuses_are_not_delivered(server: Server, status: str) -> None:
    with pytest.raises(DeliveryError, match=status):
        post(server.on("/s3cr3t", answer(b"", status=status)), BODY, None, SETTINGS)


def test_redirects_are_not_followed(server: Server) -> None:
    server.on("/new", answer(b"ok"))
    with pytest.raises(DeliveryError, match="302"):
        post(server.on("/hook", moved("/new")), BODY, Secret("shared"), SETTINGS)
    assert server.paths() == ["/hook"]


def test_the_address_is_guarded_and_not_shown(server: Server) -> None:
    url = server.on("/hooks/s3cr3tpath", answer(b"ok"))
    with pytest.raises(DeliveryError, match="private network") as caught:
        post(url, BODY, None, replace(SETTINGS, allow_private_networks=False))
    assert "s3cr3tpath" not in str(caught.value)
    assert not server.asked


def test_a_server_that_hangs_is_given_up(server: Server) -> None:
    def hang(visit: Visit) -> None:
        visit.hang()

    with pytest.raises(DeliveryError, match="in time"):
        post(server.on("/hook", hang), BODY, None, replace(SETTINGS, read_timeout=0.2))


def test_an_address_that_is_none() -> None:
    with pytest.raises(DeliveryError):
        post("mailto:desk@example.org", BODY, None, SETTINGS)
