"""An edition as a mail: plain text and HTML in one message, sent over SMTP.

The Message-ID is made from the edition, so a message sent twice is one message to every mail program and archive.
"""

from __future__ import annotations

import hashlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses, parseaddr

from aggregator.digest.escape import plain
from aggregator.digest.fitting import fitting
from aggregator.digest.headers import POLICY
from aggregator.digest.inlining import inlined
from aggregator.digest.render import render, spoken
from aggregator.digest.values import Edition
from aggregator.digest.wording import Clock
from aggregator.exceptions import DeliveryError
from aggregator.model import Secret
from aggregator.settings import MailSettings

MOST_HTML = 98_000  # bytes; mail programs cut a part off at 102 kB
_TIMEOUT = 30.0  # seconds a mail server may stay silent
_DEADLINE = 120.0  # seconds for a whole delivery, because a server that answers byte by byte is never silent
_READY = 220  # the code of a server's greeting
_SUBMISSIONS = 465  # RFC 8314: TLS from the first byte
# Answers to a recipient that concern the sender: out of order, authentication needed, failed or too weak (RFC 4954, 6).
_OF_THE_SENDER = frozenset({503, 530, 534, 535, 538})
_OWN_MACHINE = ("127.0.0.1", "::1", "localhost")


def message_id(edition: Edition, sender: str) -> str:
    """Return the Message-ID of ``edition`` from ``sender``; it is always the same."""
    domain = sending_domain(sender)
    digest = hashlib.sha256(edition.id.encode()).hexdigest()[:16]
    return f"<edition.{edition.id}.{digest}@{domain}>"


def list_id(edition: Edition, sender: str) -> str:
    """Return the List-Id (RFC 2919): the series and its sender."""
    domain = sending_domain(sender)
    return f"<{edition.series or 'daily'}.digest.{domain}>"


def message(
    edition: Edition, sender: str, recipients: Sequence[str], rendered: Callable[[Edition, str], str] = render
) -> EmailMessage:
    """Return ``edition`` as a multipart message; raises DeliveryError for an invalid address.

    ``rendered`` writes an edition in a format.
    """
    mail = EmailMessage(policy=POLICY)
    try:
        mail["From"] = checked_address(sender, "mail.sender")
        mail["To"] = ", ".join(checked_address(recipient, "mail.recipients") for recipient in recipients)
        mail["Subject"] = plain(_subject(edition))
    except (ValueError, MessageError) as error:  # a header that would break the message
        raise DeliveryError(
            f"The digest cannot be addressed: {error}. Check the mail section of the settings."
        ) from error
    mail["Message-ID"] = message_id(edition, sender)
    mail["List-Id"] = list_id(edition, sender)
    mail["Date"] = format_datetime(edition.until)
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: automatic replies must not answer
    mail.set_content(rendered(edition, "text"), cte="quoted-printable")
    html = fitting(edition, MOST_HTML, lambda shorter: inlined(rendered(shorter, "html")))
    mail.add_alternative(html, subtype="html", cte="quoted-printable")
    # With a random boundary, the same edition would have different bytes.
    mail.set_boundary(f"edition-{hashlib.sha256(edition.id.encode()).hexdigest()[:32]}")
    return mail


@dataclass(frozen=True, slots=True)
class Refusal:
    """A server's refusal of one recipient; ``final`` if a retry is useless."""

    recipient: str
    answer: str
    final: bool


def send(mail: EmailMessage, settings: MailSettings, password: Secret | None) -> tuple[Refusal, ...]:
    """Send ``mail`` to the recipients in ``settings``; return the refusals.

    Raises DeliveryError, which contains no secrets, if no recipient got it because of the sender or the server.
    """
    _check(settings)
    where = f"{settings.server}:{settings.port}"
    connection = _TLSConnection(settings) if settings.port == _SUBMISSIONS else _Connection(settings)
    try:
        with connection.ended_after(_DEADLINE), connection as server:
            code, answer = server.connect(settings.server, settings.port)
            if code != _READY:
                raise smtplib.SMTPConnectError(code, answer)
            _greet(server, settings, password)
            refused = _refused_by(server, mail, settings)
    except (smtplib.SMTPException, OSError) as error:
        if connection.expired:
            raise DeliveryError(f"{where} took longer than {_DEADLINE:.0f} s over one mail.") from error
        raise _explained(error, settings, where) from error
    return tuple(Refusal(name, _answer(answer), final=answer[0] >= 500) for name, answer in sorted(refused.items()))


def _refused_by(server: smtplib.SMTP, mail: EmailMessage, settings: MailSettings) -> dict[str, tuple[int, bytes]]:
    """Send ``mail``; return recipient -> answer for those whom the server refused."""
    try:
        return server.send_message(
            mail,
            from_addr=_mailbox(settings.sender),
            to_addrs=[_mailbox(recipient) for recipient in settings.recipients],
        )
    except smtplib.SMTPRecipientsRefused as error:
        if any(answer[0] in _OF_THE_SENDER for answer in error.recipients.values()):
            raise
        return error.recipients


