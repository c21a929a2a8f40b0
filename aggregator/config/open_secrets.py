"""Finds secrets that are written in plain text in a feeds file or in settings."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from aggregator.config.documents import line_of, load_feeds, map_for_text
from aggregator.config.settings_files import Resolved, keys, value_of
from aggregator.settings import SecretText
from aggregator.text.urls import mask_secrets, names_secret

_REMEDY = "write it as {env: NAME} or {file: PATH}"


def open_secrets(path: Path) -> list[str]:
    """Return a warning for each plain-text secret of a valid feeds file; no warning contains the secret."""
    document = load_feeds(path) or {}
    listed: Sequence[Any] = document.get("feeds") or []
    holders = [map_for_text(listed, place, "url") if isinstance(one, str) else one for place, one in enumerate(listed)]
    found = [
        f"{path}:{line_of(holder, key)}: {what} is in plain text; {_REMEDY}"
        for holder in (document.get("defaults") or {}, *holders)
        for key, what in _of(holder)
    ]
    return found + _readable(path) if found else []


def open_settings(resolved: Resolved) -> list[str]:
    """Return a warning for each plain-text secret of the settings in a file or an option."""
    found, files = [], list[Path]()
    for key in keys():
        value, origin = value_of(resolved.settings, key), resolved.origins[key]
        if origin == "default" or origin.startswith("environment "):
            continue
        if isinstance(value, SecretText):
            warning = f"{origin}: {key} is in plain text; {_REMEDY}" if value.is_written_out else None
        else:
            warning = _of_text(key, value, origin)
        if warning is not None:
            found.append(warning)
            files += [path for path in resolved.files if str(path) == origin and path not in files]
    return found + [warning for path in files for warning in _readable(path)]


def _of_text(key: str, value: object, origin: str) -> str | None:
    texts = [one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, str)]
    if all(mask_secrets(one) == one for one in texts):
        return None
    return f"{origin}: {key} holds what looks like a secret, and is no place for one: it is shown and handed on"


def _readable(path: Path) -> list[str]:
    if not stat.S_IMODE(path.stat().st_mode) & 0o077:
        return []
    return [f"{path}: other users can read it, and it contains secrets; `chmod 600` prevents that"]


def _of(holder: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    url, proxy = holder.get("url"), holder.get("proxy")
    if isinstance(url, str) and mask_secrets(url) != url:
        yield "url", f"the secret in {mask_secrets(url)}"
    if isinstance(proxy, str) and mask_secrets(proxy) != proxy:
        yield "proxy", "the password of 'proxy'"
    if isinstance((holder.get("auth") or {}).get("password"), str) and holder["auth"]["password"]:
        yield "auth", "the password of 'auth'"
    for name, value in (holder.get("headers") or {}).items():
        if isinstance(value, str) and value and (names_secret(name) or name.lower() == "cookie"):
            yield "headers", f"the header {name}"
