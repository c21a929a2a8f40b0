from __future__ import annotations

import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.digest.headers import POLICY
from aggregator.digest.mail import MOST_HTML, Refusal, message, message_id, send
from aggregator.digest.render import render
from aggregator.digest.values import Edition, FeedNote, Material
from aggregator.exceptions import DeliveryError
from aggregator.model import Secret
from aggregator.settings import DigestSettings, MailSettings
from tests.digest.desk import edition, entry, story
from tests.digest.golden import golden_edition

SENDER = "News desk <desk@paper.example>"


@dataclass
class Mailbox:
    """A mail server that does as it is told, and what it was given."""

    port: int = 0
    refuse: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()
    starttls: bool = False
    password_ok: bool = True
    sender_ok: bool = True
    data_answer: str = "250 taken"
    leave: str = "221 bye"
    drips_at: str = ""  # what it answers in single bytes without end: GREETING, DATA or QUIT
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
            case "RCPT" if not self.sender_ok:
                return "530 who are you"
            case "RCPT":
                if address in self.refuse:
                    return "550 nobody here"
                if address in self.busy:
                    return "452 the mailbox is full"
                self.recipients.append(address)
                return "250 fine"
            case _:
                return "250 fine"


class _Session(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        box = self.server.box
        self.say("220 paper.example", "GREETING")
        while line := self.rfile.readline().decode(errors="replace").strip():
            if line.upper() == "DATA":
                self.say("354 go on")
                body = b""
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    body += part.removeprefix(b".") if part.startswith(b"..") else part
                box.bodies.append(body)
                self.say(box.data_answer, "DATA")
            elif line.upper() == "QUIT":
                self.say(box.leave, "QUIT")
                return
            else:
                self.say(box.answer(line))
                if line.upper() == "STARTTLS":
                    return  # and speak no TLS

    def say(self, line: str, verb: str = "") -> None:
        while verb and verb == self.server.box.drips_at:
            self.wfile.write(b"2")
            time.sleep(0.05)
        self.wfile.write(f"{line}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, box: Mailbox) -> None:
        self.box = box
        super().__init__(("127.0.0.1", 0), _Session)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: some tests make the client hang up."""


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Run a mail server on loopback."""
    box = Mailbox()
    with _Server(box) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield box
        server.shutdown()
        thread.join()


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


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


@pytest.mark.parametrize(
    "address",
    [
        "",
        "desk",
        "desk@paper.example\r\nBcc: all@paper.example",
        "a@paper.example, b@paper.example",
        "a@paper.example; b@paper.example",
    ],
)
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


def test_refused_recipients_are_named_and_the_others_have_it(box: Mailbox) -> None:
    box.refuse, box.busy = frozenset({"b@paper.example"}), frozenset({"c@paper.example"})
    recipients = tuple(f"{name}@paper.example" for name in "abc")
    assert send(mail(), to(box, recipients=recipients), None) == (
        Refusal("b@paper.example", "550 nobody here", final=True),
        Refusal("c@paper.example", "452 the mailbox is full", final=False),
    )
    assert box.recipients == ["a@paper.example"]
    box.refuse = frozenset({"a@paper.example", "b@paper.example"})
    assert [one.final for one in send(mail(), to(box), None)] == [True, True]
    assert len(box.bodies) == 1


def test_a_server_that_wants_another_sender_is_no_recipients_fault(box: Mailbox) -> None:
    box.sender_ok = False
    with pytest.raises(DeliveryError, match="takes no mail from us: 530 who are you"):
        send(mail(), to(box), None)


HEADLINES = (
    "Élysée: « pas de troupes », dit-il – Überblick", "Сенат одобрил помощь – 61 голос «за»", "防衛相が辞任、後任には前外相が起用される見通しと発表",
    "Ferry sinks off Skarn 🚨, rescue under way", "Plain words " * 12, "Wort" * 60, "A headline with =?utf-8?q?fake?= in it",
)  # fmt: skip
_ENCODED = re.compile(rb"=\?[^?\s]+\?[bBqQ]\?[^?\s]*\?=")


def check_head(made: EmailMessage, subject: str) -> None:
    head = made.as_bytes().partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert all(len(word) <= 75 for word in _ENCODED.findall(head))
    assert b"\n" not in head.replace(b"\r\n", b"")
    read = message_from_bytes(made.as_bytes(), policy=policy.default)["subject"]
    old = message_from_bytes(made.as_bytes())["subject"]
    for shown in (read, make_header(decode_header(re.sub(r"\r?\n", "", old)))):
        assert " ".join(str(shown).split()) == " ".join(subject.split())


@pytest.mark.parametrize("subject", HEADLINES)
def test_a_subject_is_shown_as_it_was_meant(subject: str) -> None:
    made = EmailMessage(policy=POLICY)
    made["Subject"] = subject
    made.set_content("x")
    check_head(made, str(made["Subject"]))


_LETTERS = st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters="=")


@given(st.lists(st.text(_LETTERS | st.sampled_from("abc –é"), min_size=1, max_size=20), min_size=1, max_size=30))
def test_no_subject_glues_words_or_grows_too_long(words: list[str]) -> None:
    subject = " ".join(" ".join(words).split()) or "x"
    made = EmailMessage(policy=POLICY)
    made["Subject"] = subject
    made.set_content("x")
    check_head(made, subject)


def test_names_of_people_are_encoded_and_their_addresses_are_not() -> None:
    made = EmailMessage(policy=POLICY)
    made["To"] = 'Анна Ковальчук <a@paper.example>, "Desk, Night" <b@paper.example>, c@paper.example'
    made.set_content("x")
    read = message_from_bytes(made.as_bytes(), policy=policy.default)["to"].addresses
    assert [(one.display_name, one.addr_spec) for one in read] == [
        ("Анна Ковальчук", "a@paper.example"),
        ("Desk, Night", "b@paper.example"),
        ("", "c@paper.example"),
    ]


def test_a_domain_beyond_ascii_is_written_as_servers_know_it(box: Mailbox) -> None:
    recipients = ("Анна <anna@bücher.example>",)
    made = message(golden_edition(), SENDER, recipients)
    assert b"anna@xn--bcher-kva.example" in made.as_bytes()
    send(made, to(box, recipients=recipients), None)
    assert box.recipients == ["anna@xn--bcher-kva.example"]
    sent = message(golden_edition(), "Desk <desk@bücher.example>", ("a@paper.example",)).as_bytes()
    assert b"From: Desk <desk@xn--bcher-kva.example>\r\n" in sent
    assert b"@xn--bcher-kva.example>\r\n" in sent.partition(b"Message-ID")[2].partition(b"List-Id")[0]
    with pytest.raises(DeliveryError, match="before the @"):
        message(golden_edition(), SENDER, ["анна@paper.example"])


def test_a_long_edition_is_folded_to_what_mail_programs_show() -> None:
    filler = "A sentence that fills the page with words of some length. " * 5
    materials = [
        Material(
            story(
                f"s{number}",
                (entry(f"e{number}", f"Paper {number}", title=f"{number} {filler}"),),
                category=f"c{number % 9}",
            )
        )
        for number in range(600)
    ]
    long = edition(*materials, settings=DigestSettings(rest=1000, top=30))
    assert len(render(long, "html")) > 2 * MOST_HTML
    part = message(long, SENDER, ["a@paper.example"]).get_body(("html",))
    assert part is not None
    page = part.get_content()
    assert MOST_HTML - 8_000 < len(page.encode()) <= MOST_HTML + 200
    counted = sum(int(number) for number in re.findall(r"and (\d+) more", page))
    assert page.count('id="s') + counted >= 600
    for section in long.sections:
        assert f"{section.title} <span" in page or not section.folded


def test_even_corrections_and_feeds_without_end_fit() -> None:
    filler = "word " * 100
    killed = [
        Material(story(f"s{n}", (entry(f"e{n}", "Aurora", title=f"{n} {filler}", correction="correction"),)))
        for n in range(250)
    ]
    notes = tuple(FeedNote(f"Feed {n}", f"https://f{n}.example/", "failing", filler) for n in range(250))
    made = edition(*killed, settings=DigestSettings(per_publisher=1000))
    made = replace(made, health=replace(made.health, notes=notes))
    page = message(made, SENDER, ["a@paper.example"]).get_body(("html",))
    assert page is not None
    assert len(page.get_content().encode()) <= MOST_HTML + 200


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


@pytest.mark.parametrize("verb", ["GREETING", "DATA"])
def test_a_server_that_drips_is_left_at_the_deadline(box: Mailbox, verb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aggregator.digest.mail._DEADLINE", 0.5)
    box.drips_at = verb
    with pytest.raises(DeliveryError, match="took longer than"):
        send(mail(), to(box), None)


def test_a_server_that_drips_instead_of_tls_is_left_at_the_deadline(
    box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.digest.mail._DEADLINE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr("aggregator.digest.mail._SUBMISSIONS", silent.getsockname()[1])
        with pytest.raises(DeliveryError, match="took longer than"):
            send(mail(), to(box, port=silent.getsockname()[1]), None)


@pytest.mark.parametrize(("drips", "leave"), [("QUIT", "221 bye"), ("", "421 out of order"), ("", "")])
def test_a_mail_that_was_taken_is_delivered_however_the_server_takes_leave(
    box: Mailbox, drips: str, leave: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.digest.mail._DEADLINE", 0.5)
    box.drips_at, box.leave = drips, leave
    assert send(mail(), to(box), None) == ()
    assert len(box.bodies) == 1


# --- for mail programs ------------------------------------------------------------------------------


def test_each_series_has_a_list_id_of_its_own() -> None:
    daily, evening = mail(), mail(replace(golden_edition(), series="evening"))
    assert daily["List-Id"] == "<daily.digest.paper.example>"
    assert evening["List-Id"] == "<evening.digest.paper.example>"


def test_rules_of_a_desks_own_template_are_written_into_its_elements() -> None:
    own = "<html><head><style>p { color: #900 } @media print { p { color: #000 } }</style></head><body><p>{}</p></body></html>"
    made = message(golden_edition(), "desk@paper.example", ["a@paper.example"], lambda edition, form: own)
    part = made.get_body(("html",))
    assert part is not None
    html = part.get_content()
    assert re.search(r'<p style="color: ?#900;?">', html)
    assert "@media print" in html


def test_the_subject_speaks_the_language_of_the_edition() -> None:
    assert mail(replace(golden_edition(), language="de"))["Subject"].endswith("6 Themen, 1 berichtigt")