def _explained(error: Exception, settings: MailSettings, where: str) -> DeliveryError:
    """Return the error for a mail server that does not accept our mail, with the reason in words."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return DeliveryError(
            f"{where} did not accept user {settings.user!r} ({error.smtp_code}). "
            "Check mail.user and the password in mail.password_env or mail.password_file."
        )
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return DeliveryError(
            f"{where} takes no mail from us: {_answer(next(iter(error.recipients.values())))}. Check mail.user and mail.sender."
        )
    if isinstance(error, ssl.SSLError):
        return DeliveryError(
            f"No secure connection to {where}: {error.reason or error}. Check the server's certificate."
        )
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return DeliveryError(
            f"{where} cannot do what the settings ask: {_reason(error)}. Check mail.starttls and mail.user."
        )
    return DeliveryError(f"The digest could not be mailed through {where}: {_reason(error)}.")


def _answer(answer: tuple[int, bytes]) -> str:
    return plain(f"{answer[0]} {answer[1].decode('utf-8', 'replace')}")


class _Connection(smtplib.SMTP):
    """A connection that another thread can end at any time."""

    def __init__(self, settings: MailSettings) -> None:
        super().__init__(timeout=_TIMEOUT)
        self._begin(settings)

    def _begin(self, settings: MailSettings) -> None:
        # The name in the certificate; smtplib sets it only if it connects in its constructor
        self._host = settings.server
        self.expired = False
        self._duplicate: socket.socket | None = None

    def __exit__(self, *error: object) -> None:
        # An accepted mail is delivered, however the server ends the session
        with suppress(smtplib.SMTPException, OSError):
            self.docmd("QUIT")
        self.close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain_socket: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]  # smtplib's own hook
        self._duplicate = plain_socket.dup()  # TLS takes over the descriptor of the plain socket
        if self.expired:
            self._end()
        return plain_socket

    @contextmanager
    def ended_after(self, seconds: float) -> Iterator[None]:
        """End the connection when the block takes longer."""
        timer = threading.Timer(seconds, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            if self._duplicate is not None:
                self._duplicate.close()

    def _end(self) -> None:
        self.expired = True
        if self._duplicate is not None:
            with suppress(OSError):  # closed already
                self._duplicate.shutdown(socket.SHUT_RDWR)


class _TLSConnection(smtplib.SMTP_SSL, _Connection):
    """The same with TLS from the first byte."""

    def __init__(self, settings: MailSettings) -> None:
        smtplib.SMTP_SSL.__init__(self, timeout=_TIMEOUT, context=ssl.create_default_context())
        self._begin(settings)


def _greet(server: smtplib.SMTP, settings: MailSettings, password: Secret | None) -> None:
    server.ehlo()
    if settings.starttls and settings.port != _SUBMISSIONS:
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    if settings.user:
        server.login(settings.user, password.reveal() if password else "")


def _check(settings: MailSettings) -> None:
    if not settings.server or not settings.sender or not settings.recipients:
        raise DeliveryError("The digest cannot be mailed: set mail.server, mail.sender and mail.recipients.")
    secure = settings.starttls or settings.port == _SUBMISSIONS or settings.server in _OWN_MACHINE
    if settings.user and not secure:
        raise DeliveryError(
            f"No password is sent to {settings.server} in the clear. Set mail.starttls, or leave mail.user empty."
        )


def _subject(edition: Edition) -> str:
    words = spoken(edition.language)
    counts = words.say("nothing new") if edition.nothing_new else words.say.amount(edition.counts.stories, "story")
    if edition.stories_off and not edition.counts.stories:
        counts = words.chain(edition)
    corrected = len(edition.corrections)
    corrections = f", {words.say('{number} corrected', number=corrected)}" if corrected else ""
    return f"{edition.title}, {Clock.of(edition, words.say).day()}: {counts}{corrections}"


def checked_address(text: str, key: str) -> str:
    """Return an address in the form of a header; raises ValueError with the setting's name if it is invalid."""
    name, address = parseaddr(text)
    if "@" not in address or any(character.isspace() for character in address) or "\n" in text or "\r" in text:
        raise ValueError(f"{key} holds {text!r}, which is no mail address")
    if sum("@" in one for _, one in getaddresses([text.replace(";", ",")])) > 1:
        raise ValueError(f"{key} holds {text!r}, which is more than one mail address; write each as one of the list")
    if address.isascii():
        return text
    mailbox = _mailbox(text)
    if not mailbox.isascii():
        raise ValueError(f"{key} holds {text!r}, which few mail servers take: letters beyond ASCII before the @")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{mailbox}>' if name else mailbox


def sending_domain(sender: str) -> str:
    """Return the domain of a sender for identifiers of mails, in ASCII."""
    return _mailbox(sender).rpartition("@")[2] or "localhost"


def _mailbox(text: str) -> str:
    """Return the bare address of a recipient for a mail server, with the domain in ASCII."""
    local, at, domain = parseaddr(text)[1].rpartition("@")
    try:
        return f"{local}{at}{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return f"{local}{at}{domain}"


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return plain(f"it answered {error.smtp_code} {text}")
    return plain(str(error)).rstrip(".") or type(error).__name__
