"""Reads feeds.yaml and reports all its faults at once; edits it and keeps its comments."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from aggregator.config.documents import (
    append_items,
    line_of,
    load_feeds,
    map_for_text,
    new_map,
    remove_item,
    set_in_item,
    unknown_key,
)
from aggregator.config.durations import format_duration, parse_duration
from aggregator.exceptions import ConfigurationError, NotFoundError
from aggregator.model import Feed, Secret
from aggregator.settings import YEAR
from aggregator.text.address import address_as_typed, address_of
from aggregator.text.masking import shown_address
from aggregator.text.urls import mask_secrets, request_url

_TOP = ("defaults", "feeds")
_DEFAULT_FEED = Feed("")
_AUTH = ("user", "password")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(slots=True)
class _Reading:
    """A file being read: its faults so far."""

    path: Path
    environ: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def fault(self, holder: Any, key: object, text: str) -> None:
        self.problems.append(f"{self.path}:{line_of(holder, key)}: {text}")


def read_feeds(path: Path, environ: Mapping[str, str]) -> tuple[Feed, ...]:
    """Return the feeds of a file; raises ConfigurationError with all faults and their lines."""
    document = load_feeds(path)
    reading = _Reading(path, environ)
    feeds = _document(reading, document)
    if reading.problems:
        raise ConfigurationError(tuple(reading.problems))
    return feeds


def _document(reading: _Reading, document: Any) -> tuple[Feed, ...]:
    if document is None:
        return ()
    if not isinstance(document, Mapping):
        reading.problems.append(f"{reading.path}:1: a mapping with the key 'feeds' is wanted, not {_kind(document)}")
        return ()
    for key in document:
        if key not in _TOP:
            reading.problems.append(unknown_key(reading.path, document, key, _TOP))
    defaults = document.get("defaults")
    if defaults is None:
        defaults = {}
    elif not isinstance(defaults, Mapping):
        reading.fault(document, "defaults", f"'defaults' is a mapping of keys for all feeds, not {_kind(defaults)}")
        defaults = {}
    inherited = _values(reading, defaults, _DEFAULTS)
    listed = document.get("feeds")
    if listed is None:  # a list whose feeds are all commented out
        return ()
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        reading.fault(document, "feeds", f"'feeds' is a list, not {_kind(listed)}")
        return ()
    return _feeds(reading, listed, inherited)


def _feeds(reading: _Reading, listed: Sequence[Any], inherited: Mapping[str, Any]) -> tuple[Feed, ...]:
    feeds: list[Feed] = []
    first_line: dict[str, int] = {}
    for position, given in enumerate(listed):
        one = map_for_text(listed, position, "url") if isinstance(given, str) else given
        if not isinstance(one, Mapping):
            reading.fault(listed, position, f"a feed is a mapping with a 'url' or an address alone, not {_kind(one)}")
            continue
        if "url" not in one:
            _values(reading, one, _FEED)
            reading.fault(listed, position, "a feed without 'url'")
            continue
        values = {**inherited, **_values(reading, one, _FEED)}
        url = values.get("url")
        if url is None:
            if one["url"] is None:
                reading.fault(one, "url", "'url' is empty")
            continue
        same, feed = request_url(url), Feed(**values)
        if same in first_line:
            shown = shown_address(feed)
            reading.fault(one, "url", f"duplicate address {shown}: it is already in line {first_line[same]}")
            continue
        first_line[same] = line_of(one, "url")
        feeds.append(feed)
    return tuple(feeds)


def _values(reading: _Reading, holder: Mapping[Any, Any], legal: Sequence[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, raw in holder.items():
        if key not in legal:
            reading.problems.append(unknown_key(reading.path, holder, key, legal))
            continue
        if raw is None:
            continue
        try:
            if key == "auth":
                values.update(_auth(raw, reading))
            elif key == "url":
                values.update(_address(raw, reading))
            else:
                values[str(key)] = _READERS[str(key)](raw, reading)
        except ValueError as error:
            reading.fault(holder, key, f"{key!r}: {error}")
    return values


def _address(raw: object, reading: _Reading) -> dict[str, Any]:
    """Read an address: a text, or ``{env: NAME}`` or ``{file: PATH}`` if the whole address is a secret."""
    if isinstance(raw, Mapping):
        text = _secret(raw, reading).reveal().strip()
        if not _is_address(text):
            # the message names the place of the secret, not its content
            raise ValueError(f"{_place(raw)} holds no http or https address")
        return {"url": text, "secret_address": True}
    if not isinstance(raw, str):
        raise ValueError(f"an address, {{env: NAME}} or {{file: PATH}} is wanted, not {_kind(raw)}")
    text = address_as_typed(raw)
    if not _is_address(text):
        raise ValueError(f"{_shown(text)!r} is no http or https address")
    return {"url": text}


def _place(raw: Mapping[Any, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in raw.items())


def _is_address(text: str) -> bool:
    return "://" in text and not any(c.isspace() for c in text) and address_of(text) is not None


def _text(raw: object, _: _Reading) -> str:
    if not isinstance(raw, str):
        raise ValueError(f"a text is wanted, not {_kind(raw)}")
    if not raw.strip():
        raise ValueError("is empty")
    return raw.strip()


def _language(raw: object, reading: _Reading) -> str:
    if raw is False:  # YAML 1.1 habits: an unquoted `no` means Norwegian here
        return "no"
    text = _text(raw, reading).lower().replace("_", "-")
    if not 2 <= len(text.split("-")[0]) <= 3 or not text.replace("-", "").isalnum():
        raise ValueError(f"{raw!r} is no language code; write en, de, pt-br …")
    return text.split("-")[0]


def _authority(raw: object, _: _Reading) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int) or not 0 <= raw <= 100:
        raise ValueError(f"a whole number from 0 to 100 is wanted, not {_kind(raw)}")
    return int(raw)


def _flag(raw: object, _: _Reading) -> bool:
    if not isinstance(raw, bool):
        raise ValueError(f"true or false is wanted, not {_kind(raw)}")
    return raw


def _interval(raw: object, _: _Reading) -> timedelta:
    if not isinstance(raw, str):
        raise ValueError(f"a duration such as 15m or 2h is wanted, not {_kind(raw)}")
    duration = parse_duration(raw)
    if duration < timedelta(minutes=1):
        raise ValueError(f"{raw!r} is under a minute; no feed is asked more often than that")
    if duration > YEAR:
        raise ValueError(f"{raw!r} is more than a year")
    return duration


def _headers(raw: object, reading: _Reading) -> tuple[tuple[str, str | Secret], ...]:
    if not isinstance(raw, Mapping):
        raise ValueError(f"a mapping of header names to values is wanted, not {_kind(raw)}")
    made: list[tuple[str, str | Secret]] = []
    for name, value in raw.items():
        try:
            made.append((_header_name(name), _secret(value, reading)))
        except ValueError as error:
            reading.fault(raw, name, f"'headers': {error}")
    return tuple(made)


def _header_name(raw: object) -> str:
    if not isinstance(raw, str) or not _TOKEN.fullmatch(raw):
        raise ValueError(f"{_kind(raw)} is no name of a header")
    return raw


def _auth(raw: object, reading: _Reading) -> dict[str, Any]:
    if not isinstance(raw, Mapping) or "user" not in raw:
        raise ValueError("a mapping of 'user' and 'password' is wanted")
    for key in raw:
        if key not in _AUTH:
            reading.problems.append(unknown_key(reading.path, raw, key, _AUTH))
    user = raw["user"]
    if not isinstance(user, str | int) or isinstance(user, bool):
        raise ValueError(f"a text is wanted for 'user', not {_kind(user)}")
    return {"user": str(user), "password": _secret(raw.get("password", ""), reading)}


def _proxy(raw: object, reading: _Reading) -> Secret:
    secret = _secret(raw, reading)
    if "://" not in secret.reveal() or address_of(secret.reveal()) is None:
        raise ValueError("the address of a proxy begins with http:// or https:// and names a host")
    return secret


def _secret(raw: object, reading: _Reading) -> Secret:
    """Read ``{env: NAME}``, ``{file: PATH}`` or a plain value. A line break is refused: it would add lines to the request."""
    secret = _named_secret(raw, reading)
    if _CONTROL.search(secret.reveal()):
        raise ValueError("holds line ends or other control characters")
    return secret


def _named_secret(raw: object, reading: _Reading) -> Secret:
    if isinstance(raw, str | int | float) and not isinstance(raw, bool):
        return Secret(str(raw))
    if not isinstance(raw, Mapping):
        raise ValueError(f"a secret is a text, {{env: NAME}} or {{file: PATH}}, not {_kind(raw)}")
    if set(raw) == {"env"}:
        name = str(raw["env"])
        if name not in reading.environ:
            raise ValueError(f"the environment has no {name}")
        return _filled(reading.environ[name], f"{name} in the environment")
    if set(raw) == {"file"}:
        path = reading.path.parent / str(raw["file"])
        try:
            return _filled(path.read_text(encoding="utf-8").strip(), f"the secret's file {path}")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "not UTF-8 text"
            raise ValueError(f"the secret's file {path} cannot be read ({reason})") from error
    raise ValueError("a secret is a text, {env: NAME} or {file: PATH}")


def _filled(text: str, place: str) -> Secret:
    if not text.strip():
        raise ValueError(f"{place} is empty")
    return Secret(text)


_READERS: dict[str, Callable[[object, _Reading], Any]] = {
    "name": _text,
    "publisher": _text,
    "category": _text,
    "language": _language,
    "authority": _authority,
    "agency": _flag,
    "speaks_for_others": _flag,
    "interval": _interval,
    "headers": _headers,
    "proxy": _proxy,
    "paused": _flag,
    "verify_tls": _flag,
    "host_backoff": _flag,
}
_FEED = ("url", "auth", *_READERS)
_DEFAULTS = tuple(key for key in _READERS if key != "name")
# The keys that are written for an added feed, if their values are not the defaults.
_ADDED = ("name", "publisher", "category", "language", "authority", "agency", "speaks_for_others", "interval", "paused")


def _kind(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "a list"
    return repr(value) if isinstance(value, str | bool | int | float) else str(value) or "a tagged value"


def _shown(text: str) -> str:
    """Return an invalid address for a message, masked, so that a typing error does not reveal a password."""
    text = mask_secrets(text)
    return text.rpartition("@")[2] if "@" in text else text.partition("?")[0]


# --- editing -----------------------------------------------------------------------------------


def add_feeds(path: Path, feeds: Sequence[Feed], environ: Mapping[str, str]) -> int:
    """Append the feeds that the file does not contain yet; return their number."""
    document = load_feeds(path) if path.exists() else None
    reading = _Reading(path, environ)
    there = {request_url(_url_of(one, reading)) for one in (document or {}).get("feeds") or []}
    fresh = {address: feed for feed in feeds if (address := request_url(feed.url)) not in there}
    if fresh:
        append_items(path, "feeds", [_written(feed) for feed in fresh.values()])
    return len(fresh)


def remove_feed(path: Path, url: str, environ: Mapping[str, str]) -> None:
    """Remove a feed from the file; its entries stay in the database."""
    remove_item(path, "feeds", _position(_Reading(path, environ), load_feeds(path), url))


def pause_feed(path: Path, url: str, paused: bool, environ: Mapping[str, str]) -> None:
    """Pause a feed, or resume it."""
    position = _position(_Reading(path, environ), load_feeds(path), url)
    set_in_item(path, "feeds", position, "paused", True if paused else None)


def _position(reading: _Reading, document: Any, url: str) -> int:
    listed = (document or {}).get("feeds") or []
    for position, one in enumerate(listed):
        if _url_of(one, reading) == url:
            return position
    raise NotFoundError(f"{reading.path}: has no feed {mask_secrets(url)}")


def _url_of(one: object, reading: _Reading) -> str:
    """Return the address of one feed of a document; empty if it has none."""
    try:
        return str(_address(one.get("url") if isinstance(one, Mapping) else one, reading)["url"])
    except ValueError:
        return ""


def _written(feed: Feed) -> Mapping[str, Any]:
    made = new_map()
    made["url"] = feed.url
    for key in _ADDED:
        value = getattr(feed, key)
        if value not in ("", getattr(_DEFAULT_FEED, key)):
            made[key] = format_duration(value) if isinstance(value, timedelta) else value
    return made
