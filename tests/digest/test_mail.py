from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from aggregator.digest.edition import Edition
from aggregator.digest.mail import message, message_id, send
from aggregator.exceptions import DeliveryError
from aggregator.model import Secret
from aggregator.settings import MailSettings
from tests.digest.desk import edition
from tests.digest.golden import golden_edition

SENDER = "News desk <desk@paper.example>"


@dataclass
class Mailbox:
    """A mail server that does as it is told, and what it was given."""

    port: int = 0
    refuse: frozenset[str] = frozenset()
    starttls: bool = False
    password_ok: bool = True
    data_answer: str = "250 taken"
    sender: str = ""
    recipients: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def answer(self, line: str) -> str:
        verb, _, rest = line.partition(" ")
        address = rest.partition("<")[2].partition(">")[0]
        match verb.upper():
            case "EHLO":
                return (
                    f"250-paper.example\r\n{'250-STARTTLS' + chr(13) + chr(10) if self.starttls else ''}250 AUTH PLAIN"
                )
            case "AUTH":
                return "235 come in" if self.password_ok else "535 wrong"
            case "STARTTLS":
                return "220 go on"
            case "MAIL":
                self.sender = address
                return "250 fine"
            case "RCPT":
                if address in self.refuse:
                    return "550 nobody here"
                self.recipients.append(address)
                return "250 fine"
            case _:
                return "250 fine"


class _Session(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        box = self.server.box
        self.say("220 paper.example")
        while line := self.rfile.readline().decode(errors="replace").strip():
            if line.upper() == "DATA":
                self.say("354 go on")
                body = b""
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    body += part.removeprefix(b".") if part.startswith(b"..") else part
                box.bodies.append(body)
                self.say(box.data_answer)
            elif line.upper() == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say(box.answer(line))
                if line.upper() == "STARTTLS":
                    return  # and speak no TLS

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, box: Mailbox) -> None:
        self.box = box
        super().__init__(("127.0.0.1", 0), _Session)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: some tests make the client hang up."""


@pytest.fixture
def box() -> Iterator[Mailbox]:
    box = Mailbox()
    with _Server(box) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield box
        server.shutdown()
        thread.join()


def to(box: Mailbox, **changes: object) -> MailSettings:
    given: dict[str, object] = {
        "server": "127.0.0.1",
        "port": box.port,
        "starttls": False,
        "sender": SENDER,
        "recipients": ("a@paper.example", "b@paper.example"),
    }
    return MailSettings(**(given | changes))  # type: ignore[arg-type]


def mail(made: Edition | None = None) -> EmailMessage:
    return message(made or golden_edition(), SENDER, ["a@paper.example", "b@paper.example"])


def test_message_arrives_with_both_parts(box: Mailbox) -> None:
    send(mail(), to(box), None)
    assert (box.sender, box.recipients) == ("desk@paper.example", ["a@paper.example", "b@paper.example"])
    got = message_from_bytes(box.bodies[0], policy=policy.default)
    assert got["Subject"] == "Morning digest, 10 March 2026: 6 stories, 1 corrected"
    assert got.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in got.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    assert "رؤساء الأركان" in next(iter(got.iter_parts())).get_content()
    assert all(len(line) <= 998 for line in box.bodies[0].splitlines())


def test_one_edition_is_one_message_byte_for_byte() -> None:
    assert mail().as_bytes() == mail().as_bytes()
    assert mail()["Message-ID"] == message_id(golden_edition(), SENDER)
    assert mail()["Message-ID"].startswith("<edition.20260309T050000Z-20260310T050000Z.")
    assert mail()["Message-ID"].endswith("@paper.example>")


def test_nothing_new_is_said_in_the_subject() -> None:
    assert mail(edition())["Subject"] == "Morning digest, 10 March 2026: nothing new"


@pytest.mark.parametrize("address", ["", "desk", "desk@paper.example\r\nBcc: all@paper.example"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(address: str) -> None:
    with pytest.raises(DeliveryError, match=r"mail\.recipients"):
        message(golden_edition(), SENDER, [address])
    with pytest.raises(DeliveryError, match=r"mail\.sender"):
        message(golden_edition(), address, ["a@paper.example"])


def test_password_goes_to_the_server_and_nowhere_else(box: Mailbox) -> None:
    send(mail(), to(box, user="desk"), Secret("s3cret"))
    box.password_ok = False
    with pytest.raises(DeliveryError, match=r"did not accept user 'desk'") as caught:
        send(mail(), to(box, user="desk"), Secret("s3cret"))
    assert "s3cret" not in str(caught.value)


def test_refused_recipients_are_named(box: Mailbox) -> None:
    box.refuse = frozenset({"b@paper.example"})
    with pytest.raises(DeliveryError, match=r"refused some recipients: b@paper\.example; the others have the digest"):
        send(mail(), to(box), None)
    assert len(box.bodies) == 1
    box.refuse = frozenset({"a@paper.example", "b@paper.example"})
    with pytest.raises(DeliveryError, match="refused every recipient"):
        send(mail(), to(box), None)


def test_server_that_will_not_take_the_text_is_quoted(box: Mailbox) -> None:
    box.data_answer = "552 too \x1b[31mlarge"
    with pytest.raises(DeliveryError, match="552 too large"):
        send(mail(), to(box), None)


def test_server_without_tls_gets_nothing_where_tls_is_asked_for(box: Mailbox) -> None:
    with pytest.raises(DeliveryError, match=r"mail\.starttls"):
        send(mail(), to(box, starttls=True), None)
    assert not box.bodies


def test_broken_tls_is_an_error_of_delivery(box: Mailbox) -> None:
    box.starttls = True
    with pytest.raises(DeliveryError, match=r"127\.0\.0\.1"):
        send(mail(), to(box, starttls=True), None)
    assert not box.bodies


def test_nobody_listening_is_an_error_of_delivery() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = taken.getsockname()[1]
    with pytest.raises(DeliveryError, match=rf"127\.0\.0\.1:{closed}"):
        send(mail(), to(Mailbox(port=closed)), None)


def test_settings_without_a_server_name_what_is_missing() -> None:
    with pytest.raises(DeliveryError, match=r"mail\.server"):
        send(mail(), MailSettings(), None)


def test_a_password_is_never_sent_in_the_clear_over_a_network() -> None:
    settings = MailSettings(server="mail.example", user="x", starttls=False, sender=SENDER, recipients=("a@b.example",))
    with pytest.raises(DeliveryError, match="in the clear"):
        send(mail(), settings, Secret("s3cret"))


def test_port_465_speaks_tls_from_the_first_byte(box: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.digest.mail._SUBMISSIONS", box.port)
    with pytest.raises(DeliveryError, match="secure connection"):
        send(mail(), to(box), None)
    assert not box.bodies
