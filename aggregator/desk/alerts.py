"""The text of alerts, and the sender that delivers them to their targets.

Each target has its own thread, so a slow webhook delays neither a feed nor another target.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import select
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from email.errors import MessageError
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from pathlib import Path
from threading import Event, Lock
from typing import Any, BinaryIO

from aggregator.config.secrets import secret_from
from aggregator.desk.alert_targets import secret_address, shown_target
from aggregator.desk.mailing import password
from aggregator.desk.rows import STORY, row_of
from aggregator.digest.escape import link, markdown, plain
from aggregator.digest.headers import POLICY
from aggregator.digest.mail import checked_address, send, sending_domain
from aggregator.exceptions import AggregatorError, DeliveryError
from aggregator.fetching.chat import ChatMessage
from aggregator.fetching.chat import send as send_to_chat
from aggregator.fetching.webhook import post
from aggregator.model import Entry, Secret, StorySummary
from aggregator.newsroom.alerts import Cause, Sent
from aggregator.settings import FetchSettings, Settings, WatchSettings
from aggregator.storage.database import Store
from aggregator.storage.times import from_text, to_text
from aggregator.storage.watches import Delivery, Outbox
from aggregator.text.counts import amount, three_counts

log = logging.getLogger("aggregator.alerts")

Payload = Mapping[str, Any]
Announce = Callable[[Payload], None]

LEASE = timedelta(minutes=5)  # longer than any delivery can take: a mail server may take 30 s per step
ROUND = 10.0  # seconds after which a target starts no further delivery, because other targets' new alerts wait
_TARGETS = 8  # targets served at the same time
_ENTRIES = 10  # entries named in an alert
ENTRY = (
    "id title=data.title url=data.link publisher agency lang=language published=data.published first_seen correction"
)
_DISCORD = 2_000  # characters that Discord accepts
_TAIL = 1_000_000  # bytes at the end of a file that are searched for an alert written before a crash
# Characters that could form mentions, links or markup. A body must also be harmless if it is inserted into a page.
_MARKING = re.compile(r"[@!#](?=\w)|\](?=[(\[])|[*_~`](?=[*_~`\w])")
_ANGLES = str.maketrans("<>", "‹›")
_MARKUP = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


class AlertSender:
    """Delivers the alerts of the outbox; ``announce`` prints an alert on stdout."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        clock: Callable[[], datetime],
        announce: Announce,
        stop: Event | None = None,
    ) -> None:
        self.settings = settings
        self._store = store
        self._outbox = Outbox(store.connection)
        self._clock = clock
        self._announce = announce
        self._stop = stop or Event()
        self._store_lock = Lock()  # one connection, several threads

    def deliver(self) -> Sent:
        """Deliver the due alerts, the oldest first; a failing target waits until its next try.

        Alerts that a slow target does not accept within a round are left for the next round.
        """
        targets = self._outbox.due(self._clock())
        if not targets:
            return Sent()
        with ThreadPoolExecutor(min(len(targets), _TARGETS), thread_name_prefix="deliver") as threads:
            rounds = list(threads.map(self._deliver_to, targets))
        return Sent(*(sum(counts) for counts in zip(*rounds, strict=True)))

    def _deliver_to(self, target: str) -> tuple[int, int, int]:
        delivered, started = 0, time.monotonic()
        while not self._stop.is_set() and (not delivered or time.monotonic() - started < ROUND):
            now = self._clock()
            with self._store_lock, self._store.transaction():
                delivery = self._outbox.claim(target, now, now + LEASE)
            if delivery is None:
                break
            fault = self._try(delivery)
            if fault is not None:
                return delivered, 1, self._failed(delivery, fault)
            with self._store_lock, self._store.transaction():
                self._outbox.mark_delivered(delivery.id, self._clock())
            delivered += 1
        return delivered, 0, 0

    def _try(self, delivery: Delivery) -> str | None:
        """Try a delivery; return the error message, or None."""
        try:
            self._send(delivery)
        except AggregatorError as error:
            return str(error)
        except Exception as error:
            log.exception("alert %s could not be delivered", delivery.alert_id)
            return f"unexpected: {type(error).__name__}"
        return None

    def _failed(self, delivery: Delivery, fault: str) -> int:
        rules, now = self.settings.watches, self._clock()
        again = now + pause(delivery.attempts, rules)
        with self._store_lock, self._store.transaction():
            lost = self._outbox.mark_failed(delivery, fault, again, now - rules.give_up)
        shown = shown_target(delivery.target)
        log.warning("alert %s not delivered to %s: %s", delivery.alert_id, shown, fault)
        if lost:
            log.error("%d alerts for %s are given up; `watch log` lists them", lost, shown)
        return lost

    def _send(self, delivery: Delivery) -> None:
        kind, _, place = delivery.target.partition(":")
        if kind == "stdout":
            self._announce(delivery.payload)
        elif kind == "file":
            append(Path(place), delivery.payload, again=delivery.attempts > 1)
        elif kind == "webhook":
            secret = signing_secret(self.settings.watches)
            post(secret_address(place), body(delivery.payload), secret, self._limits())
        elif kind == "apprise":
            send_to_chat(secret_address(place), chat_message(delivery.payload), self._limits())
        else:
            self._mail(place, delivery.payload)

    def _limits(self) -> FetchSettings:
        seconds = self.settings.watches.timeout
        return replace(self.settings.fetch, timeout=seconds, read_timeout=seconds, connect_timeout=seconds)

    def _mail(self, address: str, payload: Payload) -> None:
        settings = replace(self.settings.mail, recipients=(address,))
        sender = settings.sender or settings.user
        if not settings.server or not sender:
            raise DeliveryError("Alerts cannot be mailed: set mail.server and mail.sender.")
        for refusal in send(message(payload, sender, address), replace(settings, sender=sender), password(settings)):
            raise DeliveryError(f"{settings.server} refused {refusal.recipient}: {refusal.answer}")


