"""Finds settings that have the right type but would fail at their first use."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import partial

from aggregator.config.listening import listening_at
from aggregator.digest.mail import checked_address
from aggregator.exceptions import ConfigurationError
from aggregator.fetching.guard import AddressGuard
from aggregator.settings import FetchSettings, MailSettings, Settings


def setting_faults(settings: Settings) -> list[str]:
    """Return a sentence for each such setting."""
    checks: tuple[Callable[[], object], ...] = (
        lambda: AddressGuard(settings.fetch.allow_private_networks),
        lambda: listening_at(settings.web),
        lambda: _authorities(settings.fetch),
        lambda: _headers(settings.fetch),
        *(partial(_mailbox, key, text) for key, text in _mailboxes(settings)),
    )
    found: list[str] = []
    for check in checks:
        try:
            check()
        except ConfigurationError as error:
            found += error.problems
    return found


def _authorities(settings: FetchSettings) -> None:
    if settings.ca_file:
        try:
            ssl.create_default_context(cafile=settings.ca_file)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "no certificate is in it"
            raise ConfigurationError(f"fetch.ca_file: {settings.ca_file} cannot be used ({reason})") from error


def _headers(settings: FetchSettings) -> None:
    for key in ("user_agent", "contact"):
        if not getattr(settings, key).isprintable():
            raise ConfigurationError(f"fetch.{key}: holds a line break or a control character, which no header may")


def _mailboxes(settings: Settings) -> list[tuple[str, str]]:
    """Return the keys and the addresses for sending mail; none if no mail is sent."""
    mail: MailSettings = settings.mail
    if not mail.server:
        return []
    series = settings.digest.editions.items()
    return [
        ("mail.sender", mail.sender),
        *(("mail.recipients", one) for one in mail.recipients),
        *((f"digest.editions: {name}: recipients", one) for name, edition in series for one in edition.recipients),
    ]


def _mailbox(key: str, text: str) -> None:
    try:
        checked_address(text, key)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
