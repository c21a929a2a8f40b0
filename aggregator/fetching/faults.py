"""Faults of one fetch, with messages that are safe to show."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from typing import Literal

from requests.exceptions import InvalidSchema, InvalidURL, MissingSchema, RequestException
from urllib3.exceptions import HTTPError, LocationParseError

FaultKind = Literal[
    "http", "gone", "timeout", "connection", "tls", "refused", "too_large", "redirect", "protocol", "duplicate", "internal",
    "stopped",
]  # fmt: skip


class FetchError(Exception):
    """A fetch that failed. ``message`` is our own text, so it contains no secret and no text of a library.

    The class derives from none of the HTTP stack's exceptions, so it passes through that stack unwrapped.
    """

    def __init__(self, kind: FaultKind, message: str) -> None:
        self.kind = kind
        self.message = message
        super().__init__(message)


def connection_fault(error: OSError) -> FetchError:
    """Return the fault for a socket error, with the system's message and without the address."""
    if isinstance(error, TimeoutError):
        return FetchError("timeout", "the server did not answer in time")
    if isinstance(error, ssl.SSLError):
        return tls_fault(error)
    if isinstance(error, socket.gaierror):
        return FetchError("connection", "the host name cannot be resolved: check the spelling, or the name server")
    if error.errno == errno.ECONNREFUSED:
        return FetchError("connection", "the server refused the connection")
    if error.errno in (errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED):
        return FetchError("connection", "the server broke off the connection")
    reason = os.strerror(error.errno).lower() if error.errno else type(error).__name__
    return FetchError("connection", f"the connection failed: {reason}")


def tls_fault(error: ssl.SSLError) -> FetchError:
    """Return the fault of a TLS handshake; an untrusted certificate is named as such."""
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message or "verification failed"
        return FetchError("tls", f"the server's certificate cannot be trusted: {reason}")
    reason = (error.reason or "broken off").replace("_", " ").lower()
    return FetchError("tls", f"no TLS connection: {reason}")


def as_fault(error: Exception) -> FetchError:
    """Turn any exception of the HTTP stack into a fault, by its type and never by its text."""
    if isinstance(error, FetchError):
        return error
    inner = _cause(error)
    if isinstance(inner, FetchError):
        return inner
    if isinstance(error, InvalidURL | MissingSchema | InvalidSchema | LocationParseError | UnicodeError):
        return FetchError("refused", "the address cannot be used: check its spelling")
    if isinstance(inner, OSError) and not isinstance(inner, RequestException):
        return connection_fault(inner)
    if isinstance(error, RequestException | HTTPError):
        return FetchError("connection", f"the connection failed: {type(inner).__name__}")
    return FetchError("internal", f"the fetch failed unexpectedly: {type(error).__name__}")


def _cause(error: BaseException) -> BaseException:
    """Return the innermost exception that led to this one."""
    for _ in range(10):
        below = error.__cause__ or error.__context__
        if below is None:
            break
        error = below
    return error
