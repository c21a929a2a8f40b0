"""Alerts to chats and phones through Apprise (extra ``notify``); the only module that uses Apprise.

Apprise opens connections itself, so it runs in a separate process with a deadline. The address guard checks every
address that this process connects to, after name resolution and redirects, and the process may start no program. Apprise
itself decides what it sends, which answers it reads and which certificates it trusts: see docs/alerts.md.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from aggregator.exceptions import ConfigurationError, DeliveryError
from aggregator.fetching.guard import AddressGuard
from aggregator.settings import FetchSettings

_LOAD = 20.0  # seconds that a busy machine may take to start the process and to load Apprise
# Python's audit events that start or address a program on this machine.
_PROGRAMS = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.spawn",
    "os.posix_spawn",
    "os.fork",
    "syslog.openlog",
    "syslog.syslog",
)
_SENT_TO = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_PROXIES = re.compile(r"(?:https?|all|no)_proxy", re.IGNORECASE)
_STATUS = re.compile(r"\berror[ =:]+(\d{3})\b")


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A title and a body, both plain text."""

    title: str
    body: str


def missing() -> str | None:
    """Return an error message if the extra is not installed, else None."""
    if find_spec("apprise") is not None:
        return None
    return "Apprise is not installed: pip install 'aggregator[notify]'"


def send(url: str, message: ChatMessage, settings: FetchSettings) -> None:
    """Send a message to the service that an Apprise address names, within ``settings.timeout`` seconds.

    Raises ConfigurationError where Apprise is missing or cannot read the address, DeliveryError where it was not delivered.
    """
    answer = _in_subprocess(
        {
            "url": url,
            "title": message.title,
            "body": message.body,
            "allow": settings.allow_private_networks,
            "seconds": settings.timeout,
        }
    )
    if answer.get("unknown"):
        raise ConfigurationError(f"{shown(url)}: Apprise knows no such address; see docs/alerts.md")
    if fault := answer.get("fault"):
        raise DeliveryError(f"{shown(url)}: {fault}.")


def check(url: str) -> bool:
    """Return whether Apprise can read an address; nothing is sent. ConfigurationError where it is missing."""
    answer = _in_subprocess({"url": url})
    if fault := answer.get("fault"):
        raise ConfigurationError(f"{shown(url)}: {fault}")
    return not answer.get("unknown")


def shown(url: str) -> str:
    """Return only the scheme of an address, which names the service: the rest often contains a secret."""
    return f"{url.partition('://')[0]}://…"


def _in_subprocess(work: Mapping[str, Any]) -> dict[str, Any]:
    absent = missing()
    if absent is not None:
        raise ConfigurationError(absent)
    environment = {name: value for name, value in os.environ.items() if not _PROXIES.fullmatch(name)}
    environment["PYTHONPATH"] = os.pathsep.join(entry for entry in sys.path if entry)
    try:
        done = subprocess.run(
            [sys.executable, "-c", "from aggregator.fetching import chat; chat.serve()"],
            input=json.dumps(work).encode(),  # not an argument: everybody can see the list of processes
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=work.get("seconds", 0.0) + _LOAD,
            process_group=0,  # an interrupt from the terminal reaches only the parent, which decides
            check=False,
        )
        if done.returncode == -signal.SIGALRM:
            return {"fault": f"no answer within {work['seconds']:g} s"}
        answer: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return {"fault": "Apprise could not be loaded in time"}
    except (OSError, ValueError):
        return {"fault": "Apprise ended unexpectedly"}
    return answer


# --- in the separate process -----------------------------------------------------------------------


def serve() -> None:
    """Read one message from stdin, send it, and print the result as JSON."""
    out, sys.stdout = sys.stdout, sys.stderr
    print(json.dumps(_deliver(json.loads(sys.stdin.buffer.read()))), file=out)


def _deliver(work: Mapping[str, Any]) -> dict[str, Any]:
    import apprise

    asset = apprise.AppriseAsset(secure_logging=True, async_mode=False)
    service = apprise.Apprise.instantiate(work["url"], asset=asset, suppress_exceptions=True)
    if service is None:
        return {"unknown": True}
    if "body" not in work:
        return {}
    service.overflow_mode = apprise.OverflowMode.TRUNCATE
    signal.setitimer(signal.ITIMER_REAL, work["seconds"])  # ends this process: Apprise would catch an exception
    refused = _restricted(AddressGuard(work["allow"]))
    with apprise.LogCapture(level=apprise.logging.WARNING) as log_lines:  # type: ignore[no-untyped-call]
        try:
            taken = service.notify(title=work["title"], body=work["body"], body_format=apprise.NotifyFormat.TEXT)
        except Exception as error:  # noqa: BLE001 - whatever a service raises means: not delivered
            return {"fault": refused[0] if refused else f"Apprise failed with {type(error).__name__}"}
        status = _STATUS.search(log_lines.getvalue())
    if taken:
        return {}
    if refused:
        return {"fault": refused[0]}
    return {"fault": f"the service answered {status[1]}" if status else "the service did not take the message"}


def _restricted(guard: AddressGuard) -> list[str]:
    """Restrict this process to connections that the guard permits, and to no subprocess; return the list of refusals."""
    refused: list[str] = []

    def judge(event: str, values: tuple[Any, ...]) -> None:
        if event in _PROGRAMS:
            refused.append("it works by a program of this machine, which alerts may not start")
            raise PermissionError(refused[-1])
        if event in _SENT_TO:
            address = values[1]
            known = isinstance(address, tuple) and len(address) > 1
            if not known or not guard.permits(str(address[0]), str(address[0]), int(address[1])):
                refused.append(
                    "it lies in a private network; fetch.allow_private_networks names those that may be asked"
                    if known
                    else "it is no address of the internet"
                )
                raise PermissionError(refused[-1])

    sys.addaudithook(judge)
    return refused
