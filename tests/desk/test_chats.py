"""Alerts through Apprise: what a service gets, and what the address guard keeps from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aggregator.desk.alert_targets import checked_target, shown_target
from aggregator.desk.alerts import chat_message
from aggregator.exceptions import DeliveryError, UsageError
from aggregator.fetching import chat
from aggregator.fetching.chat import ChatMessage
from aggregator.newsroom.alerts import Sent
from aggregator.settings import FetchSettings, Settings
from tests.desk.test_alerting import alerted, deliver, rows
from tests.fetching.server import Server, Visit, answer, moved

pytest.importorskip("apprise", reason="needs the extra notify")

MESSAGE = ChatMessage("Strike", "strikes: New: Ledger.")
OPEN = FetchSettings(allow_private_networks=True, timeout=5.0)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


def place(server: Server, path: str = "/hook", scheme: str = "json") -> str:
    return f"{scheme}://127.0.0.1:{server.port}{path}"


def test_a_service_gets_headline_why_now_publisher_and_link_once(server: Server) -> None:
    server.on("/hook", answer())
    with alerted(place(server)) as (app, _):
        assert deliver(app)[0] == Sent(delivered=1)
        assert deliver(app)[0] == Sent()
        assert rows(app) == [("delivered", 1, None)]
        [watch] = app.watches().all()
    [asked] = server.asked
    told = json.loads(asked.body)
    assert told["title"] == "Strike closes the port"
    why, who, *link = told["message"].split("\n")
    assert why == "strikes: New: Ledger."
    assert who == "Ledger"
    assert link == ["https://example.org/a0"]
    assert watch.watch.targets == (f"apprise:{place(server)}",)


@pytest.mark.costly
def test_ntfy_of_the_house_gets_a_message(server: Server) -> None:
    server.on("/", answer(b"{}", kind="application/json"))
    chat.send(place(server, "/desk", "ntfy"), MESSAGE, OPEN)
    told = json.loads(server.asked[0].body)
    assert (told["topic"], told["title"], told["message"]) == ("desk", "Strike", "strikes: New: Ledger.")


@pytest.mark.costly
def test_matrix_of_the_house_gets_a_message_by_its_webhook(server: Server) -> None:
    server.on("/api/v1/matrix/hook/secret", answer(b"{}", kind="application/json"))
    chat.send(f"matrix://desk:secret@127.0.0.1:{server.port}/?mode=slack", MESSAGE, OPEN)
    assert b"New: Ledger." in server.asked[0].body


def test_a_service_inside_the_house_is_refused_unless_allowed(server: Server) -> None:
    server.on("/hook", answer())
    with alerted(place(server), settings=Settings()) as (app, _):
        assert deliver(app)[0] == Sent(failed=1)
        assert "private network" in str(rows(app)[0][2])
    assert server.asked == []
    named = replace(OPEN, allow_private_networks=f"127.0.0.1:{server.port}")
    chat.send(place(server), MESSAGE, named)
    assert len(server.asked) == 1


@pytest.mark.costly
def test_a_name_that_leads_into_the_house_is_refused(server: Server) -> None:
    server.on("/hook", answer())
    with pytest.raises(DeliveryError, match="private network"):
        chat.send(f"json://localhost:{server.port}/hook", MESSAGE, replace(OPEN, allow_private_networks=False))
    assert server.asked == []


def test_a_redirect_into_the_house_is_refused() -> None:
    with Server() as inside, Server() as outside:
        outside.on("/hook", moved(inside.on("/secret", answer()), "307 Temporary Redirect"))
        only = replace(OPEN, allow_private_networks=f"127.0.0.1:{outside.port}")
        with pytest.raises(DeliveryError):
            chat.send(f"json://127.0.0.1:{outside.port}/hook", MESSAGE, only)
        assert (len(outside.asked), inside.asked) == (1, [])


@pytest.mark.costly
def test_a_service_of_this_machine_is_refused() -> None:
    with pytest.raises(DeliveryError):
        chat.send("syslog://", MESSAGE, replace(OPEN, allow_private_networks=False))


@pytest.mark.costly
def test_a_refusal_says_how_the_service_answered_and_no_secret(server: Server) -> None:
    server.on("/hook/t0psecret", answer(status="403 Forbidden"))
    with pytest.raises(DeliveryError, match="json://…: the service answered 403") as caught:
        chat.send(place(server, "/hook/t0psecret"), MESSAGE, OPEN)
    assert "t0psecret" not in str(caught.value)


@pytest.mark.costly
def test_a_service_that_says_nothing_is_left_after_the_time_limit(server: Server) -> None:
    def hang(visit: Visit) -> None:
        visit.hang()

    server.on("/hook", hang)
    with pytest.raises(DeliveryError, match=r"no answer within 0\.5 s"):
        chat.send(place(server), MESSAGE, replace(OPEN, timeout=0.5))


@pytest.mark.costly
def test_no_proxy_of_the_environment_is_asked(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.on("/hook", answer())
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    chat.send(place(server), MESSAGE, OPEN)
    assert len(server.asked) == 1


@pytest.mark.costly
def test_an_address_from_the_environment_is_in_no_file(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.on("/very/secret", answer())
    monkeypatch.setenv("DESK_CHAT", place(server, "/very/secret"))
    with alerted("apprise:env:DESK_CHAT", database=tmp_path / "a.db") as (app, _):
        assert deliver(app)[0] == Sent(delivered=1)
    assert b"very/secret" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


def test_an_address_that_apprise_cannot_read_is_refused_when_it_is_given(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="knows no such address"):
        checked_target("nosuchservice://s3cret", tmp_path)
    with pytest.raises(UsageError, match="environment variable"):
        checked_target("apprise:env:A B", tmp_path)


# Each starts a process that loads Apprise.
SERVICES = (
    "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/desk",
    "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
    "workflows://prod-04.westus.logic.azure.com:443/643e69f83c8944438d68119179a10a64/fEUlsQhm8vQfWaEBoy_Ng-4q1",
    "ntfys://ntfy.paper.example/desk",
    "tgram://123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc/-1001234567",
    "matrixs://desk:word@matrix.paper.example/#news",
    "mmost://chat.paper.example/3ccdd113474722377935511fc85d3dd4",
    "rocket://desk:word@chat.paper.example/#news",
    "gchat://space/key/token",
    "signal://localhost:8080/+15551234567/+15557654321",
)


@pytest.mark.parametrize(
    "address",
    [
        "ntfy://desk",
        "https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
        *(pytest.param(address, marks=pytest.mark.costly) for address in SERVICES),
    ],
)
def test_the_addresses_of_known_services_are_taken_as_they_write_them(address: str, tmp_path: Path) -> None:
    target = checked_target(f"apprise:{address}", tmp_path)
    assert target == f"apprise:{address}"
    assert shown_target(target) == f"{address.partition('://')[0]}://…"


def test_an_address_is_shown_without_what_may_be_its_secret() -> None:
    assert shown_target("apprise:tgram://123:token/42") == "tgram://…"
    assert shown_target("apprise:env:DESK_CHAT") == "apprise:env:DESK_CHAT"


def test_without_the_extra_the_alert_waits_and_says_what_to_install(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with alerted(place(server)) as (app, _):
        monkeypatch.setattr("aggregator.fetching.chat.find_spec", lambda name: None)
        assert deliver(app)[0] == Sent(failed=1)
        assert "aggregator[notify]" in str(rows(app)[0][2])


def test_a_headline_calls_nobody_and_opens_no_markup() -> None:
    story = {"id": "s1", "title": "@everyone <!channel> [free](https://evil.example) **now**", "publisher": "#ops",
             "publishers": 3, "url": "https://ledger.example/a_b*c"}  # fmt: skip
    told = chat_message({"watch": "w", "sentence": "<@123> said so.", "story": story})
    for sign in ("@everyone", "<", "](", "**", "@1", "#ops"):
        assert sign not in told.title + told.body.rpartition("\n")[0]
    assert told.body.endswith("\nhttps://ledger.example/a_b*c")
    assert "2 other publishers" in told.body
