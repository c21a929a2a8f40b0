"""Mails an edition: each recipient gets one copy, whatever happens to the others."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parseaddr

from aggregator.config.secrets import secret_from
from aggregator.desk.layouts import Rendered
from aggregator.digest.frozen import from_json
from aggregator.digest.mail import Refusal, message, send
from aggregator.digest.render import render
from aggregator.digest.values import Edition
from aggregator.model import Secret
from aggregator.settings import MailSettings
from aggregator.storage import damage
from aggregator.storage.database import Store
from aggregator.storage.editions import EditionStore
from aggregator.storage.times import shown

# The prefix of facts that record, by edition id, who got an edition; the records of the last editions are kept.
_RECORD = "mailed "
_REMEMBERED = 100
_SETS = ("sent", "refused", "waiting")  # the sets of addresses in a record
# How long the mail is retried for a recipient whom the server could not accept.
_RETRY_FOR = timedelta(days=1)
# How long `health` reports a recipient who did not get an edition.
_REPORTED_FOR = timedelta(days=8)


@dataclass(frozen=True, slots=True)
class Mailed:
    """The result of mailing an edition: who got it now or before, and who was refused now or before."""

    sent: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()
    already: tuple[str, ...] = ()
    refused_before: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class _Record:
    """The addresses of an edition: delivered, refused permanently, to be tried again."""

    sent: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    waiting: frozenset[str] = frozenset()
    # The server's answers for those refused or to be tried again
    answers: Mapping[str, str] = field(default_factory=dict)

    def after(self, tried: frozenset[str], refused: Sequence[Refusal]) -> _Record:
        final = {one.recipient.casefold() for one in refused if one.final}
        later = {one.recipient.casefold() for one in refused if not one.final}
        sent = self.sent | (tried - final - later)
        answers = {**self.answers, **{one.recipient.casefold(): one.answer for one in refused}}
        kept = {address: answer for address, answer in answers.items() if address not in sent}
        return _Record(sent, self.refused | final, (self.waiting - tried) | later, kept)


def mail_edition(store: Store, edition: Edition, settings: MailSettings, rendered: Rendered = render) -> Mailed:
    """Send an edition to all recipients who neither got it nor were refused; raises DeliveryError if the server accepts none."""
    store.needs_writing()  # the recipients who got it must be stored
    record = _read(store, edition.id)
    done = record.sent | record.refused
    recipients = list({_address(one): one for one in reversed(settings.recipients)}.values())[::-1]
    wanted = [one for one in recipients if _address(one) not in done]
    outcome = _send(store, edition, settings, wanted, record, rendered)
    return replace(
        outcome,
        already=tuple(one for one in recipients if _address(one) in record.sent),
        refused_before=tuple(
            Refusal(one, record.answers.get(_address(one), "no reason is known"), final=True)
            for one in recipients
            if _address(one) in record.refused
        ),
    )


def mail_waiting(
    store: Store, mails: Mapping[str, MailSettings], now: datetime, rendered: Rendered = render
) -> list[Mailed]:
    """Retry recipients whom the server could not accept before; ``mails`` maps series to settings. Raises DeliveryError as above."""
    done = []
    editions = EditionStore(store)
    for name in editions.facts(_RECORD):
        record = _read(store, name.removeprefix(_RECORD))
        kept = editions.get(name.removeprefix(_RECORD)) if record.waiting else None
        if kept is None:
            continue
        edition = from_json(kept.body)
        settings = mails.get(edition.series, MailSettings())  # a series that no longer exists has no recipients
        wanted = [one for one in settings.recipients if _address(one) in record.waiting]
        if now - kept.until > _RETRY_FOR or not wanted:
            given_up = tuple(Refusal(one, f"not taken for {_RETRY_FOR.days} day", final=True) for one in wanted)
            _remember(store, kept.id, replace(record, refused=record.refused | record.waiting, waiting=frozenset()))
            done.append(Mailed(refused=given_up))
        else:
            done.append(_send(store, edition, settings, wanted, record, rendered))
    return done


def _send(
    store: Store,
    edition: Edition,
    settings: MailSettings,
    wanted: Sequence[str],
    record: _Record,
    rendered: Rendered,
) -> Mailed:
    if not wanted:
        return Mailed()
    mail = message(edition, settings.sender or settings.user, settings.recipients, rendered)
    refused = send(mail, replace(settings, recipients=tuple(wanted)), password(settings))
    _remember(store, edition.id, record.after(frozenset(map(_address, wanted)), refused))
    names = {one.recipient.casefold() for one in refused}
    # a recipient that is being retried is reported only when it is given up
    reported = tuple(one for one in refused if one.final or one.recipient.casefold() not in record.waiting)
    return Mailed(tuple(one for one in wanted if _address(one) not in names), reported)


def refused_lately(store: Store, now: datetime) -> list[str]:
    """Return one sentence for each recipient who did not get an edition of the last days."""
    editions = EditionStore(store)
    found: dict[str, str] = {}
    for name in editions.facts(_RECORD):
        record = _read(store, name.removeprefix(_RECORD))
        kept = editions.get(name.removeprefix(_RECORD)) if record.refused or record.waiting else None
        if kept is None or now - kept.until > _REPORTED_FOR:
            continue
        for address in sorted(record.refused | record.waiting):
            what = "refused" if address in record.refused else "not taken yet, and is tried again for a day"
            answer = record.answers.get(address, "no reason is known")
            found[address] = (
                f"the digest until {shown(kept.until)} for {address} was {what} ({answer}); check mail.recipients"
            )
    return [found[address] for address in sorted(found)]


def _address(recipient: str) -> str:
    return parseaddr(recipient)[1].casefold()


def _read(store: Store, edition_id: str) -> _Record:
    text = EditionStore(store).fact(_RECORD + edition_id)
    kept = damage.from_json(text, dict) if text else {}
    sets = {name: frozenset(kept.get(name, ())) for name in _SETS}
    return _Record(**sets, answers=kept.get("answers", {}))


def _remember(store: Store, edition_id: str, record: _Record) -> None:
    editions = EditionStore(store)
    kept = {name: sorted(getattr(record, name)) for name in _SETS} | {"answers": dict(sorted(record.answers.items()))}
    with store.transaction():
        editions.remember(_RECORD + edition_id, json.dumps(kept))
        for old in editions.facts(_RECORD)[:-_REMEMBERED]:
            editions.forget(old)


def password(settings: MailSettings) -> Secret | None:
    """Return the mail password; raises ConfigurationError if its named place has none."""
    return secret_from("mail.password", settings.password_env, settings.password_file, os.environ)
