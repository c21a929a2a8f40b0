"""Mailing an edition, with the password from where the settings say."""

from __future__ import annotations

import os
from pathlib import Path

from aggregator.digest.edition import Edition
from aggregator.digest.mail import message, send
from aggregator.exceptions import ConfigurationError
from aggregator.model import Secret
from aggregator.settings import MailSettings


def mail_edition(edition: Edition, settings: MailSettings) -> None:
    """Send an edition to all recipients; raises DeliveryError where the server does not take it."""
    send(message(edition, settings.sender or settings.user, settings.recipients), settings, password(settings))


def password(settings: MailSettings) -> Secret | None:
    """Return the mail password; ConfigurationError where its place is named and empty."""
    if settings.password_env:
        if settings.password_env not in os.environ:
            raise ConfigurationError(f"mail.password_env: the environment has no {settings.password_env}")
        return Secret(os.environ[settings.password_env])
    if settings.password_file:
        try:
            return Secret(Path(settings.password_file).read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(
                f"mail.password_file: {settings.password_file} cannot be read ({error})"
            ) from error
    return None
