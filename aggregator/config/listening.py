"""Where the desk's page listens."""

from __future__ import annotations

from aggregator.exceptions import ConfigurationError
from aggregator.settings import WebSettings

_PORTS = range(1, 65_536)


def listening_at(settings: WebSettings) -> tuple[str, int]:
    """Return host and port of ``web.address``; ConfigurationError where it names none."""
    host, _, port = settings.address.strip().rpartition(":")
    if not host or not port.isdecimal() or int(port) not in _PORTS:
        raise ConfigurationError(f"web.address: {settings.address!r} is no address; write 127.0.0.1:8765")
    return host.strip("[]"), int(port)
