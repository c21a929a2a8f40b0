"""Alert targets: ``stdout``, ``file:PATH``, ``webhook:URL``, ``mail:ADDRESS``, or an address of Apprise such as ``ntfy://desk``.

``webhook:env:NAME`` and ``apprise:env:NAME`` keep a secret address out of the database.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from email.utils import parseaddr
from functools import partial
from pathlib import Path

from aggregator.config.files import check_output
from aggregator.exceptions import ConfigurationError, DeliveryError, UsageError
from aggregator.fetching import chat
from aggregator.text.address import address_of
from aggregator.text.display import display_text
from aggregator.text.urls import mask_secrets

KINDS = "stdout, file:PATH, webhook:URL, webhook:env:NAME, mail:ADDRESS, apprise:URL or apprise:env:NAME"
_FROM_ENVIRONMENT = "env:"
_SECRET = ("webhook", "apprise")  # kinds whose address is often a secret
_TOKEN = 12  # characters; a part of an address with digits is a token from this length on
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SERVICE = re.compile(r"[a-z0-9]{2,20}://", re.IGNORECASE)


def checked_target(text: str, folder: Path) -> str:
    """Return a target in its stored form, with a file's path relative to ``folder`` made absolute; raises UsageError."""
    kind, sign, place = text.strip().partition(":")
    if kind == "stdout" and not sign:
        return "stdout"
    checks: dict[str, Callable[[str], str]] = {
        "file": partial(_file, folder),
        "webhook": _webhook,
        "mail": _mail,
        "apprise": _apprise,
    }
    if kind not in checks and _SERVICE.match(text.strip()):
        kind, place = "apprise", text.strip()
    if kind not in checks or not place.strip() or not place.isprintable():
        raise UsageError(f"--to {display_text(text)}: write {KINDS}")
    place = place.strip()
    if kind in _SECRET and place.startswith(_FROM_ENVIRONMENT):
        return f"{kind}:{_variable(kind, place)}"
    return f"{kind}:{checks[kind](place)}"


def shown_target(target: str) -> str:
    """Return a target in a form that people may see, without the path of a webhook's address, which is often secret."""
    kind, _, place = target.partition(":")
    if place.startswith(_FROM_ENVIRONMENT) or kind not in _SECRET:
        return display_text(target)
    if kind == "apprise":
        return display_text(chat.shown(place))
    address = address_of(place)
    return "webhook:…" if address is None else f"webhook:{address.scheme}://{display_text(address.authority)}/…"


def holds_open_secret(target: str) -> bool:
    """Return whether a target's address looks like a secret and is stored in plain text in the database."""
    kind, _, place = target.partition(":")
    if place.startswith(_FROM_ENVIRONMENT) or kind not in _SECRET:
        return False
    if kind == "apprise" or mask_secrets(place) != place:
        return True
    address = address_of(place)
    parts = address.target.replace("=", "/").replace("&", "/").split("/") if address is not None else []
    return any(len(part) >= _TOKEN and any(map(str.isdigit, part)) for part in parts)


def advice_for_open(target: str) -> str:
    """Return the advice for a target for which :func:`holds_open_secret` is true."""
    kind = target.partition(":")[0]
    return f"{shown_target(target)} is stored with its secret in the database and its backups; {kind}:env:NAME keeps it out"


def secret_address(place: str) -> str:
    """Return a target's address, read from the environment if it is kept there; raises ConfigurationError if it is missing."""
    if not place.startswith(_FROM_ENVIRONMENT):
        return place
    name = place.removeprefix(_FROM_ENVIRONMENT)
    address = os.environ.get(name, "").strip()
    if not address:
        raise ConfigurationError(f"the environment has no {name}, which is to hold the address")
    return address


def _file(folder: Path, place: str) -> str:
    path = folder / os.path.expanduser(place)  # noqa: PTH111 - raises nothing where there is no home
    if path.is_dir():
        raise UsageError(f"--to file:{place}: is a folder; name the file that alerts are appended to")
    try:
        check_output(path)
    except DeliveryError as error:
        raise UsageError(f"--to file:{place}: {error}") from error
    return str(path)


def _webhook(place: str) -> str:
    address = address_of(place) if "://" in place else None
    if address is None or " " in place:
        raise UsageError("--to webhook:…: write an address that begins with https:// or http://")
    if address.user or address.password:
        raise UsageError("--to webhook:…: no password belongs into the database; write webhook:env:NAME")
    return place


def _apprise(place: str) -> str:
    if not chat.check(place):
        raise UsageError(
            f"--to {chat.shown(place)}: Apprise knows no such address;"
            " write one as its service asks for it, such as ntfy://TOPIC, slack://A/B/C, tgram://TOKEN/CHAT"
        )
    return place


def _variable(kind: str, place: str) -> str:
    if not _NAME.fullmatch(place.removeprefix(_FROM_ENVIRONMENT)):
        raise UsageError(f"--to {kind}:{place}: write {kind}:env:NAME, with the name of an environment variable")
    return place


def _mail(place: str) -> str:
    address = parseaddr(place)[1]
    local, at, domain = address.rpartition("@")
    if address != place or not (local and at and domain) or any(character.isspace() for character in address):
        raise UsageError(f"--to mail:{display_text(place)}: is no mail address")
    if not local.isascii():
        raise UsageError(f"--to mail:{display_text(place)}: few mail servers take letters beyond ASCII before the @")
    return address
