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
    found = _from_environment(key, name, environ) if place == "env" else _from_file(key, name)
    if "\n" in found:
        raise ConfigurationError(f"{key}: one line is wanted in {place} {name}")
    return found


def secret_from(key: str, variable: str, file: str, environ: Mapping[str, str]) -> Secret | None:
    """Return the secret of ``key_env``, else of ``key_file``; None if neither is set. Raises ConfigurationError if it cannot be read."""
    if variable:
        return Secret(_from_environment(f"{key}_env", variable, environ))
    return Secret(_from_file(f"{key}_file", file)) if file else None


def _from_environment(key: str, name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise ConfigurationError(f"{key}: the environment has no variable {name}")
    return _not_empty(key, environ[name], f"the environment's variable {name}")


def _from_file(key: str, name: str) -> str:
    try:
        return _not_empty(key, Path(name).read_text(encoding="utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ConfigurationError(f"{key}: {name} cannot be read ({reason})") from error


def _not_empty(key: str, text: str, place: str) -> str:
    """Return a secret without blanks around it. An empty one is nearly always a place that nobody has filled yet."""
    found = text.strip()
    if not found:
        raise ConfigurationError(f"{key}: {place} is empty")
    return found
