"""Reads secrets from the places that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aggregator.exceptions import ConfigurationError
from aggregator.model import Secret
from aggregator.settings import SecretText


def read_secret(key: str, secret: SecretText, environ: Mapping[str, str]) -> str:
    """Return a secret: the text itself, or read from ``env:NAME`` or ``file:PATH``; raises ConfigurationError with the key."""
    place, sign, name = secret.partition(":")
    if not sign or place not in ("env", "file"):
        return str(secret)
    if place == "env":
        if name not in environ:
            raise ConfigurationError(f"{key}: the environment has no variable {name}")
        found = environ[name].strip()
    else:
        try:
            found = Path(name).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no text"
            raise ConfigurationError(f"{key}: {name} cannot be read ({reason})") from error
    if not found or "\n" in found:
        raise ConfigurationError(f"{key}: one line is wanted in {place} {name}")
    return found


def secret_from(key: str, variable: str, file: str, environ: Mapping[str, str]) -> Secret | None:
    """Return the secret of ``key_env``, else of ``key_file``; None if neither is set. Raises ConfigurationError if it cannot be read."""
    if variable:
        if variable not in environ:
            raise ConfigurationError(f"{key}_env: the environment has no {variable}")
        return Secret(environ[variable])
    if file:
        try:
            return Secret(Path(file).read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{key}_file: {file} cannot be read ({error})") from error
    return None
