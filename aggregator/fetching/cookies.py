"""Cookies of one fetch, for servers that set one with a redirect. They are discarded after the fetch."""

from __future__ import annotations

from email.message import Message
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from typing import cast
from urllib.request import Request

MAX_COOKIES = 20  # fields of one answer; further ones are ignored


class Cookies:
    """The cookies set by the redirects of one fetch. The standard library decides which cookie goes to which address."""

    def __init__(self) -> None:
        self._jar: CookieJar | None = None

    def take(self, url: str, fields: tuple[tuple[str, str], ...]) -> None:
        """Store the cookies that an answer from ``url`` sets."""
        lines = [value for name, value in fields if name == "set-cookie"][:MAX_COOKIES]
        if not lines:
            return
        message = Message()
        for line in lines:
            message["Set-Cookie"] = line
        self._jar = self._jar if self._jar is not None else CookieJar()
        self._jar.extract_cookies(cast("HTTPResponse", _Answer(message)), Request(url))  # noqa: S310 - nothing is opened

    def header(self, url: str) -> str:
        """Return the Cookie field for a request to ``url``; empty where there is none."""
        if self._jar is None:
            return ""
        request = Request(url)  # noqa: S310 - nothing is opened
        self._jar.add_cookie_header(request)
        return request.get_header("Cookie") or ""


class _Answer:
    """The part of a response that a cookie jar uses."""

    def __init__(self, message: Message) -> None:
        self._message = message

    def info(self) -> Message:
        return self._message
