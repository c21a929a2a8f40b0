"""Access to the page: allowed hosts, logins, accepted forms, and the security headers of every response."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import quote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aggregator.text.display import display_text
from aggregator.web.visitors import Visitor, Visitors

COOKIE = "aggregator_session"
# Paths that everybody may request: the login, styles and scripts, and the health probe.
_OPEN = ("/login", "/static/", "/health")
# Paths that programs request with the token in the address, because they keep no cookie.
_FOR_PROGRAMS = ("/stories.atom", "/stories.json", "/metrics", "/digest/")
# Bytes of a form; the longest contains the ids of a large story's entries.
MOST_BYTES = 100_000
_KEY = 43  # characters of a session's id
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The rules of access: ``hosts`` are lower-case names without ports, ``owner`` is the visitor if there are no logins."""

    hosts: frozenset[str]
    owner: str
    proxy_header: str = ""
    proxies: frozenset[str] = frozenset()  # addresses whose X-Forwarded-Proto is believed


def host_names(listening: str, allowed: Iterable[str]) -> frozenset[str]:
    """Return the host names under which a page listening there may be requested."""
    names = {_bare(name) for name in allowed}
    address = _bare(listening)
    if address in LOOPBACK or is_loopback(address):
        names |= LOOPBACK
    elif address not in ("0.0.0.0", "::", ""):  # noqa: S104 - compared with, not listened on
        names.add(address)
    else:
        names |= LOOPBACK  # for a probe on the same machine
    return frozenset(names | {address} - {""})


def is_loopback(host: str) -> bool:
    """Return whether an address is this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _bare(host: str) -> str:
    """Return the name of a Host header without its port, in lower case."""
    text = host.strip().lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0].removesuffix(".") if text.count(":") <= 1 else text


class AccessMiddleware:
    """Middleware that checks access, and puts ``visitor`` and ``form_token`` into the request's state."""

    def __init__(self, app: ASGIApp, rules: AccessRules, visitors: Visitors) -> None:
        self._app = app
        self._rules = rules
        self._visitors = visitors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on to the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._came_by_tls(scope):
            scope["scheme"] = "https"
        fresh: list[str] = []

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                for session in fresh:
                    headers.append("set-cookie", cookie(session, secure=scope["scheme"] == "https"))
            await send(message)

        refused = self._refusal(scope, Request(scope), fresh)
        await (refused or self._app)(scope, receive, guarded)

    def _came_by_tls(self, scope: Scope) -> bool:
        """Return whether a known proxy received this request over TLS: cookies are then Secure, addresses https."""
        client = scope.get("client")
        known = client is not None and client[0] in self._rules.proxies
        if not known and not self._rules.proxy_header:  # the proxy that names users is the only way in
            return False
        forwarded = Headers(scope=scope).getlist("x-forwarded-proto")
        # the proxy next to us appends its value to those of the request
        return bool(forwarded) and forwarded[-1].rpartition(",")[2].strip().lower() == "https"

    def _refusal(self, scope: Scope, request: Request, fresh: list[str]) -> Response | None:
        """Return the response that refuses a request; None if it is allowed, and its state then has the visitor."""
        hosts = Headers(scope=scope).getlist("host")
        if len(hosts) != 1 or _bare(hosts[0]) not in self._rules.hosts:
            shown = display_text(hosts[0], 80) if hosts else "none"
            return PlainTextResponse(
                f"This page does not answer under the host name {shown}. The setting web.allowed_hosts lists further names.\n",
                421,
            )
        path = scope["path"]
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("Only GET, HEAD and POST are understood.\n", 405, {"allow": "GET, HEAD, POST"})
        if scope["method"] == "POST" and (reason := self._why_foreign(request)):
            return PlainTextResponse(f"{reason}\n", 403)
        visitor = self._visitor(request, fresh)
        state = scope.setdefault("state", {})
        state["visitor"] = visitor
        state["form_token"] = self._visitors.form_token(visitor) if visitor else ""
        if visitor is None and not path.startswith(_OPEN):
            return self._ask_for_login(request)
        if visitor is not None and "token" in request.query_params and not path.startswith(_FOR_PROGRAMS):
            # the token moves into the cookie, so that the address on the screen does not show it
            left = urlencode([(key, value) for key, value in request.query_params.multi_items() if key != "token"])
            return RedirectResponse(local_path(path) + (f"?{left}" if left else ""), 303)
        if scope["method"] == "POST" and path != "/login" and (visitor is None or not visitor.may_edit):
            return PlainTextResponse("This visit may look, and not rule: log in to give a verb.\n", 403)
        return None

    def _why_foreign(self, request: Request) -> str:
        """Return why a form, by its headers, did not come from this page; empty if it did."""
        site = request.headers.get("sec-fetch-site")
        if site is not None and site != "same-origin":
            return "A verb is given from this page alone, not from another site."
        origin = request.headers.get("origin")
        if origin == "null" and site is not None:
            origin = None  # a browser that may send no referrer does not name our own page either
        if origin is not None and origin.partition("://")[2].lower() != request.headers["host"].strip().lower():
            return "A verb is given from this page alone, not from another site."
        length = request.headers.get("content-length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            return f"A form says how long it is, and is no longer than {MOST_BYTES} bytes."
        return ""

    def _visitor(self, request: Request, fresh: list[str]) -> Visitor | None:
        rules = self._rules
        if rules.proxy_header:
            name = display_text(request.headers.get(rules.proxy_header, ""), 100)
            if name:
                return Visitor(name, may_edit=True, key=f"proxy {name}")
        session = _session_of(request)
        known = self._visitors.of_session(session) if session else None
        if known is not None:
            return known
        if self._has_token(request):
            if request.url.path.startswith(_FOR_PROGRAMS):
                return Visitor("read-only", may_edit=False, key="token")
            return self._begin("read-only", fresh, may_edit=False)
        if rules.proxy_header or self._visitors.ask_for_login:
            return None
        # without logins no session is kept, and forms are bound to the cookie alone
        if len(session) < _KEY:
            session = secrets.token_urlsafe(32)
            if request.method == "GET" and not request.url.path.startswith((*_FOR_PROGRAMS, *_OPEN)):
                fresh.append(session)
        return Visitor(rules.owner, may_edit=True, key=session)

    def _begin(self, name: str, fresh: list[str], *, may_edit: bool) -> Visitor:
        made = self._visitors.begin(name, may_edit=may_edit)
        fresh.append(made)
        return Visitor(name, may_edit, made)

    def _has_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._visitors.holds_token(given.strip()):
            return True
        return self._visitors.holds_token(request.query_params.get("token", ""))

    def _ask_for_login(self, request: Request) -> Response:
        """Redirect a person to the login; answer a program with 401."""
        wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
        if self._visitors.ask_for_login and wants_page:
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)
        return PlainTextResponse("Log in, or bring the read-only token.\n", 401, {"www-authenticate": "Bearer"})


def cookie(session: str, *, secure: bool, ended: bool = False) -> str:
    """Return the Set-Cookie header that starts or ends a session in the browser."""
    parts = [f"{COOKIE}={session}", "Path=/", "HttpOnly", "SameSite=Strict"]
    return "; ".join([*parts, *(["Secure"] if secure else []), *(["Max-Age=0"] if ended else [])])


def _session_of(request: Request) -> str:
    try:
        found = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def local_path(text: str) -> str:
    """Return a path of this site for a redirect; the start page if the text leads elsewhere."""
    path = "".join(character for character in text if character.isprintable())  # browsers ignore tabs and line breaks
    return path if path.startswith("/") and not path.startswith("//") and "\\" not in path else "/"