def pause(attempts: int, rules: WatchSettings) -> timedelta:
    """Return the wait after a number of failed attempts: it doubles each time, up to a limit."""
    doubled: timedelta = rules.first_retry * 2 ** min(max(attempts - 1, 0), 20)
    return min(doubled, rules.longest_retry)


def signing_secret(rules: WatchSettings) -> Secret | None:
    """Return the secret that signs bodies for webhooks; raises ConfigurationError if its named place has none."""
    return secret_from("watches.secret", rules.secret_env, rules.secret_file, os.environ)


# --- the content of an alert -----------------------------------------------------------------------


def payload_of(
    alert_id: str, watch: str, now: datetime, cause: Cause, story: StorySummary, causing: Sequence[Entry]
) -> dict[str, Any]:
    """Return an alert with its documented keys; feeds' text is on one line and harmless, every link a web address."""
    row = _harmless_row(story, STORY) | {"flags": [str(flag) for flag in story.flags]}
    sentence = plain(cause.sentence)
    lines = chat_lines(watch, sentence, row)
    return {
        "id": alert_id,
        "watch": watch,
        # Slack, Mattermost and Teams show `text`, Discord shows `content`. Neither may notify anybody; in escaped text Slack
        # finds no link, mention or command.
        "text": escape("\n".join(lines), quote=False),
        "content": "\n".join(markdown(line) if not line.startswith("http") else line for line in lines)[:_DISCORD],
        "allowed_mentions": {"parse": []},
        "reason": cause.reason,
        "sentence": sentence,
        "at": to_text(now),
        "facts": [plain(fact) for fact in cause.facts],
        "story": row,
        "entries": [_harmless_row(entry, ENTRY) for entry in causing[:_ENTRIES]],
    }


def _harmless_row(thing: Entry | StorySummary, fields: str) -> dict[str, Any]:
    """Return a row with harmless text on one line, with web addresses as links, and with times as text."""
    row = row_of(thing, fields)
    for key, value in row.items():
        if key == "url":
            row[key] = link(value)
        elif isinstance(value, datetime):
            row[key] = to_text(value)
        elif key in ("title", "publisher", "agency", "category") and value is not None:
            row[key] = plain(value)
    return row


def chat_lines(watch: str, sentence: str, story: Payload) -> list[str]:
    """Return an alert as lines for a chat: headline, reason, publishers, link."""
    others = story["publishers"] - 1
    who = story["publisher"] + (f" and {amount(others, 'other publisher')}" if others > 0 else "")
    lines = [story["title"] or story["id"], f"{plain(watch)}: {sentence}", who, story["url"] or ""]
    return [line for line in lines if line]


def chat_message(payload: Payload) -> ChatMessage:
    """Return an alert for a service of unknown markup, without mentions, tags or disguised links."""
    title, *lines = chat_lines(payload["watch"], payload["sentence"], payload["story"])
    harmless = [line if line.startswith(("http://", "https://")) else _inert(line) for line in lines]
    return ChatMessage(_inert(title), "\n".join(harmless))


def _inert(text: str) -> str:
    """Return a text in which an invisible character breaks mentions and markup."""
    return _MARKING.sub("\\g<0>\u2060", text).translate(_ANGLES)


def body(payload: Payload) -> bytes:
    """Return an alert as one line of JSON, without a character that opens markup."""
    return json.dumps(payload, ensure_ascii=False).translate(_MARKUP).encode("utf-8")


def append(path: Path, payload: Payload, *, again: bool) -> None:
    """Append an alert to a file of JSON Lines; if this is tried ``again``, only if the file does not have the alert yet.

    A pipe or a device is written to directly. Raises DeliveryError if the file cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            _write_at_once(path, body(payload) + b"\n")
            return
        with path.open("ab+") as file:
            if again and _holds(file, str(payload["id"])):
                return
            # A line that a crash cut short must not merge with the next one.
            start = b"" if _ends_clean(file) else b"\n"
            file.write(start + body(payload) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise DeliveryError(f"{path}: the alert could not be appended ({error.strerror or error})") from error


def _write_at_once(path: Path, line: bytes) -> None:
    """Write to a pipe or a device, without waiting for a pipe that has no reader."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.set_blocking(descriptor, len(line) > select.PIPE_BUF)  # a short line is written whole or not at all
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def _holds(file: BinaryIO, alert_id: str) -> bool:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    return any(line.endswith(b"}\n") and f'"id": "{alert_id}"'.encode() in line for line in file)


def _ends_clean(file: BinaryIO) -> bool:
    if not file.seek(0, os.SEEK_END):
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


def message(payload: Payload, sender: str, recipient: str) -> EmailMessage:
    """Return an alert as a plain-text mail; repeated deliveries have the same Message-ID. Raises DeliveryError for invalid addresses."""
    story = payload["story"]
    mail = EmailMessage(policy=POLICY)
    try:
        mail["From"] = checked_address(sender, "mail.sender")
        mail["To"] = checked_address(recipient, "the watch")
        mail["Subject"] = plain(f"[{payload['watch']}] {story['title'] or story['id']}")
    except (ValueError, MessageError) as error:
        raise DeliveryError(f"The alert cannot be addressed: {error}. Check mail.sender.") from error
    digest = hashlib.sha256(f"{payload['id']}\0{recipient}".encode()).hexdigest()[:16]
    mail["Message-ID"] = f"<alert.{payload['id']}.{digest}@{sending_domain(sender)}>"
    mail["Date"] = format_datetime(from_text(payload["at"]))
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: automatic replies must not answer
    mail.set_content("\n".join(_lines(payload)) + "\n", cte="quoted-printable")
    return mail


def _lines(payload: Payload) -> list[str]:
    story = payload["story"]
    counts = three_counts(story["entries"], story["reports"], story["publishers"])
    lines = [story["title"], story["url"] or "", "", payload["sentence"], f"{counts} · story {story['id']}", ""]
    for entry in payload["entries"]:
        lines.append(f"- {entry['publisher']}: {entry['title']}")
        if entry["url"]:
            lines.append(f"  {entry['url']}")
    return lines
